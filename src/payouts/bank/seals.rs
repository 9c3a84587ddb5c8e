//! What signs for the fund, whom it seals for, and whose signature it believes.

use anyhow::Context as _;

use crate::config::Seals as Files;
use crate::gm::{self, Certificate, EnvelopeFault, Own, SecretKey, SignatureFault, Signed, Verifying};
use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;
use crate::keys;

/// The fund's SM2 key with its certificate, and the bank's certificate.
#[derive(Debug)]
pub struct Seals {
    own: Own,
    bank: Certificate,
}

impl Seals {
    /// What stands in `files`.
    ///
    /// # Errors
    /// Says which file can't be read, is open to others, or does not belong to the other.
    pub fn read(files: &Files) -> anyhow::Result<Self> {
        let certificate = |path: &std::path::Path| {
            let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
            Certificate::read(&bytes).with_context(|| path.display().to_string())
        };
        let key = keys::read_private(&files.key_file).with_context(|| files.key_file.display().to_string())?;
        let key = SecretKey::read(key.as_bytes()).with_context(|| files.key_file.display().to_string())?;
        let own = Own { key, certificate: certificate(&files.certificate_file)? };
        anyhow::ensure!(
            own.certificate.belongs_to(&own.key),
            "{} is not the certificate of {}",
            files.certificate_file.display(),
            files.key_file.display()
        );
        Ok(Self { own, bank: certificate(&files.bank_certificate_file)? })
    }

    /// With a key and a certificate that are at hand.
    #[must_use]
    pub const fn new(own: Own, bank: Certificate) -> Self {
        Self { own, bank }
    }

    /// The fund's detached signature over `bytes`: the same bytes give the same.
    ///
    /// # Errors
    /// [`SignatureFault::Expired`] and its like when the fund's certificate does not count at `at`.
    pub fn sign(&self, bytes: &[u8], at: Moment) -> Result<Vec<u8>, SignatureFault> {
        gm::sign(bytes, &self.own, at)
    }

    /// `bytes` in an envelope that only the bank opens.
    ///
    /// # Errors
    /// [`EnvelopeFault::TooLong`].
    pub fn seal(&self, bytes: &[u8], chance: &dyn Chance) -> Result<Vec<u8>, EnvelopeFault> {
        gm::seal_for(bytes, &self.bank, chance)
    }

    /// Who signed `bytes`: the bank, or nobody that counts.
    ///
    /// # Errors
    /// [`SignatureFault`]: then nothing in `bytes` may be believed, or looked at.
    pub fn verify(&self, bytes: &[u8], signature: &[u8], at: Moment) -> Result<Signed, SignatureFault> {
        gm::verify(bytes, signature, std::slice::from_ref(&self.bank), at)
    }

    /// The same for bytes that come in parts.
    ///
    /// # Errors
    /// [`SignatureFault`] for a signature that counts for no bytes at all.
    pub fn verifying(&self, signature: &[u8], at: Moment) -> Result<Verifying, SignatureFault> {
        Verifying::begin(signature, std::slice::from_ref(&self.bank), at)
    }

    /// The last moments of the fund's and of the bank's certificate, for `doctor`.
    #[must_use]
    pub const fn not_after(&self) -> (Moment, Moment) {
        (self.own.certificate.not_after(), self.bank.not_after())
    }
}
