//! Tokens that must not be believed (RFC 8725 and the usual list).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::*;
use crate::kernel::chance::SeededChance;

const ISSUER: &str = "https://huzhu.example";
const AUDIENCE: &str = "https://huzhu.example/v1";
const NOW: Moment = Moment::from_ms(1_772_400_000_000);

struct Bench {
    keys: SigningKeys,
    tokens: Tokens,
}

impl Bench {
    fn new() -> Self {
        let keys = SigningKeys::in_memory(&SeededChance::new(11));
        let tokens = Tokens::new(ISSUER, AUDIENCE, &keys).unwrap();
        Self { keys, tokens }
    }

    fn header(&self) -> Value {
        json!({ "typ": "at+jwt", "alg": "EdDSA", "kid": self.keys.current.kid })
    }

    /// Signs any header and payload with our own current key: what a bug in the issuer could produce.
    fn sign(&self, header: &Value, payload: &Value) -> String {
        let key = EncodingKey::from_ed_der(&self.keys.current.private_der().unwrap());
        let message = message(header, payload);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    }

    fn verdict(&self, token: &str) -> Result<AccessClaims, TokenError> {
        self.tokens.verify(token, NOW)
    }
}

fn message(header: &Value, payload: &Value) -> String {
    format!("{}.{}", B64.encode(header.to_string()), B64.encode(payload.to_string()))
}

fn claims() -> AccessClaims {
    AccessClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: Uuid::from_u128(1),
        client_id: "member-app".to_owned(),
        iat: NOW.as_secs(),
        nbf: None,
        exp: NOW.as_secs() + 300,
        jti: Uuid::from_u128(2),
        scope: "member".to_owned(),
        auth_time: NOW.as_secs(),
        acr: "phone_otp".to_owned(),
        actor: Actor::Member,
        sid: Some(Uuid::from_u128(3)),
    }
}

fn payload() -> Value {
    serde_json::to_value(claims()).unwrap()
}

fn with(mut value: Value, name: &str, to: Value) -> Value {
    value[name] = to;
    value
}

fn without(mut value: Value, name: &str) -> Value {
    value.as_object_mut().unwrap().remove(name);
    value
}

#[test]
fn a_token_says_what_was_put_in_under_the_current_key() {
    let bench = Bench::new();
    let token = bench.tokens.mint(&claims()).unwrap();
    assert_eq!(bench.verdict(&token), Ok(claims()));
    let header = decode_header(&token).unwrap();
    assert_eq!((header.typ.as_deref(), header.kid.as_deref()), (Some("at+jwt"), Some(&*bench.keys.current.kid)));
    assert_eq!(bench.verdict(&bench.sign(&bench.header(), &payload())), Ok(claims()), "the bench signs as we do");
}

#[test]
fn a_token_without_a_signature_is_nobodys() {
    let bench = Bench::new();
    for alg in ["none", "None", "nOnE", "NONE", ""] {
        let header = with(bench.header(), "alg", json!(alg));
        for signature in ["", "AA", "e30"] {
            let token = format!("{}.{signature}", message(&header, &payload()));
            assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{alg}");
        }
    }
    let unsigned = format!("{}.", message(&bench.header(), &payload()));
    assert_eq!(bench.verdict(&unsigned), Err(TokenError::Foreign), "empty signature");
    let zeros = format!("{}.{}", message(&bench.header(), &payload()), B64.encode([0; 64]));
    assert_eq!(bench.verdict(&zeros), Err(TokenError::Foreign), "all zeros");
}

#[test]
fn the_public_key_is_no_shared_secret() {
    let bench = Bench::new();
    let public = bench.keys.current.public_bytes();
    let spellings: [Vec<u8>; 3] = [public.to_vec(), B64.encode(public).into_bytes(), hex::encode(public).into_bytes()];
    for alg in ["HS256", "HS384", "HS512"] {
        let message = message(&with(bench.header(), "alg", json!(alg)), &payload());
        for secret in &spellings {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
            mac.update(message.as_bytes());
            let token = format!("{message}.{}", B64.encode(mac.finalize().into_bytes()));
            assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{alg}");
        }
    }
}

#[test]
fn another_algorithm_is_refused_whoever_signs() {
    let bench = Bench::new();
    for alg in ["ES256", "ES384", "RS256", "PS512", "HS256", "eddsa", "Ed25519", "EdDSA "] {
        let token = bench.sign(&with(bench.header(), "alg", json!(alg)), &payload());
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{alg}");
    }
}

#[test]
fn a_header_chooses_no_key() {
    let bench = Bench::new();
    let stranger = SigningKeys::in_memory(&SeededChance::new(99));
    let x = B64.encode(stranger.current.public_bytes());
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
    let additions = [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["AA=="])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
    ];
    for (name, value) in additions {
        let token = bench.sign(&with(bench.header(), name, value), &payload());
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{name} signed by us");
    }
    for kid in ["", "../../../etc/passwd", "/dev/null", "' or 1=1 --", "current", &stranger.current.kid, "\u{0}"] {
        let token = bench.sign(&with(bench.header(), "kid", json!(kid)), &payload());
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{kid}");
    }
    let nameless = bench.sign(&without(bench.header(), "kid"), &payload());
    assert_eq!(bench.verdict(&nameless), Err(TokenError::Foreign), "no kid");
    // Our key's name over the stranger's signature.
    let strangers = Bench { tokens: Tokens::new(ISSUER, AUDIENCE, &stranger).unwrap(), keys: stranger };
    assert_eq!(bench.verdict(&strangers.sign(&bench.header(), &payload())), Err(TokenError::Foreign));
}

