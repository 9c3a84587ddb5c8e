//! What the lossless coding of WebP asks of its decoder, read from the stream itself.
//!
//! A decoder builds five prefix-code tables for each *group* before it draws a pixel, up to 65,536 groups, and the greatest number
//! in the stream's entropy image says how many: some bytes can ask for gigabytes. So the stream is read here as far as that number,
//! with nothing kept but one group of tables (<https://developers.google.com/speed/webp/docs/webp_lossless_bitstream_specification>).

use std::ops::ControlFlow;

/// A table of the decoder (image-webp 0.2.4) has at most 1,024 entries of four bytes; beside it stand its own few fields, three times
/// because the list of groups grows by doubling.
const TABLE_BYTES: u64 = 4_096 + 3 * 64;
/// Codes longer than ten bits stand in a tree with at most two nodes of 16 bytes for each symbol.
const SYMBOL_BYTES: u64 = 32;
/// Symbols of red, blue, alpha and distance; green has lengths and the colour cache beside its own.
const ALPHABETS: [u16; 4] = [256, 256, 256, 40];
const GREEN_SYMBOLS: u16 = 256 + 24;
const LENGTH_ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Bytes, at most, of all tables that the `stream` of a picture of this size asks for; nothing when it can't be read.
///
/// From above, since a group's tables are each counted at their largest, whatever the codes are.
pub(super) fn table_bytes(stream: &[u8], width: u32, height: u32) -> Option<u64> {
    let mut bits = Bits { stream, at: 0 };
    let mut width = width;
    let mut seen = [false; 4];
    while bits.take(1)? == 1 {
        let kind = usize::try_from(bits.take(2)?).ok()?;
        if std::mem::replace(seen.get_mut(kind)?, true) {
            return None;
        }
        match kind {
            // Predictors and colour transforms: a small picture of blocks.
            0 | 1 => {
                let size_bits = bits.take(3)? + 2;
                plane(&mut bits, blocks(width, size_bits), blocks(height, size_bits))?;
            }
            // The palette, whose small ones put several pixels into one.
            3 => {
                let colours = bits.take(8)? + 1;
                plane(&mut bits, colours, 1)?;
                let packed = match colours {
                    ..=2 => 3,
                    3..=4 => 2,
                    5..=16 => 1,
                    _ => 0,
                };
                width = blocks(width, packed);
            }
            _ => {}
        }
    }
    let cache = cache_symbols(&mut bits)?;
    let mut groups = 1;
    if bits.take(1)? == 1 {
        let size_bits = bits.take(3)? + 2;
        groups = u64::from(plane(&mut bits, blocks(width, size_bits), blocks(height, size_bits))?) + 1;
    }
    let table = |symbols: u16| TABLE_BYTES + SYMBOL_BYTES * u64::from(symbols);
    let group: u64 = ALPHABETS.iter().map(|symbols| table(*symbols)).sum::<u64>() + table(GREEN_SYMBOLS + cache);
    groups.checked_mul(group)
}

/// A length in blocks of `1 << bits`.
fn blocks(length: u32, bits: u32) -> u32 {
    length.div_ceil(1 << bits)
}

fn cache_symbols(bits: &mut Bits<'_>) -> Option<u16> {
    if bits.take(1)? == 0 {
        return Some(0);
    }
    let size = bits.take(4)?;
    (1..=11).contains(&size).then(|| 1 << size)
}

/// Reads a picture that is no picture of pixels; gives the greatest of its 16-bit numbers (red and green). What is copied, or comes
/// out of the colour cache, was there before as itself (or is nought), so that only what is spelled out counts.
fn plane(bits: &mut Bits<'_>, width: u32, height: u32) -> Option<u32> {
    let cache = cache_symbols(bits)?;
    let green = Code::read(bits, GREEN_SYMBOLS + cache)?;
    let [red, blue, alpha, distance] = {
        let mut codes = Vec::with_capacity(ALPHABETS.len());
        for symbols in ALPHABETS {
            codes.push(Code::read(bits, symbols)?);
        }
        <[Code; 4]>::try_from(codes).ok()?
    };
    let (mut left, mut greatest) = (width.checked_mul(height)?, 0);
    while left > 0 {
        let symbol = green.next(bits)?;
        let drawn = match symbol {
            ..256 => {
                greatest = greatest.max(u32::from(red.next(bits)?) << 8 | u32::from(symbol));
                blue.next(bits)?;
                alpha.next(bits)?;
                1
            }
            256..GREEN_SYMBOLS => {
                let length = copied(bits, symbol - 256)?;
                let prefix = distance.next(bits)?;
                copied(bits, prefix)?;
                length
            }
            _ => 1,
        };
        left = left.checked_sub(drawn)?;
    }
    Some(greatest)
}

