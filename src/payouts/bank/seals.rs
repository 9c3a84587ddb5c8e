//! What signs for the fund, whom it seals for, and whose signature it believes.

use anyhow::Context as _;

use crate::config::Seals as Files;
use crate::gm::{self, Certificate, EnvelopeFault, Own, SecretKey, SignatureFault, Signed, Verifying};
use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;
use crate::keys;

/// The fund's SM2 key with its certificate, and the bank's certificate: two of them while one follows the other.
#[derive(Debug)]
pub struct Seals {
    own: Own,
    bank: Certificate,
    next: Option<Certificate>,
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
        let bank = certificate(&files.bank_certificate_file)?;
        let next = files.next_bank_certificate_file.as_deref().map(certificate).transpose()?;
        Ok(Self { own, bank, next })
    }

    /// With a key and certificates that are at hand.
    #[must_use]
    pub const fn new(own: Own, bank: Certificate, next: Option<Certificate>) -> Self {
        Self { own, bank, next }
    }

    /// The fund's detached signature over `bytes`: the same bytes give the same.
    ///
    /// # Errors
    /// [`SignatureFault::Expired`] and its like when the fund's certificate does not count at `at`.
    pub fn sign(&self, bytes: &[u8], at: Moment) -> Result<Vec<u8>, SignatureFault> {
        gm::sign(bytes, &self.own, at)
    }

    /// `bytes` in an envelope that only the bank opens: for its next certificate once the other has ended.
    ///
    /// # Errors
    /// [`EnvelopeFault::TooLong`].
    pub fn seal(&self, bytes: &[u8], at: Moment, chance: &dyn Chance) -> Result<Vec<u8>, EnvelopeFault> {
        let next = self.next.as_ref().filter(|next| self.bank.not_after() < at && next.not_before() <= at);
        gm::seal_for(bytes, next.unwrap_or(&self.bank), chance)
    }

    /// Who signed `bytes`: the bank, or nobody that counts.
    ///
    /// # Errors
    /// [`SignatureFault`]: then nothing in `bytes` may be believed, or looked at.
    pub fn verify(&self, bytes: &[u8], signature: &[u8], at: Moment) -> Result<Signed, SignatureFault> {
        let mut verifying = self.verifying(signature, at)?;
        verifying.update(bytes);
        verifying.finish()
    }

    /// The same for bytes that come in parts.
    ///
    /// # Errors
    /// [`SignatureFault`] for a signature that counts for no bytes at all.
    pub fn verifying(&self, signature: &[u8], at: Moment) -> Result<Verifying, SignatureFault> {
        let pinned: Vec<Certificate> = [&self.bank].into_iter().chain(&self.next).cloned().collect();
        Verifying::begin(signature, &pinned, at)
    }

    /// The last moments of the fund's and of the bank's certificate, the later of two.
    #[must_use]
    pub fn not_after(&self) -> (Moment, Moment) {
        let bank = self.next.as_ref().map_or(self.bank.not_after(), |next| next.not_after().max(self.bank.not_after()));
        (self.own.certificate.not_after(), bank)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::SeededChance;

    const AT: Moment = Moment::from_ms(1_795_400_000_000);

    #[test]
    fn the_banks_next_certificate_counts_before_the_other_has_ended_and_alone_afterwards() {
        let day = 24 * 60 * 60;
        let own = |subject, at, seed| Own::self_signed(subject, at, 10, &SeededChance::new(seed)).unwrap();
        let (bank, next) = (own("CN=bank,C=CN", AT, 1), own("CN=bank,C=CN", AT.plus_secs(5 * day), 2));
        let pinned = (bank.certificate.clone(), Some(next.certificate.clone()));
        let seals = Seals::new(own("CN=fund,C=CN", AT, 3), pinned.0, pinned.1);
        let (before, both, after) = (AT.plus_secs(day), AT.plus_secs(6 * day), AT.plus_secs(11 * day));
        let judge = |own: &Own, signed, at| {
            seals.verify(b"bytes", &gm::sign(b"bytes", own, signed).unwrap(), at).map(|signed| signed.fingerprint)
        };
        assert_eq!(judge(&bank, before, before), Ok(bank.certificate.fingerprint()));
        assert_eq!(judge(&next, both, before), Err(SignatureFault::NotYetValid));
        assert_eq!(judge(&bank, both, both), Ok(bank.certificate.fingerprint()));
        assert_eq!(judge(&next, both, both), Ok(next.certificate.fingerprint()));
        assert_eq!(judge(&bank, both, after), Err(SignatureFault::Expired));
        assert_eq!(judge(&next, after, after), Ok(next.certificate.fingerprint()));
        for (at, reader) in [(before, &bank), (both, &bank), (after, &next)] {
            let envelope = seals.seal(b"bytes", at, &SeededChance::new(4)).unwrap();
            assert_eq!(gm::open(&envelope, reader).unwrap(), b"bytes");
        }
        assert_eq!(seals.not_after().1, next.certificate.not_after());
        assert_eq!(
            seals.verify(b"bytez", &gm::sign(b"bytes", &bank, both).unwrap(), both),
            Err(SignatureFault::Altered)
        );
    }
}
