//! A view of a page's ink, as it is kept and compared.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Cells a side.
pub(super) const SIDE: usize = 128;
/// Cells a side of a block, and blocks a side of a view.
const BLOCK: usize = 8;
const BLOCKS: usize = SIDE / BLOCK;
/// Cells a side of the coarse picture.
const COARSE: usize = 32;
/// Bytes of [`View::bits`].
const BITS_BYTES: usize = SIDE * SIDE / 8;
/// Cells of [`View::coarse`].
const COARSE_CELLS: usize = COARSE * COARSE;
/// A block is told from paper when its contrast is a quarter of what the darkest hundredth of the view has, and more than noise.
const LEAST_CONTRAST: u16 = 16;
/// Blocks with something on them that a view must have: a page with less looks like any other.
const LEAST_BLOCKS: usize = 24;

/// Ink in cells, line by line: four times its mean in each, 0 to 1,020.
pub(super) struct Cells(pub(super) Vec<u16>);

/// One view of a page.
#[derive(Clone, PartialEq, Eq)]
pub struct View {
    /// In 256 blocks of 64 cells, line by line: a bit for each cell that is inked more than the middle of its block; a block of mere paper
    /// has none.
    pub bits: Vec<u64>,
    /// The ink in 32 by 32 cells, as its square root.
    pub coarse: Vec<u8>,
}

impl View {
    /// Of the ink in cells; nothing when there is too little.
    pub(super) fn of(cells: &Cells) -> Option<Self> {
        let mut sorted = cells.0.clone();
        sorted.sort_unstable();
        let darkest = sorted.get(sorted.len() * 99 / 100).copied()?;
        let bits: Vec<u64> = (0..BLOCKS * BLOCKS).map(|block| bits(&block_of(cells, block), darkest)).collect();
        let written = bits.iter().filter(|block| **block != 0).count();
        (written >= LEAST_BLOCKS).then(|| Self { bits, coarse: coarse(cells) })
    }

    /// Of its bits as bytes and its coarse picture; nothing when either is of another size.
    #[must_use]
    pub fn of_bytes(bits: &[u8], coarse: Vec<u8>) -> Option<Self> {
        if bits.len() != BITS_BYTES || coarse.len() != COARSE_CELLS {
            return None;
        }
        let (blocks, _) = bits.as_chunks::<8>();
        Some(Self { bits: blocks.iter().map(|block| u64::from_be_bytes(*block)).collect(), coarse })
    }

    /// The bits as bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.bits.iter().flat_map(|block| block.to_be_bytes()).collect()
    }
}

impl std::fmt::Debug for View {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("View").finish_non_exhaustive()
    }
}

/// On the wire: both parts as bytes, in hexadecimal.
impl Serialize for View {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode([self.bytes(), self.coarse.clone()].concat()))
    }
}

impl<'de> Deserialize<'de> for View {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = hex::decode(text).map_err(de::Error::custom)?;
        let (bits, coarse) = bytes.split_at_checked(BITS_BYTES).ok_or_else(|| de::Error::custom("a short view"))?;
        Self::of_bytes(bits, coarse.to_vec()).ok_or_else(|| de::Error::custom("a view of another size"))
    }
}

fn block_of(cells: &Cells, block: usize) -> Vec<u16> {
    let (left, top) = (block % BLOCKS * BLOCK, block / BLOCKS * BLOCK);
    let line = |y: usize| cells.0.get(y * SIDE + left..y * SIDE + left + BLOCK).unwrap_or_default();
    (top..top + BLOCK).flat_map(line).copied().collect()
}

fn bits(block: &[u16], darkest: u16) -> u64 {
    let mut sorted = block.to_vec();
    sorted.sort_unstable();
    // Neither the few darkest nor the brightest quarter: a speck of dust is no ink.
    let [Some(paper), Some(ink)] = [16, 60].map(|at| sorted.get(at).copied()) else { return 0 };
    let contrast = ink - paper;
    if contrast <= (darkest / 4).max(LEAST_CONTRAST) {
        return 0;
    }
    (0..)
        .zip(block)
        .filter(|(_, cell)| cell.saturating_sub(paper) * 2 > contrast)
        .fold(0, |bits, (at, _)| bits | 1 << at)
}

fn coarse(cells: &Cells) -> Vec<u8> {
    const STEP: usize = SIDE / COARSE;
    let sum = |cell: usize| {
        let (left, top) = (cell % COARSE * STEP, cell / COARSE * STEP);
        let line = |y: usize| cells.0.get(y * SIDE + left..y * SIDE + left + STEP).unwrap_or_default();
        (top..top + STEP).flat_map(line).map(|cell| u32::from(*cell)).sum::<u32>()
    };
    (0..COARSE_CELLS).map(|cell| u8::try_from((sum(cell) * 4).isqrt()).unwrap_or(u8::MAX)).collect()
}
