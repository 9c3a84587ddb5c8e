//! The print of a page: what tells it from another page, small enough to be kept of every one, and never a picture again.
//!
//! Two views are taken of the ink on a page, each a square of 128 cells a side: one of the whole picture, which only the same photograph
//! has again, and one of the sheet in it, found by its edges and laid flat, which survives cutting and, when all goes well, another
//! photograph. Light and shade are taken out first ([`ink`]). What is chosen here was measured: docs/documents.md has the rates.

mod flat;
mod ink;
mod sheet;
mod side;
mod view;

use image::GrayImage;
use serde::{Deserialize, Serialize};

pub use view::View;

/// Pixels a side below which a picture has no print.
const LEAST_SIDE: u32 = 256;

/// The print of one page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Print {
    /// Which page, counted from one.
    pub page: u8,
    /// Of the whole picture.
    pub picture: View,
    /// Of the sheet in it, when there is one.
    pub sheet: Option<View>,
}

/// Takes the print of `small`, an upright page in grey with 1,000 pixels at most; nothing when there is too little on it to tell it from
/// another.
#[must_use]
pub fn take(small: &GrayImage, page: u8) -> Option<Print> {
    if small.width().min(small.height()) < LEAST_SIDE {
        return None;
    }
    let ink = ink::of(small);
    let picture = View::of(&ink::in_cells(&ink))?;
    let sheet = sheet::find(small).and_then(|corners| View::of(&flat::in_cells(&ink, &corners)));
    Some(Print { page, picture, sheet })
}

#[cfg(test)]
mod tests;
