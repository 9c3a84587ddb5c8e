//! PDF bills: kept byte for byte, because a signature covers every byte, and so taken only when they are pages and nothing else.
//! The copies are pictures of the pages; nobody who reads opens the PDF itself.

use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::object::{Array, Dict, MaybeRef, Object};
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings, render};
use image::{DynamicImage, RgbImage};

use super::pictures::{MAX_CODES, Master, Passed, READING_SIDE, Refusal, copy, find_codes, print_of, thumbnail};
use crate::storage::Coding;

/// Pages at most.
pub const MAX_PAGES: usize = 30;
/// Lists in lists in lists: deeper than any program writes them.
const MAX_DEPTH: u32 = 32;
/// Opens nothing that is locked: a locked file is told by its refusing this.
const WRONG_PASSWORD: &str = "huzhu opens nothing that is locked";
/// The end of an archive: a mark, 16 bytes of numbers, and the length of a remark that reaches the end of the file.
const ARCHIVE_END: &[u8; 4] = b"PK\x05\x06";
const ARCHIVE_TAIL_BYTES: usize = 22 + 0xffff;

/// Keys and names of what acts, carries files, or plays: none of it belongs on a bill.
const ACTIVE: [&[u8]; 20] = [
    b"JS",
    b"JavaScript",
    b"Launch",
    b"ImportData",
    b"SubmitForm",
    b"GoToE",
    b"Rendition",
    b"EF",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"AF",
    b"FileAttachment",
    b"RichMedia",
    b"Movie",
    b"Sound",
    b"Screen",
    b"3D",
    b"XFA",
    b"Collection",
    b"RichMediaExecute",
];

/// Checks a PDF and makes pictures of its pages.
///
/// # Errors
/// The [`Refusal`] that the member is told.
pub fn check(bytes: &[u8]) -> Result<Passed, Refusal> {
    ends_as_pdf(bytes)?;
    let pdf = Pdf::new_with_password(bytes.to_vec(), WRONG_PASSWORD).map_err(|error| match error {
        LoadPdfError::Decryption(_) => Refusal::PdfLocked,
        LoadPdfError::Invalid => Refusal::Damaged,
    })?;
    let pages = pdf.pages();
    match pages.len() {
        0 => return Err(Refusal::Damaged),
        1..=MAX_PAGES => {}
        _ => return Err(Refusal::PdfTooLong),
    }
    if pdf.objects().into_iter().any(|object| acts(&object, 0)) {
        return Err(Refusal::PdfActive);
    }
    let cache = RenderCache::new();
    let mut copies = Vec::with_capacity(pages.len());
    let (mut first, mut codes, mut prints) = (None, Vec::new(), Vec::new());
    for (number, page) in (1..).zip(pages.iter()) {
        let picture = draw(page, &cache)?;
        copies.push(copy(&picture)?);
        let grey = picture.to_luma8();
        codes.extend(find_codes(&grey, number));
        prints.extend(print_of(grey.into(), number)?);
        first.get_or_insert(picture);
    }
    codes.truncate(MAX_CODES);
    let thumbnail = thumbnail(first.ok_or(Refusal::Damaged)?)?;
    let (width, height) = pages.first().map(size_points).ok_or(Refusal::Damaged)?;
    let master = Master { coding: Coding::Pdf, bytes: bytes.to_vec(), width, height, orientation: 1 };
    Ok(Passed { master, pages: copies, thumbnail, measures: None, codes, prints })
}

/// Nothing comes after the end of a PDF, and no archive ends with it.
fn ends_as_pdf(bytes: &[u8]) -> Result<(), Refusal> {
    const END: &[u8] = b"%%EOF";
    let end = bytes.windows(END.len()).rposition(|window| window == END).ok_or(Refusal::Damaged)?;
    let rest = bytes.get(end + END.len()..).unwrap_or_default();
    if !rest.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | b'\t' | 0)) {
        return Err(Refusal::PdfActive);
    }
    let tail = bytes.get(bytes.len().saturating_sub(ARCHIVE_TAIL_BYTES)..).unwrap_or_default();
    let is_archive = tail.windows(22).enumerate().any(|(at, record)| {
        record.starts_with(ARCHIVE_END)
            && matches!(record, [.., low, high] if at + 22 + usize::from(u16::from_le_bytes([*low, *high])) == tail.len())
    });
    if is_archive { Err(Refusal::PdfActive) } else { Ok(()) }
}

/// Whether an object, or what lies in it, does more than stand on a page.
fn acts(object: &Object<'_>, depth: u32) -> bool {
    depth > MAX_DEPTH
        || match object {
            Object::Name(name) => is_active(name),
            Object::Dict(dict) => dict_acts(dict, depth),
            Object::Stream(stream) => dict_acts(stream.dict(), depth),
            Object::Array(array) => array_acts(array, depth),
            Object::Null(_) | Object::Boolean(_) | Object::Number(_) | Object::String(_) => false,
        }
}

fn dict_acts(dict: &Dict<'_>, depth: u32) -> bool {
    dict.entries().any(|(key, value)| is_active(&key) || inner_acts(&value, depth))
}

