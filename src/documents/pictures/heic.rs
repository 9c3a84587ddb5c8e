//! HEIC: the pictures of iPhones. The one that is shown, and the tiles it is made of, go into a fresh container; previews, depth and gain
//! maps, EXIF, XMP and whatever is said between the coded slices stay behind.

use heifer::Image;
use heifer::heifer_isobmff::boxes::Property;
use heifer::heifer_isobmff::{BoxIter, Error, HeifFile, ItemId};

use super::walk::Walk;
use super::{MAX_PIXELS, Refusal, Walked};

/// Tiles of one picture at most; an iPhone's 48 megapixels are 192.
const MAX_TILES: usize = 1_024;
/// Properties that say how the pixels are coded and coloured. Those that turn and mirror are told apart, and applied to the copies.
const KEPT: [&[u8; 4]; 6] = [b"hvcC", b"ispe", b"colr", b"pixi", b"pasp", b"clap"];
/// Kinds of coded units: supplemental information, which may be anything, also a sentence, and those that nobody has defined.
const SPOKEN: [u8; 2] = [39, 40];
const UNDEFINED: u8 = 41;

/// Reads a HEIF file and makes its master.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked, Refusal> {
    let file = HeifFile::parse(bytes).map_err(damaged)?;
    let primary = file.primary_item().map_err(damaged)?;
    let tiles = match &primary.item_type.0 {
        b"hvc1" | b"hev1" => Vec::new(),
        b"grid" => tiles(&file)?,
        _ => return Err(Refusal::OtherPicture),
    };
    let (width, height) = size(&file, primary.id)?;
    let (tile_width, tile_height) = size(&file, tiles.first().copied().unwrap_or(primary.id))?;
    let raw = raw_properties(bytes)?;
    let mut fresh = Fresh::default();
    for id in [primary.id].into_iter().chain(tiles.iter().copied()) {
        fresh.add(&file, &raw, id)?;
    }
    Ok(Walked {
        width,
        height,
        orientation: orientation(&file)?,
        icc: file.icc_profile(primary.id).map_err(damaged)?.map(<[u8]>::to_vec),
        // Colour with alpha of the whole; of one coded picture the same again, and its planes in sixteen bits.
        decode_bytes_per_pixel: 4,
        decode_bytes_besides: u64::from(tile_width).saturating_mul(u64::from(tile_height)).saturating_mul(8),
        master: fresh.write(!tiles.is_empty())?,
    })
}

/// The pixels of a master.
pub(super) fn decode(master: &[u8]) -> Result<Image<u8>, Refusal> {
    // One thread: the process that reads may not start another.
    let options = heifer::Options { max_threads: 1, max_pixels: MAX_PIXELS };
    heifer::decode_rgba8(master, &options).map_err(|error| match error {
        heifer::Error::Unsupported(_) => Refusal::OtherPicture,
        _ => Refusal::Damaged,
    })
}

fn damaged(_: Error) -> Refusal {
    Refusal::Damaged
}

fn size(file: &HeifFile<'_>, id: ItemId) -> Result<(u32, u32), Refusal> {
    file.image_size(id).map_err(damaged)?.ok_or(Refusal::Damaged)
}

fn tiles(file: &HeifFile<'_>) -> Result<Vec<ItemId>, Refusal> {
    let grid = file.grid(file.primary_id).map_err(damaged)?;
    let tiles = file.referenced_items(file.primary_id, b"dimg");
    let count = usize::from(grid.rows) * usize::from(grid.columns);
    if tiles.len() != count || !(1..=MAX_TILES).contains(&count) {
        return Err(Refusal::Damaged);
    }
    let all_coded =
        tiles.iter().all(|id| file.item(*id).is_ok_and(|item| matches!(&item.item_type.0, b"hvc1" | b"hev1")));
    if all_coded { Ok(tiles.to_vec()) } else { Err(Refusal::OtherPicture) }
}

