//! Pictures made here, with everything in them that a phone or an attacker may put there.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use super::*;

/// Words that stand in every metadata segment below and must never come out again.
pub(super) const MARK: &[u8] = b"SECRET-PLACE";

/// Red, green, blue and yellow quarters, from the top left: no turn of it looks like another.
pub(super) fn quarters(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([220, 20, 20]),
        (false, true) => Rgb([20, 200, 20]),
        (true, false) => Rgb([20, 20, 220]),
        (false, false) => Rgb([220, 220, 20]),
    })
    .into()
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A TIFF block with an orientation, a GPS position and the mark.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    use exif::experimental::Writer;
    use exif::{Field, In, Rational, Tag, Value};
    let fields = [
        Field { tag: Tag::Orientation, ifd_num: In::PRIMARY, value: Value::Short(vec![u16::from(orientation)]) },
        Field { tag: Tag::ImageDescription, ifd_num: In::PRIMARY, value: Value::Ascii(vec![MARK.to_vec()]) },
        Field {
            tag: Tag::GPSLatitude,
            ifd_num: In::PRIMARY,
            value: Value::Rational(vec![
                Rational { num: 39, denom: 1 },
                Rational { num: 54, denom: 1 },
                Rational { num: 0, denom: 1 },
            ]),
        },
    ];
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, false).unwrap();
    bytes.into_inner()
}

fn segment(marker: u8, parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    let length = u16::try_from(payload.len() + 2).unwrap();
    [&[0xff, marker][..], &length.to_be_bytes(), &payload].concat()
}

/// A JPEG as a phone writes it: EXIF with GPS, XMP, a comment, Photoshop data, a preview, and a film behind the end.
fn phone_jpeg(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let plain = encoded(picture, ImageFormat::Jpeg);
    let (start, rest) = plain.split_at(2);
    [
        start.to_vec(),
        segment(0xe0, &[b"JFIF\0\x01\x02\x01\0\x48\0\x48\x02\x02", MARK]),
        segment(0xe0, &[b"JFXX\0\x10", MARK]),
        segment(0xe1, &[b"Exif\0\0", &exif(orientation)]),
        segment(0xe1, &[b"http://ns.adobe.com/xap/1.0/\0", MARK]),
        segment(0xe2, &[b"MPF\0", MARK]),
        segment(0xed, &[b"Photoshop 3.0\0", MARK]),
        segment(0xfe, &[MARK]),
        rest.to_vec(),
        b"\0\0\0\x18ftypmp42".to_vec(),
        MARK.to_vec(),
    ]
    .concat()
}

fn png_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let crc = [&kind[..], data].concat().iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 })
    });
    [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], kind, data, &(!crc).to_be_bytes()].concat()
}

fn marked_png(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let plain = encoded(picture, ImageFormat::Png);
    let (start, rest) = plain.split_at(8 + 25);
    [
        start.to_vec(),
        png_chunk(b"tEXt", &[b"Comment\0", MARK].concat()),
        png_chunk(b"iTXt", &[b"XML:com.adobe.xmp\0\0\0\0\0", MARK].concat()),
        png_chunk(b"eXIf", &exif(orientation)),
        png_chunk(b"tIME", &[7, 0xea, 1, 2, 3, 4, 5]),
        rest.to_vec(),
        b"PK\x03\x04".to_vec(),
        MARK.to_vec(),
    ]
    .concat()
}

fn riff_chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let pad: &[u8] = if data.len() % 2 == 1 { &[0] } else { &[] };
    [&kind[..], &u32::try_from(data.len()).unwrap().to_le_bytes(), data, pad].concat()
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [b"WEBP".to_vec(), chunks.concat()].concat();
    [b"RIFF".to_vec(), u32::try_from(body.len()).unwrap().to_le_bytes().to_vec(), body].concat()
}

fn marked_webp(picture: &DynamicImage, orientation: u8) -> Vec<u8> {
    let plain = encoded(picture, ImageFormat::WebP);
    let canvas = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let head = [vec![0x2c, 0, 0, 0], canvas(picture.width()), canvas(picture.height())].concat();
    let mut file = riff(&[
        riff_chunk(b"VP8X", &head),
        plain[12..].to_vec(),
        riff_chunk(b"EXIF", &exif(orientation)),
        riff_chunk(b"XMP ", MARK),
    ]);
    file.extend_from_slice(MARK);
    file
}

