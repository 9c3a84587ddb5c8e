//! From a bearer token to a caller.
//!
//! The signature and the time of a token are judged in memory. A member's session is looked up in the list of sessions that ended
//! lately ([`super::ended`]); staff and machines, who are few, are read from the database each time, so that a role taken away or a
//! login disabled counts at once.

use std::sync::Arc;

use sea_orm::EntityTrait;
use uuid::Uuid;

use super::jwt::{AccessClaims, Actor as TokenActor, TokenError};
use super::rows::{machine_client, session};
use super::{clients, people, permissions};
use crate::app::App;
use crate::http::caller::Authenticator;
use crate::http::{Actor, Caller, Code, MachineCaller, Problem, Role, StaffCaller};

/// Reads the access tokens of this installation.
pub struct BearerTokens {
    app: Arc<App>,
}

impl BearerTokens {
    /// The reader for `app`.
    #[must_use]
    pub const fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

#[async_trait::async_trait]
impl Authenticator for BearerTokens {
    async fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        let claims = self.app.identity.tokens.verify(token, self.app.clock.now()).map_err(|error| {
            Problem::new(match error {
                TokenError::Expired => Code::TokenExpired,
                TokenError::Foreign | TokenError::Untimely => Code::Unauthenticated,
            })
        })?;
        match (claims.actor, claims.sid) {
            (TokenActor::Member, Some(session_id)) => member(&self.app, &claims, session_id).await,
            (TokenActor::Staff, Some(session_id)) => staff(&self.app, &claims, session_id).await,
            (TokenActor::Machine, None) => machine(&self.app, &claims).await,
            _ => Err(Problem::new(Code::Unauthenticated)),
        }
    }
}

async fn member(app: &App, claims: &AccessClaims, session_id: Uuid) -> Result<Caller, Problem> {
    if app.identity.ended.contains(app, session_id).await? {
        return Err(Problem::new(Code::Unauthenticated));
    }
    let actor = Actor::Member { member_id: claims.sub };
    Ok(Caller { actor, permissions: permissions::of(&[Role::Member]), session_id })
}

async fn staff(app: &App, claims: &AccessClaims, session_id: Uuid) -> Result<Caller, Problem> {
    let session = session::Entity::find_by_id(session_id).one(app.db.read()).await?;
    let alive = session.is_some_and(|session| session.subject_id == claims.sub && session.is_alive(app.clock.now()));
    let standing = if alive { people::standing(app.db.read(), claims.sub).await? } else { None };
    let standing = standing.ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let permissions = permissions::of(&standing.roles);
    let actor = Actor::Staff(StaffCaller {
        staff_id: standing.staff_id,
        organisation_id: standing.organisation_id,
        organisation_path: standing.organisation_path,
        unit_id: standing.unit_id,
        roles: standing.roles,
    });
    Ok(Caller { actor, permissions, session_id })
}

async fn machine(app: &App, claims: &AccessClaims) -> Result<Caller, Problem> {
    let client = machine_client::Entity::find_by_id(claims.sub).one(app.db.read()).await?;
    let client = client.filter(clients::is_active).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let role = permissions::role_of(&client.role).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let actor = Actor::Machine(MachineCaller { client_id: client.client_id });
    Ok(Caller { actor, permissions: permissions::of(&[role]), session_id: client.id })
}
