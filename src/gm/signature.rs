//! Detached signatures: `signedData` of GM/T 0010-2012, one signer, the signed bytes in a file of their own.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Encode, Tag, TagNumber};
use sm2::dsa::signature::hazmat::PrehashVerifier;
use sm2::dsa::signature::{Signer, Verifier};
use sm2::elliptic_curve::sec1::ToSec1Point;
use sm3::{Digest, Sm3};
use x509_cert::time::Time;

use super::certificate::{Certificate, Own};
use super::{USER_ID, asn1, oids};
use crate::kernel::clock::Moment;

/// Longest signature that is looked at, in bytes: one with a chain of certificates has a few thousand.
pub const MAX_SIGNATURE_BYTES: usize = 64 * 1024;
/// How far a signer's clock may be ahead of ours, in seconds.
const CLOCK_SKEW_SECS: i64 = 5 * 60;
/// Length of [`USER_ID`] in bits, as the digest of a signer names it.
const USER_ID_BITS: u16 = 128;

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Subject of the pinned certificate.
    pub subject: String,
    /// SHA-256 of the pinned certificate, in hex.
    pub fingerprint: String,
    /// When the signer says to have signed, where the signature says so.
    pub signed_at: Option<Moment>,
}

/// Why bytes are not taken for signed, or can't be signed. Each leads to break B13.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// Not one detached `signedData` with one signer in DER, or something more than that.
    #[error("this is no detached signature of GM/T 0010")]
    Malformed,
    /// A digest or signature algorithm that is not SM2 over SM3.
    #[error("the signature is not SM2 over SM3")]
    OtherAlgorithm,
    /// The signer's certificate is not one of those pinned, or not in the signature.
    #[error("the signer's certificate is not one that is pinned")]
    WrongPerson,
    /// The certificate does not count yet.
    #[error("the signer's certificate is not valid yet")]
    NotYetValid,
    /// The certificate counts no more.
    #[error("the signer's certificate has expired")]
    Expired,
    /// The time of signing lies ahead or outside the certificate's time.
    #[error("the time of signing cannot be right")]
    SigningTime,
    /// The bytes are not those that were signed.
    #[error("the signature does not fit the bytes")]
    Altered,
    /// The certificate is not that of the key.
    #[error("the certificate is not that of the key")]
    OtherKey,
    /// The algorithm gave no signature.
    #[error("the bytes could not be signed")]
    Unsigned,
}

/// The detached signature of `own` over `bytes`, as DER, with the certificate in it.
///
/// The same bytes and key give the same signature (RFC 6979), so that a file sent twice is the same pair twice. No attributes are
/// signed: the standard leaves them out where it can, and some banks' readers know none.
///
/// # Errors
/// [`SignatureFault::OtherKey`]; [`SignatureFault::NotYetValid`] and [`SignatureFault::Expired`] when the certificate does not count
/// at `at`: the bank would refuse the file; [`SignatureFault::Unsigned`], which has not been seen.
pub fn sign(bytes: &[u8], own: &Own, at: Moment) -> Result<Vec<u8>, SignatureFault> {
    counts(&own.certificate, at)?;
    if !own.certificate.belongs_to(&own.key) {
        return Err(SignatureFault::OtherKey);
    }
    let signer = own.key.signer().map_err(|_| SignatureFault::Unsigned)?;
    let signature: sm2::dsa::Signature = signer.try_sign(bytes).map_err(|_| SignatureFault::Unsigned)?;
    signed_data(&own.certificate, &[], signature.to_der().as_ref()).map_err(|_| SignatureFault::Unsigned)
}

