//! Where the sheet lies in a picture: a large smooth area with four straight sides. Several levels of what is smooth are tried, and the
//! sheet is what most of them agree on.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "points of a picture; no sum of money comes near"
)]

use image::GrayImage;

use super::side::{Area, drawn};

/// A point of a picture, in pixels from its upper left corner.
pub(super) type Point = (f32, f32);
/// The corners of a sheet: upper left, upper right, lower right, lower left.
pub(super) type Corners = [Point; 4];

/// Up to how steep a place is smooth, in brightness from a pixel to its neighbours.
const LEVELS: [u8; 4] = [4, 8, 14, 24];
/// Of the picture, in hundredths, a sheet takes at least and at most.
const LEAST_AREA: usize = 15;
const MOST_AREA: usize = 95;
/// Of the area between its corners, in hundredths, a sheet fills at least and at most.
const LEAST_FILL: f32 = 0.93;
const MOST_FILL: f32 = 1.05;
/// Corners that are no further apart than this, in pixels, agree.
const AGREE: f32 = 10.0;

/// The sheet in `picture`; nothing when none is seen, as on a scan, which is a sheet all over.
pub(super) fn find(picture: &GrayImage) -> Option<Corners> {
    let half = Plate::half(picture);
    // Letters are painted over, so that only the edges of things are steep.
    let plain = half.spread(2, u8::max).softened();
    let steep = plain.steepness();
    let mut found: Vec<(f32, Corners)> = Vec::new();
    for level in LEVELS {
        let smooth = steep.below(level).spread(2, u8::min).spread(2, u8::max);
        found.extend(smooth.areas().iter().filter_map(|area| corners(&smooth, area)));
    }
    let agreeing = |one: &Corners| found.iter().filter(|(_, other)| agree(one, other)).count() as f32;
    let (_, best) = found
        .iter()
        .max_by(|(size, one), (other_size, other)| (agreeing(one) + size).total_cmp(&(agreeing(other) + other_size)))?;
    let all: Vec<&Corners> = found.iter().map(|(_, corners)| corners).filter(|other| agree(best, other)).collect();
    Some(std::array::from_fn(|corner| {
        let middle =
            |axis: fn(&Point) -> f32| median(all.iter().filter_map(|corners| corners.get(corner)).map(axis).collect());
        (middle(|point| point.0), middle(|point| point.1))
    }))
}

/// The corners of an area that looks like a sheet, in pixels of the picture, and how much of it that is.
fn corners(smooth: &Plate, area: &Area) -> Option<(f32, Corners)> {
    let rough = area.corners;
    let between = surface(&rough);
    let whole = smooth.luma.len() as f32;
    let share = between / whole;
    let fill = area.size as f32 / between.max(1.0);
    let is_sheet = share >= LEAST_AREA as f32 / 100.0
        && share <= MOST_AREA as f32 / 100.0
        && (LEAST_FILL..=MOST_FILL).contains(&fill);
    let drawn = is_sheet.then(|| drawn(&rough, |x, y| area.has(smooth.width, x, y))).flatten()?;
    Some((share, drawn.map(|(x, y)| ((x + 0.5) * 2.0, (y + 0.5) * 2.0))))
}

fn agree(one: &Corners, other: &Corners) -> bool {
    one.iter().zip(other).all(|(a, b)| (a.0 - b.0).abs() < AGREE && (a.1 - b.1).abs() < AGREE)
}

fn surface([(x0, y0), (x1, y1), (x2, y2), (x3, y3)]: &Corners) -> f32 {
    ((x2 - x0) * (y3 - y1) - (x3 - x1) * (y2 - y0)).abs() / 2.0
}

/// The middle of some numbers; of an even count, between the two in the middle.
pub(super) fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or_default();
    let count = values.len();
    if count % 2 == 1 { at(count / 2) } else { (at((count / 2).saturating_sub(1)) + at(count / 2)) / 2.0 }
}

/// Brightness, line by line.
struct Plate {
    width: usize,
    luma: Vec<u8>,
}