/// How the picture's own properties turn and mirror it, as the number that EXIF gives to it. (What its EXIF says does not count in HEIF.)
fn orientation(file: &HeifFile<'_>) -> Result<u8, Refusal> {
    let (mut is_mirrored, mut quarters, mut is_turned) = (false, 0_u8, false);
    for property in file.item_properties(file.primary_id).map_err(damaged)? {
        match property {
            Property::Rotation(counter_clockwise) => quarters += 4 - counter_clockwise % 4,
            // Top and bottom change places: left and right do, and half a turn.
            Property::Mirror(top_bottom) => {
                (is_mirrored, quarters) = (!is_mirrored, 4 - quarters % 4 + if *top_bottom { 2 } else { 0 });
            }
            // A cut that is made after a turn: no camera writes it.
            Property::CleanAperture { .. } if is_turned => return Err(Refusal::OtherPicture),
            _ => continue,
        }
        quarters %= 4;
        is_turned = quarters != 0 || is_mirrored;
    }
    Ok(match (is_mirrored, quarters) {
        (false, 0) => 1,
        (false, 1) => 6,
        (false, 2) => 3,
        (false, _) => 8,
        (true, 0) => 2,
        (true, 1) => 7,
        (true, 2) => 4,
        (true, _) => 5,
    })
}

/// A property as it stands: its name and what its box holds.
type Raw<'a> = ([u8; 4], &'a [u8]);

/// The properties in the order in which items name them.
fn raw_properties(bytes: &[u8]) -> Result<Vec<Raw<'_>>, Refusal> {
    let meta = child(bytes, b"meta")?.get(4..).ok_or(Refusal::Damaged)?;
    BoxIter::new(child(child(meta, b"iprp")?, b"ipco")?)
        .map(|property| property.map(|found| (found.header.box_type.0, found.content)).map_err(damaged))
        .collect()
}

fn child<'a>(bytes: &'a [u8], name: &[u8; 4]) -> Result<&'a [u8], Refusal> {
    let found = BoxIter::new(bytes).filter_map(Result::ok).filter(|found| found.header.box_type.0 == *name).last();
    found.map(|found| found.content).ok_or(Refusal::Damaged)
}

/// A container in the making: one picture and its tiles.
#[derive(Default)]
struct Fresh {
    items: Vec<Item>,
    /// Whole boxes, each once.
    properties: Vec<Vec<u8>>,
}

struct Item {
    kind: [u8; 4],
    data: Vec<u8>,
    /// Places in the list of properties, counted from one, with the mark that they must be understood.
    properties: Vec<(u16, bool)>,
}

