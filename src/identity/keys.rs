//! The keys that sign access tokens: two PKCS#8 files of mode 0600, made at first start.
//!
//! `current` signs; `next` is published so that a client that caches the key set knows it before it signs; `previous`, when there is
//! one, only verifies until the last token it signed has expired. A key is named by its thumbprint (RFC 7638).

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::kernel::chance::Chance;

const CURRENT: &str = "access-current.pem";
const NEXT: &str = "access-next.pem";
const PREVIOUS: &str = "access-previous.pem";
/// Group and others may do nothing with a key file.
const FOREIGN_BITS: u32 = 0o077;

/// Why the signing keys cannot be used. Names the file, never what is in it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file or its directory cannot be read or written.
    #[error("the key file {path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Somebody else than the owner may read the file.
    #[error(
        "the key file {0} is readable by others: run `chmod 600` on it, and replace the key if others could read it"
    )]
    Exposed(PathBuf),
    /// The file holds no Ed25519 key in PKCS#8 PEM.
    #[error("the key file {0} holds no Ed25519 key in PKCS#8 PEM")]
    Malformed(PathBuf),
}

/// One signing key and its name.
pub struct SigningPair {
    /// The thumbprint of the public key (RFC 7638), base64url.
    pub kid: String,
    key: SigningKey,
}

impl SigningPair {
    fn new(key: SigningKey) -> Self {
        Self { kid: thumbprint(&key), key }
    }

    /// The public key, 32 bytes.
    #[must_use]
    pub fn public_bytes(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// The private key as PKCS#8 DER; `None` when it cannot be encoded.
    #[must_use]
    pub fn private_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        self.key.to_pkcs8_der().ok().map(|der| Zeroizing::new(der.as_bytes().to_vec()))
    }
}

/// The keys of this installation.
pub struct SigningKeys {
    /// Signs and verifies.
    pub current: SigningPair,
    /// Published, and verifies what another process signs that has rotated already.
    pub next: SigningPair,
    /// Verifies until its last token has expired.
    pub previous: Option<SigningPair>,
}

impl SigningKeys {
    /// Reads the keys under `directory`, and makes those that are missing.
    ///
    /// # Errors
    /// See [`KeyError`]. A key that others can read is refused.
    pub fn load_or_make(directory: &Path, chance: &dyn Chance) -> Result<Self, KeyError> {
        make_directory(directory)?;
        let previous = directory.join(PREVIOUS);
        Ok(Self {
            current: load_or_make(&directory.join(CURRENT), chance)?,
            next: load_or_make(&directory.join(NEXT), chance)?,
            previous: if previous.exists() { Some(load(&previous)?) } else { None },
        })
    }

    /// `next` becomes `current`, `current` becomes `previous`, and a new `next` is made. Running processes take it up at their next start.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn rotate(directory: &Path, chance: &dyn Chance) -> Result<Self, KeyError> {
        let _complete = Self::load_or_make(directory, chance)?;
        let [current, next, previous] = [CURRENT, NEXT, PREVIOUS].map(|name| directory.join(name));
        rename(&current, &previous)?;
        rename(&next, &current)?;
        Self::load_or_make(directory, chance)
    }

    /// Keys that live only in memory: for tests and for printing the OpenAPI document.
    #[must_use]
    pub fn in_memory(chance: &dyn Chance) -> Self {
        let make = || SigningPair::new(SigningKey::from_bytes(&Zeroizing::new(chance.bytes())));
        Self { current: make(), next: make(), previous: None }
    }

    /// Every key that verifies.
    pub fn all(&self) -> impl Iterator<Item = &SigningPair> {
        [Some(&self.current), Some(&self.next), self.previous.as_ref()].into_iter().flatten()
    }
}

fn make_directory(directory: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|source| io_error(directory, source))
}

fn load_or_make(path: &Path, chance: &dyn Chance) -> Result<SigningPair, KeyError> {
    if !path.exists() {
        make(path, chance)?;
    }
    load(path)
}

