//! Whether two prints are of one page. Pure.
//!
//! Prints that may be alike are found by keys: from the coarse picture twelve numbers of 36 bits are taken, each bit the side of a random
//! plane on which the picture lies. Of one photograph two copies have nearly always one of them in common, two pages of one layout hardly
//! ever, so an ordinary index finds few candidates. These are then held against each other block by block.

use std::sync::LazyLock;

use crate::documents::pictures::{Print, View};

/// Keys of a view.
const KEYS: usize = 12;
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
/// In thousandths, the blocks on which another thing may stand: what was changed on a page. Two bills from one hospital differ in little
/// more.
const MOST_FAR_PERMILLE: usize = 45;

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
    let sheets = one.sheet.as_ref().zip(other.sheet.as_ref());
    let far = |(a, b): (&View, &View)| far_permille(&turned_bits(&a.bits, turns), &b.bits);
    let distance = [(&one.picture, &other.picture)].into_iter().chain(sheets).filter_map(far).min()?;
    (distance <= MOST_FAR_PERMILLE).then_some(Near { distance, turns })
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A view with something of its own in every block.
    fn view(number: u64) -> View {
        let bits = (0..256).map(|block| mixed(number << 32 | block)).collect();
        let coarse = (0..1_024).map(|cell| (mixed(number << 40 | cell) >> 56) as u8).collect();
        View { bits, coarse }
    }

    fn print(number: u64) -> Print {
        Print { page: 1, picture: view(number), sheet: Some(view(number + 1)) }
    }

    fn turned(print: &Print, turns: u8) -> Print {
        let turn = |view: &View| View {
            bits: turned_bits(&view.bits, turns),
            coarse: (0..1_024)
                .map(|cell| before_turns(cell % COARSE, cell / COARSE, COARSE, turns))
                .map(|(x, y)| view.coarse[y * COARSE + x])
                .collect(),
        };
        Print { page: print.page, picture: turn(&print.picture), sheet: print.sheet.as_ref().map(turn) }
    }

    #[test]
    fn a_page_is_found_and_like_itself_whichever_way_it_stands() {
        let one = print(1);
        let every = all_keys(&one);
        for turns in 0..4 {
            let other = turned(&one, turns);
            assert_eq!(near(&one, &other), Some(Near { distance: 0, turns }));
            assert_eq!(stance(&one, &other), turns);
            assert_eq!(turned_keys(&one, turns), keys(&other));
            assert!(keys(&other).iter().all(|key| every.contains(key)));
            assert_eq!(turned(&other, (4 - turns) % 4), one);
        }
    }

    #[test]
    fn some_changed_blocks_are_told_and_many_are_another_page() {
        let changed = |blocks: usize| {
            let mut other = print(1);
            other.sheet = None;
            other.picture.bits.iter_mut().take(blocks).for_each(|block| *block = !*block);
            near(&print(1), &other).map(|near| near.distance)
        };
        assert_eq!(changed(0), Some(0));
        assert_eq!(changed(2), Some(8));
        assert_eq!(changed(11), Some(43));
        assert_eq!(changed(12), None);
        assert_eq!(near(&print(1), &print(5)), None);
    }

    #[test]
    fn pages_with_little_on_them_are_like_nothing() {
        let mut one = print(1);
        one.sheet = None;
        one.picture.bits.iter_mut().skip(LEAST_BLOCKS - 1).for_each(|block| *block = 0);
        assert_eq!(near(&one, &one.clone()), None);
    }

    /// They stand in tables: another number here is another index there.
    #[test]
    fn keys_stay_as_they_are() {
        let keys = keys(&print(1));
        assert_eq!(keys.len(), 2 * KEYS);
        assert_eq!(keys.iter().fold(0, |all, key| mixed(all ^ key.cast_unsigned())), KEYS_OF_PRINT_ONE);
    }

    const KEYS_OF_PRINT_ONE: u64 = 9_737_423_793_046_753_931;
}
