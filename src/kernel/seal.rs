//! Personal fields at rest: sealed with AES-256-GCM under data keys that are themselves wrapped by the root key (an envelope).
//!
//! A sealed value is `01 | key id (u32, big endian) | nonce (12) | ciphertext and tag`. The field's name is bound in as
//! associated data, so that a value moved to another column does not open. Look-ups go by a keyed hash (HMAC-SHA-256) of the
//! field's name and the value. SM4 can stand behind the same functions: the first byte names the suite.

use std::collections::BTreeMap;
use std::sync::Arc;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use hmac::{Hmac, Mac};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::chance::Chance;
use super::secret::Secret;

const SUITE_AES_256_GCM: u8 = 1;
const NONCE_BYTES: usize = 12;
const KEY_ID_BYTES: usize = 4;
const HEAD_BYTES: usize = 1 + KEY_ID_BYTES + NONCE_BYTES;

/// A key of 256 bits, wiped when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// What a sealed value is: part of what is authenticated, so that a phone number never opens as a card number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// A member's name.
    Name,
    /// A resident identity number.
    NationalId,
    /// A mobile number.
    Phone,
    /// A service card's number.
    CardNumber,
    /// The facts of a claim: hospital, diagnosis, amounts, serial numbers.
    ClaimFacts,
    /// The serial of a settlement (交易流水号) or another natural key of an event, for look-up only.
    EventKey,
    /// A bill by code, number, check code, day and amount.
    Bill,
    /// Which bill it is by its own words (票据代码、票据号码、校验码), for look-up only.
    BillKey,
    /// Words that a person wrote about a claim.
    Remark,
    /// A short message or notice to a member.
    Message,
    /// A staff member's TOTP secret.
    TotpSecret,
    /// A one-time code, which is only ever hashed.
    OneTimeCode,
    /// The bytes of a payout file.
    PayoutFile,
    /// The bytes of a file of the bank, or a piece of them.
    BankDocument,
    /// Anything that a capability keeps for a session of a person (device names, addresses).
    Session,
    /// A stored answer that is replayed to its caller.
    StoredAnswer,
}

impl Field {
    const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::NationalId => "national_id",
            Self::Phone => "phone",
            Self::CardNumber => "card_number",
            Self::ClaimFacts => "claim_facts",
            Self::EventKey => "event_key",
            Self::Bill => "bill",
            Self::BillKey => "bill_key",
            Self::Remark => "remark",
            Self::Message => "message",
            Self::TotpSecret => "totp_secret",
            Self::OneTimeCode => "one_time_code",
            Self::PayoutFile => "payout_file",
            Self::BankDocument => "bank_document",
            Self::Session => "session",
            Self::StoredAnswer => "stored_answer",
        }
    }
}

/// Why a value did not open. Says nothing of the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value is not of a form that this program wrote.
    #[error("a sealed value is malformed")]
    Malformed,
    /// The value names a key that is not in the table.
    #[error("a sealed value names the unknown key {0}")]
    UnknownKey(u32),
    /// Wrong key, wrong field or changed bytes.
    #[error("a sealed value does not open")]
    Refused,
}

/// Seals, opens and hashes personal values.
#[derive(Clone)]
pub struct Sealer {
    chance: Arc<dyn Chance>,
    keys: BTreeMap<u32, Key>,
    lookup_key: Key,
}

impl Sealer {
    /// A sealer over data keys by id; the highest id seals, every id opens.
    ///
    /// # Errors
    /// [`SealError::UnknownKey`] when there is no key at all.
    pub fn new(chance: Arc<dyn Chance>, keys: BTreeMap<u32, Key>, lookup_key: Key) -> Result<Self, SealError> {
        if keys.is_empty() {
            return Err(SealError::UnknownKey(0));
        }
        Ok(Self { chance, keys, lookup_key })
    }

    /// Seals `value` as `field`.
    ///
    /// # Errors
    /// [`SealError::Refused`] when the cipher refuses (a value of more than 64 GiB).
    pub fn seal(&self, field: Field, value: impl AsRef<[u8]>) -> Result<Vec<u8>, SealError> {
        let (id, key) = self.keys.last_key_value().ok_or(SealError::UnknownKey(0))?;
        seal_under(self.chance.as_ref(), *id, key, field.name(), value.as_ref())
    }

    /// Opens a value that was sealed as `field`.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn open_bytes(&self, field: Field, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let id = key_id(sealed)?;
        let key = self.keys.get(&id).ok_or(SealError::UnknownKey(id))?;
        open_under(key, field.name(), sealed).map(Secret::new)
    }

    /// Opens a text that was sealed as `field`.
    ///
    /// # Errors
    /// See [`SealError`].
    pub fn open(&self, field: Field, sealed: &[u8]) -> Result<Secret<String>, SealError> {
        let bytes = self.open_bytes(field, sealed)?;
        String::from_utf8(bytes.reveal().clone()).map(Secret::new).map_err(|_| SealError::Malformed)
    }

    /// Seals a value as JSON for `field`.
    ///
    /// # Errors
    /// See [`SealError`]; malformed when it is no JSON.
    pub fn seal_json(&self, field: Field, value: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, SealError> {
        self.seal(field, serde_json::to_vec(value).map_err(|_| SealError::Malformed)?)
    }

    /// Opens a value that was sealed as JSON for `field`.
    ///
    /// # Errors
    /// See [`SealError`]; malformed when it is not what was sealed.
    pub fn open_json<T: DeserializeOwned>(&self, field: Field, sealed: &[u8]) -> Result<T, SealError> {
        let bytes = self.open_bytes(field, sealed)?;
        serde_json::from_slice(bytes.reveal()).map_err(|_| SealError::Malformed)
    }

    /// The keyed hash by which a value of `field` is found again: 32 bytes.
    #[must_use]
    pub fn lookup(&self, field: Field, value: impl AsRef<[u8]>) -> Vec<u8> {
        keyed_hash(&self.lookup_key, &[field.name().as_bytes(), &[0], value.as_ref()]).to_vec()
    }
}