pub(super) fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

pub(super) fn assert_clean(bytes: &[u8], what: &str) {
    for needle in
        [MARK, b"Exif", b"EXIF", b"eXIf", b"XMP ", b"adobe.com", b"tEXt", b"tIME", b"ftyp", b"MPF\0", b"PK\x03\x04"]
    {
        assert!(!holds(bytes, needle), "{what} still holds {:?}", String::from_utf8_lossy(needle));
    }
    assert!(exif::Reader::new().read_from_container(&mut Cursor::new(bytes)).is_err(), "{what}: EXIF is readable");
}

/// The colour in the middle of a quarter, by which of red, green and blue are strong.
fn quarter(picture: &RgbImage, right: bool, below: bool) -> [bool; 3] {
    let at = |length: u32, second: bool| if second { length * 3 / 4 } else { length / 4 };
    picture.get_pixel(at(picture.width(), right), at(picture.height(), below)).0.map(|channel| channel > 128)
}

pub(super) fn assert_upright(rendition: &Rendition, width: u32, height: u32, what: &str) {
    assert_eq!((rendition.width, rendition.height), (width, height), "{what}");
    let picture = image::load_from_memory_with_format(&rendition.bytes, ImageFormat::Jpeg).unwrap().into_rgb8();
    assert_eq!((picture.width(), picture.height()), (width, height), "{what}");
    let seen = [(false, false), (true, false), (false, true), (true, true)].map(|(x, y)| quarter(&picture, x, y));
    assert_eq!(seen, [[true, false, false], [false, true, false], [false, false, true], [true, true, false]], "{what}");
}

/// The pixels as a camera stores them that notes `orientation`: what turns back to `upright`.
pub(super) fn as_stored(upright: &DynamicImage, orientation: u8) -> DynamicImage {
    let inverse = match orientation {
        6 => 8,
        8 => 6,
        other => other,
    };
    let mut stored = upright.clone();
    stored.apply_orientation(Orientation::from_exif(inverse).unwrap());
    stored
}

#[test]
fn every_orientation_of_every_kind_comes_out_upright_and_without_metadata() {
    let upright = quarters(480, 360);
    for orientation in 1..=8 {
        let stored = as_stored(&upright, orientation);
        for (kind, file) in [
            (Coding::Jpeg, phone_jpeg(&stored, orientation)),
            (Coding::Png, marked_png(&stored, orientation)),
            (Coding::Webp, marked_webp(&stored, orientation)),
        ] {
            let what = format!("{kind:?} with orientation {orientation}");
            let inspected = inspect(&file).unwrap();
            assert_eq!((inspected.coding, inspected.orientation), (kind, orientation), "{what}");
            assert_eq!((inspected.width, inspected.height), (stored.width(), stored.height()), "{what}");
            assert_clean(&inspected.master, &what);
            let rendered = render(&inspected).unwrap();
            assert_upright(&rendered.reading, 480, 360, &what);
            assert_upright(&rendered.thumbnail, 320, 240, &what);
            assert_clean(&rendered.reading.bytes, &what);
            assert_clean(&rendered.thumbnail.bytes, &what);
        }
    }
}

#[test]
fn the_master_keeps_the_original_pixels_and_is_its_own_master() {
    let picture = quarters(300, 200);
    for file in [phone_jpeg(&picture, 6), marked_png(&picture, 6), marked_webp(&picture, 6)] {
        let inspected = inspect(&file).unwrap();
        let before = image::load_from_memory(&file).unwrap().into_rgb8();
        let after = image::load_from_memory(&inspected.master).unwrap().into_rgb8();
        assert_eq!(before, after);
        assert_eq!(inspect(&inspected.master).unwrap().master, inspected.master);
    }
}

