//! The national algorithms that Chinese banks sign and seal files with: SM2 signatures over SM3, SM4 envelopes, in the message forms of
//! GM/T 0010-2012. Those forms are PKCS#7 with object identifiers of their own, which general libraries refuse.
//!
//! Read as DER alone: what is one byte longer, nested otherwise, or carries anything that is not named here is refused. Nothing that a
//! signature covers is looked at before [`verify`] has said who signed it.

mod asn1;
mod certificate;
mod draw;
mod envelope;
mod key;
mod oids;
mod signature;

pub use certificate::{Certificate, CertificateFault, Own};
pub use envelope::{EnvelopeFault, MAX_ENVELOPE_BYTES, open, seal_for};
pub use key::{KeyFault, SecretKey};
pub use signature::{MAX_SIGNATURE_BYTES, SignatureFault, Signed, Verifying, sign, verify};

use sm3::{Digest, Sm3};

/// The user id that GM/T 0009-2012 gives to whoever has no other: part of what every SM2 signature here covers.
pub const USER_ID: &str = "1234567812345678";

/// SM3 over parts that come one after the other.
#[derive(Clone, Debug, Default)]
pub struct Sm3Stream(Sm3);

impl Sm3Stream {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was taken, in hex.
    #[must_use]
    pub fn finish_hex(self) -> String {
        hex::encode(self.0.finalize())
    }
}

/// The SM3 digest of `bytes`, in hex.
#[must_use]
pub fn sm3_hex(bytes: &[u8]) -> String {
    hex::encode(Sm3::digest(bytes))
}

#[cfg(test)]
mod tests;
