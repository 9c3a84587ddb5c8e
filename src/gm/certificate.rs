//! SM2 certificates: those that are pinned, and one made here for trials.

use std::fmt;
use std::str::FromStr;

use der::{DateTime, Decode, DecodePem, Encode};
use sha2::{Digest, Sha256};
use sm2::dsa::signature::Signer;
use sm2::pkcs8::{EncodePublicKey, LineEnding};
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder, CertificateBuilder};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, ToExtension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::key::SecretKey;
use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;

/// Longest file that is looked at: a certificate has one or two thousand bytes.
const MAX_BYTES: usize = 64 * 1024;

/// A certificate with an SM2 key. Trusted because it is named by the configuration, byte for byte, not because somebody signed it.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// Issuer and serial number as a message names them, encoded.
    identity: Vec<u8>,
    subject: String,
    not_before: Moment,
    not_after: Moment,
    public_key: sm2::PublicKey,
}

/// Why bytes are no certificate that can be used, or none can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// Not one X.509 certificate in PEM or DER.
    #[error("this is no X.509 certificate in PEM or DER")]
    Malformed,
    /// Its key is of another algorithm.
    #[error("the certificate's key is no SM2 key")]
    OtherAlgorithm,
    /// A name or time that a certificate cannot carry.
    #[error("no certificate can be made for this name and time")]
    Unwritable,
}

impl Certificate {
    /// Reads one certificate, as PEM or DER.
    ///
    /// # Errors
    /// [`CertificateFault`] for anything else.
    pub fn read(bytes: &[u8]) -> Result<Self, CertificateFault> {
        if bytes.len() > MAX_BYTES {
            return Err(CertificateFault::Malformed);
        }
        let text = bytes.trim_ascii();
        let read = if text.starts_with(b"-----") {
            x509_cert::Certificate::from_pem(text)
        } else {
            x509_cert::Certificate::from_der(bytes)
        };
        Self::of(&read.map_err(|_| CertificateFault::Malformed)?)
    }

    fn of(read: &x509_cert::Certificate) -> Result<Self, CertificateFault> {
        let malformed = |_| CertificateFault::Malformed;
        let tbs = read.tbs_certificate();
        let issuer = tbs.issuer().to_der().map_err(malformed)?;
        let serial = tbs.serial_number().to_der().map_err(malformed)?;
        let key = tbs.subject_public_key_info().to_der().map_err(malformed)?;
        let key = SubjectPublicKeyInfoRef::from_der(&key).map_err(malformed)?;
        Ok(Self {
            der: read.to_der().map_err(malformed)?,
            identity: super::asn1::wrap_sequence(&[&issuer, &serial]).map_err(malformed)?,
            subject: tbs.subject().to_string(),
            not_before: moment(tbs.validity().not_before),
            not_after: moment(tbs.validity().not_after),
            public_key: sm2::PublicKey::try_from(key).map_err(|_| CertificateFault::OtherAlgorithm)?,
        })
    }

    /// The certificate, as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate, as PEM.
    ///
    /// # Errors
    /// [`CertificateFault::Unwritable`], which no certificate here brings about.
    pub fn to_pem(&self) -> Result<String, CertificateFault> {
        der::pem::encode_string("CERTIFICATE", LineEnding::LF, &self.der).map_err(|_| CertificateFault::Unwritable)
    }

    /// Whose it is.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// From when it counts.
    #[must_use]
    pub const fn not_before(&self) -> Moment {
        self.not_before
    }

    /// The last moment at which it counts.
    #[must_use]
    pub const fn not_after(&self) -> Moment {
        self.not_after
    }

    /// SHA-256 of it, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(&self.der))
    }

    /// Whether `key` is the secret part of its key.
    #[must_use]
    pub fn belongs_to(&self, key: &SecretKey) -> bool {
        key.public() == self.public_key
    }

    pub(super) fn identity(&self) -> &[u8] {
        &self.identity
    }

    pub(super) const fn public_key(&self) -> sm2::PublicKey {
        self.public_key
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("subject", &self.subject).finish_non_exhaustive()
    }
}

fn moment(time: Time) -> Moment {
    let since = time.to_unix_duration();
    Moment::from_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A key with its certificate: what signs.
#[derive(Clone, Debug)]
pub struct Own {
    /// The secret key.
    pub key: SecretKey,
    /// The certificate of that key.
    pub certificate: Certificate,
}

impl Own {
    /// A new key with a certificate that it signed itself, for trials between people who give each other the certificate by hand.
    ///
    /// `subject` is written as in RFC 4514 (`CN=…,O=…,C=CN`); the certificate counts from `at` for `days`.
    ///
    /// # Errors
    /// [`CertificateFault::Unwritable`] for a subject that is none and a time that the calendar ends before.
    pub fn self_signed(subject: &str, at: Moment, days: u32, chance: &dyn Chance) -> Result<Self, CertificateFault> {
        let key = SecretKey::draw(chance);
        let certificate = issue(&key, subject, at, days, chance).ok_or(CertificateFault::Unwritable)?;
        Ok(Self { key, certificate: Certificate::of(&certificate)? })
    }
}

fn issue(key: &SecretKey, subject: &str, at: Moment, days: u32, chance: &dyn Chance) -> Option<x509_cert::Certificate> {
    let subject = Name::from_str(subject).ok().filter(|name| !name.is_empty())?;
    let validity = Validity::new(time_of(at)?, time_of(at.plus_secs(i64::from(days) * 24 * 60 * 60))?);
    let mut serial: [u8; 16] = chance.bytes();
    // Above zero and of one length, as a serial number has to be.
    let [first, ..] = &mut serial;
    *first = *first & 0x3f | 0x40;
    let signer = key.signer().ok()?;
    let public = SubjectPublicKeyInfoOwned::from_der(key.public().to_public_key_der().ok()?.as_bytes()).ok()?;
    let serial = SerialNumber::new(&serial).ok()?;
    let mut builder = CertificateBuilder::new(Trial(subject), serial, validity, public).ok()?;
    let signed = builder.finalize(&signer).ok()?;
    // An SM2 signature in a certificate is a sequence of two numbers, not the 64 bytes that the signer's own encoding gives.
    let signature: sm2::dsa::Signature = signer.try_sign(&signed).ok()?;
    let signature = der::asn1::BitString::from_bytes(signature.to_der().as_ref()).ok()?;
    builder.assemble(signature, &signer).ok()
}

fn time_of(at: Moment) -> Option<Time> {
    let secs = u64::try_from(at.as_secs()).ok()?;
    DateTime::from_unix_duration(std::time::Duration::from_secs(secs)).ok().map(Time::from)
}

/// What a certificate for trials says beside its name: it signs and takes keys, and it issues nothing.
struct Trial(Name);

impl BuilderProfile for Trial {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.0.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        tbs: &x509_cert::TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let usage = KeyUsages::DigitalSignature | KeyUsages::NonRepudiation | KeyUsages::KeyEncipherment;
        let constraints = BasicConstraints { ca: false, path_len_constraint: None };
        Ok(vec![
            constraints.to_extension(tbs.subject(), &[])?,
            KeyUsage(usage | KeyUsages::DataEncipherment).to_extension(tbs.subject(), &[])?,
        ])
    }
}
