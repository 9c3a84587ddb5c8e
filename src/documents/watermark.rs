//! What the staff see carries who looked and when, all over it: a photograph of a screen says whose screen it was.

use std::io::Cursor;

use font8x8::legacy::BASIC_LEGACY;
use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageResult, Limits, RgbImage};

use super::pictures::READING_SIDE;

/// Pixels a side of a letter before it is made larger.
const LETTER: u32 = 8;
/// Letters between two copies of the lines, and lines between two rows of them.
const GAP: u32 = 6;
const JPEG_QUALITY: u8 = 82;
/// Of four parts of each pixel under a letter, one is the middle grey: it shows on white and on black, and what lies under it can be read.
const GREY: u8 = 128;

/// A copy of `jpeg` (one of our own copies) with `lines` of plain letters and digits all over it.
///
/// # Errors
/// When it does not decode.
pub(super) fn mark(jpeg: &[u8], lines: &[String]) -> ImageResult<Vec<u8>> {
    let (mut picture, profile) = opened(jpeg)?;
    write_all_over(&mut picture, lines);
    encoded(&picture, profile)
}

/// The pixels of one of our own copies.
///
/// # Errors
/// When it does not decode.
pub(super) fn decoded(jpeg: &[u8]) -> ImageResult<RgbImage> {
    Ok(opened(jpeg)?.0)
}

fn opened(jpeg: &[u8]) -> ImageResult<(RgbImage, Option<Vec<u8>>)> {
    let mut decoder = JpegDecoder::new(Cursor::new(jpeg))?;
    // It came out of the checker, which read a stranger's bytes: its size is believed as little as theirs.
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(READING_SIDE), Some(READING_SIDE));
    decoder.set_limits(limits)?;
    // A profile that the copy carries is one that we gave it.
    let profile = decoder.icc_profile()?;
    let colour = decoder.color_type();
    Ok((DynamicImage::from_decoder(decoder)?.into_rgb8(), profile.filter(|_| colour.has_color())))
}

/// `picture` as a JPEG.
///
/// # Errors
/// When it does not encode.
pub(super) fn encoded(picture: &RgbImage, profile: Option<Vec<u8>>) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    if let Some(profile) = profile {
        encoder.set_icc_profile(profile).map_err(image::ImageError::Unsupported)?;
    }
    encoder.write_image(picture.as_raw(), picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
    Ok(bytes)
}

/// Writes `lines` all over a picture.
pub(super) fn write_all_over(picture: &mut RgbImage, lines: &[String]) {
    let longest = lines.iter().map(|line| line.len()).max().and_then(|length| u32::try_from(length).ok()).unwrap_or(0);
    let count = u32::try_from(lines.len()).unwrap_or(0);
    let scale = (picture.width().max(picture.height()) / 640).max(1);
    // One copy of the lines with the room around it, in letters; every second row begins in the middle of one.
    let (columns, rows) = (longest + GAP, count + GAP);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (across, down) = (x / scale, y / scale);
        let row = down / (rows * LETTER);
        let across = across + row % 2 * columns * LETTER / 2;
        let (letter, line) = (across / LETTER % columns, down / LETTER % rows);
        let here = lines.get(line as usize).and_then(|line| line.as_bytes().get(letter as usize));
        if here.is_some_and(|letter| is_inked(*letter, across % LETTER, down % LETTER)) {
            pixel.0 = pixel.0.map(|channel| channel / 4 * 3 + GREY / 4);
        }
    }
}

fn is_inked(letter: u8, x: u32, y: u32) -> bool {
    let rows = BASIC_LEGACY.get(usize::from(letter));
    rows.and_then(|rows| rows.get(y as usize)).is_some_and(|row| row >> x & 1 == 1)
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, Rgb};

    use super::*;

    fn jpeg(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(width, height, Rgb(colour)).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_copy_that_is_larger_than_copies_are_is_not_decoded() {
        assert!(mark(&jpeg(READING_SIDE + 1, 64, [255; 3]), &[]).is_err());
        assert!(mark(&jpeg(READING_SIDE, 64, [255; 3]), &[]).is_ok());
    }

    #[test]
    fn the_mark_is_everywhere_on_white_and_on_black_and_in_small() {
        let lines = ["0195a3c0-0000-7000-8000-00000000002a".to_owned(), "2026-11-25 19:12".to_owned()];
        for (width, height) in [(1_500, 2_000), (320, 240), (64, 64)] {
            for paper in [[255; 3], [0; 3]] {
                let plain = jpeg(width, height, paper);
                let marked = image::load_from_memory(&mark(&plain, &lines).unwrap()).unwrap().into_luma8();
                assert_eq!((marked.width(), marked.height()), (width, height));
                let changed = |x: u32, y: u32| marked.get_pixel(x, y).0[0].abs_diff(paper[0]) > 15;
                // No square of the picture as large as one and a half copies is without it.
                let (wide, high) = (width.min(42 * 8 * 3), height.min(12 * 8 * 3));
                for (left, top) in [(0, 0), (width - wide, height - high), (width - wide, 0), (0, height - high)] {
                    assert!((left..left + wide).any(|x| (top..top + high).any(|y| changed(x, y))), "{left} {top}");
                }
                let inked = marked.enumerate_pixels().filter(|(x, y, _)| changed(*x, *y)).count();
                assert!(inked * 4 < (width * height) as usize, "the page can still be read");
            }
        }
    }
}