#[test]
fn a_sound_colour_profile_stays_with_colour_and_a_false_one_goes() {
    let mut profile = vec![0_u8; 70_000];
    profile[..4].copy_from_slice(&70_000_u32.to_be_bytes());
    profile[16..20].copy_from_slice(b"RGB ");
    profile[36..40].copy_from_slice(b"acsp");
    let with_profile = |profile: &[u8]| {
        let mut bytes = Vec::new();
        let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
        image::ImageEncoder::set_icc_profile(&mut encoder, profile.to_vec()).unwrap();
        quarters(200, 100).write_with_encoder(encoder).unwrap();
        bytes
    };
    let inspected = inspect(&with_profile(&profile)).unwrap();
    assert_eq!(inspected.icc.as_deref(), Some(&profile[..]));
    assert_eq!(inspect(&inspected.master).unwrap().icc.as_deref(), Some(&profile[..]));
    assert_eq!(inspect(&render(&inspected).unwrap().reading.bytes).unwrap().icc.as_deref(), Some(&profile[..]));
    profile[36..40].copy_from_slice(MARK.get(..4).unwrap());
    let inspected = inspect(&with_profile(&profile)).unwrap();
    assert_eq!(inspected.icc, None);
    assert!(!holds(&inspected.master, b"ICC_PROFILE"));
}

#[test]
fn big_pictures_become_small_and_small_ones_stay() {
    let inspected = inspect(&encoded(&quarters(4_000, 1_000), ImageFormat::Jpeg)).unwrap();
    let rendered = render(&inspected).unwrap();
    assert_upright(&rendered.reading, 2_000, 500, "reading");
    assert_upright(&rendered.thumbnail, 320, 80, "thumbnail");
    let rendered = render(&inspect(&encoded(&quarters(100, 90), ImageFormat::Png)).unwrap()).unwrap();
    assert_upright(&rendered.reading, 100, 90, "small reading");
    assert_upright(&rendered.thumbnail, 100, 90, "small thumbnail");
}

#[test]
fn transparency_lies_on_white_and_grey_stays_grey() {
    let glass = DynamicImage::from(RgbaImage::from_pixel(200, 200, Rgba([0, 0, 0, 0])));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let rendered = render(&inspect(&encoded(&glass, format)).unwrap()).unwrap();
        let paper = image::load_from_memory(&rendered.reading.bytes).unwrap().into_rgb8();
        assert!(paper.pixels().all(|pixel| pixel.0.iter().all(|channel| *channel > 250)));
    }
    for grey in
        [DynamicImage::from(quarters(200, 200).into_luma8()), DynamicImage::from(quarters(200, 200).into_luma16())]
    {
        let rendered = render(&inspect(&encoded(&grey, ImageFormat::Png)).unwrap()).unwrap();
        assert!(!image::load_from_memory(&rendered.reading.bytes).unwrap().color().has_color());
    }
}

