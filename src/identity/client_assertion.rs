//! How a machine client proves who it is: a signed assertion (`private_key_jwt`, RFC 7523 as revised by rfc7523bis).
//!
//! The audience is our issuer identifier, alone and as a string: an assertion made for one server is of no use at another. This file
//! judges one assertion against the client's registered keys; that its `jti` is used once is the caller's conditional insert.

use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Header, Validation, dangerous, decode, decode_header};
use serde::{Deserialize, Serialize};

use super::{crypto_provider, jwt};
use crate::kernel::clock::Moment;

/// The longest that an assertion lives.
pub const MAX_LIFE_SECS: i64 = 60;
/// The `typ` that rfc7523bis asks for.
pub const TYPE: &str = "client-authentication+jwt";
const MAX_ASSERTION_BYTES: usize = 4_096;
/// No client of ours has a longer name.
const MAX_CLIENT_ID_BYTES: usize = 100;
const MAX_JTI_BYTES: usize = 128;
const SKEW_SECS: i64 = 5;

/// A public key of a machine client, as a JWK (RFC 7517): Ed25519, or P-256 for ES256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientKey {
    /// `OKP` or `EC`.
    pub kty: String,
    /// `Ed25519` or `P-256`.
    pub crv: String,
    /// The key's name, chosen by its owner.
    pub kid: String,
    /// The public key, or its first coordinate, base64url.
    pub x: String,
    /// The second coordinate of an `EC` key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<String>,
    /// `EdDSA` or `ES256`, when the owner says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// `sig`, when the owner says so.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
}

/// The key is not one that we can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a client key is a public Ed25519 or P-256 key with a kid, for signing, without private parts")]
pub struct KeyRefused;

impl ClientKey {
    /// The key for verifying and its one algorithm.
    ///
    /// # Errors
    /// [`KeyRefused`] when the key is of another kind, not on its curve, or meant for something else.
    pub fn verifying(&self) -> Result<(Algorithm, DecodingKey), KeyRefused> {
        crypto_provider::install();
        let (algorithm, name, key) = match (self.kty.as_str(), self.crv.as_str(), &self.y) {
            ("OKP", "Ed25519", None) => (Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_components(&self.x)),
            ("EC", "P-256", Some(y)) => (Algorithm::ES256, "ES256", DecodingKey::from_ec_components(&self.x, y)),
            _ => return Err(KeyRefused),
        };
        let key = key.map_err(|_| KeyRefused)?;
        let named = self.alg.as_deref().is_none_or(|alg| alg == name);
        let signs = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let usable = crypto_provider::accepts(algorithm, &key);
        if named && signs && usable && !self.kid.is_empty() { Ok((algorithm, key)) } else { Err(KeyRefused) }
    }
}

/// What an assertion says, as far as we need it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct AssertionClaims {
    /// Who made it: the client.
    pub iss: String,
    /// Who it speaks for: the client again.
    pub sub: String,
    /// Whom it is for: one string.
    pub aud: String,
    /// Refused from then on, seconds since 1970.
    pub exp: i64,
    /// Made at, seconds since 1970.
    #[serde(default)]
    pub iat: Option<i64>,
    /// Not before, seconds since 1970.
    #[serde(default)]
    pub nbf: Option<i64>,
    /// Used once.
    pub jti: String,
}

/// The assertion is not believed. The client is told no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client assertion is refused")]
pub struct AssertionRefused;

/// The client that an assertion claims to come from, to find its keys by. Nothing of it is believed yet: what can't be a client's
/// name is none.
#[must_use]
pub fn claimed_client(assertion: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claimed {
        sub: String,
    }
    if assertion.len() > MAX_ASSERTION_BYTES {
        return None;
    }
    let claimed = dangerous::insecure_decode_claims::<Claimed>(assertion).ok()?.sub;
    is_client_id(&claimed).then_some(claimed)
}