/// `attributes`: encoded as `[0]`, or nothing.
pub(super) fn signed_data(certificate: &Certificate, attributes: &[u8], signature: &[u8]) -> der::Result<Vec<u8>> {
    let one = 1_u8.to_der()?;
    let sm3 = asn1::wrap_algorithm(oids::SM3, &[])?;
    let signer = asn1::wrap_sequence(&[
        &one,
        certificate.identity(),
        &sm3,
        attributes,
        &asn1::wrap_algorithm(oids::SM2_WITH_SM3, &[])?,
        &asn1::wrap(Tag::OctetString, &[signature])?,
    ])?;
    let signed = asn1::wrap_sequence(&[
        &one,
        &asn1::wrap(Tag::Set, &[&sm3])?,
        &asn1::wrap_sequence(&[&oids::DATA.to_der()?])?,
        &asn1::wrap(asn1::context(TagNumber(0), true), &[certificate.der()])?,
        &asn1::wrap(Tag::Set, &[&signer])?,
    ])?;
    let content = asn1::wrap(asn1::context(TagNumber(0), true), &[&signed])?;
    asn1::wrap_sequence(&[&oids::SIGNED_DATA.to_der()?, &content])
}

/// Says who signed `bytes` with the detached `signature`, if that is one of `pinned` and its certificate counts at `at`.
///
/// # Errors
/// [`SignatureFault`]: then nothing in `bytes` may be believed, or looked at.
pub fn verify(bytes: &[u8], signature: &[u8], pinned: &[Certificate], at: Moment) -> Result<Signed, SignatureFault> {
    let mut verifying = Verifying::begin(signature, pinned, at)?;
    verifying.update(bytes);
    verifying.finish()
}

/// A detached signature that is held against bytes as they come: a file of any length is never in memory.
pub struct Verifying {
    signer: Certificate,
    at: Moment,
    digest: Sm3,
    covered: Covered,
}

/// What the signature covers.
enum Covered {
    /// The bytes themselves.
    Bytes(sm2::dsa::VerifyingKey, sm2::dsa::Signature),
    /// Attributes that name the digest of the bytes; that they were signed is known already.
    Attributes { digest: Vec<u8>, signed_at: Option<Moment> },
}

impl Verifying {
    /// Judges all of `signature` that the bytes have no part in.
    ///
    /// # Errors
    /// [`SignatureFault`]: then nothing in the bytes may be believed, or looked at.
    pub fn begin(signature: &[u8], pinned: &[Certificate], at: Moment) -> Result<Self, SignatureFault> {
        if signature.len() > MAX_SIGNATURE_BYTES {
            return Err(SignatureFault::Malformed);
        }
        let message = Message::read(signature).ok_or(SignatureFault::Malformed)?;
        message.is_sm2_over_sm3()?;
        let signer = message.signer(pinned)?;
        counts(signer, at)?;
        let key = sm2::dsa::VerifyingKey::new(USER_ID, signer.public_key()).map_err(|_| SignatureFault::Malformed)?;
        let signed = sm2::dsa::Signature::from_der(message.signature).map_err(|_| SignatureFault::Malformed)?;
        let (digest, covered) = match message.attributes {
            None => (Sm3::new_with_prefix(identity_digest(signer)), Covered::Bytes(key, signed)),
            Some(attributes) => {
                // The signature covers the attributes as a set, not as the `[0]` that stands in the message.
                let set = asn1::wrap(Tag::Set, &[attributes.value()]).map_err(|_| SignatureFault::Malformed)?;
                key.verify(&set, &signed).map_err(|_| SignatureFault::Altered)?;
                let Attributes { digest, signed_at } = Attributes::read(attributes).ok_or(SignatureFault::Malformed)?;
                (Sm3::new(), Covered::Attributes { digest: digest.to_vec(), signed_at })
            }
        };
        Ok(Self { signer: signer.clone(), at, digest, covered })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
    }

