//! `Upload-Checksum`: the hash that a request's own bytes must have, or none of them is kept. Pure.

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::http::{Code, Problem};
use crate::kernel::text::Text;

/// The algorithms that are taken, as they are advertised.
pub(super) const ALGORITHMS: &str = "sha1,sha256";

pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName = HeaderName::from_static("tus-checksum-algorithm");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// What a request promised of its bytes, and those that came so far.
pub(super) struct Checksum {
    promised: Vec<u8>,
    seen: Seen,
}

enum Seen {
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Checksum {
    /// Reads the header; nothing when there is none.
    ///
    /// # Errors
    /// `malformed_request` for an algorithm that is not taken, or a value that is no hash of it.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(&UPLOAD_CHECKSUM) else { return Ok(None) };
        let (algorithm, encoded) = value.to_str().unwrap_or_default().trim().split_once(' ').unwrap_or_default();
        let (seen, length) = match algorithm {
            "sha1" => (Seen::Sha1(Sha1::new()), 20),
            "sha256" => (Seen::Sha256(Sha256::new()), 32),
            _ => return Err(refused("unknown_algorithm")),
        };
        let promised = BASE64_STANDARD.decode(encoded.trim()).ok().filter(|hash| hash.len() == length);
        Ok(Some(Self { promised: promised.ok_or_else(|| refused("missing_or_wrong"))?, seen }))
    }

    /// Takes bytes in.
    pub(super) fn got(&mut self, bytes: &[u8]) {
        match &mut self.seen {
            Seen::Sha1(hasher) => hasher.update(bytes),
            Seen::Sha256(hasher) => hasher.update(bytes),
        }
    }

    /// Whether the bytes that came are those that were promised.
    pub(super) fn holds(self) -> bool {
        match self.seen {
            Seen::Sha1(hasher) => hasher.finalize().as_slice() == self.promised,
            Seen::Sha256(hasher) => hasher.finalize().as_slice() == self.promised,
        }
    }
}

fn refused(code: &'static str) -> Problem {
    Problem::new(Code::MalformedRequest)
        .field(
            "header:Upload-Checksum",
            code,
            Text::fixed(
                "应为 sha1 或 sha256，空格，再加该摘要的 Base64 值",
                "sha1 or sha256, a space, and the hash in Base64",
            ),
        )
        .header(TUS_CHECKSUM_ALGORITHM, HeaderValue::from_static(ALGORITHMS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<Checksum>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(UPLOAD_CHECKSUM, HeaderValue::from_str(value).unwrap());
        Checksum::of(&headers)
    }

    #[test]
    fn a_hash_holds_for_its_own_bytes_alone() {
        // The first is the protocol's own example; both are of "hello world", by coreutils.
        for value in ["sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=", "sha256 uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="] {
            for (pieces, holds) in [
                (["hello", " world"], true),
                (["hello world", ""], true),
                (["hello", "world"], false),
                (["", ""], false),
            ] {
                let mut checksum = read(value).unwrap().unwrap();
                pieces.iter().for_each(|piece| checksum.got(piece.as_bytes()));
                assert_eq!(checksum.holds(), holds, "{value} {pieces:?}");
            }
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        assert!(Checksum::of(&HeaderMap::new()).unwrap().is_none());
        for value in [
            "",
            "sha1",
            "md5 XrY7u+Ae7tCTyyK7j1rNww==",
            "SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
            "sha1 ***",
            "sha1 AAAA",
            "sha256 Kq5sNclPz7QV2+lfQIuc6R7oRu0=",
        ] {
            assert_eq!(read(value).err().map(|problem| problem.code()), Some(Code::MalformedRequest), "{value}");
        }
    }
}
