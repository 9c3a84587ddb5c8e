//! Two pages in one picture, of one height and both upright, with the name of who looks all over them.

use image::{DynamicImage, RgbImage, imageops};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::found::ClaimMatch;
use crate::app::App;
use crate::documents::pictures::READING_SIDE;
use crate::documents::rows::{Rendition, file};
use crate::documents::watermark;
use crate::http::{Code, Problem};

/// Pixels between the two.
const GAP: u32 = 16;
/// Pixels of their height, unless the two would be too wide together.
const HEIGHT: u32 = 1_400;

/// A JPEG with the own page on the left and the other, turned as that stands, on the right, marked with `lines`.
///
/// # Errors
/// `not_found` when a page is gone; when the object store does not answer.
pub async fn side_by_side(app: &App, found: &ClaimMatch, lines: Vec<String>) -> Result<Vec<u8>, Problem> {
    let own = reading_copy(app, found.document_id, found.page).await?;
    let other = reading_copy(app, found.other_document_id, found.other_page).await?;
    let turns = found.other_turns;
    let drawn = actix_web::web::block(move || -> image::ImageResult<Vec<u8>> {
        let other = turned(watermark::decoded(&other)?, turns);
        let mut both = beside(&watermark::decoded(&own)?, &other);
        watermark::write_all_over(&mut both, &lines);
        watermark::encoded(&both, None)
    });
    drawn.await.map_err(Problem::internal)?.map_err(Problem::internal)
}

async fn reading_copy(app: &App, document_id: Uuid, page: i32) -> Result<Vec<u8>, Problem> {
    let row = file::Entity::find_by_id((document_id, Rendition::Reading, page)).one(app.db.read()).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    let key = row.key().ok_or_else(|| Problem::internal(anyhow::anyhow!("the row names no object of ours")))?;
    let copy = app.storage.get(&key, None).await.map_err(Problem::internal)?;
    Ok(copy.body.collect().await.map_err(Problem::internal)?.into_bytes().to_vec())
}

/// Turned to the left.
fn turned(picture: RgbImage, quarters: u8) -> RgbImage {
    match quarters % 4 {
        0 => picture,
        1 => imageops::rotate270(&picture),
        2 => imageops::rotate180(&picture),
        _ => imageops::rotate90(&picture),
    }
}

fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    // Widths at a height of 1,000, so that the height at which both fit follows.
    let wide = |picture: &RgbImage| u64::from(picture.width()) * 1_000 / u64::from(picture.height().max(1));
    let room = u64::from(READING_SIDE - GAP - 2);
    let height = (room * 1_000 / (wide(left) + wide(right)).max(1)).clamp(1, HEIGHT.into());
    let scaled = |picture: &RgbImage| {
        let width = u64::from(picture.width()) * height / u64::from(picture.height().max(1));
        let [width, height] = [width.max(1), height].map(|side| u32::try_from(side).unwrap_or(READING_SIDE));
        DynamicImage::from(picture.clone()).resize_exact(width, height, imageops::FilterType::Triangle).into_rgb8()
    };
    let (left, right) = (scaled(left), scaled(right));
    let mut both = RgbImage::from_pixel(left.width() + GAP + right.width(), left.height(), image::Rgb([128; 3]));
    imageops::replace(&mut both, &left, 0, 0);
    imageops::replace(&mut both, &right, i64::from(left.width() + GAP), 0);
    both
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn both_pages_are_of_one_height_and_the_second_is_turned_to_the_left() {
        // Red above, green below: turned to the left once, red is on the left.
        let page = RgbImage::from_fn(600, 800, |_, y| if y < 400 { Rgb([250, 0, 0]) } else { Rgb([0, 250, 0]) });
        let both = beside(&page, &turned(page.clone(), 1));
        assert!(both.width() <= READING_SIDE && both.height() <= HEIGHT, "{:?}", both.dimensions());
        let left_width = both.height() * 600 / 800;
        let at = |x: u32, y: u32| both.get_pixel(x, y).0;
        let (middle, last) = (both.height() / 2, both.width() - 10);
        assert_eq!((at(10, 10), at(10, both.height() - 10)), ([250, 0, 0], [0, 250, 0]));
        assert_eq!((at(left_width + GAP + 10, middle), at(last, middle)), ([250, 0, 0], [0, 250, 0]));
    }

    #[test]
    fn pages_of_any_shape_fit_a_copy() {
        for ((a, b), (c, d)) in [((2_000, 64), (2_000, 64)), ((64, 2_000), (64, 2_000)), ((2_000, 64), (64, 2_000))] {
            let both = beside(&RgbImage::new(a, b), &RgbImage::new(c, d));
            assert!(both.width() <= READING_SIDE && both.height() <= READING_SIDE, "{:?}", both.dimensions());
        }
    }
}
