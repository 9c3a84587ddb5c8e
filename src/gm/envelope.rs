//! Sealed files: `envelopedData` of GM/T 0010-2012, SM4 in CBC mode under a key of its own, which is encrypted to one certificate with SM2.
//!
//! An envelope hides; it does not prove who wrote it or that it is whole. What lies in it has its own signature, over the opened bytes.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use der::{Encode, Tag, TagNumber};
use sm4::Sm4;
use zeroize::Zeroizing;

use super::certificate::{Certificate, Own};
use super::draw::Draw;
use super::{asn1, oids};
use crate::kernel::chance::Chance;

/// Longest envelope that is opened or made, in bytes.
pub const MAX_ENVELOPE_BYTES: usize = 64 * 1024 * 1024;
const KEY_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;

/// Why an envelope can't be made or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// Not one `envelopedData` for one reader in DER, or something more than that.
    #[error("this is no envelope of GM/T 0010")]
    Malformed,
    /// An algorithm that is not SM4 in CBC mode with an SM2-encrypted key.
    #[error("the envelope is not SM4 with an SM2-encrypted key")]
    OtherAlgorithm,
    /// It is for another certificate.
    #[error("the envelope is for another certificate")]
    OtherReader,
    /// Its key or its bytes were altered.
    #[error("the envelope does not open")]
    Altered,
    /// It is longer than [`MAX_ENVELOPE_BYTES`].
    #[error("the envelope is too long")]
    TooLong,
}

/// `bytes` in an envelope that only the key of `reader` opens, as DER.
///
/// # Errors
/// [`EnvelopeFault::TooLong`]; [`EnvelopeFault::Malformed`] when the algorithm gives nothing, which has not been seen.
pub fn seal_for(bytes: &[u8], reader: &Certificate, chance: &dyn Chance) -> Result<Vec<u8>, EnvelopeFault> {
    if bytes.len() > MAX_ENVELOPE_BYTES - MAX_AROUND {
        return Err(EnvelopeFault::TooLong);
    }
    let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(chance.bytes());
    let vector: [u8; BLOCK_BYTES] = chance.bytes();
    let sealed = cbc::Encryptor::<Sm4>::new_from_slices(key.as_slice(), &vector)
        .map_err(|_| EnvelopeFault::Malformed)?
        .encrypt_padded_vec::<Pkcs7>(bytes);
    let sealed_key = sm2::pke::EncryptingKey::new(reader.public_key())
        .encrypt_der(&mut Draw(chance), key.as_slice())
        .map_err(|_| EnvelopeFault::Malformed)?;
    enveloped(reader, &sealed_key, &vector, &sealed).map_err(|_| EnvelopeFault::Malformed)
}

/// More than what stands around the sealed bytes.
const MAX_AROUND: usize = 64 * 1024;

fn enveloped(reader: &Certificate, sealed_key: &[u8], vector: &[u8], sealed: &[u8]) -> der::Result<Vec<u8>> {
    let one = 1_u8.to_der()?;
    let recipient = asn1::wrap_sequence(&[
        &one,
        reader.identity(),
        &asn1::wrap_algorithm(oids::SM2_ENCRYPT, &[])?,
        &asn1::wrap(Tag::OctetString, &[sealed_key])?,
    ])?;
    let content = asn1::wrap_sequence(&[
        &oids::DATA.to_der()?,
        &asn1::wrap_algorithm(oids::SM4, &asn1::wrap(Tag::OctetString, &[vector])?)?,
        &asn1::wrap(asn1::context(TagNumber(0), false), &[sealed])?,
    ])?;
    let enveloped = asn1::wrap_sequence(&[&one, &asn1::wrap(Tag::Set, &[&recipient])?, &content])?;
    let outer = asn1::wrap(asn1::context(TagNumber(0), true), &[&enveloped])?;
    asn1::wrap_sequence(&[&oids::ENVELOPED_DATA.to_der()?, &outer])
}

/// What is in `envelope`, which is for the certificate of `own`.
///
/// # Errors
/// [`EnvelopeFault`].
pub fn open(envelope: &[u8], own: &Own) -> Result<Vec<u8>, EnvelopeFault> {
    if envelope.len() > MAX_ENVELOPE_BYTES {
        return Err(EnvelopeFault::TooLong);
    }
    let message = Message::read(envelope).ok_or(EnvelopeFault::Malformed)?;
    if message.key_algorithm != oids::SM2_ENCRYPT || !matches!(message.algorithm, oids::SM4 | oids::SM4_CBC) {
        return Err(EnvelopeFault::OtherAlgorithm);
    }
    if message.identity != own.certificate.identity() {
        return Err(EnvelopeFault::OtherReader);
    }
    let key = own.key.decrypter().decrypt_der(message.sealed_key).map_err(|_| EnvelopeFault::Altered)?;
    let key = Zeroizing::new(key);
    cbc::Decryptor::<Sm4>::new_from_slices(&key, message.vector)
        .map_err(|_| EnvelopeFault::Altered)?
        .decrypt_padded_vec::<Pkcs7>(message.sealed)
        .map_err(|_| EnvelopeFault::Altered)
}

struct Message<'a> {
    identity: Vec<u8>,
    key_algorithm: der::asn1::ObjectIdentifier,
    sealed_key: &'a [u8],
    algorithm: der::asn1::ObjectIdentifier,
    vector: &'a [u8],
    sealed: &'a [u8],
}

impl<'a> Message<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let [kind, outer] = asn1::sequence(asn1::whole(bytes)?)?[..] else { return None };
        let [enveloped] = asn1::parts(outer, asn1::context(TagNumber(0), true))?[..] else { return None };
        let [version, recipients, content] = asn1::sequence(enveloped)?[..] else { return None };
        let [recipient] = asn1::set(recipients)?[..] else { return None };
        let [key_version, identity, key_algorithm, sealed_key] = asn1::sequence(recipient)?[..] else { return None };
        let [inner_kind, algorithm, sealed] = asn1::sequence(content)?[..] else { return None };
        let (algorithm, vector) = asn1::algorithm(algorithm)?;
        let right = asn1::oid(kind)? == oids::ENVELOPED_DATA
            && asn1::oid(inner_kind)? == oids::DATA
            && asn1::is_number(version, 1)
            && asn1::is_number(key_version, 1)
            && sealed.header().tag() == asn1::context(TagNumber(0), false);
        right.then_some(())?;
        Some(Self {
            identity: asn1::bytes_of(identity).ok()?,
            key_algorithm: asn1::plain_algorithm(key_algorithm)?,
            sealed_key: asn1::octets(sealed_key)?,
            algorithm,
            vector: asn1::octets(vector?)?,
            sealed: sealed.value(),
        })
    }
}
