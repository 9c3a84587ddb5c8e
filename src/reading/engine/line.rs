//! A strip of the page that holds one line of print: where it is, and cut out of the page.

use image::{Rgb, RgbImage, imageops};
use rten_imageproc::RotatedRect;

/// The height of a line as the recogniser reads it, in pixels.
const LINE_HEIGHT: u32 = 48;
/// Widths are multiples of this, so that few shapes occur.
const WIDTH_STEP: u32 = 16;
/// The widest line that is read: a hundred characters and more.
const MAX_WIDTH: u32 = 3_200;
/// A strip this much higher than wide holds print that runs down.
const TALL: f32 = 1.5;
/// How much redder than green and blue a pixel of a seal is.
const RED: u8 = 40;

/// A turned rectangle of the page: its middle, which way its print runs (a unit vector), how long and how high it is, in pixels.
#[derive(Clone, Debug)]
pub(super) struct Strip {
    middle: (f32, f32),
    along: (f32, f32),
    length: f32,
    height: f32,
}

impl Strip {
    /// Of a rectangle on a picture that is smaller than the page by `scale`.
    pub(super) fn of(rectangle: &RotatedRect, (across, down): (f32, f32)) -> Self {
        let (centre, up) = (rectangle.center(), rectangle.up_axis());
        Self {
            middle: (centre.x * across, centre.y * down),
            along: (-up.y, up.x),
            length: rectangle.width() * across,
            height: rectangle.height() * down,
        }
    }

    /// Whether print in it runs down.
    pub(super) fn is_tall(&self) -> bool {
        self.height > self.length * TALL
    }

    /// The longer of its sides.
    pub(super) fn length(&self) -> f32 {
        self.length.max(self.height)
    }

    /// Where its middle is, from the page's upper edge.
    pub(super) fn top(&self) -> f32 {
        self.middle.1
    }

    /// The same place with print that runs down it.
    pub(super) fn laid(self) -> Self {
        let (x, y) = self.along;
        Self { along: (-y, x), length: self.height, height: self.length, ..self }
    }

    /// The same place read from its other end.
    pub(super) fn turned(self) -> Self {
        let (x, y) = self.along;
        Self { along: (-x, -y), ..self }
    }

    /// Whether neither has its middle in the other.
    pub(super) fn is_apart(&self, other: &Self) -> bool {
        !self.holds(other.middle) && !other.holds(self.middle)
    }

    fn holds(&self, (x, y): (f32, f32)) -> bool {
        let (right, down) = (x - self.middle.0, y - self.middle.1);
        let (along, across) = (right * self.along.0 + down * self.along.1, down * self.along.0 - right * self.along.1);
        along.abs() * 2.0 < self.length && across.abs() * 2.0 < self.height
    }

    /// Its corners on the page, from where its print begins, clockwise.
    #[expect(clippy::cast_possible_truncation, reason = "points of a page of at most 2,000 pixels a side")]
    pub(super) fn corners(&self) -> [[i32; 2]; 4] {
        [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)].map(|(along, down)| {
            let (x, y) = self.at(along, down);
            [x.round() as i32, y.round() as i32]
        })
    }

    /// The point of the page at these shares of length and height from the middle.
    fn at(&self, along: f32, down: f32) -> (f32, f32) {
        let (x, y) = self.along;
        let (along, down) = (along * self.length, down * self.height);
        (self.middle.0 + along * x - down * y, self.middle.1 + along * y + down * x)
    }

    /// Its pixels, upright and 48 high.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a width in pixels, kept in bounds"
    )]
    pub(super) fn cut(&self, page: &RgbImage) -> RgbImage {
        let wanted = (self.length / self.height.max(1.0) * LINE_HEIGHT as f32) as u32;
        let width = wanted.clamp(WIDTH_STEP, MAX_WIDTH).next_multiple_of(WIDTH_STEP);
        let (right, bottom) = (page.width() as f32 - 1.01, page.height() as f32 - 1.01);
        RgbImage::from_fn(width, LINE_HEIGHT, |x, y| {
            let (x, y) = self.at((x as f32 + 0.5) / width as f32 - 0.5, (y as f32 + 0.5) / LINE_HEIGHT as f32 - 0.5);
            let (x, y) = (x.clamp(0.0, right.max(0.0)), y.clamp(0.0, bottom.max(0.0)));
            imageops::interpolate_bilinear(page, x, y).unwrap_or(Rgb([255; 3]))
        })
    }
}

/// Whether more of a picture than `permille` thousandths is red ink.
pub(super) fn has_red(picture: &RgbImage, permille: usize) -> bool {
    let red = picture.pixels().filter(|Rgb([red, green, blue])| *red > green.max(blue).saturating_add(RED)).count();
    red * 1_000 > picture.pixels().len() * permille
}

/// A picture as a red lamp shows it: red ink is as bright as the paper, black ink stays black.
pub(super) fn without_red(picture: &RgbImage) -> RgbImage {
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| Rgb([picture.get_pixel(x, y).0[0]; 3]))
}
