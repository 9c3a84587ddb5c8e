//! Whether two prints are of one page. Pure.
//!
//! Prints that may be alike are found by keys: from the coarse picture twelve numbers of 36 bits are taken, each bit the side of a random
//! plane on which the picture lies. Of one photograph two copies have nearly always one of them in common, two pages of one layout hardly
//! ever, so an ordinary index finds few candidates. These are then held against each other block by block.

use std::sync::LazyLock;

use crate::documents::pictures::{Print, View};

/// Keys of a view.
pub(super) const KEYS: usize = 12;
/// Bits of a key.
const KEY_BITS: usize = 36;
/// Cells a side of a view's coarse picture, of a view, of a block, and blocks a side of a view.
const COARSE: usize = 32;
const SIDE: usize = 128;
const BLOCK: usize = 8;
const BLOCKS: usize = 16;
/// Of the 64 bits of a block, more than these differ: another thing stands there.
const FAR_BITS: u32 = 10;
/// A block with fewer bits is empty.
const LEAST_BITS: u32 = 6;
/// Blocks that must be there to judge by.
const LEAST_BLOCKS: usize = 24;
/// In thousandths, the blocks on which another thing may stand: what was changed on a page. On two scans of different bills from one
/// hospital little else differs; two photographs of one sheet differ in how it lies.
const MOST_FAR_IN_PICTURE: usize = 45;
const MOST_FAR_ON_SHEET: usize = 90;

/// How near two prints are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Near {
    /// In thousandths, the blocks on which another thing stands.
    pub(super) distance: usize,
    /// Quarter turns to the left that make the first stand as the second does.
    pub(super) turns: u8,
}

/// The keys under which a print is found when it stands as it is.
pub(super) fn keys(print: &Print) -> Vec<i64> {
    turned_keys(print, 0)
}

/// The keys to look under for prints like this one, whichever way they stand.
pub(super) fn all_keys(print: &Print) -> Vec<i64> {
    (0..4).flat_map(|turns| turned_keys(print, turns)).collect()
}

/// Quarter turns to the left that make a print stand most like another, however different they are.
pub(super) fn stance(one: &Print, other: &Print) -> u8 {
    let sheets = one.sheet.as_ref().zip(other.sheet.as_ref());
    let (a, b) = sheets.unwrap_or((&one.picture, &other.picture));
    let far = |turns: &u8| far_permille(&turned_bits(&a.bits, *turns), &b.bits).unwrap_or(usize::MAX);
    (0..4).min_by_key(far).unwrap_or_default()
}

/// How near two prints are; nothing when they are of different pages.
pub(super) fn near(one: &Print, other: &Print) -> Option<Near> {
    (0..4).filter_map(|turns| near_turned(one, other, turns)).min()
}

fn near_turned(one: &Print, other: &Print, turns: u8) -> Option<Near> {
    let far = |a: &View, b: &View, most: usize| {
        far_permille(&turned_bits(&a.bits, turns), &b.bits).filter(|distance| *distance <= most)
    };
    let sheets = one.sheet.as_ref().zip(other.sheet.as_ref());
    let on_sheet = sheets.and_then(|(a, b)| far(a, b, MOST_FAR_ON_SHEET));
    let distance = far(&one.picture, &other.picture, MOST_FAR_IN_PICTURE).into_iter().chain(on_sheet).min()?;
    Some(Near { distance, turns })
}

/// In thousandths, the blocks on which different things stand.
fn far_permille(one: &[u64], other: &[u64]) -> Option<usize> {
    let is_written = |block: &u64| block.count_ones() >= LEAST_BITS;
    let pairs = || one.iter().zip(other).filter(|(a, b)| is_written(a) || is_written(b));
    let written = pairs().count();
    let far = pairs().filter(|(a, b)| (**a ^ **b).count_ones() > FAR_BITS).count();
    (written >= LEAST_BLOCKS).then(|| (far * 1_000).div_ceil(written))
}