#[test]
fn what_is_no_picture_is_told_by_its_kind() {
    for (bytes, refusal) in [
        (&b""[..], Refusal::NotAPicture),
        (b"hello", Refusal::NotAPicture),
        (b"PK\x03\x04zip", Refusal::NotAPicture),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Refusal::NotAPicture),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Refusal::Damaged),
        (b"\0\0\0\x18ftypmif1\0\0\0\0", Refusal::Damaged),
        (b"\0\0\0\x18ftypavif\0\0\0\0", Refusal::OtherPicture),
        (b"GIF89a\x01\0\x01\0", Refusal::OtherPicture),
        (b"BM\0\0\0\0", Refusal::OtherPicture),
        // The first bytes of a picture, then something else.
        (b"\xff\xd8\xffPK\x03\x04zip", Refusal::Damaged),
        (b"\xff\xd8\xff\xd9", Refusal::Damaged),
        (b"\x89PNG\r\n\x1a\nPK\x03\x04", Refusal::Damaged),
        (b"RIFF\x04\0\0\0WEBP", Refusal::Damaged),
    ] {
        assert_eq!(inspect(bytes).unwrap_err(), refusal, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn bombs_are_refused_by_their_header() {
    let header = |width: u32, height: u32, depth_and_colour: [u8; 2]| {
        let data = [&width.to_be_bytes()[..], &height.to_be_bytes(), &depth_and_colour, &[0, 0, 0]].concat();
        [b"\x89PNG\r\n\x1a\n".to_vec(), png_chunk(b"IHDR", &data), png_chunk(b"IDAT", b"x"), png_chunk(b"IEND", b"")]
            .concat()
    };
    for (width, height, form) in
        [(65_000, 65_000, [8, 2]), (20_001, 64, [8, 0]), (u32::MAX, u32::MAX, [8, 6]), (10_000, 10_000, [16, 6])]
    {
        assert_eq!(inspect(&header(width, height, form)).unwrap_err(), Refusal::TooLarge, "{width}×{height}");
    }
    assert_eq!(inspect(&header(1, 1, [8, 2])).unwrap_err(), Refusal::TooSmall);
    let of_scan = |marker, side: u16, scan: &[u8]| {
        let side = side.to_be_bytes();
        let frame = segment(marker, &[&[8], &side, &side, &[3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0]]);
        [&[0xff, 0xd8][..], &frame, &segment(0xda, &[scan]), &[0, 0xff, 0xd9]].concat()
    };
    let frame = |marker, side| of_scan(marker, side, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]);
    assert_eq!(inspect(&frame(0xc0, 65_000)).unwrap_err(), Refusal::TooLarge);
    assert!(inspect(&frame(0xc0, 9_000)).is_ok());
    // The same pixels, but every coefficient must be held until the last scan: more than the memory for one picture.
    assert_eq!(inspect(&frame(0xc2, 9_000)).unwrap_err(), Refusal::TooLarge);
    assert_eq!(inspect(&of_scan(0xc0, 9_000, &[1, 1, 0, 0, 63, 0])).unwrap_err(), Refusal::TooLarge);
    let scan = segment(0xda, &[&[1, 1, 0, 0, 63, 0]]);
    let many = frame(0xc2, 900);
    let (head, tail) = many.split_at(many.len() - 2);
    assert_eq!(inspect(&[head, &scan.repeat(100), tail].concat()).unwrap_err(), Refusal::Damaged);
}

#[test]
fn a_small_file_with_a_hundred_million_pixels_takes_bounded_memory() {
    // Grey, 10,000 × 10,000, all black: 100 MB decoded, some kilobytes on disk.
    let black = DynamicImage::new_luma8(10_000, 10_000);
    let file = encoded(&black, ImageFormat::Png);
    assert!(file.len() < 1_000_000);
    let inspected = inspect(&file).unwrap();
    assert!(inspected.decode_bytes <= MAX_DECODE_BYTES);
    assert_eq!(render(&inspected).unwrap().reading.width, 2_000);
}

#[test]
fn a_cut_file_is_refused_wherever_it_is_cut() {
    let picture = quarters(96, 64);
    for file in [
        encoded(&picture, ImageFormat::Jpeg),
        encoded(&picture, ImageFormat::Png),
        encoded(&picture, ImageFormat::WebP),
    ] {
        for end in 16..file.len() - 1 {
            let seen = inspect(&file[..end]).and_then(|inspected| render(&inspected));
            assert!(seen.is_err(), "cut at {end} of {}", file.len());
        }
    }
}

#[test]
fn changed_bytes_never_panic() {
    let picture = quarters(96, 64);
    for file in [phone_jpeg(&picture, 6), marked_png(&picture, 6), marked_webp(&picture, 6)] {
        for at in 0..file.len().min(2_000) {
            for value in [0, 0xff, file[at] ^ 0x41] {
                let mut changed = file.clone();
                changed[at] = value;
                if let Ok(inspected) = inspect(&changed) {
                    assert!(!holds(&inspected.master, MARK), "byte {at}");
                }
            }
        }
    }
}

#[test]
fn a_moving_picture_is_refused() {
    let head = [vec![0x02, 0, 0, 0], vec![99, 0, 0], vec![99, 0, 0]].concat();
    assert_eq!(
        inspect(&riff(&[riff_chunk(b"VP8X", &head), riff_chunk(b"ANIM", &[0; 6])])).unwrap_err(),
        Refusal::Animated
    );
}

#[test]
fn every_refusal_has_its_own_code_and_words_in_both_languages() {
    for refusal in Refusal::ALL {
        assert_eq!(Refusal::of_code(refusal.code()), Some(refusal));
        let text = refusal.text();
        assert!(text.zh.chars().any(|c| c > '\u{4e00}') && text.en.is_ascii() | text.en.contains('“'), "{refusal:?}");
    }
}

/// Bits from the lowest of each byte on, as a lossless stream has them.
#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(mut self, value: u32, count: u32) -> Self {
        self.0.extend((0..count).map(|place| value >> place & 1 == 1));
        self
    }

    /// A code of one symbol, which then takes no bit.
    fn only(self, symbol: u32) -> Self {
        self.put(1, 1).put(0, 1).put(1, 1).put(symbol, 8)
    }

    fn bytes(self) -> Vec<u8> {
        self.0.chunks(8).map(|bits| (0..).zip(bits).map(|(place, bit)| u8::from(*bit) << place).sum()).collect()
    }
}

