//! The photographs: those of the command line, or the three that the program ships.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::documents::DocumentKind;

const SETTLEMENT_SHEET: &[u8] = include_bytes!("../../../samples/settlement-sheet.jpg");
const E_BILL: &[u8] = include_bytes!("../../../samples/e-bill.jpg");
const ID_CARD: &[u8] = include_bytes!("../../../samples/id-card-specimen.jpg");

/// A photograph and what it shows.
pub(super) struct Photo {
    pub name: String,
    pub kind: String,
    pub bytes: Vec<u8>,
    pub sha256: String,
}

impl Photo {
    fn new(name: &str, kind: &str, bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { name: name.to_owned(), kind: kind.to_owned(), bytes, sha256 }
    }
}

/// Reads what the command line names. Without a kind, the file's name tells it; else the first is the settlement sheet, the second the bill
/// and the third the identity card. A claim needs an identity card: the specimen goes along when none was given.
pub(super) fn read(arguments: &[String]) -> anyhow::Result<Vec<Photo>> {
    if arguments.is_empty() {
        return Ok(vec![
            Photo::new("settlement-sheet.jpg", "settlement_sheet", SETTLEMENT_SHEET.to_vec()),
            Photo::new("e-bill.jpg", "bill", E_BILL.to_vec()),
            specimen(),
        ]);
    }
    let mut photos = Vec::new();
    for (index, argument) in arguments.iter().enumerate() {
        let (kind, path) = match argument.split_once('=') {
            Some((kind, path)) if DocumentKind::parse(kind).is_some() => (kind, path),
            _ => (kind_of(argument, index), argument.as_str()),
        };
        let bytes = std::fs::read(path).map_err(|error| anyhow::anyhow!("{path}: {error}"))?;
        let name = Path::new(path).file_name().map_or_else(|| path.into(), |name| name.to_string_lossy());
        photos.push(Photo::new(&name, kind, bytes));
    }
    if !photos.iter().any(|photo| photo.kind == "id_card") {
        photos.push(specimen());
    }
    Ok(photos)
}

fn specimen() -> Photo {
    Photo::new("id-card-specimen.jpg", "id_card", ID_CARD.to_vec())
}

fn kind_of(path: &str, index: usize) -> &'static str {
    let name = path.to_lowercase();
    if name.contains("id-card") || name.contains("id_card") || name.contains("身份证") {
        return "id_card";
    }
    if name.contains("settlement") || name.contains("结算") {
        return "settlement_sheet";
    }
    if name.contains("bill") || name.contains("票据") || name.contains("发票") {
        return "bill";
    }
    match index {
        0 => "settlement_sheet",
        1 => "bill",
        2 => "id_card",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_or_the_place_tells_what_a_photo_shows() {
        assert_eq!(kind_of("/tmp/IMG_1.jpg", 0), "settlement_sheet");
        assert_eq!(kind_of("/tmp/IMG_2.jpg", 1), "bill");
        assert_eq!(kind_of("my-ID-card.png", 0), "id_card");
        assert_eq!(kind_of("发票.jpg", 0), "bill");
        assert_eq!(kind_of("IMG_9.jpg", 7), "other");
    }

    #[test]
    fn without_an_argument_there_are_three() {
        let kinds: Vec<_> = read(&[]).unwrap().into_iter().map(|photo| photo.kind).collect();
        assert_eq!(kinds, ["settlement_sheet", "bill", "id_card"]);
    }
}
