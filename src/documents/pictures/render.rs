//! The upright copies: decode once, make smaller, then turn.

use std::io::Cursor;

use anyhow::Context;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};
use image::{ColorType, DynamicImage, GrayImage, ImageFormat, ImageReader, Limits, Rgb, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType as JpegColor, Encoder, SamplingFactor};

use super::codes::{self, Code};
use super::print::{self, Print};
use super::quality::{Measures, measure};
use super::{Inspected, MAX_DECODE_BYTES, MAX_SIDE, MIN_SIDE, Refusal, heic, orientation, scaled};
use crate::storage::Coding;

/// The longest side of the reading copy, in pixels.
pub const READING_SIDE: u32 = 2_000;
/// The longest side of the thumbnail, in pixels.
pub const THUMBNAIL_SIDE: u32 = 320;
/// The longest side of what most measures are taken on.
const MEASURED_SIDE: u32 = 1_000;
const JPEG_QUALITY: u8 = 82;

/// One copy: a JPEG without metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendition {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
}

/// The copies of one picture.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// Upright, at most 2,000 pixels a side.
    pub reading: Rendition,
    /// Upright, at most 320 pixels a side.
    pub thumbnail: Rendition,
    /// What was measured on the reading copy.
    pub measures: Measures,
    /// The codes on it.
    pub codes: Vec<Code>,
    /// What tells it from other pages.
    pub print: Option<Print>,
}

/// Decodes the master of `inspected`, makes the copies and looks at them.
///
/// # Errors
/// Those of [`copies`].
pub fn render(inspected: &Inspected) -> Result<Rendered, Refusal> {
    let Copies { picture, reading, thumbnail } = copies(inspected)?;
    let grey = DynamicImage::from(picture.into_luma8());
    let small = shrink(grey.clone(), MEASURED_SIDE)?.into_luma8();
    let grey = grey.into_luma8();
    let measures = measure(&grey, &small, inspected.width.min(inspected.height));
    let codes = codes::find(&grey, 1);
    let print = print::take(&small, 1);
    Ok(Rendered { reading, thumbnail, measures, codes, print })
}

/// The copies, and the reading copy before it is coded.
#[derive(Clone, Debug)]
pub struct Copies {
    /// Upright, at most 2,000 pixels a side.
    pub picture: DynamicImage,
    /// The same as a file.
    pub reading: Rendition,
    /// Upright, at most 320 pixels a side.
    pub thumbnail: Rendition,
}

/// Decodes the master of `inspected` and makes the copies.
///
/// # Errors
/// [`Refusal::Damaged`] when the pixels do not decode, [`Refusal::TooLarge`] when they would take too much memory.
pub fn copies(inspected: &Inspected) -> Result<Copies, Refusal> {
    let turn = orientation::turn(inspected.orientation);
    let smaller = shrink(decode(inspected)?, READING_SIDE)?;
    let mut thumbnail = flatten(shrink(smaller.clone(), THUMBNAIL_SIDE)?);
    let mut picture = flatten(smaller);
    picture.apply_orientation(turn);
    thumbnail.apply_orientation(turn);
    let icc = inspected.icc.as_deref();
    Ok(Copies { reading: encode(&picture, icc)?, thumbnail: encode(&thumbnail, icc)?, picture })
}

/// A picture that stands upright and is small enough, as a copy.
///
/// # Errors
/// [`Refusal::Damaged`] when it does not encode.
pub fn copy(picture: &DynamicImage) -> Result<Rendition, Refusal> {
    encode(picture, None)
}

/// What tells `page`, a picture that stands upright, from other pages.
///
/// # Errors
/// [`Refusal::Damaged`] when it can't be made smaller.
pub fn print_of(page: DynamicImage, number: u8) -> Result<Option<Print>, Refusal> {
    Ok(print::take(&shrink(page, MEASURED_SIDE)?.into_luma8(), number))
}

/// The small copy of a picture that stands upright.
///
/// # Errors
/// [`Refusal::Damaged`] when it does not encode.
pub fn thumbnail(picture: DynamicImage) -> Result<Rendition, Refusal> {
    encode(&flatten(shrink(picture, THUMBNAIL_SIDE)?), None)
}

fn decode(inspected: &Inspected) -> Result<DynamicImage, Refusal> {
    let size = (inspected.width, inspected.height);
    if inspected.coding == Coding::Jpeg
        && let Some(picture) = scaled::decode(&inspected.master, size, READING_SIDE)?
    {
        return Ok(picture);
    }
    let format = match inspected.coding {
        Coding::Jpeg => ImageFormat::Jpeg,
        Coding::Png => ImageFormat::Png,
        Coding::Webp => ImageFormat::WebP,
        Coding::Heic => return decode_heic(inspected),
        Coding::Pdf => return Err(Refusal::NotAPicture),
    };
    let mut reader = ImageReader::with_format(Cursor::new(&inspected.master), format);
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODE_BYTES);
    reader.limits(limits);
    let decoded = reader.decode().map_err(|error| match error {
        image::ImageError::Limits(_) => Refusal::TooLarge,
        image::ImageError::Unsupported(_) => Refusal::OtherPicture,
        _ => Refusal::Damaged,
    })?;
    // What the header promised is what was decoded, or the file plays a trick on one of two readers.
    let as_promised = (decoded.width(), decoded.height()) == (inspected.width, inspected.height);
    if as_promised { Ok(decoded) } else { Err(Refusal::Damaged) }
}

