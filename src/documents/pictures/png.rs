//! PNG: a walk from chunk to chunk up to the end chunk.

use super::walk::Walk;
use super::{Refusal, Walked, orientation};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// What is needed to show the pixels. Colour profiles stay out: their names are free text, and screenshots are sRGB.
const KEPT: [&[u8; 4]; 8] = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB"];

/// Walks a PNG file up to its end chunk; text, dates, EXIF, animation and whatever follows are left out.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked, Refusal> {
    let mut walk = Walk::new(bytes);
    walk.take(SIGNATURE.len()).ok_or(Refusal::Damaged)?;
    let mut master = SIGNATURE.to_vec();
    let (mut header, mut exif, mut has_pixels) = (None, None, false);
    loop {
        let start = walk.rest();
        let length = usize::try_from(walk.u32_be().ok_or(Refusal::Damaged)?).map_err(|_| Refusal::Damaged)?;
        let kind: [u8; 4] = walk.array().ok_or(Refusal::Damaged)?;
        let data = walk.take(length).ok_or(Refusal::Damaged)?;
        walk.take(4).ok_or(Refusal::Damaged)?;
        if (&kind == b"IHDR") != header.is_none() {
            return Err(Refusal::Damaged);
        }
        match &kind {
            b"IHDR" => header = Some(read_header(data)?),
            b"IDAT" => has_pixels = true,
            b"eXIf" => exif = Some(data.to_vec()),
            _ => {}
        }
        if KEPT.contains(&&kind) {
            master.extend_from_slice(start.get(..12 + length).ok_or(Refusal::Damaged)?);
        } else if kind.first().is_some_and(u8::is_ascii_uppercase) {
            return Err(Refusal::OtherPicture);
        }
        if &kind == b"IEND" {
            break;
        }
    }
    let (width, height, pixel_bytes) = header.ok_or(Refusal::Damaged)?;
    if !has_pixels {
        return Err(Refusal::Damaged);
    }
    Ok(Walked {
        width,
        height,
        orientation: orientation::of_exif(exif.as_deref()),
        icc: None,
        decode_bytes_per_pixel: pixel_bytes,
        decode_bytes_besides: 0,
        master,
    })
}

/// Width, height and bytes of a decoded pixel, with its copy at eight bits a channel if it has sixteen.
fn read_header(data: &[u8]) -> Result<(u32, u32, u64), Refusal> {
    let mut walk = Walk::new(data);
    let width = walk.u32_be().ok_or(Refusal::Damaged)?;
    let height = walk.u32_be().ok_or(Refusal::Damaged)?;
    let depth = walk.byte().ok_or(Refusal::Damaged)?;
    let colour = walk.byte().ok_or(Refusal::Damaged)?;
    if width == 0 || height == 0 {
        return Err(Refusal::Damaged);
    }
    let channels = match colour {
        0 => 1,
        4 => 2,
        2 => 3,
        3 | 6 => 4,
        _ => return Err(Refusal::Damaged),
    };
    Ok((width, height, channels * if depth == 16 { 3 } else { 1 }))
}
