//! Pictures, as pure functions: bytes in, checked and cleaned pictures out. No files, no tables, no clock.
//!
//! [`inspect`] walks the container without decoding a pixel: it finds what the file really is, how large it would become in
//! memory, which way is up, and it copies the coded pixels into a fresh container (the *master*) that holds nothing else:
//! no EXIF, GPS, XMP, comment, text, preview picture or trailing file. [`render`] then decodes the master alone, so that no
//! decoder ever sees a metadata segment, and makes the upright copies.

use crate::storage::Coding;

mod codes;
mod heic;
mod jpeg;
mod lossless;
mod orientation;
mod png;
mod print;
mod quality;
mod refusal;
mod render;
mod scaled;
mod walk;
mod webp;

pub use codes::{Code, MAX_CODE_CHARS, MAX_CODES, Place, find as find_codes};
pub use print::{Print, View};
pub use quality::{Advice, Letters, Measures, advise};
pub use refusal::Refusal;
pub use render::{Copies, READING_SIDE, Rendered, Rendition, copies, copy, print_of, render, thumbnail};

/// Pixels at most, by the header: 100 million.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Pixels a side at most.
pub const MAX_SIDE: u32 = 20_000;
/// Pixels a side at least: nobody reads a paper on less.
pub const MIN_SIDE: u32 = 64;
/// Bytes that decoding may take at most: the process that decodes has 512 MiB, and needs some for the file and its copies.
pub const MAX_DECODE_BYTES: u64 = 400 * 1024 * 1024;

/// A file that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// What is kept of the original.
    pub master: Master,
    /// The upright copies, one a page; a photograph has one.
    pub pages: Vec<Rendition>,
    /// The small picture of the first page.
    pub thumbnail: Rendition,
    /// What was measured on a photograph; nothing for a PDF, whose pages are drawn.
    pub measures: Option<Measures>,
    /// The codes that stand on its pages.
    pub codes: Vec<Code>,
    /// What tells its pages from others; none for a page with too little on it.
    pub prints: Vec<Print>,
}

/// The original's own coded pixels without metadata; a PDF as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// How it is coded.
    pub coding: Coding,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its width in pixels; of a PDF, in points of its first page.
    pub width: u32,
    /// Its height in the same.
    pub height: u32,
    /// How it must be turned to stand upright: the EXIF orientation, 1 to 8.
    pub orientation: u8,
}

/// What a file is, and its cleaned master.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// How it is coded.
    pub coding: Coding,
    /// Width of the coded pixels.
    pub width: u32,
    /// Height of the coded pixels.
    pub height: u32,
    /// The EXIF orientation, 1 to 8: how the coded pixels must be turned to stand upright.
    pub orientation: u8,
    /// The coded pixels in a container of their own.
    pub master: Vec<u8>,
    /// An estimate, from above, of what decoding takes in memory.
    pub decode_bytes: u64,
    /// The colour profile, if the file had a sound one that the copies should carry.
    icc: Option<Vec<u8>>,
}

/// What a walk over a container found, before the limits are applied.
struct Walked {
    width: u32,
    height: u32,
    /// 1 to 8, as EXIF counts.
    orientation: u8,
    icc: Option<Vec<u8>>,
    decode_bytes_per_pixel: u64,
    /// What decoding takes besides, however many pixels there are.
    decode_bytes_besides: u64,
    master: Vec<u8>,
}

/// Looks at `bytes` by content, whatever its name or declared type was.
///
/// # Errors
/// The [`Refusal`] that the member is told.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, Refusal> {
    let coding = recognise(bytes)?;
    let walked = match coding {
        Coding::Jpeg => jpeg::walk(bytes)?,
        Coding::Png => png::walk(bytes)?,
        Coding::Webp => webp::walk(bytes)?,
        Coding::Heic => heic::walk(bytes)?,
        Coding::Pdf => return Err(Refusal::NotAPicture),
    };
    let pixels = u64::from(walked.width).saturating_mul(u64::from(walked.height));
    let decode_bytes = pixels.saturating_mul(walked.decode_bytes_per_pixel).saturating_add(walked.decode_bytes_besides);
    if pixels > MAX_PIXELS || walked.width.max(walked.height) > MAX_SIDE || decode_bytes > MAX_DECODE_BYTES {
        return Err(Refusal::TooLarge);
    }
    if walked.width.min(walked.height) < MIN_SIDE {
        return Err(Refusal::TooSmall);
    }
    Ok(Inspected {
        coding,
        width: walked.width,
        height: walked.height,
        orientation: walked.orientation,
        master: walked.master,
        decode_bytes,
        icc: walked.icc,
    })
}

/// A photograph, all of it: looked at, cleaned and copied.
///
/// # Errors
/// The [`Refusal`] that the member is told.
pub fn check(bytes: &[u8]) -> Result<Passed, Refusal> {
    let inspected = inspect(bytes)?;
    let Rendered { reading, thumbnail, measures, codes, print } = render(&inspected)?;
    let Inspected { coding, width, height, orientation, master, .. } = inspected;
    let master = Master { coding, bytes: master, width, height, orientation };
    Ok(Passed {
        master,
        pages: vec![reading],
        thumbnail,
        measures: Some(measures),
        codes,
        prints: print.into_iter().collect(),
    })
}

/// The coding by the first bytes.
///
/// # Errors
/// The [`Refusal`] of a file that is none of ours.
pub fn recognise(bytes: &[u8]) -> Result<Coding, Refusal> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Ok(Coding::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Coding::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Coding::Webp),
        [b'%', b'P', b'D', b'F', b'-', ..] => Ok(Coding::Pdf),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => match brand.get(..4) {
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"mif1") => Ok(Coding::Heic),
            _ => Err(Refusal::OtherPicture),
        },
        [b'G', b'I', b'F', b'8', ..] | [b'B', b'M', ..] | [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            Err(Refusal::OtherPicture)
        }
        _ => Err(Refusal::NotAPicture),
    }
}

#[cfg(test)]
mod tests;