fn array_acts(array: &Array<'_>, depth: u32) -> bool {
    array.raw_iter().any(|value| inner_acts(&value, depth))
}

/// What is only referred to is an object of its own, and looked at there.
fn inner_acts(value: &MaybeRef<Object<'_>>, depth: u32) -> bool {
    matches!(value, MaybeRef::NotRef(inner) if acts(inner, depth + 1))
}

fn is_active(name: &[u8]) -> bool {
    ACTIVE.contains(&name)
}

/// A page as a picture, as large as a reading copy may be, at 300 dots an inch at most.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "points of a page become pixels; no sum of money comes near"
)]
fn draw<'a>(page: &'a Page<'a>, cache: &RenderCache<'a>) -> Result<DynamicImage, Refusal> {
    const LARGEST_SCALE: f32 = 300.0 / 72.0;
    let (width, height) = page.render_dimensions();
    let scale = (READING_SIDE as f32 / width.max(height)).min(LARGEST_SCALE);
    if !(scale.is_finite() && width * scale >= 16.0 && height * scale >= 16.0) {
        return Err(Refusal::Damaged);
    }
    let settings = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let drawn = render(page, cache, &InterpreterSettings::default(), &RenderSettings::default(), &settings);
    let (width, height) = (u32::from(drawn.width()), u32::from(drawn.height()));
    // On white paper nothing shines through.
    let pixels = drawn.data_as_u8_slice().chunks_exact(4).flat_map(|pixel| pixel.iter().take(3)).copied().collect();
    RgbImage::from_raw(width, height, pixels).map(DynamicImage::from).ok_or(Refusal::Damaged)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the size of a page in whole points, between 1 and 65,535"
)]
fn size_points(page: &Page<'_>) -> (u32, u32) {
    let (width, height) = page.render_dimensions();
    let whole = |points: f32| points.round().clamp(1.0, 65_535.0) as u32;
    (whole(width), whole(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A PDF of these objects, numbered from one; the first is the catalogue.
    fn file(objects: &[String], trailer: &str) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n".to_vec();
        let mut places = Vec::new();
        for (number, object) in (1..).zip(objects) {
            places.push(bytes.len());
            bytes.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
        }
        let table = bytes.len();
        let count = objects.len() + 1;
        bytes.extend(format!("xref\n0 {count}\n0000000000 65535 f \n").bytes());
        places.iter().for_each(|place| bytes.extend(format!("{place:010} 00000 n \n").bytes()));
        bytes
            .extend(format!("trailer\n<< /Size {count} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n").bytes());
        bytes
    }

    /// A bill of `pages` pages, its lower half black; `more` stands in the catalogue, `others` are further objects from number 4 on.
    fn bill(pages: usize, more: &str, others: &[&str]) -> Vec<u8> {
        let content = "0 0 0 rg 0 0 595 421 re f";
        let mut objects = vec![
            format!("<< /Type /Catalog /Pages 2 0 R {more} >>"),
            String::new(),
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
        ];
        objects.extend(others.iter().map(|other| (*other).to_owned()));
        let first = objects.len() + 1;
        let kids: Vec<String> = (first..first + pages).map(|number| format!("{number} 0 R")).collect();
        objects[1] = format!("<< /Type /Pages /Kids [{}] /Count {pages} >>", kids.join(" "));
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 3 0 R >>";
        objects.extend(std::iter::repeat_n(page.to_owned(), pages));
        file(&objects, "")
    }

    fn refused(bytes: &[u8]) -> Option<Refusal> {
        check(bytes).err()
    }

    #[test]
    fn a_bill_is_kept_byte_for_byte_and_each_page_becomes_a_picture() {
        let bytes = bill(3, "", &[]);
        let passed = check(&bytes).unwrap();
        assert_eq!((&passed.master.bytes, passed.master.coding), (&bytes, Coding::Pdf));
        assert_eq!((passed.master.width, passed.master.height, passed.pages.len()), (595, 842, 3));
        for page in &passed.pages {
            let picture = image::load_from_memory(&page.bytes).unwrap().into_luma8();
            assert_eq!((page.width, page.height), (picture.width(), picture.height()));
            assert!((1_990..=2_000).contains(&page.height) && (1_400..=1_420).contains(&page.width), "{}", page.height);
            assert!(picture.get_pixel(700, 100).0[0] > 250 && picture.get_pixel(700, 1_900).0[0] < 5);
        }
        assert_eq!((passed.thumbnail.width, passed.thumbnail.height), (226, 320));
    }

    #[test]
    fn the_codes_of_each_page_are_read() {
        let drawn = |text: &str| {
            let code = qrcode::QrCode::new(text).unwrap();
            let dark = |(_, color): &(usize, qrcode::Color)| *color == qrcode::Color::Dark;
            let square = |(at, _): (usize, qrcode::Color)| {
                format!("{} {} 4 4 re", 300 + at % code.width() * 4, 700 - at / code.width() * 4)
            };
            let squares: Vec<String> = code.to_colors().into_iter().enumerate().filter(dark).map(square).collect();
            format!("{} f", squares.join(" "))
        };
        let stream = |content: String| format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len());
        let page =
            |content: usize| format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {content} 0 R >>");
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
            "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>".to_owned(),
            page(5),
            page(6),
            stream("0 0 0 rg 0 0 595 421 re f".to_owned()),
            stream(drawn("ebill,11010126")),
        ];
        let codes = check(&file(&objects, "")).unwrap().codes;
        assert_eq!(
            codes.iter().map(|code| (code.page, code.text.as_str())).collect::<Vec<_>>(),
            [(2, "ebill,11010126")]
        );
    }

    #[test]
    fn what_acts_or_carries_something_is_refused_however_it_is_written() {
        let (script, launch) = ("<< /S /JavaScript /JS (app.alert\\(1\\)) >>", "<< /S /Launch /F (calc.exe) >>");
        let escaped = "<< /S /J#61vaScript >>";
        let carried = "<< /Type /EmbeddedFile /Length 2 >>\nstream\nMZ\nendstream";
        for (more, others) in [
            ("/OpenAction 4 0 R", &[script][..]),
            ("/OpenAction 4 0 R", &[launch]),
            ("/OpenAction 4 0 R", &[escaped]),
            ("/Names << /EmbeddedFiles << /Names [(a.exe) << /EF << /F 4 0 R >> >>] >> >>", &[carried]),
            ("/AcroForm << /XFA (x) >>", &[]),
            // Nobody refers to it, and still.
            ("", &["<< /Type /Annot /Subtype /RichMedia >>"]),
            ("", &["[[[<< /Subtype /FileAttachment >>]]]"]),
        ] {
            assert_eq!(refused(&bill(1, more, others)), Some(Refusal::PdfActive), "{more} {others:?}");
        }
        assert_eq!(
            refused(&bill(1, "/OpenAction << /S /GoTo /D [5 0 R /Fit] >>", &["<< >>"])),
            None,
            "a place to begin"
        );
    }

    #[test]
    fn too_many_pages_and_none_are_refused() {
        // Narrow pages are soon drawn.
        let narrow = |pages| {
            let bill = String::from_utf8(bill(pages, "", &[])).unwrap();
            bill.replace("595 842]", "060 842]").into_bytes()
        };
        assert_eq!(refused(&narrow(30)), None);
        assert_eq!(refused(&narrow(31)), Some(Refusal::PdfTooLong));
        assert_eq!(refused(&bill(0, "", &[])), Some(Refusal::Damaged));
    }

    #[test]
    fn a_locked_file_is_refused() {
        let lock = format!(
            "/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{0}> /U <{0}> >> /ID [<00> <00>]",
            "ab".repeat(32)
        );
        let pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>";
        let objects = ["<< /Type /Catalog /Pages 2 0 R >>", pages, page].map(str::to_owned);
        assert_eq!(refused(&file(&objects, &lock)), Some(Refusal::PdfLocked));
        assert_eq!(refused(&file(&objects, "")), None);
    }

    #[test]
    fn a_file_that_is_also_something_else_is_refused() {
        let bytes = bill(1, "", &[]);
        assert_eq!(refused(&[&bytes[..], b"\r\n \0"].concat()), None);
        assert_eq!(refused(&[&bytes[..], b"<script>"].concat()), Some(Refusal::PdfActive));
        assert_eq!(refused(&[&bytes[..], b"PK\x03\x04"].concat()), Some(Refusal::PdfActive));
        // An archive whose remark is the end of the PDF.
        let tail = b"%%EOF\n";
        let end = [&b"PK\x05\x06"[..], &[0; 16], &[6, 0], tail].concat();
        assert_eq!(refused(&[&bytes[..], &end].concat()), Some(Refusal::PdfActive));
        assert_eq!(refused(b"%PDF-1.7 a bill"), Some(Refusal::Damaged));
    }

    #[test]
    fn pages_of_impossible_sizes_are_refused_or_drawn_small() {
        let sized = |size: &str| {
            let pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned();
            let page = format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] >>");
            check(&file(&["<< /Type /Catalog /Pages 2 0 R >>".to_owned(), pages, page], ""))
        };
        assert_eq!(sized("100000 1").err(), Some(Refusal::Damaged));
        let large = sized("14400 14400").unwrap();
        assert_eq!((large.pages[0].width, large.pages[0].height), (2_000, 2_000));
        let small = sized("72 36").unwrap();
        assert_eq!((small.pages[0].width, small.pages[0].height), (300, 150));
    }

    #[test]
    fn a_broken_file_never_panics() {
        let pages = "<< /Type /Pages /Kids [3 0 R] /Count 1 >>";
        let page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 20 10] /A [1 (x)] >>";
        let bytes = file(&["<< /Type /Catalog /Pages 2 0 R >>", pages, page].map(str::to_owned), "");
        assert_eq!(refused(&bytes), None);
        for at in (0..bytes.len()).step_by(3) {
            for value in [0, bytes[at] ^ 0x15] {
                let mut changed = bytes.clone();
                changed[at] = value;
                drop(check(&changed));
            }
        }
    }
}
