//! Ink: how much darker a point is than the paper around it, whatever the light.

use image::{GrayImage, Luma};

use super::view::{Cells, SIDE};

/// The paper around a point is the mean of the square that reaches so far from it.
const AROUND: u32 = 20;
/// In the dark there is more noise than ink.
const LEAST_PAPER: u32 = 30;

/// The ink of a picture, 0 to 255 of what the paper gives back.
pub(super) fn of(picture: &GrayImage) -> GrayImage {
    let sums = Sums::of(picture);
    let (width, height) = picture.dimensions();
    let mut ink = GrayImage::new(width, height);
    for (x, y, to) in ink.enumerate_pixels_mut() {
        let paper = sums.mean_around(x, y);
        let luma = picture.as_raw().get((y * width + x) as usize).map_or(0, |luma| u32::from(*luma));
        let share = paper.saturating_sub(luma) * 255 / paper.max(LEAST_PAPER);
        *to = Luma([u8::try_from(share).unwrap_or(u8::MAX)]);
    }
    ink
}

/// The ink of a whole picture in cells, four times its mean in each.
pub(super) fn in_cells(ink: &GrayImage) -> Cells {
    let (width, height) = ink.dimensions();
    let mut sums = vec![(0_u32, 0_u32); SIDE * SIDE];
    // By the middle of each pixel, so that a picture that is turned has turned cells.
    let cell = |at: usize, length: u32| (2 * at + 1) * SIDE / (2 * length as usize);
    let columns: Vec<usize> = (0..width as usize).map(|x| cell(x, width)).collect();
    for (y, row) in ink.as_raw().chunks_exact(width as usize).enumerate() {
        let down = cell(y, height);
        let Some(cells) = sums.get_mut(down * SIDE..(down + 1) * SIDE) else { continue };
        for (luma, across) in row.iter().zip(&columns) {
            if let Some((sum, count)) = cells.get_mut(*across) {
                *sum += u32::from(*luma);
                *count += 1;
            }
        }
    }
    let mean = |(sum, count): (u32, u32)| u16::try_from((sum * 4 + count / 2) / count.max(1)).unwrap_or(u16::MAX);
    Cells(sums.into_iter().map(mean).collect())
}

/// What all points above and to the left of each add up to.
struct Sums {
    width: u32,
    height: u32,
    sums: Vec<u32>,
}

impl Sums {
    fn of(picture: &GrayImage) -> Self {
        let (width, height) = picture.dimensions();
        let line = width as usize + 1;
        let mut sums = vec![0_u32; line];
        sums.reserve(line * height as usize);
        for row in picture.as_raw().chunks_exact(width as usize) {
            let above = sums.len() - line;
            let mut sum = 0;
            sums.push(0);
            for (x, luma) in (1..).zip(row) {
                sum += u32::from(*luma);
                let over = sums.get(above + x).copied().unwrap_or_default();
                sums.push(sum + over);
            }
        }
        Self { width, height, sums }
    }

    fn mean_around(&self, x: u32, y: u32) -> u32 {
        let (left, top) = (x.saturating_sub(AROUND), y.saturating_sub(AROUND));
        let (right, bottom) = ((x + AROUND + 1).min(self.width), (y + AROUND + 1).min(self.height));
        let at = |x: u32, y: u32| self.sums.get((y * (self.width + 1) + x) as usize).copied().unwrap_or_default();
        let sum = at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top);
        sum / ((right - left) * (bottom - top)).max(1)
    }
}
