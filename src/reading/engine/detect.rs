//! Where lines of print stand: a map of how likely each point is print, cut at a threshold, and a rectangle around each island.

use image::{RgbImage, imageops};
use rten_imageproc::{BoundingRect, Point, PointF, RetrievalMode, RotatedRect, Vec2, find_contours, min_area_rect};
use rten_tensor::prelude::*;
use rten_tensor::{NdTensor, NdTensorView};

use super::Network;
use super::line::{Strip, has_red, without_red};

/// Pixels of the longer side that the model sees.
const LONG_SIDE: u32 = 1_280;
/// The model takes multiples of this.
const STEP: u32 = 32;
/// From here a point is print. This and the next two are the model's own settings.
const PRINT: f32 = 0.3;
/// From here an island is a line, on average over its points.
const LINE: f32 = 0.5;
/// The islands are the lines' cores: by this share of area over circumference they are drawn in.
const DRAWN_IN: f32 = 1.6;
/// The share of the page's pixels, in thousandths, from which there is a seal on it.
const RED_PERMILLE: usize = 1;
/// An island lower than this is dust.
const LEAST_SIDE: f32 = 3.0;

/// Where lines of a page stand.
pub(super) struct Found {
    /// Strips that hold a line each, the upper ones first.
    pub(super) strips: Vec<Strip>,
    /// Whether most of them run up or down.
    pub(super) is_on_its_side: bool,
}

/// The strips of `page` that hold a line each, the upper ones first. A seal hides the lines that it lies over and draws lines together that
/// it touches: where there is red ink the page is looked at without it too, and what is found so goes first.
pub(super) fn strips(detector: &Network, page: &RgbImage) -> anyhow::Result<Found> {
    let (width, height) = fitting(page.width(), page.height());
    let small = imageops::resize(page, width, height, imageops::FilterType::Triangle);
    let scale = (part(page.width(), width), part(page.height(), height));
    let mut strips = Vec::new();
    if has_red(&small, RED_PERMILLE) {
        strips = found(detector, &without_red(&small), scale)?;
    }
    let plain = found(detector, &small, scale)?;
    let unseen: Vec<Strip> =
        plain.into_iter().filter(|strip| strips.iter().all(|other| strip.is_apart(other))).collect();
    strips.extend(unseen);
    let sides = strips.iter().map(|strip| if strip.is_tall() { -strip.length() } else { strip.length() }).sum::<f32>();
    let is_on_its_side = sides < 0.0;
    if is_on_its_side {
        strips = strips.into_iter().map(Strip::laid).collect();
    } else {
        strips = strips.into_iter().map(|strip| if strip.is_tall() { strip.laid() } else { strip }).collect();
    }
    strips.sort_by(|one, other| one.top().total_cmp(&other.top()));
    Ok(Found { strips, is_on_its_side })
}

/// The strips of a picture that is smaller than the page by `scale`.
fn found(detector: &Network, small: &RgbImage, scale: (f32, f32)) -> anyhow::Result<Vec<Strip>> {
    let map: NdTensor<f32, 4> = detector.answer(small)?;
    let size = [1, 1, small.height() as usize, small.width() as usize];
    anyhow::ensure!(map.shape() == size, "the detector's map has another size");
    let map = map.slice((0, 0));
    let islands = find_contours(islands(&map).view(), RetrievalMode::External);
    let rectangles = islands.iter().filter_map(|island| {
        let outline: Vec<PointF> = island.iter().map(|point| point.to_f32()).collect();
        around(&outline, &map)
    });
    Ok(rectangles.map(|rectangle| Strip::of(&rectangle, scale)).collect())
}

fn fitting(width: u32, height: u32) -> (u32, u32) {
    let long = width.max(height).max(1);
    let fit = |side: u32| {
        let side = if long > LONG_SIDE { side * LONG_SIDE / long } else { side };
        (side + STEP / 2) / STEP * STEP
    };
    (fit(width).max(STEP), fit(height).max(STEP))
}

#[expect(clippy::cast_precision_loss, reason = "sides of a picture, far below what a float holds exactly")]
fn part(whole: u32, of: u32) -> f32 {
    whole as f32 / of as f32
}

/// The points that are print, each with its neighbours above and to the left, so that thin strokes hold together.
fn islands(map: &NdTensorView<f32, 2>) -> NdTensor<bool, 2> {
    let mut islands = NdTensor::full(map.shape(), false);
    for y in 0..map.size(0) {
        for x in 0..map.size(1) {
            if map[[y, x]] > PRINT {
                for (up, left) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                    if let Some(point) = islands.get_mut([y.saturating_sub(up), x.saturating_sub(left)]) {
                        *point = true;
                    }
                }
            }
        }
    }
    islands
}

/// The rectangle of a line around an island; nothing when it is none.
fn around(outline: &[PointF], map: &NdTensorView<f32, 2>) -> Option<RotatedRect> {
    let core = min_area_rect(outline)?.orient_towards(Vec2::from_yx(-1.0, 0.0));
    if core.width().min(core.height()) < LEAST_SIDE || mean(&core, map)? < LINE {
        return None;
    }
    let grown = core.area() * DRAWN_IN / (core.width() + core.height());
    Some(core.expanded(grown, grown))
}

/// The mean of the map inside a rectangle.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "points of a picture, kept inside it"
)]
fn mean(rectangle: &RotatedRect, map: &NdTensorView<f32, 2>) -> Option<f32> {
    let bounds = rectangle.bounding_rect();
    let range = |from: f32, to: f32, size: usize| from.max(0.0) as usize..(to.max(0.0) as usize + 1).min(size);
    let (mut points, mut sum) = (0.0, 0.0);
    for y in range(bounds.top(), bounds.bottom(), map.size(0)) {
        for x in range(bounds.left(), bounds.right(), map.size(1)) {
            if rectangle.contains(Point::from_yx(y as f32, x as f32)) {
                points += 1.0;
                sum += map[[y, x]];
            }
        }
    }
    (points > 0.0).then(|| sum / points)
}