/// A length or a distance by its prefix and the bits behind it.
fn copied(bits: &mut Bits<'_>, prefix: u16) -> Option<u32> {
    let prefix = u32::from(prefix);
    if prefix < 4 {
        return Some(prefix + 1);
    }
    let extra = (prefix - 2) >> 1;
    Some(((2 + (prefix & 1)) << extra) + bits.take(extra)? + 1)
}

/// A canonical prefix code.
struct Code {
    /// How many symbols have a code of each length, 0 to 15 bits.
    counts: [u16; 16],
    /// The symbols by length, then by number.
    symbols: Vec<u16>,
}

impl Code {
    fn read(bits: &mut Bits<'_>, alphabet: u16) -> Option<Self> {
        if bits.take(1)? == 1 {
            return Self::simple(bits, alphabet);
        }
        let mut lengths = [0_u8; 19];
        let count = 4 + usize::try_from(bits.take(4)?).ok()?;
        for at in LENGTH_ORDER.iter().take(count) {
            *lengths.get_mut(*at)? = u8::try_from(bits.take(3)?).ok()?;
        }
        let code = Self::of_lengths(&lengths)?;
        let mut left = u32::from(alphabet);
        if bits.take(1)? == 1 {
            let size = 2 + 2 * bits.take(3)?;
            left = 2 + bits.take(size)?;
            if left > u32::from(alphabet) {
                return None;
            }
        }
        let alphabet = usize::from(alphabet);
        let (mut lengths, mut before) = (Vec::with_capacity(alphabet), 8);
        while lengths.len() < alphabet && left > 0 {
            left -= 1;
            let symbol = u8::try_from(code.next(bits)?).ok()?;
            let (length, times) = match symbol {
                ..16 => (symbol, 1),
                16 => (before, 3 + bits.take(2)?),
                17 => (0, 3 + bits.take(3)?),
                _ => (0, 11 + bits.take(7)?),
            };
            if symbol < 16 && symbol != 0 {
                before = symbol;
            }
            lengths.resize(lengths.len() + usize::try_from(times).ok()?, length);
        }
        if lengths.len() > alphabet {
            return None;
        }
        Self::of_lengths(&lengths)
    }

    /// One or two symbols, spelled out.
    fn simple(bits: &mut Bits<'_>, alphabet: u16) -> Option<Self> {
        let is_two = bits.take(1)? == 1;
        let size = if bits.take(1)? == 1 { 8 } else { 1 };
        let mut symbols = vec![u16::try_from(bits.take(size)?).ok()?];
        if is_two {
            symbols.push(u16::try_from(bits.take(8)?).ok()?);
        }
        let mut counts = [0; 16];
        let [none, one, ..] = &mut counts;
        *(if is_two { one } else { none }) = u16::try_from(symbols.len()).ok()?;
        symbols.iter().all(|symbol| *symbol < alphabet).then_some(Self { counts, symbols })
    }

    /// The code of these lengths; a single symbol needs no bit at all, and more must fill the code.
    fn of_lengths(lengths: &[u8]) -> Option<Self> {
        let mut counts = [0_u16; 16];
        let mut symbols = Vec::new();
        for length in 1..16_u8 {
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, given)| **given == length) {
                symbols.push(u16::try_from(symbol).ok()?);
                *counts.get_mut(usize::from(length))? += 1;
            }
        }
        if let [only] = *symbols {
            let mut counts = [0; 16];
            let [none, ..] = &mut counts;
            *none = 1;
            return Some(Self { counts, symbols: vec![only] });
        }
        let filled: u32 = (0..16_u32).zip(counts).map(|(length, count)| u32::from(count) << (15 - length)).sum();
        (filled == 1 << 15).then_some(Self { counts, symbols })
    }

    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        // The code itself, bit by bit: `first` is the first code of this length, `index` the place of its symbol.
        let found = self.counts.iter().enumerate().try_fold((), |(), (length, count)| {
            if length > 0 {
                let Some(bit) = bits.take(1) else { return ControlFlow::Break(None) };
                code = code << 1 | bit;
                first <<= 1;
            }
            let count = u32::from(*count);
            if code < first + count {
                return ControlFlow::Break(Some(index + code - first));
            }
            (first, index) = (first + count, index + count);
            ControlFlow::Continue(())
        });
        let place = found.break_value().flatten()?;
        self.symbols.get(usize::try_from(place).ok()?).copied()
    }
}

/// Bits from the lowest of each byte on.
struct Bits<'a> {
    stream: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    /// The next `count` bits, 32 at most; nothing at the end.
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for place in 0..count {
            let byte = self.stream.get(self.at / 8)?;
            value |= u32::from(*byte >> (self.at % 8) & 1) << place;
            self.at += 1;
        }
        Some(value)
    }
}