    /// Says who signed all that was taken.
    ///
    /// # Errors
    /// [`SignatureFault`]: then nothing of what was taken may be believed, or looked at.
    pub fn finish(self) -> Result<Signed, SignatureFault> {
        let Self { signer, at, digest, covered } = self;
        let digest = digest.finalize();
        let signed_at = match covered {
            Covered::Bytes(key, signature) => {
                key.verify_prehash(&digest, &signature).map_err(|_| SignatureFault::Altered)?;
                None
            }
            Covered::Attributes { digest: named, .. } if named != digest.as_slice() => {
                return Err(SignatureFault::Altered);
            }
            Covered::Attributes { signed_at, .. } => signed_at,
        };
        if signed_at.is_some_and(|signed| signed > at.plus_secs(CLOCK_SKEW_SECS) || counts(&signer, signed).is_err()) {
            return Err(SignatureFault::SigningTime);
        }
        Ok(Signed { subject: signer.subject().to_owned(), fingerprint: signer.fingerprint(), signed_at })
    }
}

/// Coefficients and base point of the curve (GB/T 32918.5-2017): a, b, and both coordinates.
const CURVE: [[u8; 32]; 4] = [
    [
        0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc,
    ],
    [
        0x28, 0xe9, 0xfa, 0x9e, 0x9d, 0x9f, 0x5e, 0x34, 0x4d, 0x5a, 0x9e, 0x4b, 0xcf, 0x65, 0x09, 0xa7, 0xf3, 0x97,
        0x89, 0xf5, 0x15, 0xab, 0x8f, 0x92, 0xdd, 0xbc, 0xbd, 0x41, 0x4d, 0x94, 0x0e, 0x93,
    ],
    [
        0x32, 0xc4, 0xae, 0x2c, 0x1f, 0x19, 0x81, 0x19, 0x5f, 0x99, 0x04, 0x46, 0x6a, 0x39, 0xc9, 0x94, 0x8f, 0xe3,
        0x0b, 0xbf, 0xf2, 0x66, 0x0b, 0xe1, 0x71, 0x5a, 0x45, 0x89, 0x33, 0x4c, 0x74, 0xc7,
    ],
    [
        0xbc, 0x37, 0x36, 0xa2, 0xf4, 0xf6, 0x77, 0x9c, 0x59, 0xbd, 0xce, 0xe3, 0x6b, 0x69, 0x21, 0x53, 0xd0, 0xa9,
        0x87, 0x7c, 0xc6, 0x2a, 0x47, 0x40, 0x02, 0xdf, 0x32, 0xe5, 0x21, 0x39, 0xf0, 0xa0,
    ],
];

/// What stands before the bytes in the digest that is signed: user id, curve and key of the signer (GM/T 0003.2, 5.5).
fn identity_digest(signer: &Certificate) -> [u8; 32] {
    let point = signer.public_key().to_sec1_point(false);
    let mut digest = Sm3::new();
    digest.update(USER_ID_BITS.to_be_bytes());
    digest.update(USER_ID.as_bytes());
    for number in CURVE {
        digest.update(number);
    }
    // Without the sign that both coordinates follow.
    digest.update(point.as_bytes().get(1..).unwrap_or_default());
    digest.finalize().into()
}

fn counts(certificate: &Certificate, at: Moment) -> Result<(), SignatureFault> {
    if at < certificate.not_before() {
        return Err(SignatureFault::NotYetValid);
    }
    // A certificate's last second counts to its end.
    if at.as_secs() > certificate.not_after().as_secs() {
        return Err(SignatureFault::Expired);
    }
    Ok(())
}

