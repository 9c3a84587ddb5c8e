//! Pictures, as pure functions: bytes in, checked and cleaned pictures out. No files, no tables, no clock.
//!
//! [`inspect`] walks the container without decoding a pixel: it finds what the file really is, how large it would become in
//! memory, which way is up, and it copies the coded pixels into a fresh container (the *master*) that holds nothing else:
//! no EXIF, GPS, XMP, comment, text, preview picture or trailing file. [`render`] then decodes the master alone, so that no
//! decoder ever sees a metadata segment, and makes the upright copies.

use crate::storage::Coding;

mod jpeg;
mod lossless;
mod orientation;
mod png;
mod refusal;
mod render;
mod walk;
mod webp;

pub use refusal::Refusal;
pub use render::{Rendered, Rendition, render};

/// Pixels at most, by the header: 100 million.
pub const MAX_PIXELS: u64 = 100_000_000;
/// Pixels a side at most.
pub const MAX_SIDE: u32 = 20_000;
/// Pixels a side at least: nobody reads a paper on less.
pub const MIN_SIDE: u32 = 64;
/// Bytes that decoding may take at most.
pub const MAX_DECODE_BYTES: u64 = 512 * 1024 * 1024;

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
    /// True for a form that cameras do not write and that asks much of a decoder: it is decoded while no other picture is.
    pub is_rare: bool,
    /// The colour profile, if the file had a sound one that the copies should carry.
    icc: Option<Vec<u8>>,
}

/// What a walk over a container found, before the limits are applied.
struct Walked {
    width: u32,
    height: u32,
    exif: Option<Vec<u8>>,
    icc: Option<Vec<u8>>,
    decode_bytes_per_pixel: u64,
    /// What decoding takes besides, however many pixels there are.
    decode_bytes_besides: u64,
    is_rare: bool,
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
        orientation: walked.exif.as_deref().map_or(1, orientation::of_exif),
        master: walked.master,
        decode_bytes,
        is_rare: walked.is_rare,
        icc: walked.icc,
    })
}

/// The coding by the first bytes.
fn recognise(bytes: &[u8]) -> Result<Coding, Refusal> {
    match bytes {
        [0xff, 0xd8, 0xff, ..] => Ok(Coding::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Coding::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Coding::Webp),
        [b'%', b'P', b'D', b'F', b'-', ..] => Err(Refusal::Pdf),
        [_, _, _, _, b'f', b't', b'y', b'p', brand @ ..] => Err(match brand.get(..4) {
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => Refusal::Heic,
            _ => Refusal::OtherPicture,
        }),
        [b'G', b'I', b'F', b'8', ..] | [b'B', b'M', ..] | [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => {
            Err(Refusal::OtherPicture)
        }
        _ => Err(Refusal::NotAPicture),
    }
}

#[cfg(test)]
mod tests;
