//! Access tokens: minted and verified (RFC 9068, with the rules of RFC 8725).
//!
//! One algorithm, EdDSA. The key is the one that the header's `kid` names in a map held in memory; nothing else in a header chooses
//! anything: a header that brings a key, an address of keys or a critical extension is refused. Time is judged by our own clock.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::crypto_provider;
use super::keys::SigningKeys;
use crate::kernel::clock::Moment;

/// The longest that an access token lives.
pub const MAX_LIFE_SECS: i64 = 600;
/// The `typ` of an access token (RFC 9068 section 2.1).
pub const TYPE: &str = "at+jwt";
/// No token of ours comes near this length.
const MAX_TOKEN_BYTES: usize = 4_096;
/// How far the clocks of two of our machines may disagree about `iat`.
const SKEW_SECS: i64 = 5;

/// What kind of caller a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// A member, by phone.
    Member,
    /// A person of the staff.
    Staff,
    /// A program of a partner.
    Machine,
}

/// The claims of an access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Who minted it: this installation's issuer identifier.
    pub iss: String,
    /// Whom it is for: one audience, as a string.
    pub aud: String,
    /// The member, the staff person or the machine client.
    pub sub: Uuid,
    /// The client that asked for it.
    pub client_id: String,
    /// Minted at, seconds since 1970.
    pub iat: i64,
    /// Not before, seconds since 1970; we write none and heed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Refused from then on, seconds since 1970.
    pub exp: i64,
    /// The token's own identifier.
    pub jti: Uuid,
    /// The roles, separated by blanks.
    pub scope: String,
    /// When the person last proved who they are, seconds since 1970.
    pub auth_time: i64,
    /// How: `phone_otp`, `password_totp` or `private_key_jwt`.
    pub acr: String,
    /// What kind of caller.
    pub actor: Actor,
    /// The session that it belongs to; a machine has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
}

/// Why a token is refused. The caller is told only that it is, and whether it is merely too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours: shape, type, algorithm, key, signature, issuer or audience.
    #[error("not an access token of this service")]
    Foreign,
    /// A token of ours whose time is over.
    #[error("the access token has expired")]
    Expired,
    /// A token of ours whose time has not come, or that claims a longer life than we give.
    #[error("the access token is not valid at this time")]
    Untimely,
}

/// Minting failed: the signing key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an access token cannot be signed")]
pub struct MintError;

/// Mints and verifies the access tokens of one issuer.
pub struct Tokens {
    issuer: String,
    audience: String,
    kid: String,
    signing: EncodingKey,
    verifying: BTreeMap<String, DecodingKey>,
}

impl Tokens {
    /// Tokens of `issuer` for `audience`, signed with the current key and verified with every key.
    ///
    /// # Errors
    /// [`MintError`] when the current key cannot be encoded.
    pub fn new(issuer: &str, audience: &str, keys: &SigningKeys) -> Result<Self, MintError> {
        crypto_provider::install();
        let private = keys.current.private_der().ok_or(MintError)?;
        Ok(Self {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            kid: keys.current.kid.clone(),
            signing: EncodingKey::from_ed_der(&private),
            verifying: keys
                .all()
                .map(|pair| (pair.kid.clone(), DecodingKey::from_ed_der(&pair.public_bytes())))
                .collect(),
        })
    }

    /// The issuer identifier.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience of every token.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// Signs `claims` with the current key.
    ///
    /// # Errors
    /// [`MintError`] when the key cannot sign.
    pub fn mint(&self, claims: &AccessClaims) -> Result<String, MintError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        encode(&header, claims, &self.signing).map_err(|_| MintError)
    }

    /// The claims of `token`, when it is ours and `now` lies in its time.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub fn verify(&self, token: &str, now: Moment) -> Result<AccessClaims, TokenError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::Foreign);
        }
        let header = decode_header(token).map_err(|_| TokenError::Foreign)?;
        if !is_plain(&header, &[TYPE]) || header.alg != Algorithm::EdDSA {
            return Err(TokenError::Foreign);
        }
        let key = header.kid.and_then(|kid| self.verifying.get(&kid)).ok_or(TokenError::Foreign)?;
        let claims = decode::<AccessClaims>(token, key, &self.validation()).map_err(|_| TokenError::Foreign)?.claims;
        judge_time(&claims, now.as_secs()).map(|()| claims)
    }

    fn validation(&self) -> Validation {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The crate reads the machine's clock; we judge by ours, in `judge_time`.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

fn judge_time(claims: &AccessClaims, now_secs: i64) -> Result<(), TokenError> {
    let life_secs = claims.exp.checked_sub(claims.iat).ok_or(TokenError::Untimely)?;
    if !(1..=MAX_LIFE_SECS).contains(&life_secs) {
        return Err(TokenError::Untimely);
    }
    if claims.exp <= now_secs {
        return Err(TokenError::Expired);
    }
    let latest = now_secs.saturating_add(SKEW_SECS);
    if claims.iat > latest || claims.nbf.is_some_and(|nbf| nbf > latest) {
        return Err(TokenError::Untimely);
    }
    Ok(())
}

/// True when a header names one of `types` and brings no key, no address of keys and no extension of its own.
pub(super) fn is_plain(header: &Header, types: &[&str]) -> bool {
    let typed = header.typ.as_deref().is_some_and(|typ| types.iter().any(|known| typ.eq_ignore_ascii_case(known)));
    let brings_keys = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.x5t.is_some()
        || header.x5t_s256.is_some();
    let extended = header.crit.is_some()
        || header.enc.is_some()
        || header.zip.is_some()
        || header.cty.is_some()
        || header.extras.inner().contains_key("b64");
    typed && !brings_keys && !extended
}

#[cfg(test)]
#[path = "jwt_attacks.rs"]
mod attacks;