impl Fresh {
    fn add(&mut self, file: &HeifFile<'_>, raw: &[Raw<'_>], id: ItemId) -> Result<(), Refusal> {
        let item = file.item(id).map_err(damaged)?;
        let data = file.item_data(id).map_err(damaged)?;
        let data = match file.hevc_config(id).map_err(damaged)? {
            Some(config) => slices(&data, usize::from(config.nal_length_size))?,
            None => data.into_owned(),
        };
        let mut properties = Vec::new();
        for named in &item.properties {
            let Some((name, content)) = usize::from(named.index).checked_sub(1).and_then(|at| raw.get(at)) else {
                continue;
            };
            if KEPT.contains(&name) {
                let content = if name == b"hvcC" { parameters(content)? } else { content.to_vec() };
                properties.push((self.place(boxed(*name, &content)?)?, named.essential));
            }
        }
        self.items.push(Item { kind: item.item_type.0, data, properties });
        Ok(())
    }

    fn place(&mut self, property: Vec<u8>) -> Result<u16, Refusal> {
        let at = self.properties.iter().position(|present| *present == property).unwrap_or_else(|| {
            self.properties.push(property);
            self.properties.len() - 1
        });
        // Fifteen bits, as the list of associations has them.
        u16::try_from(at + 1).ok().filter(|place| *place < 0x8000).ok_or(Refusal::Damaged)
    }

    fn write(&self, is_grid: bool) -> Result<Vec<u8>, Refusal> {
        let kind = boxed(*b"ftyp", b"heic\0\0\0\0mif1heic")?;
        // Where the data begins depends on the size of what says where: it is the same whatever it says.
        let begins = kind.len() + self.meta(0, is_grid)?.len() + 8;
        let meta = self.meta(u32::try_from(begins).map_err(|_| Refusal::TooLarge)?, is_grid)?;
        let data: Vec<u8> = self.items.iter().flat_map(|item| &item.data).copied().collect();
        Ok([kind, meta, boxed(*b"mdat", &data)?].concat())
    }

    fn meta(&self, begins: u32, is_grid: bool) -> Result<Vec<u8>, Refusal> {
        let handler = full(*b"hdlr", 0, 0, b"\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0")?;
        let primary = full(*b"pitm", 0, 0, &1_u16.to_be_bytes())?;
        let parts = [handler, primary, self.places(begins)?, self.kinds()?, self.tiles(is_grid)?, self.looks()?];
        full(*b"meta", 0, 0, &parts.concat())
    }

    /// `iinf`: what each item is; tiles are hidden.
    fn kinds(&self) -> Result<Vec<u8>, Refusal> {
        let mut entries = self.count()?.to_be_bytes().to_vec();
        for (id, item) in (1_u16..).zip(&self.items) {
            let entry = [&id.to_be_bytes()[..], &[0, 0], &item.kind, &[0]].concat();
            entries.extend(full(*b"infe", 2, u8::from(id > 1), &entry)?);
        }
        full(*b"iinf", 0, 0, &entries)
    }

    /// `iloc`: where each item's data lies.
    fn places(&self, begins: u32) -> Result<Vec<u8>, Refusal> {
        let mut entries = [&[0x44, 0][..], &self.count()?.to_be_bytes()].concat();
        let mut at = begins;
        for (id, item) in (1_u16..).zip(&self.items) {
            let size = u32::try_from(item.data.len()).map_err(|_| Refusal::TooLarge)?;
            entries.extend_from_slice(&id.to_be_bytes());
            entries.extend_from_slice(&[0, 0, 0, 1]);
            entries.extend_from_slice(&at.to_be_bytes());
            entries.extend_from_slice(&size.to_be_bytes());
            at = at.checked_add(size).ok_or(Refusal::TooLarge)?;
        }
        full(*b"iloc", 0, 0, &entries)
    }

    /// `iref`: the tiles of a grid; nothing for a picture in one piece.
    fn tiles(&self, is_grid: bool) -> Result<Vec<u8>, Refusal> {
        if !is_grid {
            return Ok(Vec::new());
        }
        let count = self.count()?;
        let ids = [1, count - 1].into_iter().chain(2..=count).flat_map(u16::to_be_bytes);
        full(*b"iref", 0, 0, &boxed(*b"dimg", &ids.collect::<Vec<u8>>())?)
    }

    /// `iprp`: the properties, and which item has which.
    fn looks(&self) -> Result<Vec<u8>, Refusal> {
        let mut entries = u32::from(self.count()?).to_be_bytes().to_vec();
        for (id, item) in (1_u16..).zip(&self.items) {
            entries.extend_from_slice(&id.to_be_bytes());
            entries.push(u8::try_from(item.properties.len()).map_err(|_| Refusal::Damaged)?);
            for (place, is_essential) in &item.properties {
                entries.extend_from_slice(&(place | if *is_essential { 0x8000 } else { 0 }).to_be_bytes());
            }
        }
        let list = boxed(*b"ipco", &self.properties.concat())?;
        boxed(*b"iprp", &[list, full(*b"ipma", 0, 1, &entries)?].concat())
    }

    fn count(&self) -> Result<u16, Refusal> {
        u16::try_from(self.items.len()).map_err(|_| Refusal::Damaged)
    }
}