fn load(path: &Path) -> Result<SigningPair, KeyError> {
    let metadata = fs::metadata(path).map_err(|source| io_error(path, source))?;
    if metadata.mode() & FOREIGN_BITS != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    let pem = Zeroizing::new(fs::read_to_string(path).map_err(|source| io_error(path, source))?);
    SigningKey::from_pkcs8_pem(&pem).map(SigningPair::new).map_err(|_| KeyError::Malformed(path.to_owned()))
}

/// Writes a new key beside `path` and links it there: of two processes that start at once the second finds the first's key.
fn make(path: &Path, chance: &dyn Chance) -> Result<(), KeyError> {
    let key = SigningKey::from_bytes(&Zeroizing::new(chance.bytes()));
    let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Malformed(path.to_owned()))?;
    let draft = path.with_extension(format!("{}.tmp", hex::encode(chance.bytes::<8>())));
    let written = write_private(&draft, pem.as_bytes()).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    });
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(|source| io_error(path, source))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn rename(from: &Path, to: &Path) -> Result<(), KeyError> {
    fs::rename(from, to).map_err(|source| io_error(from, source))
}

fn io_error(path: &Path, source: io::Error) -> KeyError {
    KeyError::Io { path: path.to_owned(), source }
}

/// RFC 7638 over the required members in their lexicographic order (RFC 8037 appendix A.3).
fn thumbprint(key: &SigningKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::kernel::chance::SystemChance;

    fn kids(keys: &SigningKeys) -> Vec<String> {
        keys.all().map(|pair| pair.kid.clone()).collect()
    }

    #[test]
    fn keys_are_made_once_and_only_the_owner_may_read_them() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        let first = SigningKeys::load_or_make(&keys, &SystemChance).unwrap();
        let second = SigningKeys::load_or_make(&keys, &SystemChance).unwrap();
        assert_eq!(kids(&first), kids(&second));
        assert_ne!(first.current.kid, first.next.kid);
        assert_eq!(fs::metadata(&keys).unwrap().mode() & 0o777, 0o700);
        for name in [CURRENT, NEXT] {
            assert_eq!(fs::metadata(keys.join(name)).unwrap().mode() & 0o777, 0o600);
        }
        assert_eq!(fs::read_dir(&keys).unwrap().count(), 2, "no draft is left");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        SigningKeys::load_or_make(directory.path(), &SystemChance).unwrap();
        fs::set_permissions(directory.path().join(NEXT), fs::Permissions::from_mode(0o640)).unwrap();
        let refused = SigningKeys::load_or_make(directory.path(), &SystemChance);
        assert!(matches!(refused, Err(KeyError::Exposed(path)) if path.ends_with(NEXT)));
    }

    #[test]
    fn a_file_that_is_no_key_is_named_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        SigningKeys::load_or_make(directory.path(), &SystemChance).unwrap();
        fs::write(directory.path().join(CURRENT), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n").unwrap();
        let Err(refused) = SigningKeys::load_or_make(directory.path(), &SystemChance) else { panic!("taken") };
        assert!(refused.to_string().contains(CURRENT));
        assert!(!refused.to_string().contains("c2VjcmV0"));
    }

    #[test]
    fn rotation_moves_every_key_one_place() {
        let directory = tempfile::tempdir().unwrap();
        let before = SigningKeys::load_or_make(directory.path(), &SystemChance).unwrap();
        let after = SigningKeys::rotate(directory.path(), &SystemChance).unwrap();
        assert_eq!(after.current.kid, before.next.kid);
        assert_eq!(after.previous.as_ref().unwrap().kid, before.current.kid);
        assert!(!kids(&before).contains(&after.next.kid));
    }

    #[test]
    fn the_thumbprint_of_rfc_8037_comes_out() {
        // RFC 8037 appendix A.1 and A.3.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