/// A view's bits after so many quarter turns to the left.
fn turned_bits(bits: &[u64], turns: u8) -> Vec<u64> {
    let at = |x: usize, y: usize| {
        let block = bits.get(y / BLOCK * BLOCKS + x / BLOCK).copied().unwrap_or_default();
        block >> (y % BLOCK * BLOCK + x % BLOCK) & 1
    };
    if turns == 0 {
        return bits.to_vec();
    }
    let block = |index: usize| {
        (0..BLOCK * BLOCK).fold(0, |block, bit| {
            let (x, y) = (index % BLOCKS * BLOCK + bit % BLOCK, index / BLOCKS * BLOCK + bit / BLOCK);
            let (x, y) = before_turns(x, y, SIDE, turns);
            block | at(x, y) << bit
        })
    };
    (0..BLOCKS * BLOCKS).map(block).collect()
}

/// Where what stands at a point after so many quarter turns to the left stood before.
const fn before_turns(x: usize, y: usize, side: usize, turns: u8) -> (usize, usize) {
    let last = side - 1;
    match turns % 4 {
        0 => (x, y),
        1 => (last - y, x),
        2 => (last - x, last - y),
        _ => (y, last - x),
    }
}

fn turned_keys(print: &Print, turns: u8) -> Vec<i64> {
    let sheet = print.sheet.as_ref().map(|view| (view, 1));
    [(&print.picture, 0)].into_iter().chain(sheet).flat_map(|(view, name)| view_keys(view, name, turns)).collect()
}

/// Keys of different views and numbers never meet: both are mixed in.
fn view_keys(view: &View, name: u64, turns: u8) -> Vec<i64> {
    let shape = shape(&view.coarse, turns);
    let total: i32 = shape.iter().sum();
    let side = |plane: &[u64; COARSE * COARSE / 64]| {
        let mut sum = 0;
        for (word, cells) in plane.iter().zip(shape.chunks_exact(64)) {
            sum += (0..).zip(cells).filter(|(bit, _)| word >> bit & 1 == 1).map(|(_, cell)| cell).sum::<i32>();
        }
        u64::from(sum * 2 > total)
    };
    let key = |(number, planes): (u64, &[[u64; COARSE * COARSE / 64]])| {
        let bits = planes.iter().fold(0, |bits, plane| bits << 1 | side(plane));
        mixed(bits ^ mixed(name * KEYS as u64 + number + 1)).cast_signed()
    };
    (0..).zip(PLANES.chunks_exact(KEY_BITS)).map(key).collect()
}

/// What stands out of its surroundings, cell by cell.
fn shape(coarse: &[u8], turns: u8) -> Vec<i32> {
    let at = |x: usize, y: usize| {
        let (x, y) = before_turns(x, y, COARSE, turns);
        coarse.get(y * COARSE + x).map_or(0, |cell| i32::from(*cell))
    };
    let around = |at: usize| at.saturating_sub(2)..(at + 3).min(COARSE);
    let cell = |index: usize| {
        let (x, y) = (index % COARSE, index / COARSE);
        let (mut sum, mut count) = (0, 0);
        for y in around(y) {
            for x in around(x) {
                sum += at(x, y);
                count += 1;
            }
        }
        at(x, y) * 25 - sum * 25 / count
    };
    (0..COARSE * COARSE).map(cell).collect()
}

/// Which cells lie on the positive side of each plane. They are part of what is stored: other planes need other keys.
static PLANES: LazyLock<Vec<[u64; COARSE * COARSE / 64]>> = LazyLock::new(|| {
    let words = COARSE * COARSE / 64;
    let plane = |plane: usize| std::array::from_fn(|word| mixed((plane * words + word) as u64 + 0x5eed_0001));
    (0..KEYS * KEY_BITS).map(plane).collect()
});

/// The finaliser of SplitMix64.
const fn mixed(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ value >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ value >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ value >> 31
}