fn decode_heic(inspected: &Inspected) -> Result<DynamicImage, Refusal> {
    let decoded = heic::decode(&inspected.master)?;
    // The file may say that less than what is coded is shown.
    if decoded.width > inspected.width
        || decoded.height > inspected.height
        || decoded.width.min(decoded.height) < MIN_SIDE
    {
        return Err(Refusal::Damaged);
    }
    let (width, height, has_alpha) = (decoded.width, decoded.height, decoded.has_alpha);
    let picture: DynamicImage = RgbaImage::from_raw(width, height, decoded.data).ok_or(Refusal::Damaged)?.into();
    Ok(if has_alpha { picture } else { picture.into_rgb8().into() })
}

/// Eight bits a channel: grey, colour, or colour with alpha.
fn narrow(picture: DynamicImage) -> DynamicImage {
    match picture.color() {
        ColorType::L8 | ColorType::Rgb8 | ColorType::Rgba8 => picture,
        ColorType::L16 => picture.into_luma8().into(),
        colour if colour.has_alpha() => picture.into_rgba8().into(),
        _ => picture.into_rgb8().into(),
    }
}

/// Makes the longest side `side` pixels, and every channel eight bits; a smaller picture keeps its size.
fn shrink(picture: DynamicImage, side: u32) -> Result<DynamicImage, Refusal> {
    let picture = narrow(picture);
    let (width, height) = (picture.width(), picture.height());
    let longest = width.max(height);
    if longest <= side {
        return Ok(picture);
    }
    let scaled = |length: u32| {
        let rounded = (u64::from(length) * u64::from(side) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(rounded).unwrap_or(side).max(1)
    };
    let (from, to) = ((width, height), (scaled(width), scaled(height)));
    let smaller = || -> anyhow::Result<Option<DynamicImage>> {
        Ok(match &picture {
            DynamicImage::ImageLuma8(grey) => {
                GrayImage::from_raw(to.0, to.1, resized::<U8>(grey, from, to)?).map(Into::into)
            }
            DynamicImage::ImageRgb8(colour) => {
                RgbImage::from_raw(to.0, to.1, resized::<U8x3>(colour, from, to)?).map(Into::into)
            }
            DynamicImage::ImageRgba8(clear) => {
                RgbaImage::from_raw(to.0, to.1, resized::<U8x4>(clear, from, to)?).map(Into::into)
            }
            _ => None,
        })
    };
    smaller().and_then(|smaller| smaller.context("pixels of another kind or number")).map_err(|error| {
        tracing::error!(error = %error, "pictures: the resizer refused");
        Refusal::Damaged
    })
}

/// `pixels` of one kind at another size. Each kind is named: the resizer for any kind is compiled for all of them.
fn resized<P: PixelTrait>(
    pixels: &[u8],
    (width, height): (u32, u32),
    (wide, high): (u32, u32),
) -> anyhow::Result<Vec<u8>> {
    let source = TypedImageRef::<P>::from_buffer(width, height, pixels)?;
    let mut bytes = vec![0; usize::try_from(wide)? * usize::try_from(high)? * P::size()];
    let mut target = TypedImage::<P>::from_buffer(wide, high, &mut bytes)?;
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3));
    Resizer::new().resize_typed(&source, &mut target, &options)?;
    Ok(bytes)
}

/// Lays transparency on white paper: JPEG has none.
fn flatten(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture;
    }
    let source = picture.into_rgba8();
    let mut paper = RgbImage::new(source.width(), source.height());
    for (to, from) in paper.pixels_mut().zip(source.pixels()) {
        let [red, green, blue, alpha] = from.0;
        let on_white = |channel: u8| {
            let mixed = u32::from(channel) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
            u8::try_from((mixed + 127) / 255).unwrap_or(u8::MAX)
        };
        *to = Rgb([on_white(red), on_white(green), on_white(blue)]);
    }
    paper.into()
}

fn encode(picture: &DynamicImage, icc: Option<&[u8]>) -> Result<Rendition, Refusal> {
    let (width, height) = (picture.width(), picture.height());
    let coded = || -> anyhow::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
        // Half of the colour would do for eyes; the reader tells seals from print by it.
        encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
        // A profile fits only pixels of its own colour space.
        let space: &[u8] = if picture.color().has_color() { b"RGB " } else { b"GRAY" };
        if let Some(profile) = icc.filter(|profile| profile.get(16..20) == Some(space)) {
            encoder.add_icc_profile(profile)?;
        }
        let (wide, high) = (u16::try_from(width)?, u16::try_from(height)?);
        match picture {
            DynamicImage::ImageLuma8(grey) => encoder.encode(grey.as_raw(), wide, high, JpegColor::Luma)?,
            DynamicImage::ImageRgb8(colour) => encoder.encode(colour.as_raw(), wide, high, JpegColor::Rgb)?,
            other => encoder.encode(other.to_rgb8().as_raw(), wide, high, JpegColor::Rgb)?,
        }
        Ok(bytes)
    };
    let bytes = coded().map_err(|error| {
        tracing::error!(error = %error, "pictures: the encoder refused");
        Refusal::Damaged
    })?;
    Ok(Rendition { bytes, width, height })
}
