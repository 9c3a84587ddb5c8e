//! An area of a picture, its outermost points, and the straight sides that are drawn along its edge.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "points of a picture; no sum of money comes near"
)]

use super::sheet::{Corners, Point, median};

/// Where a side is looked at: so many times, not near its ends, where corners are bent.
const LOOKS: usize = 43;
const ENDS: f32 = 0.08;
/// How far from a rough side its edge is looked for, in pixels.
const REACH: i32 = 8;
/// A side with fewer looks that found an edge is none.
const LEAST_LOOKS: usize = 15;
/// The looks that must agree in the end.
const LEAST_AGREEING: usize = 10;
/// A side is shorter than this, in pixels, on no sheet.
const LEAST_SIDE: f32 = 20.0;
/// A corner is drawn no further than this from where it was seen.
const FARTHEST: f32 = 12.0;

/// Points that hang together.
pub(super) struct Area {
    /// How many.
    pub(super) size: usize,
    /// The outermost: upper left, upper right, lower right, lower left.
    pub(super) corners: Corners,
    members: Vec<bool>,
}

impl Area {
    /// The ones of `plate` that hang together with `start`, when they are `least` or more; they are taken out of it.
    pub(super) fn filled(plate: &mut [u8], width: usize, start: usize, least: usize) -> Option<Self> {
        // Those that were reached; from `next` on their neighbours are still to be looked at.
        let (mut reached, mut next) = (vec![start], 0);
        let mut extremes: [Option<(i64, usize)>; 4] = [None; 4];
        if let Some(first) = plate.get_mut(start) {
            *first = 0;
        }
        while let Some(at) = reached.get(next).copied() {
            next += 1;
            let (x, y) = ((at % width) as i64, (at / width) as i64);
            for (extreme, reach) in extremes.iter_mut().zip([-x - y, x - y, x + y, y - x]) {
                if extreme.is_none_or(|(best, _)| reach > best) {
                    *extreme = Some((reach, at));
                }
            }
            let beside = [
                (at % width > 0).then(|| at - 1),
                (at % width + 1 < width).then(|| at + 1),
                at.checked_sub(width),
                Some(at + width),
            ];
            for near in beside.into_iter().flatten() {
                if let Some(one) = plate.get_mut(near).filter(|one| **one == 1) {
                    *one = 0;
                    reached.push(near);
                }
            }
        }
        if reached.len() < least {
            return None;
        }
        let mut members = vec![false; plate.len()];
        for at in &reached {
            if let Some(member) = members.get_mut(*at) {
                *member = true;
            }
        }
        let point = |extreme: Option<(i64, usize)>| {
            let at = extreme.map_or(start, |(_, at)| at);
            ((at % width) as f32, (at / width) as f32)
        };
        Some(Self { size: reached.len(), corners: extremes.map(point), members })
    }

    /// Whether a point belongs to it.
    pub(super) fn has(&self, width: usize, x: i32, y: i32) -> bool {
        let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y)) else { return false };
        x < width && self.members.get(y * width + x).copied().unwrap_or(false)
    }
}

/// The corners where the straight sides of an area meet; `rough` are its outermost points.
pub(super) fn drawn(rough: &Corners, has: impl Fn(i32, i32) -> bool) -> Option<Corners> {
    let middle = rough.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / 4.0, y + point.1 / 4.0));
    let [a, b, c, d] = *rough;
    let sides = [(a, b), (b, c), (c, d), (d, a)].map(|(from, to)| side(from, to, middle, &has));
    let [Some(upper), Some(right), Some(lower), Some(left)] = sides else { return None };
    let meeting = [meet(left, upper), meet(upper, right), meet(right, lower), meet(lower, left)];
    let [Some(a), Some(b), Some(c), Some(d)] = meeting else { return None };
    let corners = [a, b, c, d];
    let near =
        |(one, other): (&Point, &Point)| (one.0 - other.0).abs() < FARTHEST && (one.1 - other.1).abs() < FARTHEST;
    corners.iter().zip(rough).all(near).then_some(corners)
}

/// The straight line that runs along the edge of the area near `from` and `to`.
fn side(from: Point, to: Point, middle: Point, has: impl Fn(i32, i32) -> bool) -> Option<(Point, Point)> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    if length < LEAST_SIDE {
        return None;
    }
    let mut out = (dy / length, -dx / length);
    let half = ((from.0 + to.0) / 2.0 - middle.0, (from.1 + to.1) / 2.0 - middle.1);
    if out.0 * half.0 + out.1 * half.1 < 0.0 {
        out = (-out.0, -out.1);
    }
    let look = |number: usize| {
        let along = ENDS + (1.0 - 2.0 * ENDS) * number as f32 / (LOOKS - 1) as f32;
        let (x, y) = (from.0 + along * dx, from.1 + along * dy);
        let inside = |step: &i32| {
            let step = *step as f32;
            has((x + step * out.0).round() as i32, (y + step * out.1).round() as i32)
        };
        let outermost = (-REACH..=REACH).rev().find(inside)?;
        (outermost < REACH).then_some((along, outermost as f32 + 0.5))
    };
    let mut looks: Vec<(f32, f32)> = (0..LOOKS).filter_map(look).collect();
    if looks.len() < LEAST_LOOKS {
        return None;
    }
    let mut line = (0.0, 0.0);
    for _ in 0..3 {
        line = straight(&looks);
        let off = |(along, edge): &(f32, f32)| (line.0 + line.1 * along - edge).abs();
        let limit = (1.5 * median(looks.iter().map(off).collect())).max(0.75);
        looks.retain(|look| off(look) <= limit);
        if looks.len() < LEAST_AGREEING {
            return None;
        }
    }
    let moved = |point: Point, by: f32| (point.0 + out.0 * by, point.1 + out.1 * by);
    Some((moved(from, line.0), moved(to, line.0 + line.1)))
}

/// The line with the least squares: its height at 0, and its rise.
fn straight(points: &[(f32, f32)]) -> (f32, f32) {
    let count = points.len() as f32;
    let (sum_x, sum_y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (mut above, mut below) = (0.0, 0.0);
    for (x, y) in points {
        above += (x - mean_x) * (y - mean_y);
        below += (x - mean_x) * (x - mean_x);
    }
    let rise = if below > 0.0 { above / below } else { 0.0 };
    (mean_y - rise * mean_x, rise)
}

fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> Option<Point> {
    let (along, other) = ((b.0 - a.0, b.1 - a.1), (d.0 - c.0, d.1 - c.1));
    let across = along.0 * other.1 - along.1 * other.0;
    if across.abs() < 1e-3 {
        return None;
    }
    let share = ((c.0 - a.0) * other.1 - (c.1 - a.1) * other.0) / across;
    Some((a.0 + share * along.0, a.1 + share * along.1))
}
