//! Pages drawn here, seen from the side.

#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "points of a picture; no sum of money comes near"
)]

use image::{GrayImage, Luma, imageops};

use super::*;

/// A sheet of thin strokes on a dark table, seen from the side: its corners lie at these points.
fn photo(corners: sheet::Corners, number: u32) -> GrayImage {
    let inside = |x: u32, y: u32| {
        let [a, b, c, d] = corners;
        let between = |from: sheet::Point, to: sheet::Point| {
            (to.0 - from.0) * (place_of(y) - from.1) - (to.1 - from.1) * (place_of(x) - from.0) >= 0.0
        };
        between(a, b) && between(b, c) && between(c, d) && between(d, a)
    };
    let (left, top) = (corners[0].0.max(corners[3].0), corners[0].1.max(corners[1].1));
    GrayImage::from_fn(900, 1_000, |x, y| {
        let (across, down) = (place_of(x) - left, place_of(y) - top);
        let in_line = across > 40.0 && down > 40.0 && across < 560.0 && down < 700.0 && down % 28.0 < 12.0;
        let is_stroke = pixel_of(across) % 9 % 4 == 1;
        let word = pixel_of(across / 9.0).wrapping_mul(2_654_435_761)
            ^ pixel_of(down / 28.0).wrapping_mul(2_246_822_519)
            ^ number.wrapping_mul(3_266_489_917);
        let is_inked = word.wrapping_mul(668_265_263) >> 29 < 4;
        Luma([match (inside(x, y), in_line && is_stroke && is_inked) {
            (false, _) => 60,
            (true, true) => 45,
            (true, false) => 220,
        }])
    })
}

fn place_of(pixel: u32) -> f32 {
    pixel as f32
}

fn pixel_of(place: f32) -> u32 {
    place as u32
}

const CORNERS: sheet::Corners = [(120.0, 90.0), (790.0, 130.0), (760.0, 900.0), (90.0, 870.0)];

#[test]
fn the_corners_of_a_sheet_are_found_to_the_pixel_or_two() {
    let found = sheet::find(&photo(CORNERS, 1)).unwrap();
    for (corner, expected) in found.iter().zip(&CORNERS) {
        assert!((corner.0 - expected.0).abs() < 6.0 && (corner.1 - expected.1).abs() < 6.0, "{found:?}");
    }
    // What matters more: they are found at the same places of the sheet when it lies elsewhere.
    let moved = CORNERS.map(|(x, y)| (x + 25.0, y + 31.0));
    for (corner, other) in found.iter().zip(&sheet::find(&photo(moved, 1)).unwrap()) {
        assert!((corner.0 + 25.0 - other.0).abs() < 1.5 && (corner.1 + 31.0 - other.1).abs() < 1.5, "{found:?}");
    }
}

#[test]
fn a_table_and_a_scan_have_no_sheet_and_an_empty_page_no_print() {
    assert_eq!(sheet::find(&GrayImage::from_pixel(700, 900, Luma([60]))), None);
    let scan = imageops::crop_imm(&photo(CORNERS, 1), 200, 180, 500, 600).to_image();
    assert_eq!(sheet::find(&scan), None);
    assert!(take(&scan, 1).is_some_and(|print| print.sheet.is_none()));
    let [empty, dark, gradient] = [
        GrayImage::from_pixel(700, 900, Luma([220])),
        GrayImage::new(700, 900),
        GrayImage::from_fn(700, 900, |x, y| Luma([u8::try_from((x + y) / 8).unwrap()])),
    ];
    for nothing in [empty, dark, gradient, GrayImage::from_pixel(255, 4_000, Luma([9])), GrayImage::new(1, 1)] {
        assert_eq!(take(&nothing, 1), None, "{} x {}", nothing.width(), nothing.height());
    }
}

#[test]
fn a_print_reads_back_from_the_wire_and_from_its_bytes() {
    let print = take(&photo(CORNERS, 2), 3).unwrap();
    assert!(print.sheet.is_some() && print.page == 3);
    let text = serde_json::to_string(&print).unwrap();
    assert_eq!(serde_json::from_str::<Print>(&text).unwrap(), print);
    let bytes = print.picture.bytes();
    assert_eq!(View::of_bytes(&bytes, print.picture.coarse.clone()), Some(print.picture.clone()));
    assert_eq!(View::of_bytes(&bytes[1..], print.picture.coarse.clone()), None);
    assert!(serde_json::from_str::<Print>(&text.replacen("\"picture\":\"", "\"picture\":\"00", 1)).is_err());
}