/// Coded units with their lengths before them, without those that speak.
fn slices(data: &[u8], length_bytes: usize) -> Result<Vec<u8>, Refusal> {
    let mut walk = Walk::new(data);
    let mut kept = Vec::with_capacity(data.len());
    while !walk.is_at_end() {
        let prefix = walk.take(length_bytes).ok_or(Refusal::Damaged)?;
        let length = prefix.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let unit = walk.take(length).ok_or(Refusal::Damaged)?;
        if !speaks(unit) {
            kept.extend_from_slice(prefix);
            kept.extend_from_slice(unit);
        }
    }
    Ok(kept)
}

fn speaks(unit: &[u8]) -> bool {
    let kind = unit.first().map_or(UNDEFINED, |first| first >> 1 & 0x3f);
    SPOKEN.contains(&kind) || kind >= UNDEFINED
}

/// `hvcC` without the units that speak: 22 bytes of what the decoder must be able to do, then lists of units by kind.
fn parameters(content: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut walk = Walk::new(content);
    let head = walk.take(22).ok_or(Refusal::Damaged)?;
    let lists = walk.byte().ok_or(Refusal::Damaged)?;
    let (mut kept, mut count) = (Vec::new(), 0_u8);
    for _ in 0..lists {
        let kind = walk.byte().ok_or(Refusal::Damaged)?;
        let units = walk.u16_be().ok_or(Refusal::Damaged)?;
        let mut list = [&[kind][..], &units.to_be_bytes()].concat();
        for _ in 0..units {
            let length = walk.u16_be().ok_or(Refusal::Damaged)?;
            list.extend_from_slice(&length.to_be_bytes());
            list.extend_from_slice(walk.take(usize::from(length)).ok_or(Refusal::Damaged)?);
        }
        if !speaks(&[kind << 1]) {
            kept.extend(list);
            count += 1;
        }
    }
    Ok([head, &[count], &kept].concat())
}

fn boxed(name: [u8; 4], content: &[u8]) -> Result<Vec<u8>, Refusal> {
    let size = u32::try_from(content.len() + 8).map_err(|_| Refusal::TooLarge)?;
    Ok([&size.to_be_bytes()[..], &name, content].concat())
}

fn full(name: [u8; 4], version: u8, flags: u8, content: &[u8]) -> Result<Vec<u8>, Refusal> {
    boxed(name, &[&[version, 0, 0, flags], content].concat())
}

#[cfg(test)]
mod tests {
    use heifer::{EncodeOptions, Metadata, encode_with_metadata};
    use image::DynamicImage;

    use super::*;
    use crate::documents::pictures::tests::{MARK, as_stored, assert_clean, assert_upright, exif, holds, quarters};
    use crate::documents::pictures::{check, inspect, render};
    use crate::storage::Coding;

    fn encoded(picture: &DynamicImage) -> Vec<u8> {
        let pixels = picture.to_rgba16().into_raw().into_iter().map(|channel| channel >> 8).collect();
        let image =
            Image { width: picture.width(), height: picture.height(), bit_depth: 8, has_alpha: false, data: pixels };
        let xmp = [b"<x:xmpmeta>".as_slice(), MARK, b"</x:xmpmeta>"].concat();
        let metadata = Metadata { exif: Some(exif(6)), xmp: Some(xmp), icc_profile: None };
        encode_with_metadata(&image, &metadata, &EncodeOptions { quality: 90, max_threads: 1 }).unwrap()
    }

