//! Advice on a picture: what a person should look at again before they go home from the hospital. It never refuses.
//!
//! The picture is measured on its upright reading copy in grey, in whole numbers, so that the same picture is advised on in the same way
//! everywhere; where its print is read, what the engine saw of it has the last word. The limits were chosen on a set of photographs of which it is
//! known what is wrong with them (docs/documents.md has the rates).

use image::GrayImage;
use serde::{Deserialize, Serialize};

use crate::kernel::text::Text;
use crate::reading::Legibility;
use crate::reading::fields::Field;

/// One thing to look at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Advice {
    /// The letters have no edges.
    Blurred,
    /// The paper is nearly black.
    TooDark,
    /// Light is reflected where something should be read.
    Glare,
    /// The paper goes on beyond the picture.
    CutEdge,
    /// Too few pixels for small print.
    TooSmall,
    /// Nothing on it looks like writing, or the writing is too small.
    NotADocument,
    /// The print does not stand upright.
    UpsideDown,
}

impl Advice {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Blurred => "blurred",
            Self::TooDark => "too_dark",
            Self::Glare => "glare",
            Self::CutEdge => "cut_edge",
            Self::TooSmall => "too_small",
            Self::NotADocument => "not_a_document",
            Self::UpsideDown => "upside_down",
        }
    }

    /// What the member reads: what may be wrong, and what helps.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Blurred => Text::fixed(
                "照片可能不清晰。请拿稳手机、对准后重拍；看得清就不用重拍。",
                "The photo may be blurred. Hold the phone still and take it again; if you can read it, keep it.",
            ),
            Self::TooDark => Text::fixed(
                "照片可能太暗。请到亮处重拍；看得清就不用重拍。",
                "The photo may be too dark. Take it again where there is more light; if you can read it, keep it.",
            ),
            Self::Glare => Text::fixed(
                "照片上可能有反光。请换个角度重拍；看得清就不用重拍。",
                "Light may be reflected in the photo. Take it again from another side; if you can read it, keep it.",
            ),
            Self::CutEdge => Text::fixed(
                "纸张可能没有拍全。请把四边都拍进来；需要的内容都在就不用重拍。",
                "The paper may not be all in the photo. Take all four edges in; if what matters is there, keep it.",
            ),
            Self::TooSmall => Text::fixed(
                "图片较小，小字可能看不清。请上传原图。",
                "The picture is small, and small print may not be readable. Send the original photo.",
            ),
            Self::NotADocument => Text::fixed(
                "照片上可能看不到文字。请确认拍的是要交的材料，并靠近一些。",
                "There may be no writing to read in the photo. Check that it shows what you want to hand in, and go nearer.",
            ),
            Self::UpsideDown => Text::fixed(
                "照片可能是倒着或横着的。文字照样能识别；方便的话请摆正后重拍。",
                "The photo may be upside down or on its side. It can be read all the same; take it again upright if that is easy.",
            ),
        }
    }
}

/// What was measured, each in thousandths unless its name says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// How much of an edge's height is climbed in two pixels, in the middle of all strong edges: 1,000 for a step, 250 for a long slope.
    pub sharpness: u32,
    /// The brightness of the paper, 0 to 255: nine tenths of the picture are not brighter.
    pub paper_luma: u32,
    /// How much of the picture is burnt out while the paper around it is not.
    pub glare: u32,
    /// How much of one side of the picture paper lies on.
    pub cut: u32,
    /// The shorter side of what was sent, in pixels.
    pub short_side_px: u32,
    /// How much of the picture is covered by what looks like writing.
    pub writing: u32,
}

/// Measures a picture: `grey` is its upright reading copy, `small` the same at 1,000 pixels a side at most, `short_side_px` the shorter
/// side of what was sent.
#[must_use]
pub fn measure(grey: &GrayImage, small: &GrayImage, short_side_px: u32) -> Measures {
    let histogram = histogram(small);
    let paper_luma = percentile(&histogram, 900);
    Measures {
        sharpness: sharpness(grey),
        paper_luma,
        glare: glare(small, percentile(&histogram, 600)),
        cut: cut(small, paper_luma),
        short_side_px,
        writing: writing(small),
    }
}