/// HMAC-SHA-256 of the parts, one after the other.
#[must_use]
pub fn keyed_hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes a key of any length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// Wraps a data key under the root key.
///
/// # Errors
/// [`SealError::Refused`] when the cipher refuses.
pub fn wrap_key(chance: &dyn Chance, root: &Key, id: u32, purpose: &str, key: &Key) -> Result<Vec<u8>, SealError> {
    seal_under(chance, id, root, purpose, key.as_slice())
}

/// Unwraps a data key.
///
/// # Errors
/// [`SealError::Refused`] when the root key is another one than it was wrapped with.
pub fn unwrap_key(root: &Key, purpose: &str, wrapped: &[u8]) -> Result<Key, SealError> {
    let bytes = Zeroizing::new(open_under(root, purpose, wrapped)?);
    <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| SealError::Malformed)
}

fn seal_under(chance: &dyn Chance, id: u32, key: &Key, name: &str, value: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_BYTES] = chance.bytes();
    let mut sealed = Vec::with_capacity(HEAD_BYTES + value.len() + 16);
    sealed.push(SUITE_AES_256_GCM);
    sealed.extend_from_slice(&id.to_be_bytes());
    sealed.extend_from_slice(&nonce);
    let ciphertext = cipher(key)
        .encrypt(&nonce.into(), Payload { msg: value, aad: name.as_bytes() })
        .map_err(|_| SealError::Refused)?;
    sealed.extend_from_slice(&ciphertext);
    Ok(sealed)
}

fn open_under(key: &Key, name: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
    let (head, ciphertext) = sealed.split_at_checked(HEAD_BYTES).ok_or(SealError::Malformed)?;
    let nonce: [u8; NONCE_BYTES] =
        head.get(1 + KEY_ID_BYTES..).and_then(|bytes| bytes.try_into().ok()).ok_or(SealError::Malformed)?;
    cipher(key)
        .decrypt(&nonce.into(), Payload { msg: ciphertext, aad: name.as_bytes() })
        .map_err(|_| SealError::Refused)
}

fn key_id(sealed: &[u8]) -> Result<u32, SealError> {
    match sealed {
        [SUITE_AES_256_GCM, a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(SealError::Malformed),
    }
}

fn cipher(key: &Key) -> Aes256Gcm {
    Aes256Gcm::new((&**key).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::SeededChance;

    fn sealer(ids: &[u32]) -> Sealer {
        let keys = ids.iter().map(|id| (*id, Zeroizing::new([id.to_le_bytes()[0]; 32]))).collect();
        Sealer::new(Arc::new(SeededChance::new(1)), keys, Zeroizing::new([9; 32])).unwrap()
    }

    #[test]
    fn a_value_opens_as_what_it_was_sealed_as_and_as_nothing_else() {
        let sealer = sealer(&[1]);
        let sealed = sealer.seal(Field::Phone, "13800138000").unwrap();
        assert_eq!(sealer.open(Field::Phone, &sealed).unwrap().reveal(), "13800138000");
        assert_eq!(sealer.open(Field::CardNumber, &sealed), Err(SealError::Refused));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer.open(Field::Phone, &changed).is_err(), "byte {at}");
        }
        assert_eq!(sealer.open(Field::Phone, &[]), Err(SealError::Malformed));
        assert!(!sealed.windows(5).any(|window| window == b"13800"));
    }

    #[test]
    fn a_new_key_seals_and_the_old_one_still_opens() {
        let old = sealer(&[1]).seal(Field::Name, "x").unwrap();
        let both = sealer(&[1, 2]);
        assert_eq!(both.open(Field::Name, &old).unwrap().reveal(), "x");
        assert_eq!(key_id(&both.seal(Field::Name, "x").unwrap()), Ok(2));
        assert_eq!(sealer(&[2]).open(Field::Name, &old), Err(SealError::UnknownKey(1)));
    }

    #[test]
    fn two_seals_of_one_value_differ_and_their_look_ups_agree() {
        let sealer = sealer(&[1]);
        assert_ne!(sealer.seal(Field::Phone, "1").unwrap(), sealer.seal(Field::Phone, "1").unwrap());
        assert_eq!(sealer.lookup(Field::Phone, "1"), sealer.lookup(Field::Phone, "1"));
        assert_ne!(sealer.lookup(Field::Phone, "1"), sealer.lookup(Field::CardNumber, "1"));
    }

    #[test]
    fn a_wrapped_key_needs_its_root_key() {
        let chance = SeededChance::new(3);
        let (root, key) = (Zeroizing::new([5; 32]), Zeroizing::new([6; 32]));
        let wrapped = wrap_key(&chance, &root, 1, "seal", &key).unwrap();
        assert_eq!(unwrap_key(&root, "seal", &wrapped), Ok(key));
        assert_eq!(unwrap_key(&Zeroizing::new([7; 32]), "seal", &wrapped), Err(SealError::Refused));
        assert_eq!(unwrap_key(&root, "lookup", &wrapped), Err(SealError::Refused));
    }
}
