//! A sheet laid flat: its ink in cells, as if the photograph had been taken from straight above.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "points of a picture; no sum of money comes near"
)]

use image::GrayImage;

use super::sheet::{Corners, Point};
use super::view::{Cells, SIDE};

/// Looks a side within a cell.
const LOOKS: usize = 3;

/// The ink inside of `corners`, four times its mean in each cell.
pub(super) fn in_cells(ink: &GrayImage, corners: &Corners) -> Cells {
    let plane = Plane::of(corners);
    let looks = SIDE * LOOKS;
    let mut sums = vec![0_u32; SIDE * SIDE];
    for down in 0..looks {
        for across in 0..looks {
            let place = |at: usize| (at as f32 + 0.5) / looks as f32;
            let value = look(ink, plane.point(place(across), place(down)));
            if let Some(sum) = sums.get_mut(down / LOOKS * SIDE + across / LOOKS) {
                *sum += value;
            }
        }
    }
    // Nine looks a cell, each in sixteenths; four times their mean.
    Cells(sums.into_iter().map(|sum| u16::try_from((sum + 18) / 36).unwrap_or(u16::MAX)).collect())
}

/// The ink at a point between four pixels, in sixteenths.
fn look(ink: &GrayImage, (x, y): Point) -> u32 {
    let (x, y) = (x - 0.5, y - 0.5);
    let (left, top) = (x.floor(), y.floor());
    let (right_part, down_part) = (((x - left) * 16.0) as u32, ((y - top) * 16.0) as u32);
    let at = |dx: f32, dy: f32| {
        let (x, y) = (left + dx, top + dy);
        let inside = x >= 0.0 && y >= 0.0 && x < ink.width() as f32 && y < ink.height() as f32;
        let index = || (y as usize) * ink.width() as usize + x as usize;
        if inside { ink.as_raw().get(index()).map_or(0, |luma| u32::from(*luma)) } else { 0 }
    };
    let row = |dy: f32| at(0.0, dy) * (16 - right_part) + at(1.0, dy) * right_part;
    (row(0.0) * (16 - down_part) + row(1.0) * down_part) / 16
}

/// Where the points of a square lie in a picture that was taken from the side.
struct Plane {
    across: [f32; 3],
    down: [f32; 3],
    far: [f32; 2],
}

impl Plane {
    fn of([(x0, y0), (x1, y1), (x2, y2), (x3, y3)]: &Corners) -> Self {
        let ((dx1, dy1), (dx2, dy2)) = ((x1 - x2, y1 - y2), (x3 - x2, y3 - y2));
        let (sx, sy) = (x0 - x1 + x2 - x3, y0 - y1 + y2 - y3);
        let whole = dx1 * dy2 - dx2 * dy1;
        let (g, h) = ((sx * dy2 - dx2 * sy) / whole, (dx1 * sy - sx * dy1) / whole);
        let line = |v0: f32, v1: f32, v3: f32| [v1 - v0 + g * v1, v3 - v0 + h * v3, v0];
        Self { across: line(*x0, *x1, *x3), down: line(*y0, *y1, *y3), far: [g, h] }
    }

    fn point(&self, u: f32, v: f32) -> Point {
        let [g, h] = self.far;
        let depth = g * u + h * v + 1.0;
        let along = |[a, b, c]: [f32; 3]| (a * u + b * v + c) / depth;
        (along(self.across), along(self.down))
    }
}