/// What is known of the print on a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Letters {
    /// Nobody reads it.
    #[default]
    Unread,
    /// It will be read.
    Waiting,
    /// It was read.
    Read {
        /// How well.
        print: Legibility,
        /// Whether something stands there that such papers say.
        is_known: bool,
    },
}

impl Letters {
    /// Those of print of which the engine saw `print` and these fields were made, on a page that `has_codes` or not.
    #[must_use]
    pub const fn read(print: Legibility, fields: &[Field], has_codes: bool) -> Self {
        Self::Read { print, is_known: has_codes || !fields.is_empty() }
    }
}

/// What to say of a picture.
#[must_use]
pub fn advise(measures: &Measures, letters: Letters) -> Vec<Advice> {
    let is_dark = measures.paper_luma < LEAST_LUMA;
    // In the dark there is neither an edge nor a letter, and what is blurred has no letters: one advice is enough.
    let is_softer_than = |sharpness| !is_dark && measures.sharpness > 0 && measures.sharpness < sharpness;
    let seems_cut = measures.cut > MOST_CUT;
    let (is_blurred, is_empty, is_cut, is_small, is_turned) = match letters {
        Letters::Unread => (is_softer_than(LEAST_SHARPNESS), measures.writing < LEAST_WRITING, seems_cut, false, false),
        Letters::Waiting => (is_softer_than(LEAST_SHARPNESS), false, seems_cut, false, false),
        Letters::Read { print, is_known } => {
            let is_read = print.chars >= LEAST_CHARS;
            let is_clear = is_read && is_known && print.sure_percent >= CLEAR_PERCENT;
            let least_line_px = if is_clear { LEAST_LINE_PX } else { LEAST_UNCLEAR_LINE_PX };
            (
                !is_clear && is_softer_than(SOFT_SHARPNESS),
                !(is_read && is_known),
                seems_cut || print.cut_lines >= MANY_LINES,
                is_read && print.line_height_px < least_line_px,
                is_read && print.turns != 0,
            )
        }
    };
    let found = [
        (is_dark, Advice::TooDark),
        (is_blurred, Advice::Blurred),
        (is_empty && !is_dark && !is_blurred, Advice::NotADocument),
        (measures.glare > MOST_GLARE, Advice::Glare),
        (is_cut, Advice::CutEdge),
        (is_small || measures.short_side_px < LEAST_SIDE_PX, Advice::TooSmall),
        (is_turned, Advice::UpsideDown),
    ];
    found.into_iter().filter_map(|(is_so, advice)| is_so.then_some(advice)).collect()
}

/// Fewer characters are no paper's.
const LEAST_CHARS: u32 = 20;
/// Print that is read as surely as this is sharp, whatever its edges look like.
const CLEAR_PERCENT: u32 = 92;
/// Edges softer than this are blurred where the print is read less surely.
const SOFT_SHARPNESS: u32 = 480;
/// The lines of print, with the air around them, of letters of eight pixels on the reading copy.
const LEAST_LINE_PX: u32 = 23;
/// The same where they are hard to read.
const LEAST_UNCLEAR_LINE_PX: u32 = 30;
/// So many lines that run into the picture's edge are no chance.
const MANY_LINES: u32 = 4;
const LEAST_WRITING: u32 = 8;
const LEAST_SHARPNESS: u32 = 355;
const LEAST_LUMA: u32 = 60;
const MOST_GLARE: u32 = 48;
const MOST_CUT: u32 = 450;
const LEAST_SIDE_PX: u32 = 720;

fn histogram(grey: &GrayImage) -> [u64; 256] {
    let mut counts = [0; 256];
    for pixel in grey.pixels() {
        if let Some(count) = counts.get_mut(usize::from(pixel.0[0])) {
            *count += 1;
        }
    }
    counts
}

/// The brightness that so many thousandths of the pixels do not exceed.
fn percentile(histogram: &[u64; 256], thousandths: u64) -> u32 {
    let wanted = histogram.iter().sum::<u64>() * thousandths / 1_000;
    let mut seen = 0;
    let at = (0_u32..).zip(histogram).find(|(_, count)| {
        seen += **count;
        seen >= wanted
    });
    at.map_or(255, |(luma, _)| luma)
}

fn luma(grey: &GrayImage, x: u32, y: u32) -> i32 {
    grey.as_raw().get((y * grey.width() + x) as usize).map_or(0, |luma| i32::from(*luma))
}

