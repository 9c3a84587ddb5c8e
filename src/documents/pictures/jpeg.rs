//! JPEG: a walk from marker to marker up to the end of the picture.

use super::walk::Walk;
use super::{Refusal, Walked, orientation};

const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: [u8; 2] = [0xff, 0xd9];
const EXIF_HEAD: &[u8] = b"Exif\0\0";
const ICC_HEAD: &[u8] = b"ICC_PROFILE\0";
const MAX_ICC_BYTES: usize = 1024 * 1024;
/// A progressive photo has about ten scans; thousands of them are an attack on the decoder's time.
const MAX_SCANS: u32 = 64;

struct Frame {
    width: u16,
    height: u16,
    components: u8,
    is_progressive: bool,
}

#[derive(Default)]
struct Parts {
    frame: Option<Frame>,
    jfif: Option<[u8; 16]>,
    adobe: Option<[u8; 12]>,
    exif: Option<Vec<u8>>,
    icc_segments: Vec<(u8, u8, Vec<u8>)>,
    /// Tables, frame and scans, as they were.
    picture: Vec<u8>,
    scans: u32,
    /// The first scan holds every component.
    is_whole: bool,
}

/// Walks a JPEG file up to its end marker; whatever follows (a second picture, a film, an archive) is left out.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked, Refusal> {
    let mut walk = Walk::new(bytes);
    if walk.array() != Some(SOI) {
        return Err(Refusal::Damaged);
    }
    let mut parts = Parts::default();
    while let Some(marker) = next_marker(&mut walk)? {
        read_segment(&mut walk, marker, &mut parts)?;
    }
    finish(parts)
}

/// The next marker; nothing at the end of the picture.
fn next_marker(walk: &mut Walk<'_>) -> Result<Option<u8>, Refusal> {
    if walk.byte() != Some(0xff) {
        return Err(Refusal::Damaged);
    }
    loop {
        match walk.byte().ok_or(Refusal::Damaged)? {
            0xff => {}
            0xd9 => return Ok(None),
            marker => return Ok(Some(marker)),
        }
    }
}

fn read_segment(walk: &mut Walk<'_>, marker: u8, parts: &mut Parts) -> Result<(), Refusal> {
    match marker {
        // No length, nothing in it: a restart marker or TEM out of place.
        0x01 | 0xd0..=0xd7 => return Ok(()),
        0x00 | 0xd8 => return Err(Refusal::Damaged),
        _ => {}
    }
    let length = walk.u16_be().ok_or(Refusal::Damaged)?;
    let payload = length.checked_sub(2).and_then(|size| walk.take(usize::from(size))).ok_or(Refusal::Damaged)?;
    match marker {
        0xc0..=0xc2 => {
            if parts.frame.replace(frame(marker, payload)?).is_some() {
                return Err(Refusal::Damaged);
            }
            keep(parts, marker, length, payload);
        }
        0xc4 | 0xdb | 0xdd => keep(parts, marker, length, payload),
        0xda => {
            parts.scans += 1;
            if parts.frame.is_none() || parts.scans > MAX_SCANS {
                return Err(Refusal::Damaged);
            }
            keep(parts, marker, length, payload);
            if parts.scans == 1 {
                let components = parts.frame.as_ref().map(|frame| frame.components);
                parts.is_whole = payload.first().copied() == components;
            }
            let entropy = entropy(walk);
            parts.picture.extend_from_slice(entropy);
        }
        // Lossless, hierarchical and arithmetic coding, and a height that comes after the scan: no camera writes them.
        0xc3 | 0xc5..=0xcf | 0xdc | 0xde | 0xdf => return Err(Refusal::OtherPicture),
        0xe0 => parts.jfif = jfif(payload).or(parts.jfif),
        0xe1 if parts.exif.is_none() => parts.exif = payload.strip_prefix(EXIF_HEAD).map(<[u8]>::to_vec),
        0xe2 => parts.icc_segments.extend(icc_segment(payload)),
        0xee => parts.adobe = adobe(payload).or(parts.adobe),
        // Every other application segment and comment: left out.
        _ => {}
    }
    Ok(())
}

fn keep(parts: &mut Parts, marker: u8, length: u16, payload: &[u8]) {
    parts.picture.extend_from_slice(&[0xff, marker]);
    parts.picture.extend_from_slice(&length.to_be_bytes());
    parts.picture.extend_from_slice(payload);
}

fn frame(marker: u8, payload: &[u8]) -> Result<Frame, Refusal> {
    let mut walk = Walk::new(payload);
    let precision = walk.byte().ok_or(Refusal::Damaged)?;
    let height = walk.u16_be().ok_or(Refusal::Damaged)?;
    let width = walk.u16_be().ok_or(Refusal::Damaged)?;
    let components = walk.byte().ok_or(Refusal::Damaged)?;
    if precision != 8 || !matches!(components, 1 | 3 | 4) {
        return Err(Refusal::OtherPicture);
    }
    if width == 0 || height == 0 {
        return Err(Refusal::Damaged);
    }
    Ok(Frame { width, height, components, is_progressive: marker == 0xc2 })
}