impl Plate {
    /// Half as wide and half as high.
    fn half(picture: &GrayImage) -> Self {
        let width = picture.width() as usize;
        let rows: Vec<&[u8]> = picture.as_raw().chunks_exact(width).collect();
        let mut luma = Vec::with_capacity(picture.as_raw().len() / 4);
        for pair in rows.chunks_exact(2) {
            let [upper, lower] = pair else { continue };
            for (above, below) in upper.chunks_exact(2).zip(lower.chunks_exact(2)) {
                let sum: u32 = above.iter().chain(below).map(|luma| u32::from(*luma)).sum();
                luma.push((sum / 4) as u8);
            }
        }
        Self { width: width / 2, luma }
    }

    /// Each point becomes what `pick` takes of those around it.
    fn spread(&self, reach: usize, pick: fn(u8, u8) -> u8) -> Self {
        let rows: Vec<&[u8]> = self.luma.chunks_exact(self.width.max(1)).collect();
        let mut down = Vec::with_capacity(self.luma.len());
        for y in 0..rows.len() {
            let near = rows.get(y.saturating_sub(reach)..(y + reach + 1).min(rows.len())).unwrap_or_default();
            let Some((first, others)) = near.split_first() else { continue };
            let mut line = first.to_vec();
            for other in others {
                line.iter_mut().zip(*other).for_each(|(to, luma)| *to = pick(*to, *luma));
            }
            down.extend(line);
        }
        let mut luma = down.clone();
        for (to, from) in luma.chunks_exact_mut(self.width.max(1)).zip(down.chunks_exact(self.width.max(1))) {
            for shift in 1..=reach {
                let ahead = from.get(shift..).unwrap_or_default();
                to.iter_mut().zip(ahead).for_each(|(to, luma)| *to = pick(*to, *luma));
                let behind = to.get_mut(shift..).unwrap_or_default();
                behind.iter_mut().zip(from).for_each(|(to, luma)| *to = pick(*to, *luma));
            }
        }
        Self { width: self.width, luma }
    }

    /// The mean of nine; what lies beyond an edge is as bright as the edge.
    fn softened(&self) -> Self {
        let three = |row: &[u8]| -> Vec<u16> {
            let ends = row.first().into_iter().chain(row).chain(row.last()).copied().collect::<Vec<u8>>();
            ends.windows(3).map(|near| near.iter().map(|luma| u16::from(*luma)).sum()).collect()
        };
        let rows: Vec<Vec<u16>> = self.luma.chunks_exact(self.width.max(1)).map(three).collect();
        let padded: Vec<&Vec<u16>> = rows.first().into_iter().chain(&rows).chain(rows.last()).collect();
        let mut luma = Vec::with_capacity(self.luma.len());
        for near in padded.windows(3) {
            let [above, own, below] = near else { continue };
            let sums = above.iter().zip(own.iter()).zip(below.iter());
            luma.extend(sums.map(|((above, own), below)| ((above + own + below) / 9) as u8));
        }
        Self { width: self.width, luma }
    }

    fn steepness(&self) -> Self {
        let (high, low) = (self.spread(1, u8::max), self.spread(1, u8::min));
        Self { width: self.width, luma: high.luma.iter().zip(&low.luma).map(|(high, low)| high - low).collect() }
    }

    /// 1 where it is below `level`, 0 elsewhere.
    fn below(&self, level: u8) -> Self {
        Self { width: self.width, luma: self.luma.iter().map(|luma| u8::from(*luma < level)).collect() }
    }

    /// The areas of ones that hang together and are large enough for a sheet.
    fn areas(&self) -> Vec<Area> {
        let mut left = self.luma.clone();
        let least = self.luma.len() * LEAST_AREA * 4 / 500;
        let mut areas = Vec::new();
        for start in 0..left.len() {
            if left.get(start) == Some(&1) {
                areas.extend(Area::filled(&mut left, self.width, start, least));
            }
        }
        areas
    }
}