/// A lossless stream whose entropy image names `groups` groups of tables, and then nothing: some twenty bytes.
fn stream_of_groups(groups: u32) -> Vec<u8> {
    let greatest = groups - 1;
    // No transform, no colour cache, groups by blocks of four pixels; the image of blocks: no cache, one code each, no bit a pixel.
    let bits = Bits::default().put(0, 1).put(0, 1).put(1, 1).put(0, 3).put(0, 1);
    bits.only(greatest & 0xff).only(greatest >> 8).only(0).only(0).only(0).bytes()
}

fn lossless_of_groups(groups: u32) -> Vec<u8> {
    let size = 399_u32 | 299 << 14;
    let data = [vec![0x2f], size.to_le_bytes().to_vec(), stream_of_groups(groups)].concat();
    riff(&[riff_chunk(b"VP8L", &data)])
}

fn lossy_with_alpha_of_groups(groups: u32) -> Vec<u8> {
    let canvas = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let head = [vec![0x10, 0, 0, 0], canvas(400), canvas(300)].concat();
    let frame =
        [vec![0, 0, 0, 0x9d, 0x01, 0x2a], 400_u16.to_le_bytes().to_vec(), 300_u16.to_le_bytes().to_vec()].concat();
    riff(&[
        riff_chunk(b"VP8X", &head),
        riff_chunk(b"ALPH", &[vec![1], stream_of_groups(groups)].concat()),
        riff_chunk(b"VP8 ", &frame),
    ])
}

#[test]
fn the_tables_that_a_lossless_webp_asks_for_are_counted_before_any_is_made() {
    const MIB: u64 = 1024 * 1024;
    for file in [lossless_of_groups, lossy_with_alpha_of_groups] {
        assert!(file(65_536).len() < 100, "a small file");
        assert_eq!(inspect(&file(65_536)).unwrap_err(), Refusal::TooLarge);
        assert_eq!(inspect(&file(20_000)).unwrap_err(), Refusal::TooLarge);
        let (few, many) = (inspect(&file(1)).unwrap(), inspect(&file(1_001)).unwrap());
        assert!(few.decode_bytes < 3 * MIB, "{}", few.decode_bytes);
        // A thousand groups of five tables of 4 KiB, and what stands behind them.
        assert!((20 * MIB..100 * MIB).contains(&(many.decode_bytes - few.decode_bytes)), "{}", many.decode_bytes);
    }
    let cut = lossless_of_groups(9);
    let cut = riff(&[riff_chunk(b"VP8L", &cut[20..28])]);
    assert_eq!(inspect(&cut).unwrap_err(), Refusal::Damaged);
}

#[test]
fn a_real_lossless_webp_is_read_to_its_groups() {
    let noise = RgbImage::from_fn(640, 480, |x, y| {
        let [a, b, c, _] = ((x * 7_919) ^ (y * 104_729)).wrapping_mul(2_654_435_761).to_le_bytes();
        Rgb([a, b & 0x3f, c])
    });
    for picture in [quarters(300, 200), DynamicImage::from(noise)] {
        let inspected = inspect(&encoded(&picture, ImageFormat::WebP)).unwrap();
        assert!(inspected.decode_bytes < MAX_DECODE_BYTES / 10);
        render(&inspected).unwrap();
    }
}

#[test]
fn a_jpeg_whose_first_scan_lacks_a_component_is_counted_with_its_coefficients() {
    let plain = encoded(&quarters(400, 300), ImageFormat::Jpeg);
    let whole = inspect(&plain).unwrap();
    let at = plain.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    // The same picture, but its first scan names one component of three.
    let scan = segment(0xda, &[&[1, 1, 0, 0, 63, 0]]);
    let split = [&plain[..at], &scan, &[0x11], &plain[at..]].concat();
    let split = inspect(&split).unwrap();
    assert_eq!(split.decode_bytes - whole.decode_bytes, 400 * 300 * 2 * 3);
}
