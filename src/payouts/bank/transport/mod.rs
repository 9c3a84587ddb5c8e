//! How files go to a bank and come from it. A file counts once its `.ok` stands beside it: before that nobody reads it, on either side.

mod bucket;
mod directory;
mod sftp;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncReadExt as _};

pub use bucket::Bucket;
pub use directory::Directory;
pub use sftp::Sftp;

use crate::config::BankFiles;
use crate::gm::MAX_SIGNATURE_BYTES;
use crate::storage;

/// What stands beside a file that is complete; it may hold the file's SHA-256 in hex.
const OK: &str = ".ok";
/// A detached signature of a file.
const SIGNATURE: &str = ".p7s";
/// Endings of what belongs to another file.
const BESIDE: [&str; 4] = [OK, SIGNATURE, ".sig", ".tmp"];

/// How handing a file over ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is complete where the bank looks. That the bank has it is not proved.
    Done,
    /// Proved: this try left nothing that the bank could take for the file. None of before did either: after one that may have, the batch is in
    /// doubt, and none follows.
    NothingThere {
        /// What happened, in a fixed word.
        why: &'static str,
    },
    /// Everything else.
    Unknown {
        /// What happened, in a fixed word.
        why: &'static str,
    },
}

/// A file that the bank has completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Its name.
    pub name: String,
    /// The digest that its `.ok` names, hex.
    pub sha256: Option<String>,
    /// True when it was changed after its `.ok` was written.
    pub changed: bool,
}

/// Why something could not be read or moved; for the operator, without anything personal.
#[derive(Debug, thiserror::Error)]
#[error("the bank's files can't be {doing}: {reason}")]
pub struct TransportError {
    /// What was tried.
    pub doing: &'static str,
    /// What was said.
    pub reason: String,
}

impl TransportError {
    fn new(doing: &'static str, reason: impl std::fmt::Display) -> Self {
        Self { doing, reason: reason.to_string() }
    }
}

/// A file on its way in.
pub type Incoming = Pin<Box<dyn AsyncRead + Send>>;

/// A place where files are left for a bank and found from it.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Where it is, for `doctor` and logs.
    fn place(&self) -> String;

    /// Whether it can be reached.
    ///
    /// # Errors
    /// Says why not.
    async fn ready(&self) -> Result<(), TransportError>;

    /// Leaves a file for the bank: whole or not at all, the signature before its `.ok`, the `.ok` last. The same file again is no harm; another
    /// content under the same name is never written.
    async fn put(&self, name: &str, bytes: Vec<u8>, sha256: &str, signature: Option<Vec<u8>>) -> Put;

    /// The files that the bank has completed, by name.
    ///
    /// # Errors
    /// Says what failed.
    async fn list(&self) -> Result<Vec<Offered>, TransportError>;

    /// One of them, as a stream.
    ///
    /// # Errors
    /// Says what failed.
    async fn get(&self, name: &str) -> Result<Incoming, TransportError>;

    /// The signature that stands beside one of them; none when there is none. Of one longer than any signature only a part is given, which is
    /// none.
    ///
    /// # Errors
    /// Says what failed.
    async fn signature(&self, name: &str) -> Result<Option<Vec<u8>>, TransportError>;

    /// Moves a file that was taken, with what stands beside it, to the archive.
    ///
    /// # Errors
    /// Says what failed; it is offered again then.
    async fn archive(&self, name: &str) -> Result<(), TransportError>;
}

/// The place that a configuration names.
#[must_use]
pub fn open(files: &BankFiles) -> Arc<dyn Transport> {
    match (&files.directory, &files.bucket, &files.sftp) {
        (None, None, Some(sftp)) => Arc::new(Sftp::new(sftp)),
        (None, Some(bucket), _) => {
            let secret = files.secret_access_key.as_ref().map_or("", |secret| secret.reveal().as_str());
            let (endpoint, id) =
                (files.endpoint.clone().unwrap_or_default(), files.access_key_id.as_deref().unwrap_or(""));
            let client = storage::client(endpoint, files.region.clone(), id, secret);
            Arc::new(Bucket::new(client, bucket.clone(), &files.prefix))
        }
        (directory, ..) => Arc::new(Directory::new(directory.clone().unwrap_or_default())),
    }
}

/// Whether `text` is a host key that can be pinned: Ed25519 or ECDSA, in the form of OpenSSH.
#[must_use]
pub fn is_host_key(text: &str) -> bool {
    sftp::host_key(text).is_some()
}

/// True for a file itself, false for what stands beside one.
fn is_file(name: &str) -> bool {
    !name.starts_with('.') && !BESIDE.iter().any(|ending| name.ends_with(ending))
}

/// The digest in a `.ok`, when it names one.
fn digest_in(text: &[u8]) -> Option<String> {
    let word = std::str::from_utf8(text).ok()?.split_ascii_whitespace().next()?;
    let is_digest = word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| word.to_ascii_lowercase())
}

/// Most bytes of a `.ok` that are read.
const OK_BYTES: usize = 4_096;
/// Most bytes of a signature that are read: one more than any has.
const SIGNATURE_BYTES: u64 = MAX_SIGNATURE_BYTES as u64 + 1;

/// What stands in a file beside another one, at most `most` bytes of it.
async fn few(source: impl AsyncRead + Unpin, most: u64) -> Result<Vec<u8>, TransportError> {
    let mut bytes = Vec::new();
    source.take(most).read_to_end(&mut bytes).await.map_err(|error| TransportError::new("read", error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_beside_a_file_is_none() {
        for (name, expected) in [
            ("a.xml", true),
            ("a.xml.ok", false),
            ("a.xml.p7s", false),
            ("a.sig", false),
            (".a", false),
            ("a.tmp", false),
        ] {
            assert_eq!(is_file(name), expected, "{name}");
        }
        let digest = "0123456789ABCDEFabcdef0123456789abcdef0123456789abcdef0123456789";
        assert_eq!(digest_in(format!("{digest}  a.xml\n").as_bytes()), Some(digest.to_ascii_lowercase()));
        assert!(digest_in(b"").is_none() && digest_in(b"ok").is_none() && digest_in(b"\xff").is_none());
    }
}