/// At every strong edge of every fifth line, across or down: its climb in two pixels against its climb in eight.
fn sharpness(grey: &GrayImage) -> u32 {
    const STRONG: u32 = 40;
    const STEP: usize = 5;
    let mut ratios = [0_u64; 1_001];
    let mut note = |near: u32, far: u32| {
        if far >= STRONG {
            let ratio = (near * 1_000 / far).min(1_000);
            if let Some(count) = ratios.get_mut(ratio as usize) {
                *count += 1;
            }
        }
    };
    for y in (4..grey.height().saturating_sub(4)).step_by(STEP) {
        for x in 4..grey.width().saturating_sub(4) {
            let climb = |dx: u32, dy: u32| luma(grey, x + dx, y + dy).abs_diff(luma(grey, x - dx, y - dy));
            note(climb(1, 0), climb(4, 0));
            note(climb(0, 1), climb(0, 4));
        }
    }
    // The steepest fifth: letters; the rest are shadows and folds.
    let wanted = ratios.iter().sum::<u64>() / 5;
    let mut seen = 0;
    let at = (0..=1_000_u32).rev().zip(ratios.iter().rev()).find(|(_, count)| {
        seen += **count;
        seen >= wanted.max(1)
    });
    at.map_or(0, |(ratio, _)| ratio)
}

/// Burnt-out pixels while most of the picture is darker; a scan, which is white all over, has none.
fn glare(grey: &GrayImage, usual: u32) -> u32 {
    const BURNT: u8 = 250;
    if usual > 235 {
        return 0;
    }
    let burnt = grey.pixels().filter(|pixel| pixel.0[0] >= BURNT).count();
    share(burnt, grey.pixels().len())
}

/// The side of the picture that paper lies on most. A table that is as bright lies on more than two sides, and so does a scan.
fn cut(grey: &GrayImage, paper_luma: u32) -> u32 {
    const INSET: u32 = 4;
    const LIKE_PAPER: u32 = 25;
    const HARDLY: u32 = 100;
    let (width, height) = grey.dimensions();
    let (right, bottom) = (width.saturating_sub(1 + INSET), height.saturating_sub(1 + INSET));
    let least = i32::try_from(paper_luma.saturating_sub(LIKE_PAPER)).unwrap_or(255);
    let row = |y: u32| share((0..width).filter(|x| luma(grey, *x, y) > least).count(), width as usize);
    let column = |x: u32| share((0..height).filter(|y| luma(grey, x, *y) > least).count(), height as usize);
    let mut sides = [row(INSET), row(bottom), column(INSET), column(right)];
    sides.sort_unstable();
    let [_, third, _, most] = sides;
    if third > HARDLY { 0 } else { most }
}

/// Squares of sixteen pixels in which dark and bright change places again and again along a line, as letters do.
fn writing(grey: &GrayImage) -> u32 {
    const SIDE: u32 = 16;
    let (columns, rows) = (grey.width() / SIDE, grey.height() / SIDE);
    let mut written = 0_usize;
    for row in 0..rows {
        for column in 0..columns {
            written += usize::from(is_written(grey, column * SIDE, row * SIDE, SIDE));
        }
    }
    share(written, (columns * rows) as usize)
}

fn is_written(grey: &GrayImage, left: u32, top: u32, side: u32) -> bool {
    const CONTRAST: i32 = 40;
    const CHANGES: u32 = 12;
    let square = || (top..top + side).flat_map(move |y| (left..left + side).map(move |x| luma(grey, x, y)));
    let (darkest, brightest) = square().fold((255, 0), |(low, high), luma| (low.min(luma), high.max(luma)));
    if brightest - darkest < CONTRAST {
        return false;
    }
    let middle = (darkest + brightest) / 2;
    let mut changes = 0;
    for y in (top..top + side).step_by(2) {
        for x in left + 1..left + side {
            changes += u32::from((luma(grey, x, y) > middle) != (luma(grey, x - 1, y) > middle));
        }
    }
    changes >= CHANGES
}

