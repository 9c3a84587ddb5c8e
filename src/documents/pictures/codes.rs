//! QR codes on a page: every one that reads, as text. A code that is damaged beyond its own correction reads as nothing, never as something else.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::GrayImage;
use rxing::common::{GlobalHistogramBinarizer, HybridBinarizer};
use rxing::multi::MultipleBarcodeReader;
use rxing::qrcode::cpp_port::QrReader;
use rxing::{BarcodeFormat, Binarizer, BinaryBitmap, DecodeHints, Luma8Source, Point, RXingResult};
use serde::{Deserialize, Serialize};

/// Codes that are kept of one file: a bill has one or two.
pub const MAX_CODES: usize = 16;
/// Characters of a code at most: what the largest one holds as digits.
pub const MAX_CODE_CHARS: usize = 7_089;

/// One code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// Which page, counted from one.
    pub page: u8,
    /// What it says.
    pub text: String,
    /// Where it stands on the page's reading copy.
    pub place: Place,
}

/// An upright rectangle in pixels of a reading copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its left edge.
    #[schema(minimum = 0, maximum = 2_000, example = 1210)]
    pub left: u32,
    /// Its upper edge.
    #[schema(minimum = 0, maximum = 2_000, example = 96)]
    pub top: u32,
    /// Its width.
    #[schema(minimum = 0, maximum = 2_000, example = 180)]
    pub width: u32,
    /// Its height.
    #[schema(minimum = 0, maximum = 2_000, example = 180)]
    pub height: u32,
}

/// The codes on `page`, a reading copy in grey.
pub fn find(picture: &GrayImage, page: u8) -> Vec<Code> {
    // The reader is given whatever people send. A page on which it stumbles is a page without a code, not one that is refused.
    let found = catch_unwind(AssertUnwindSafe(|| {
        let local = read(picture, HybridBinarizer::new);
        if local.is_empty() { read(picture, GlobalHistogramBinarizer::new) } else { local }
    }));
    let mut codes: Vec<Code> = Vec::new();
    for result in found.unwrap_or_default() {
        let text = result.getText();
        let fits = !text.trim().is_empty() && text.chars().count() <= MAX_CODE_CHARS && codes.len() < MAX_CODES;
        if fits && codes.iter().all(|code| code.text != text) {
            codes.push(Code { page, text: text.to_owned(), place: around(result.getPoints(), picture) });
        }
    }
    codes
}

fn read<'a, B: Binarizer>(picture: &'a GrayImage, binarizer: impl FnOnce(Luma8Source<'a>) -> B) -> Vec<RXingResult> {
    let hints = DecodeHints {
        TryHarder: Some(true),
        PossibleFormats: Some(HashSet::from([BarcodeFormat::QR_CODE])),
        ..DecodeHints::default()
    };
    let Ok(source) = Luma8Source::new_with_slice(picture.as_raw(), picture.width(), picture.height()) else {
        return Vec::new();
    };
    QrReader.decode_multiple_with_hints(&mut BinaryBitmap::new(binarizer(source)), &hints).unwrap_or_default()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "points of a picture become whole pixels inside it"
)]
fn around(points: &[Point], picture: &GrayImage) -> Place {
    let inside = |value: f32, limit: u32| value.clamp(0.0, limit as f32) as u32;
    let spread = |values: &mut dyn Iterator<Item = u32>| {
        let values: Vec<u32> = values.collect();
        let least = values.iter().min().copied().unwrap_or_default();
        (least, values.iter().max().copied().unwrap_or_default() - least)
    };
    let (left, width) = spread(&mut points.iter().map(|point| inside(point.x, picture.width())));
    let (top, height) = spread(&mut points.iter().map(|point| inside(point.y, picture.height())));
    Place { left, top, width, height }
}

#[cfg(test)]
mod tests {
    use image::{Luma, imageops};
    use qrcode::{Color, QrCode};

    use super::*;

    const BILL: &str = "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35";

    /// A page of 1,400 x 1,900 with these codes on it, each at its place, with modules of `side` pixels.
    fn page(codes: &[(&str, i64, i64)], side: u32) -> GrayImage {
        let mut page = GrayImage::from_pixel(1_400, 1_900, Luma([235]));
        for (text, left, top) in codes {
            let code = QrCode::new(text).unwrap();
            let (modules, width) = (code.to_colors(), u32::try_from(code.width()).unwrap());
            let drawn = GrayImage::from_fn(width * side, width * side, |x, y| {
                Luma([if modules[(y / side * width + x / side) as usize] == Color::Dark { 30 } else { 235 }])
            });
            imageops::replace(&mut page, &drawn, *left, *top);
        }
        page
    }

    #[test]
    fn every_code_on_a_page_reads_with_its_place() {
        let two = page(&[(BILL, 1_000, 100), ("微信扫一扫 关注样本医院", 200, 1_500)], 5);
        let mut codes = find(&two, 3);
        codes.sort_by_key(|code| code.place.top);
        assert_eq!(codes.iter().map(|code| code.text.as_str()).collect::<Vec<_>>(), [BILL, "微信扫一扫 关注样本医院"]);
        let Code { page, place, .. } = &codes[0];
        let beside = |value: u32, expected: u32| value.abs_diff(expected) <= 10;
        // A code of 33 modules.
        assert!(*page == 3 && beside(place.left, 1_000) && beside(place.top, 100), "{place:?}");
        assert!(beside(place.width, 165) && beside(place.height, 165), "{place:?}");
    }

    #[test]
    fn whichever_way_it_is_held_a_code_reads_once() {
        let upright = page(&[(BILL, 1_000, 100), (BILL, 100, 900)], 4);
        for turned in [imageops::rotate90(&upright), imageops::rotate180(&upright), imageops::flip_horizontal(&upright)]
        {
            let texts: Vec<String> = find(&turned, 1).into_iter().map(|code| code.text).collect();
            assert_eq!(texts, [BILL]);
        }
    }

    #[test]
    fn what_is_damaged_or_no_code_reads_as_nothing() {
        let mut torn = page(&[(BILL, 1_000, 100)], 5);
        imageops::replace(&mut torn, &GrayImage::from_pixel(80, 110, Luma([30])), 1_060, 130);
        let stripes = GrayImage::from_fn(900, 900, |x, y| Luma([if (x / 7 + y / 7) % 2 == 0 { 0 } else { 255 }]));
        let noise = GrayImage::from_fn(700, 700, |x, y| {
            Luma([x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(2_246_822_519)).to_le_bytes()[3]])
        });
        for picture in [torn, stripes, noise, page(&[], 1), GrayImage::new(1, 1), GrayImage::new(64, 2_000)] {
            assert_eq!(find(&picture, 1), []);
        }
    }

    #[test]
    fn no_more_codes_are_kept_than_a_file_may_have() {
        let texts: Vec<String> = (0..20).map(|number| format!("code {number}")).collect();
        let places: Vec<(&str, i64, i64)> =
            (0..).zip(&texts).map(|(n, t)| (t.as_str(), 60 + n % 4 * 330, 60 + n / 4 * 350)).collect();
        assert_eq!(find(&page(&places, 8), 1).len(), MAX_CODES);
    }
}