/// What a signature says, taken apart and not yet believed.
struct Message<'a> {
    digests: Vec<ObjectIdentifier>,
    certificates: Vec<AnyRef<'a>>,
    identity: AnyRef<'a>,
    signer_digest: ObjectIdentifier,
    attributes: Option<AnyRef<'a>>,
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let zero = asn1::context(TagNumber(0), true);
        let [kind, content] = asn1::sequence(asn1::whole(bytes)?)?[..] else { return None };
        let [signed] = asn1::parts(content, zero)?[..] else { return None };
        let [version, digests, inner, certificates, signers] = asn1::sequence(signed)?[..] else { return None };
        let [inner_kind] = asn1::sequence(inner)?[..] else { return None };
        let [signer] = asn1::set(signers)?[..] else { return None };
        let signer = asn1::sequence(signer)?;
        let (signer_version, identity, signer_digest, attributes, algorithm, signature) = match signer[..] {
            [version, identity, digest, algorithm, signature] => {
                (version, identity, digest, None, algorithm, signature)
            }
            [version, identity, digest, attributes, algorithm, signature] => {
                (version, identity, digest, Some(attributes), algorithm, signature)
            }
            _ => return None,
        };
        let right = asn1::oid(kind)? == oids::SIGNED_DATA
            && asn1::oid(inner_kind)? == oids::DATA
            && asn1::is_number(version, 1)
            && asn1::is_number(signer_version, 1)
            && attributes.is_none_or(|part| part.header().tag() == zero);
        right.then_some(())?;
        Some(Self {
            digests: asn1::set(digests)?.into_iter().map(asn1::plain_algorithm).collect::<Option<_>>()?,
            certificates: asn1::parts(certificates, zero)?,
            identity,
            signer_digest: asn1::plain_algorithm(signer_digest)?,
            attributes,
            algorithm: asn1::plain_algorithm(algorithm)?,
            signature: asn1::octets(signature)?,
        })
    }

    fn is_sm2_over_sm3(&self) -> Result<(), SignatureFault> {
        let right = self.digests == [oids::SM3]
            && self.signer_digest == oids::SM3
            && matches!(self.algorithm, oids::SM2_WITH_SM3 | oids::SM2_SIGN);
        right.then_some(()).ok_or(SignatureFault::OtherAlgorithm)
    }

    /// The pinned certificate that the signature names and brings with it, byte for byte.
    fn signer<'p>(&self, pinned: &'p [Certificate]) -> Result<&'p Certificate, SignatureFault> {
        let malformed = |_| SignatureFault::Malformed;
        let identity = asn1::bytes_of(self.identity).map_err(malformed)?;
        let brought = self
            .certificates
            .iter()
            .map(|part| asn1::bytes_of(*part))
            .collect::<Result<Vec<_>, _>>()
            .map_err(malformed)?;
        pinned
            .iter()
            .find(|pin| pin.identity() == identity && brought.iter().any(|bytes| bytes == pin.der()))
            .ok_or(SignatureFault::WrongPerson)
    }
}

struct Attributes<'a> {
    digest: &'a [u8],
    signed_at: Option<Moment>,
}

impl<'a> Attributes<'a> {
    /// What is signed must be said to be data, and its digest must be there; each once. Others may stand beside them.
    fn read(attributes: AnyRef<'a>) -> Option<Self> {
        let (mut kind, mut digest, mut signed_at) = (None, None, None);
        for attribute in asn1::parts(attributes, attributes.header().tag())? {
            let [name, values] = asn1::sequence(attribute)?[..] else { return None };
            let values = asn1::set(values)?;
            let one = || match values[..] {
                [value] => Some(value),
                _ => None,
            };
            let before = match asn1::oid(name)? {
                oids::CONTENT_TYPE => kind.replace(asn1::oid(one()?)?).is_some(),
                oids::MESSAGE_DIGEST => digest.replace(asn1::octets(one()?)?).is_some(),
                oids::SIGNING_TIME => signed_at.replace(time(one()?)?).is_some(),
                _ => false,
            };
            if before {
                return None;
            }
        }
        (kind? == oids::DATA).then_some(Self { digest: digest?, signed_at })
    }
}

fn time(part: AnyRef<'_>) -> Option<Moment> {
    let time: Time = match part.header().tag() {
        Tag::UtcTime => Time::UtcTime(part.decode_as().ok()?),
        Tag::GeneralizedTime => Time::GeneralTime(part.decode_as().ok()?),
        _ => return None,
    };
    i64::try_from(time.to_unix_duration().as_millis()).ok().map(Moment::from_ms)
}