#[test]
fn a_changed_byte_anywhere_breaks_the_token() {
    let bench = Bench::new();
    let token = bench.tokens.mint(&claims()).unwrap();
    for at in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(bench.verdict(&changed).is_err(), "byte {at}");
    }
    let mut promoted = claims();
    promoted.sub = Uuid::from_u128(9);
    let other = bench.tokens.mint(&promoted).unwrap();
    let (ours, theirs): (Vec<&str>, Vec<&str>) = (token.split('.').collect(), other.split('.').collect());
    let spliced = [ours[0], theirs[1], ours[2]].join(".");
    assert_eq!(bench.verdict(&spliced), Err(TokenError::Foreign), "another payload under our signature");
}

#[test]
fn issuer_audience_and_type_are_ours_alone() {
    let bench = Bench::new();
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("iss", json!(format!("{ISSUER}/"))),
        ("iss", json!([ISSUER])),
        ("iss", json!(null)),
        ("aud", json!("https://bank.example")),
        ("aud", json!([AUDIENCE, "https://bank.example"])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("sub", json!("root")),
        ("sub", json!(null)),
        ("actor", json!("operator")),
    ] {
        let token = bench.sign(&bench.header(), &with(payload(), name, value.clone()));
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{name} {value}");
    }
    for name in ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "scope", "auth_time", "acr", "actor"] {
        let token = bench.sign(&bench.header(), &without(payload(), name));
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "without {name}");
    }
    for typ in ["JWT", "id+jwt", "client-authentication+jwt", "dpop+jwt", ""] {
        let token = bench.sign(&with(bench.header(), "typ", json!(typ)), &payload());
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "{typ}");
    }
    let untyped = bench.sign(&without(bench.header(), "typ"), &payload());
    assert_eq!(bench.verdict(&untyped), Err(TokenError::Foreign));
}

#[test]
fn a_token_counts_only_in_its_time() {
    let bench = Bench::new();
    let now = NOW.as_secs();
    let timed =
        |iat: i64, exp: i64| bench.sign(&bench.header(), &with(with(payload(), "iat", json!(iat)), "exp", json!(exp)));
    assert_eq!(bench.verdict(&timed(now - 300, now)), Err(TokenError::Expired), "the second of its end");
    assert_eq!(bench.verdict(&timed(now - 900, now - 600)), Err(TokenError::Expired));
    assert!(bench.verdict(&timed(now - 299, now + 1)).is_ok(), "one second left");
    assert_eq!(bench.verdict(&timed(now + 60, now + 300)), Err(TokenError::Untimely), "minted tomorrow");
    assert_eq!(bench.verdict(&timed(now, now + 601)), Err(TokenError::Untimely), "too long a life");
    assert_eq!(bench.verdict(&timed(now, i64::MAX)), Err(TokenError::Untimely));
    assert_eq!(bench.verdict(&timed(i64::MIN, i64::MAX)), Err(TokenError::Untimely));
    let early = bench.sign(&bench.header(), &with(payload(), "nbf", json!(now + 60)));
    assert_eq!(bench.verdict(&early), Err(TokenError::Untimely), "not yet valid");
    for odd in [json!("1772400300"), json!(1_772_400_300.5), json!(1e300), json!(null), json!(true)] {
        let token = bench.sign(&bench.header(), &with(payload(), "exp", odd.clone()));
        assert_eq!(bench.verdict(&token), Err(TokenError::Foreign), "exp {odd}");
    }
}

#[test]
fn a_claim_said_twice_is_refused() {
    let bench = Bench::new();
    let twice = payload().to_string().replacen('{', r#"{"sub":"00000000-0000-0000-0000-000000000009","#, 1);
    let message = format!("{}.{}", B64.encode(bench.header().to_string()), B64.encode(twice));
    let key = EncodingKey::from_ed_der(&bench.keys.current.private_der().unwrap());
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::EdDSA).unwrap();
    assert_eq!(bench.verdict(&format!("{message}.{signature}")), Err(TokenError::Foreign));
}

#[test]
fn a_shape_that_is_no_token_is_refused() {
    let bench = Bench::new();
    let token = bench.tokens.mint(&claims()).unwrap();
    let long = format!("{token}{}", "A".repeat(MAX_TOKEN_BYTES));
    for odd in ["", ".", "..", "...", "a.b.c", "Bearer x", "\u{0}", &format!("{token}.AA"), &format!(" {token}"), &long]
    {
        assert_eq!(bench.verdict(odd), Err(TokenError::Foreign));
    }
    let padded = token.replace('.', "=.");
    assert_eq!(bench.verdict(&padded), Err(TokenError::Foreign));
}

#[test]
fn the_next_and_the_previous_key_verify_too() {
    let directory = tempfile::tempdir().unwrap();
    let chance = SeededChance::new(5);
    let old =
        Tokens::new(ISSUER, AUDIENCE, &SigningKeys::load_or_make(directory.path(), &chance, NOW).unwrap()).unwrap();
    let before = old.mint(&claims()).unwrap();
    let new = Tokens::new(ISSUER, AUDIENCE, &SigningKeys::rotate(directory.path(), &chance, NOW).unwrap()).unwrap();
    assert!(new.verify(&before, NOW).is_ok(), "signed before the rotation");
    assert!(old.verify(&new.mint(&claims()).unwrap(), NOW).is_ok(), "a process that has not restarted yet");
}
