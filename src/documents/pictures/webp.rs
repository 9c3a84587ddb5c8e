//! WebP: a walk from chunk to chunk of the RIFF container.

use super::lossless::table_bytes;
use super::walk::Walk;
use super::{Refusal, Walked, orientation};

const ALPHA_FLAG: u8 = 0x10;
const ANIMATION_FLAG: u8 = 0x02;

/// Walks a WebP file up to the end that its header names; EXIF, XMP, profiles and whatever follows are left out.
pub(super) fn walk(bytes: &[u8]) -> Result<Walked, Refusal> {
    let mut file = Walk::new(bytes);
    file.take(4).ok_or(Refusal::Damaged)?;
    let size = usize::try_from(file.u32_le().ok_or(Refusal::Damaged)?).map_err(|_| Refusal::Damaged)?;
    let mut body = Walk::new(file.take(size).ok_or(Refusal::Damaged)?);
    body.take(4).ok_or(Refusal::Damaged)?;
    let (mut exif, mut alpha, mut pixels, mut canvas) = (None, None, None, None);
    while !body.is_at_end() {
        let kind: [u8; 4] = body.array().ok_or(Refusal::Damaged)?;
        let length = usize::try_from(body.u32_le().ok_or(Refusal::Damaged)?).map_err(|_| Refusal::Damaged)?;
        let data = body.take(length).ok_or(Refusal::Damaged)?;
        if length % 2 == 1 && !body.is_at_end() {
            body.take(1).ok_or(Refusal::Damaged)?;
        }
        match &kind {
            b"VP8X" => canvas = Some(read_canvas(data)?),
            b"ANIM" | b"ANMF" => return Err(Refusal::Animated),
            b"ALPH" => alpha = Some(data),
            b"VP8 " | b"VP8L" if pixels.is_none() => pixels = Some((kind, data)),
            b"EXIF" => exif = Some(data.strip_prefix(b"Exif\0\0").unwrap_or(data).to_vec()),
            _ => {}
        }
    }
    let (kind, data) = pixels.ok_or(Refusal::Damaged)?;
    let (width, height) =
        if &kind == b"VP8L" { lossless_size(data) } else { lossy_size(data) }.ok_or(Refusal::Damaged)?;
    if canvas.is_some_and(|canvas| canvas != (width, height)) {
        return Err(Refusal::Damaged);
    }
    let alpha = alpha.filter(|_| &kind == b"VP8 ");
    // What is coded without loss: the picture behind its five bytes of size, or the alpha channel behind the byte that says how.
    let lossless = match (&kind, alpha) {
        (b"VP8L", _) => data.get(5..),
        (_, Some([how, rest @ ..])) if how & 0b11 != 0 => Some(rest),
        _ => None,
    };
    let tables = match lossless {
        Some(stream) => table_bytes(stream, width, height).ok_or(Refusal::Damaged)?,
        None => 0,
    };
    Ok(Walked {
        width,
        height,
        orientation: orientation::of_exif(exif.as_deref()),
        icc: None,
        // Colour, its copy, and an eighth for the planes of a lossless stream; alpha is decoded to four bytes, then one.
        decode_bytes_per_pixel: if alpha.is_some() { 13 } else { 8 },
        decode_bytes_besides: tables,
        master: container(kind, data, alpha, width, height),
    })
}

fn read_canvas(data: &[u8]) -> Result<(u32, u32), Refusal> {
    let [flags, _, _, _, w0, w1, w2, h0, h1, h2] = *data else { return Err(Refusal::Damaged) };
    if flags & ANIMATION_FLAG != 0 {
        return Err(Refusal::Animated);
    }
    Ok((u32::from_le_bytes([w0, w1, w2, 0]) + 1, u32::from_le_bytes([h0, h1, h2, 0]) + 1))
}

fn lossy_size(data: &[u8]) -> Option<(u32, u32)> {
    let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *data else { return None };
    let (width, height) = (u16::from_le_bytes([w0, w1]) & 0x3fff, u16::from_le_bytes([h0, h1]) & 0x3fff);
    (width > 0 && height > 0).then_some((u32::from(width), u32::from(height)))
}

fn lossless_size(data: &[u8]) -> Option<(u32, u32)> {
    let [0x2f, a, b, c, d, ..] = *data else { return None };
    let bits = u32::from_le_bytes([a, b, c, d]);
    Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
}

fn container(kind: [u8; 4], data: &[u8], alpha: Option<&[u8]>, width: u32, height: u32) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    if let Some(alpha) = alpha {
        let mut canvas = vec![ALPHA_FLAG, 0, 0, 0];
        canvas.extend((width - 1).to_le_bytes().into_iter().take(3));
        canvas.extend((height - 1).to_le_bytes().into_iter().take(3));
        chunk(&mut body, *b"VP8X", &canvas);
        chunk(&mut body, *b"ALPH", alpha);
    }
    chunk(&mut body, kind, data);
    let mut file = b"RIFF".to_vec();
    file.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    file.extend_from_slice(&body);
    file
}

fn chunk(body: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    body.extend_from_slice(&kind);
    body.extend_from_slice(&u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    body.extend_from_slice(data);
    if data.len() % 2 == 1 {
        body.push(0);
    }
}
