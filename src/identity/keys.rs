//! The keys that sign access tokens: key files of the installation ([`crate::keys`]) in PKCS#8, made at first start.
//!
//! `current` signs; `next` is published so that a client that caches the key set knows it before it signs; `previous`, when there is
//! one, only verifies until the last token it signed has expired. A key is named by its thumbprint (RFC 7638).

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;
use crate::keys::read_or_make;

const CURRENT: &str = "access-current.pem";
const NEXT: &str = "access-next.pem";
const PREVIOUS: &str = "access-previous.pem";
/// A day after a rotation the last token of the previous key, which lives ten minutes, is long over.
const PREVIOUS_SECS: i64 = 24 * 60 * 60;

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
    /// Reads the keys under `<data_dir>/keys`, and makes those that are missing. A previous key whose last token expired long before
    /// `now` is left aside.
    ///
    /// # Errors
    /// When a file can't be read or made, is open to others, or holds no key. Never says what it holds.
    pub fn load_or_make(data_dir: &Path, chance: &dyn Chance, now: Moment) -> anyhow::Result<Self> {
        let previous = match fs::metadata(data_dir.join("keys").join(PREVIOUS)) {
            // The file took its name when the keys were rotated.
            Ok(found) => now.as_secs() <= found.ctime().saturating_add(PREVIOUS_SECS),
            Err(_) => false,
        };
        Ok(Self {
            current: load(data_dir, CURRENT, chance)?,
            next: load(data_dir, NEXT, chance)?,
            previous: if previous { Some(load(data_dir, PREVIOUS, chance)?) } else { None },
        })
    }

    /// True when [`Self::load_or_make`] would make none.
    #[must_use]
    pub fn are_there(data_dir: &Path) -> bool {
        [CURRENT, NEXT].iter().all(|name| data_dir.join("keys").join(name).exists())
    }

    /// `next` becomes `current`, `current` becomes `previous`, and a new `next` is made. Running processes take it up at their next
    /// start; until then each side verifies what the other signs.
    ///
    /// # Errors
    /// Those of [`Self::load_or_make`].
    pub fn rotate(data_dir: &Path, chance: &dyn Chance, now: Moment) -> anyhow::Result<Self> {
        let _complete = Self::load_or_make(data_dir, chance, now)?;
        let [current, next, previous] = [CURRENT, NEXT, PREVIOUS].map(|name| data_dir.join("keys").join(name));
        fs::rename(&current, &previous)?;
        fs::rename(&next, &current)?;
        Self::load_or_make(data_dir, chance, now)
    }

    /// Removes every key and makes new ones, after one of them got into wrong hands: who read one could read the next. No token that
    /// was signed before is good any more once every process has restarted; people's devices fetch new ones by themselves.
    ///
    /// # Errors
    /// Those of [`Self::load_or_make`], and of the disk.
    pub fn revoke(data_dir: &Path, chance: &dyn Chance, now: Moment) -> anyhow::Result<Self> {
        for name in [PREVIOUS, CURRENT, NEXT] {
            match fs::remove_file(data_dir.join("keys").join(name)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        Self::load_or_make(data_dir, chance, now)
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

fn load(data_dir: &Path, name: &str, chance: &dyn Chance) -> anyhow::Result<SigningPair> {
    let pem = read_or_make(data_dir, name, || {
        let key = SigningKey::from_bytes(&Zeroizing::new(chance.bytes()));
        key.to_pkcs8_pem(LineEnding::LF).map_err(|_| anyhow::anyhow!("a signing key can't be encoded"))
    })?;
    SigningKey::from_pkcs8_pem(&pem)
        .map(SigningPair::new)
        .map_err(|_| anyhow::anyhow!("keys/{name} holds no Ed25519 key in PKCS#8 PEM"))
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
    use crate::kernel::clock::{Clock, SystemClock};

    fn kids(keys: &SigningKeys) -> Vec<String> {
        keys.all().map(|pair| pair.kid.clone()).collect()
    }

    #[test]
    fn keys_are_made_once_and_only_the_owner_may_read_them() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        let first = SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()).unwrap();
        let second = SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()).unwrap();
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
        SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()).unwrap();
        fs::set_permissions(directory.path().join("keys").join(NEXT), fs::Permissions::from_mode(0o640)).unwrap();
        let Err(refused) = SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()) else {
            panic!("taken")
        };
        assert!(refused.to_string().contains(NEXT) && refused.to_string().contains("chmod 600"), "{refused}");
    }

    #[test]
    fn a_file_that_is_no_key_is_named_and_not_shown() {
        let directory = tempfile::tempdir().unwrap();
        SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()).unwrap();
        fs::write(directory.path().join("keys").join(CURRENT), "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n").unwrap();
        let Err(refused) = SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()) else {
            panic!("taken")
        };
        assert!(refused.to_string().contains(CURRENT));
        assert!(!refused.to_string().contains("c2VjcmV0"));
    }

    #[test]
    fn rotation_moves_every_key_one_place() {
        let directory = tempfile::tempdir().unwrap();
        let before = SigningKeys::load_or_make(directory.path(), &SystemChance, SystemClock.now()).unwrap();
        let after = SigningKeys::rotate(directory.path(), &SystemChance, SystemClock.now()).unwrap();
        assert_eq!(after.current.kid, before.next.kid);
        assert_eq!(after.previous.as_ref().unwrap().kid, before.current.kid);
        assert!(!kids(&before).contains(&after.next.kid));
    }

    #[test]
    fn a_previous_key_verifies_for_a_day() {
        let directory = tempfile::tempdir().unwrap();
        let now = SystemClock.now();
        SigningKeys::load_or_make(directory.path(), &SystemChance, now).unwrap();
        SigningKeys::rotate(directory.path(), &SystemChance, now).unwrap();
        let after = |secs| SigningKeys::load_or_make(directory.path(), &SystemChance, now.plus_secs(secs)).unwrap();
        assert!(after(23 * 60 * 60).previous.is_some());
        assert!(after(25 * 60 * 60).previous.is_none());
    }

    #[test]
    fn no_key_survives_a_revocation() {
        let directory = tempfile::tempdir().unwrap();
        let now = SystemClock.now();
        SigningKeys::load_or_make(directory.path(), &SystemChance, now).unwrap();
        let before = SigningKeys::rotate(directory.path(), &SystemChance, now).unwrap();
        let after = SigningKeys::revoke(directory.path(), &SystemChance, now).unwrap();
        assert!(after.previous.is_none());
        assert!(kids(&after).iter().all(|kid| !kids(&before).contains(kid)));
    }

    #[test]
    fn the_thumbprint_of_rfc_8037_comes_out() {
        // RFC 8037 appendix A.1 and A.3.
        let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_bytes(&seed.try_into().unwrap());
        assert_eq!(thumbprint(&key), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
