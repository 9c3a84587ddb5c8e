//! An SM2 secret key.

use sm2::elliptic_curve::Generate;
use sm2::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use zeroize::Zeroizing;

use super::USER_ID;
use super::draw::Draw;
use crate::kernel::chance::Chance;

/// A secret key on the curve of SM2. Wiped when dropped; printing it shows nothing of it.
#[derive(Clone)]
pub struct SecretKey(sm2::SecretKey);

/// Bytes that are no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no SM2 secret key in PKCS#8 (PEM or DER)")]
pub struct KeyFault;

impl SecretKey {
    /// A new key.
    #[must_use]
    pub fn draw(chance: &dyn Chance) -> Self {
        Self(sm2::SecretKey::generate_from_rng(&mut Draw(chance)))
    }

    /// Reads PKCS#8, as PEM (`-----BEGIN PRIVATE KEY-----`) or as DER.
    ///
    /// # Errors
    /// [`KeyFault`] for anything else, also for a key of another curve.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyFault> {
        let read = match std::str::from_utf8(bytes) {
            Ok(text) if text.trim_start().starts_with("-----") => sm2::SecretKey::from_pkcs8_pem(text.trim()),
            _ => sm2::SecretKey::from_pkcs8_der(bytes),
        };
        read.map(Self).map_err(|_| KeyFault)
    }

    /// The key in PKCS#8, as PEM.
    ///
    /// # Errors
    /// [`KeyFault`] when the key can't be written, which no key here brings about.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyFault> {
        self.0.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyFault)
    }

    pub(super) fn public(&self) -> sm2::PublicKey {
        self.0.public_key()
    }

    pub(super) fn signer(&self) -> Result<sm2::dsa::SigningKey, KeyFault> {
        sm2::dsa::SigningKey::new(USER_ID, &self.0).map_err(|_| KeyFault)
    }

    pub(super) fn decrypter(&self) -> sm2::pke::DecryptingKey {
        sm2::pke::DecryptingKey::new(self.0.clone())
    }
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}
