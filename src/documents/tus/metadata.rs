//! `Upload-Metadata`: names and Base64 values, separated by commas. Pure.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use uuid::Uuid;

use crate::documents::state::DocumentKind;

const MAX_BYTES: usize = 4_096;

/// What a client says of a file when it creates an upload. Other names (`filename`, `filetype`) are allowed and not kept:
/// a file's name may hold a person's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// The claim that the file belongs to.
    pub claim_id: Uuid,
    /// What it shows.
    pub kind: DocumentKind,
    /// SHA-256 of the whole file, if the client says it.
    pub sha256: Option<[u8; 32]>,
}

/// The first name in the header that is missing or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongMetadata(pub &'static str);

/// Reads the header's value.
///
/// # Errors
/// [`WrongMetadata`] with the name at fault.
pub fn parse(header: &str) -> Result<Metadata, WrongMetadata> {
    if header.len() > MAX_BYTES {
        return Err(WrongMetadata("Upload-Metadata"));
    }
    let (mut claim_id, mut kind, mut sha256) = (None, None, None);
    for pair in header.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (name, encoded) = pair.split_once(' ').unwrap_or((pair, ""));
        let value = BASE64_STANDARD
            .decode(encoded.trim())
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or(WrongMetadata("Upload-Metadata"))?;
        match name {
            "claim_id" => claim_id = Some(Uuid::try_parse(&value).map_err(|_| WrongMetadata("claim_id"))?),
            "kind" => kind = Some(DocumentKind::parse(&value).ok_or(WrongMetadata("kind"))?),
            "sha256" => sha256 = Some(parse_sha256(&value).ok_or(WrongMetadata("sha256"))?),
            _ => {}
        }
    }
    Ok(Metadata {
        claim_id: claim_id.ok_or(WrongMetadata("claim_id"))?,
        kind: kind.ok_or(WrongMetadata("kind"))?,
        sha256,
    })
}

/// A SHA-256 as 64 hexadecimal digits.
pub fn parse_sha256(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(pairs: &[(&str, &str)]) -> String {
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name} {}", BASE64_STANDARD.encode(value))).collect();
        pairs.join(",")
    }

    #[test]
    fn what_is_needed_is_read_and_the_rest_is_let_be() {
        let claim_id = Uuid::from_u128(7);
        let id = claim_id.to_string();
        let hash = "ab".repeat(32);
        let text = header(&[("claim_id", &id), ("filename", "张三.jpg"), ("kind", "bill"), ("sha256", &hash)]);
        assert_eq!(
            parse(&format!("{text},is_confidential")),
            Ok(Metadata { claim_id, kind: DocumentKind::Bill, sha256: Some([0xab; 32]) })
        );
        let text = header(&[("claim_id", &id), ("kind", "bill")]);
        assert_eq!(parse(&text).unwrap().sha256, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let id = Uuid::from_u128(7).to_string();
        for (text, wrong) in [
            (String::new(), "claim_id"),
            (header(&[("claim_id", "7"), ("kind", "bill")]), "claim_id"),
            (header(&[("claim_id", &id)]), "kind"),
            (header(&[("claim_id", &id), ("kind", "selfie")]), "kind"),
            (header(&[("claim_id", &id), ("kind", "bill"), ("sha256", "ab")]), "sha256"),
            ("claim_id not*base64".to_owned(), "Upload-Metadata"),
            ("a ".repeat(4_000), "Upload-Metadata"),
        ] {
            assert_eq!(parse(&text), Err(WrongMetadata(wrong)), "{text:.60}");
        }
    }
}