fn share(part: usize, whole: usize) -> u32 {
    u32::try_from(part * 1_000 / whole.max(1)).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use image::Luma;
    use image::imageops::{FilterType, blur, resize};

    use super::*;

    /// A sheet of grey paper with lines of strokes on a dark table.
    fn sheet() -> GrayImage {
        GrayImage::from_fn(1_200, 1_600, |x, y| {
            let on_paper = (100..1_100).contains(&x) && (100..1_500).contains(&y);
            let in_line = (200..1_000).contains(&x) && (200..1_400).contains(&y) && y % 40 < 24;
            Luma([match (on_paper, in_line && (x + y / 6 * 5) % 12 < 5) {
                (false, _) => 60,
                (true, true) => 30,
                (true, false) => 210,
            }])
        })
    }

    fn advice(grey: &GrayImage) -> Vec<Advice> {
        let small = resize(grey, grey.width() / 2, grey.height() / 2, FilterType::Triangle);
        advise(&measure(grey, &small, grey.width().min(grey.height())), Letters::Unread)
    }

    #[test]
    fn a_good_sheet_has_no_advice_and_each_fault_its_own() {
        let good = sheet();
        assert_eq!(advice(&good), []);
        let changed = |change: &dyn Fn(u32, u32, u8) -> u8| {
            GrayImage::from_fn(good.width(), good.height(), |x, y| Luma([change(x, y, good.get_pixel(x, y).0[0])]))
        };
        assert_eq!(advice(&changed(&|_, _, luma| luma / 5)), [Advice::TooDark]);
        assert_eq!(
            advice(&changed(&|x, y, luma| if x.abs_diff(500) + y.abs_diff(700) < 300 { 255 } else { luma })),
            [Advice::Glare]
        );
        assert_eq!(
            advice(&changed(&|x, y, luma| if x < 150 && (100..1_500).contains(&y) { 210 } else { luma })),
            [Advice::CutEdge]
        );
        assert_eq!(advice(&blur(&good, 6.0)), [Advice::Blurred]);
        assert_eq!(advice(&GrayImage::from_pixel(1_200, 1_600, Luma([200]))), [Advice::NotADocument]);
        assert_eq!(advice(&resize(&good, 600, 800, FilterType::Triangle)), [Advice::TooSmall]);
    }

    #[test]
    fn print_that_was_read_has_the_last_word() {
        let good =
            Measures { sharpness: 600, paper_luma: 200, short_side_px: 3_000, writing: 100, ..Measures::default() };
        let clear = Legibility { turns: 0, chars: 300, sure_percent: 98, line_height_px: 30, cut_lines: 0 };
        let read = |measures: &Measures, print| advise(measures, Letters::Read { print, is_known: true });
        assert_eq!(read(&good, clear), []);
        let soft = Measures { sharpness: 340, ..good };
        assert_eq!((advise(&soft, Letters::Waiting), read(&soft, clear)), (vec![Advice::Blurred], vec![]));
        for unclear in [Legibility { sure_percent: 90, ..clear }, Legibility { chars: 3, ..clear }] {
            assert_eq!(read(&Measures { sharpness: 450, ..good }, unclear), [Advice::Blurred]);
        }
        let blank = Measures { writing: 0, ..good };
        assert_eq!((advise(&blank, Letters::Waiting), read(&blank, clear)), (vec![], vec![]));
        // However they stand, few characters are no paper's; nor are many of which none is a paper's word.
        assert_eq!(read(&good, Legibility { turns: 2, chars: 3, ..clear }), [Advice::NotADocument]);
        assert_eq!(advise(&good, Letters::Read { print: clear, is_known: false }), [Advice::NotADocument]);
        for (print, advice) in [
            (Legibility { turns: 2, ..clear }, Advice::UpsideDown),
            (Legibility { line_height_px: 20, ..clear }, Advice::TooSmall),
            (Legibility { line_height_px: 26, sure_percent: 80, ..clear }, Advice::TooSmall),
            (Legibility { cut_lines: 5, ..clear }, Advice::CutEdge),
        ] {
            assert_eq!(read(&good, print), [advice]);
        }
        // Whoever can read in the dark, a reviewer can't.
        assert_eq!(read(&Measures { paper_luma: 40, ..good }, clear), [Advice::TooDark]);
    }

    #[test]
    fn a_scan_that_is_paper_all_around_is_not_cut() {
        let scan = GrayImage::from_fn(1_200, 1_600, |x, y| {
            Luma([if y % 40 < 24 && (200..1_000).contains(&x) && (x + y / 6 * 5) % 12 < 5 { 20 } else { 255 }])
        });
        assert_eq!(advice(&scan), []);
    }
}
