//! Which way is up.

use image::metadata::Orientation;

/// The orientation (1 to 8) that a TIFF block of EXIF names; 1 without one, or when it names none or nonsense.
pub(super) fn of_exif(exif: Option<&[u8]>) -> u8 {
    exif.and_then(Orientation::from_exif_chunk).map_or(1, Orientation::to_exif)
}

/// The turn for an orientation of 1 to 8; none for any other number.
pub(super) fn turn(orientation: u8) -> Orientation {
    Orientation::from_exif(orientation).unwrap_or(Orientation::NoTransforms)
}