    /// The file with properties that turn and mirror it, and a sentence between its coded units.
    fn turned(file: &[u8], properties: &[([u8; 4], u8)]) -> Vec<u8> {
        let parsed = HeifFile::parse(file).unwrap();
        let raw = raw_properties(file).unwrap();
        let tiles = parsed.referenced_items(parsed.primary_id, b"dimg");
        let mut fresh = Fresh::default();
        for id in [parsed.primary_id].iter().chain(tiles) {
            fresh.add(&parsed, &raw, *id).unwrap();
        }
        for (name, value) in properties {
            let place = fresh.place(boxed(*name, &[*value]).unwrap()).unwrap();
            fresh.items[0].properties.push((place, true));
        }
        let said = [&[39 << 1, 1][..], MARK].concat();
        let last = fresh.items.last_mut().unwrap();
        last.data.splice(0..0, [&u32::try_from(said.len()).unwrap().to_be_bytes()[..], &said].concat());
        fresh.write(!tiles.is_empty()).unwrap()
    }

    #[test]
    fn every_orientation_comes_out_upright_and_without_metadata() {
        let ways: [&[([u8; 4], u8)]; 8] = [
            &[],
            &[(*b"imir", 1)],
            &[(*b"irot", 2)],
            &[(*b"imir", 0)],
            &[(*b"irot", 1), (*b"imir", 0)],
            &[(*b"irot", 3)],
            &[(*b"irot", 1), (*b"imir", 1)],
            &[(*b"irot", 1)],
        ];
        let upright = quarters(480, 360);
        for (orientation, way) in (1..=8).zip(ways) {
            let what = format!("orientation {orientation}");
            let stored = as_stored(&upright, orientation);
            let file = turned(&encoded(&stored), way);
            assert!(holds(&file, MARK));
            let inspected = inspect(&file).unwrap();
            assert_eq!((inspected.coding, inspected.orientation), (Coding::Heic, orientation), "{what}");
            assert_eq!((inspected.width, inspected.height), (stored.width(), stored.height()), "{what}");
            assert!(!holds(&inspected.master, MARK) && !holds(&inspected.master, b"Exif"), "{what}");
            let rendered = render(&inspected).unwrap();
            assert_upright(&rendered.reading, 480, 360, &what);
            assert_upright(&rendered.thumbnail, 320, 240, &what);
            assert_clean(&rendered.reading.bytes, &what);
        }
    }

    #[test]
    fn a_grid_of_tiles_keeps_its_pixels_and_its_master_is_its_own() {
        let file = encoded(&quarters(1_300, 900));
        let parsed = HeifFile::parse(&file).unwrap();
        assert_eq!(parsed.primary_item().unwrap().item_type.0, *b"grid");
        let inspected = inspect(&file).unwrap();
        for secret in [MARK, b"Exif", b"xmpmeta"] {
            assert!(holds(&file, secret) && !holds(&inspected.master, secret));
        }
        assert_eq!(heifer::decode(&file).unwrap(), heifer::decode(&inspected.master).unwrap());
        assert_eq!(inspect(&inspected.master).unwrap().master, inspected.master);
        assert_upright(&render(&inspected).unwrap().reading, 1_300, 900, "grid");
    }

    #[test]
    fn a_broken_file_is_refused_and_never_panics() {
        let file = encoded(&quarters(96, 64));
        for end in 12..file.len() - 1 {
            assert!(check(&file[..end]).is_err(), "cut at {end}");
        }
        for at in 0..file.len() {
            for value in [0, 0xff, file[at] ^ 0x41] {
                let mut changed = file.clone();
                changed[at] = value;
                if let Ok(passed) = check(&changed) {
                    assert!(!holds(&passed.master.bytes, MARK), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_a_pixel_is_read() {
        let file = encoded(&quarters(96, 64));
        let at = file.windows(4).position(|name| name == b"ispe").unwrap() + 8;
        for side in [20_001_u32, u32::MAX] {
            let mut changed = file.clone();
            changed[at..at + 4].copy_from_slice(&side.to_be_bytes());
            assert_eq!(inspect(&changed).unwrap_err(), Refusal::TooLarge);
        }
    }
}