/// Whether a text can be the name of a client: 1 to 100 visible ASCII characters.
#[must_use]
pub fn is_client_id(text: &str) -> bool {
    (1..=MAX_CLIENT_ID_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Judges `assertion` of the client `client_id`, whose live keys are `keys`.
///
/// # Errors
/// [`AssertionRefused`], whatever is wrong.
pub fn judge(
    assertion: &str,
    client_id: &str,
    keys: &[ClientKey],
    issuer: &str,
    now: Moment,
) -> Result<AssertionClaims, AssertionRefused> {
    if assertion.len() > MAX_ASSERTION_BYTES {
        return Err(AssertionRefused);
    }
    let mut header = decode_header(assertion).map_err(|_| AssertionRefused)?;
    // Clients of RFC 7523 as it stands write `JWT` or no type at all.
    header.typ.get_or_insert_with(|| "JWT".to_owned());
    if !jwt::is_plain(&header, &[TYPE, "JWT"]) {
        return Err(AssertionRefused);
    }
    let (algorithm, key) = key_of(&header, keys)?;
    if header.alg != algorithm {
        return Err(AssertionRefused);
    }
    let claims = decode::<AssertionClaims>(assertion, &key, &validation(algorithm, client_id, issuer))
        .map_err(|_| AssertionRefused)?
        .claims;
    let ours = claims.iss == client_id && claims.sub == client_id && claims.aud == issuer;
    let once = !claims.jti.is_empty() && claims.jti.len() <= MAX_JTI_BYTES;
    if ours && once && is_timely(&claims, now.as_secs()) { Ok(claims) } else { Err(AssertionRefused) }
}

fn key_of(header: &Header, keys: &[ClientKey]) -> Result<(Algorithm, DecodingKey), AssertionRefused> {
    let key = match (&header.kid, keys) {
        (Some(kid), keys) => keys.iter().find(|key| key.kid == *kid),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    key.ok_or(AssertionRefused)?.verifying().map_err(|_| AssertionRefused)
}

fn validation(algorithm: Algorithm, client_id: &str, issuer: &str) -> Validation {
    debug_assert!(matches!(algorithm.family(), AlgorithmFamily::Ed | AlgorithmFamily::Ec));
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&[issuer]);
    validation.set_issuer(&[client_id]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The crate reads the machine's clock; we judge by ours.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn is_timely(claims: &AssertionClaims, now_secs: i64) -> bool {
    let latest = now_secs.saturating_add(SKEW_SECS);
    let alive = claims.exp > now_secs && claims.exp <= latest.saturating_add(MAX_LIFE_SECS);
    let short = claims.iat.is_none_or(|iat| {
        iat <= latest && claims.exp.checked_sub(iat).is_some_and(|life| (1..=MAX_LIFE_SECS).contains(&life))
    });
    alive && short && claims.nbf.is_none_or(|nbf| nbf <= latest)
}

#[cfg(test)]
mod tests {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
    use jsonwebtoken::EncodingKey;
    use p256::pkcs8::EncodePrivateKey as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::identity::keys::{SigningKeys, SigningPair};
    use crate::kernel::chance::SeededChance;

    const ISSUER: &str = "https://huzhu.example";
    const CLIENT: &str = "card-bank";
    const NOW: Moment = Moment::from_ms(1_772_400_000_000);

    fn pair() -> SigningPair {
        SigningKeys::in_memory(&SeededChance::new(21)).current
    }

    fn registered(pair: &SigningPair) -> ClientKey {
        serde_json::from_value(
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "bank-1", "x": B64.encode(pair.public_bytes()) }),
        )
        .unwrap()
    }

    fn payload() -> Value {
        let now = NOW.as_secs();
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": "j-1" })
    }

    fn header() -> Value {
        json!({ "typ": TYPE, "alg": "EdDSA", "kid": "bank-1" })
    }

    fn with(mut value: Value, name: &str, to: Value) -> Value {
        value[name] = to;
        value
    }

    fn signed(header: &Value, payload: &Value, key: &EncodingKey, algorithm: Algorithm) -> String {
        crypto_provider::install();
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(payload.to_string()));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    fn verdict(header: &Value, payload: &Value) -> Result<AssertionClaims, AssertionRefused> {
        let pair = pair();
        let key = EncodingKey::from_ed_der(&pair.private_der().unwrap());
        judge(&signed(header, payload, &key, Algorithm::EdDSA), CLIENT, &[registered(&pair)], ISSUER, NOW)
    }

    #[test]
    fn an_assertion_for_our_issuer_is_believed() {
        assert!(verdict(&header(), &payload()).is_ok());
        assert!(verdict(&with(header(), "typ", json!("JWT")), &payload()).is_ok());
        let untyped = json!({ "alg": "EdDSA", "kid": "bank-1" });
        assert!(verdict(&untyped, &payload()).is_ok());
        let nameless = json!({ "alg": "EdDSA" });
        assert!(verdict(&nameless, &payload()).is_ok(), "one key needs no name");
    }

    #[test]
    fn an_assertion_for_anybody_else_is_refused() {
        for aud in [
            json!(format!("{ISSUER}/v1/oauth/token")),
            json!(format!("{ISSUER}/")),
            json!([ISSUER]),
            json!([ISSUER, "https://other.example"]),
            json!("https://other.example"),
            json!(null),
        ] {
            assert!(verdict(&header(), &with(payload(), "aud", aud.clone())).is_err(), "{aud}");
        }
        for (name, value) in [("iss", "other"), ("sub", "other"), ("jti", "")] {
            assert!(verdict(&header(), &with(payload(), name, json!(value))).is_err(), "{name}");
        }
        for typ in ["at+jwt", "dpop+jwt", ""] {
            assert!(verdict(&with(header(), "typ", json!(typ)), &payload()).is_err(), "{typ}");
        }
        for (name, value) in [("crit", json!(["exp"])), ("jku", json!("https://evil.example")), ("kid", json!("x"))] {
            assert!(verdict(&with(header(), name, value), &payload()).is_err(), "{name}");
        }
    }

    #[test]
    fn an_assertion_lives_a_minute_at_most() {
        let now = NOW.as_secs();
        for (iat, exp, believed) in [
            (json!(now), now + 60, true),
            (json!(now), now + 61, false),
            (json!(now - 60), now, false),
            (json!(now + 6), now + 60, false),
            (json!(null), now + 65, true),
            (json!(null), now + 66, false),
            (json!(i64::MIN), now + 10, false),
        ] {
            let payload = with(with(payload(), "iat", iat.clone()), "exp", json!(exp));
            assert_eq!(verdict(&header(), &payload).is_ok(), believed, "{iat} {exp}");
        }
        assert!(verdict(&header(), &with(payload(), "nbf", json!(now + 30))).is_err());
    }

    #[test]
    fn a_p256_key_works_and_algorithms_do_not_mix() {
        let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let point = p256::ecdsa::SigningKey::from(&secret).verifying_key().to_sec1_point(false);
        let (x, y) = (B64.encode(point.x().unwrap()), B64.encode(point.y().unwrap()));
        let jwk = json!({ "kty": "EC", "crv": "P-256", "kid": "bank-1", "x": x, "y": y, "alg": "ES256", "use": "sig" });
        let key: ClientKey = serde_json::from_value(jwk.clone()).unwrap();
        let private = EncodingKey::from_ec_der(secret.to_pkcs8_der().unwrap().as_bytes());
        let assertion = signed(&with(header(), "alg", json!("ES256")), &payload(), &private, Algorithm::ES256);
        assert!(judge(&assertion, CLIENT, std::slice::from_ref(&key), ISSUER, NOW).is_ok());
        let mixed = signed(&header(), &payload(), &private, Algorithm::ES256);
        assert!(judge(&mixed, CLIENT, std::slice::from_ref(&key), ISSUER, NOW).is_err(), "EdDSA in the header");
        let (message, _) = assertion.rsplit_once('.').unwrap();
        for zeros in [[0_u8; 64].as_slice(), &[0; 0], &[0; 63]] {
            let forged = format!("{message}.{}", B64.encode(zeros));
            assert!(judge(&forged, CLIENT, std::slice::from_ref(&key), ISSUER, NOW).is_err());
        }
        let off_curve: ClientKey = serde_json::from_value(with(jwk.clone(), "y", json!(x))).unwrap();
        assert_eq!(off_curve.verifying().unwrap_err(), KeyRefused);
        let encrypting: ClientKey = serde_json::from_value(with(jwk.clone(), "use", json!("enc"))).unwrap();
        assert_eq!(encrypting.verifying().unwrap_err(), KeyRefused);
        assert!(serde_json::from_value::<ClientKey>(with(jwk, "d", json!("AA"))).is_err(), "a private part");
    }
}
