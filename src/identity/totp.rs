//! One-time passwords by time (RFC 6238): SHA-1, six digits, 30 seconds, one step of drift either way.
//!
//! This file only computes; that a step is used once is a conditional update of the caller.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;
use crate::kernel::secret::Secret;

/// Length of a step.
pub const STEP_SECS: i64 = 30;
/// Length of a secret, as RFC 4226 section 4 recommends.
const SECRET_BYTES: usize = 20;
const DIGITS_MODULUS: u32 = 1_000_000;

/// A new secret of 160 bits, in base32 as authenticator apps read it.
#[must_use]
pub fn new_secret(chance: &dyn Chance) -> Secret<String> {
    Secret::new(base32(&chance.bytes::<SECRET_BYTES>()))
}

/// The step of `now`, counted from 1970.
#[must_use]
pub const fn step_of(now: Moment) -> i64 {
    now.as_secs().div_euclid(STEP_SECS)
}

/// The code of `step`: six digits. `None` when the secret is not base32.
#[must_use]
pub fn code_at(secret: &str, step: i64) -> Option<String> {
    let key = from_base32(secret)?;
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).ok()?;
    mac.update(&step.to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    // Dynamic truncation (RFC 4226 section 5.3).
    let offset = usize::from(digest[19] & 0x0f);
    let word: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
    let number = u32::from_be_bytes(word) & 0x7fff_ffff;
    Some(format!("{:06}", number % DIGITS_MODULUS))
}

/// The step that `code` belongs to when it is right now or one step away. Compares all three in the same time.
#[must_use]
pub fn matching_step(secret: &str, code: &str, now: Moment) -> Option<i64> {
    let mut found = Choice::from(0);
    let mut matched = 0_i64;
    for drift in [-1, 0, 1] {
        let step = step_of(now) + drift;
        let right = code_at(secret, step)?.as_bytes().ct_eq(code.as_bytes());
        matched = i64::conditional_select(&matched, &step, right);
        found |= right;
    }
    bool::from(found).then_some(matched)
}

/// The address that an authenticator app reads as a QR code.
#[must_use]
pub fn otpauth_uri(issuer: &str, login: &str, secret: &str) -> String {
    let (issuer, login) = (percent_encoded(issuer), percent_encoded(login));
    format!(
        "otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_SECS}"
    )
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Base32 (RFC 4648) without padding.
fn base32(bytes: &[u8]) -> String {
    let (mut buffer, mut bits, mut out) = (0_u32, 0_u32, String::new());
    for byte in bytes {
        buffer = (buffer << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push_symbol(&mut out, buffer >> bits);
        }
        buffer &= (1 << bits) - 1;
    }
    if bits > 0 {
        push_symbol(&mut out, buffer << (5 - bits));
    }
    out
}

fn push_symbol(out: &mut String, value: u32) {
    if let Some(symbol) = usize::try_from(value & 31).ok().and_then(|index| ALPHABET.get(index)) {
        out.push(char::from(*symbol));
    }
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut buffer, mut bits, mut out) = (0_u32, 0_u32, Vec::new());
    for symbol in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|known| *known == symbol.to_ascii_uppercase())?;
        buffer = (buffer << 5) | u32::try_from(value).ok()?;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from((buffer >> bits) & 0xff).ok()?);
            buffer &= (1 << bits) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::chance::SeededChance;

    /// RFC 6238 appendix B: the SHA-1 secret "12345678901234567890"; the last six of its eight digits.
    const RFC_SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_codes_of_rfc_6238_come_out() {
        for (secs, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code_at(RFC_SECRET, secs / STEP_SECS).as_deref(), Some(code), "{secs}");
        }
    }

    #[test]
    fn one_step_of_drift_is_taken_and_two_are_not() {
        let now = Moment::from_ms(1_772_400_015_000);
        for drift in -3..=3_i64 {
            let step = step_of(now) + drift;
            let code = code_at(RFC_SECRET, step).unwrap();
            let expected = (drift.abs() <= 1).then_some(step);
            assert_eq!(matching_step(RFC_SECRET, &code, now), expected, "{drift}");
        }
        for wrong in ["", "0", "00000", "0000000", "abcdef", "12345六"] {
            assert_eq!(matching_step(RFC_SECRET, wrong, now), None, "{wrong}");
        }
    }

    #[test]
    fn base32_is_its_own_inverse() {
        // RFC 4648 section 10.
        for (clear, coded) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(clear.as_bytes()), coded);
            assert_eq!(from_base32(coded).unwrap(), clear.as_bytes());
        }
        assert_eq!(from_base32("0189"), None);
        let secret = new_secret(&SeededChance::new(4));
        assert_eq!(from_base32(secret.reveal()).unwrap().len(), SECRET_BYTES);
    }

    #[test]
    fn an_address_for_the_authenticator_is_escaped() {
        let uri = otpauth_uri("互助", "li wei", "ABC");
        assert!(uri.starts_with("otpauth://totp/%E4%BA%92%E5%8A%A9:li%20wei?secret=ABC&"), "{uri}");
    }
}
