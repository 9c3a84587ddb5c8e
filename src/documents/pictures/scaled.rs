//! A large JPEG decoded at half, a quarter or an eighth of its size: its blocks are made smaller before they are pixels, in a quarter of the
//! memory.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};
use jpeg_decoder::{CodingProcess, Decoder, Error, PixelFormat};

use super::{MAX_DECODE_BYTES, Refusal};

/// The picture, smaller than it is coded and still at least `side` pixels on its longer side. Nothing when it would not become smaller, or is
/// not coded as cameras do: then it is decoded whole.
///
/// # Errors
/// [`Refusal::Damaged`] when its pixels do not decode, or are not `width` by `height`.
pub(super) fn decode(jpeg: &[u8], (width, height): (u32, u32), side: u32) -> Result<Option<DynamicImage>, Refusal> {
    let longest = width.max(height);
    if longest.div_ceil(2) < side {
        return Ok(None);
    }
    let mut decoder = Decoder::new(Cursor::new(jpeg));
    decoder.set_max_decoding_buffer_size(usize::try_from(MAX_DECODE_BYTES).unwrap_or(usize::MAX));
    match decoder.read_info() {
        Ok(()) => {}
        Err(Error::Unsupported(_)) => return Ok(None),
        Err(_) => return Err(Refusal::Damaged),
    }
    let info = decoder.info().ok_or(Refusal::Damaged)?;
    if (u32::from(info.width), u32::from(info.height)) != (width, height) {
        return Err(Refusal::Damaged);
    }
    let is_plain = info.coding_process == CodingProcess::DctSequential
        && matches!(info.pixel_format, PixelFormat::RGB24 | PixelFormat::L8);
    if !is_plain {
        return Ok(None);
    }
    let wanted = |length: u32| u16::try_from((length * side).div_ceil(longest)).map_err(|_| Refusal::TooLarge);
    let (wide, high) = decoder.scale(wanted(width)?, wanted(height)?).map_err(|_| Refusal::Damaged)?;
    let pixels = decoder.decode().map_err(|_| Refusal::Damaged)?;
    let (wide, high) = (u32::from(wide), u32::from(high));
    let picture = match info.pixel_format {
        PixelFormat::L8 => GrayImage::from_raw(wide, high, pixels).map(DynamicImage::from),
        _ => RgbImage::from_raw(wide, high, pixels).map(DynamicImage::from),
    };
    picture.map(Some).ok_or(Refusal::Damaged)
}