/// The coded pixels of one scan: up to the next marker that is neither a stuffed byte nor a restart.
fn entropy<'a>(walk: &mut Walk<'a>) -> &'a [u8] {
    let rest = walk.rest();
    let end = rest
        .windows(2)
        .position(|pair| matches!(pair, [0xff, next] if !matches!(next, 0x00 | 0xd0..=0xd7 | 0xff)))
        .unwrap_or(rest.len());
    walk.take(end).unwrap_or_default()
}

/// The JFIF header without its preview picture: version, units and density.
fn jfif(payload: &[u8]) -> Option<[u8; 16]> {
    let facts = payload.strip_prefix(b"JFIF\0")?.get(..7)?;
    // Length, name, then the facts, then "no preview".
    let mut head = *b"\x00\x10JFIF\0.......\0\0";
    head.get_mut(7..14)?.copy_from_slice(facts);
    Some(head)
}

/// What Adobe's segment says of the colour transform: without it, colours turn out wrong.
fn adobe(payload: &[u8]) -> Option<[u8; 12]> {
    let facts: [u8; 12] = payload.get(..12)?.try_into().ok()?;
    facts.starts_with(b"Adobe").then_some(facts)
}

fn icc_segment(payload: &[u8]) -> Option<(u8, u8, Vec<u8>)> {
    match payload.strip_prefix(ICC_HEAD)? {
        [number, count, part @ ..] => Some((*number, *count, part.to_vec())),
        _ => None,
    }
}

/// The colour profile, when its segments are complete and it is what it says.
fn icc(mut segments: Vec<(u8, u8, Vec<u8>)>) -> Option<Vec<u8>> {
    segments.sort_by_key(|(number, ..)| *number);
    let count = u8::try_from(segments.len()).ok()?;
    if !(1..=count).zip(&segments).all(|(expected, (number, of, _))| *number == expected && *of == count) {
        return None;
    }
    let profile: Vec<u8> = segments.into_iter().flat_map(|(.., part)| part).collect();
    let size = u32::from_be_bytes(profile.get(..4)?.try_into().ok()?);
    let is_sound = profile.get(36..40) == Some(b"acsp") && usize::try_from(size) == Ok(profile.len());
    (is_sound && profile.len() <= MAX_ICC_BYTES).then_some(profile)
}

fn finish(parts: Parts) -> Result<Walked, Refusal> {
    let frame = parts.frame.ok_or(Refusal::Damaged)?;
    if parts.scans == 0 {
        return Err(Refusal::Damaged);
    }
    let icc = icc(parts.icc_segments);
    let mut master = Vec::with_capacity(parts.picture.len() + 4096);
    master.extend_from_slice(&SOI);
    if let Some(jfif) = parts.jfif {
        master.extend_from_slice(&[0xff, 0xe0]);
        master.extend_from_slice(&jfif);
    }
    if let Some(adobe) = parts.adobe {
        master.extend_from_slice(&[0xff, 0xee, 0x00, 0x0e]);
        master.extend_from_slice(&adobe);
    }
    if let Some(profile) = &icc {
        write_icc(profile, &mut master);
    }
    master.extend_from_slice(&parts.picture);
    master.extend_from_slice(&EOI);
    let components = u64::from(frame.components);
    let keeps_coefficients = frame.is_progressive || !parts.is_whole;
    Ok(Walked {
        width: u32::from(frame.width),
        height: u32::from(frame.height),
        orientation: orientation::of_exif(parts.exif.as_deref()),
        icc,
        // A picture whose first scan does not finish it keeps every coefficient (two bytes) until its last.
        decode_bytes_per_pixel: 3 + if keeps_coefficients { 2 * components } else { 0 },
        decode_bytes_besides: 0,
        master,
    })
}

fn write_icc(profile: &[u8], master: &mut Vec<u8>) {
    const PART_BYTES: usize = 65_535 - 2 - ICC_HEAD.len() - 2;
    let count = u8::try_from(profile.len().div_ceil(PART_BYTES)).unwrap_or(u8::MAX);
    for (number, part) in (1..=count).zip(profile.chunks(PART_BYTES)) {
        let length = u16::try_from(2 + ICC_HEAD.len() + 2 + part.len()).unwrap_or(u16::MAX);
        master.extend_from_slice(&[0xff, 0xe2]);
        master.extend_from_slice(&length.to_be_bytes());
        master.extend_from_slice(ICC_HEAD);
        master.extend_from_slice(&[number, count]);
        master.extend_from_slice(part);
    }
}
