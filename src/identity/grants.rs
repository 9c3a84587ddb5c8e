//! What a successful sign-in gives: an access token, and for people a refresh token.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::jwt::{AccessClaims, Actor};
use super::permissions;
use super::rows::session;
use crate::app::App;
use crate::http::{Problem, Role};
use crate::kernel::clock::Moment;
use crate::kernel::secret::Secret;

/// Tokens for a client, in the words of OAuth (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
pub struct TokenSet {
    /// The access token (RFC 9068): `Authorization: Bearer …`.
    #[schema(max_length = 4096, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2ln")]
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 10, example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds that the access token lives, at most 600.
    #[schema(minimum = 1, maximum = 600, example = 600)]
    pub expires_in: i64,
    /// The next refresh token: use it once, from the same device. A machine gets none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100, example = "b3BhcXVlLTI1Ni1iaXQtdG9rZW4tb25seS1hLXNhbXBsZQ")]
    pub refresh_token: Option<String>,
    /// What the caller is: roles, separated by blanks.
    #[schema(max_length = 200, example = "member")]
    pub scope: String,
    /// The session, as `/v1/me/sessions` names it. A machine has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
}

/// Somebody to whom an access token is given.
pub struct Grantee<'a> {
    /// Member, staff or machine.
    pub actor: Actor,
    /// Who.
    pub subject_id: Uuid,
    /// The client that asks.
    pub client_id: &'a str,
    /// What they are.
    pub roles: &'a [Role],
    /// When they proved who they are.
    pub proved_at: Moment,
    /// How.
    pub acr: &'a str,
    /// The session, for people.
    pub session_id: Option<Uuid>,
}

/// Tokens for the owner of `session`, who has `roles` at this moment.
///
/// # Errors
/// When the signing key cannot be used.
pub fn for_session(
    app: &App,
    session: &session::Model,
    roles: &[Role],
    refresh_token: &Secret<String>,
) -> Result<TokenSet, Problem> {
    let actor = match session.actor {
        session::Actor::Member => Actor::Member,
        session::Actor::Staff => Actor::Staff,
    };
    let grantee = Grantee {
        actor,
        subject_id: session.subject_id,
        client_id: &session.client_id,
        roles,
        proved_at: session.started_at_ms,
        acr: &session.acr,
        session_id: Some(session.id),
    };
    let tokens = access_only(app, &grantee)?;
    Ok(TokenSet { refresh_token: Some(refresh_token.reveal().clone()), ..tokens })
}

/// An access token alone.
///
/// # Errors
/// When the signing key cannot be used.
pub fn access_only(app: &App, grantee: &Grantee<'_>) -> Result<TokenSet, Problem> {
    let (now, expires_in) = (app.clock.now(), app.config.sign_in.access_token_secs);
    let words: Vec<&str> = grantee.roles.iter().map(|role| permissions::word(*role)).collect();
    let claims = AccessClaims {
        iss: app.identity.tokens.issuer().to_owned(),
        aud: app.identity.tokens.audience().to_owned(),
        sub: grantee.subject_id,
        client_id: grantee.client_id.to_owned(),
        iat: now.as_secs(),
        nbf: None,
        exp: now.as_secs() + expires_in,
        jti: app.ids.next(),
        scope: words.join(" "),
        auth_time: grantee.proved_at.as_secs(),
        acr: grantee.acr.to_owned(),
        actor: grantee.actor,
        sid: grantee.session_id,
    };
    Ok(TokenSet {
        access_token: app.identity.tokens.mint(&claims).map_err(Problem::internal)?,
        token_type: "Bearer",
        expires_in,
        refresh_token: None,
        scope: claims.scope,
        session_id: grantee.session_id,
    })
}
