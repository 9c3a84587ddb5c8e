//! `POST /v1/oauth/token`: refresh tokens for people, client credentials for machines, in the forms of RFC 6749.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, PRAGMA};
use actix_web::{FromRequest, HttpRequest, HttpResponse, post, web};
use serde::Serialize;
use utoipa::ToSchema;
use validator::ValidationError;

use super::device::DeviceProof;
use super::grants::{self, Grantee, TokenSet};
use super::jwt::Actor as TokenActor;
use super::rows::session::{self, Actor, EndReason};
use super::sessions::{self, Rotation};
use super::{client_assertion, clients, metered, people, permissions, reuse_warning, shapes};
use crate::app::App;
use crate::http::body::in_time;
use crate::http::{Answer, Problem, Role};
use crate::kernel::secret::Secret;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The form, as it is documented; it is read field by field.
#[derive(ToSchema)]
#[expect(dead_code, reason = "this type only documents the form")]
pub struct TokenForm {
    /// `refresh_token` or `client_credentials`.
    #[schema(max_length = 40, example = "refresh_token")]
    grant_type: String,
    /// For people: the last refresh token.
    #[schema(max_length = 100)]
    refresh_token: Option<String>,
    /// For people: the device that signed in.
    #[schema(max_length = 64)]
    device_id: Option<String>,
    /// For people: the secret of that device.
    #[schema(max_length = 128)]
    device_secret: Option<String>,
    /// For machines: `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    #[schema(max_length = 100)]
    client_assertion_type: Option<String>,
    /// For machines: a JWT signed with the client's registered key; `iss` and `sub` are the client, `aud` is our issuer alone, `jti` is
    /// used once, and it lives 60 seconds at most.
    #[schema(max_length = 4096)]
    client_assertion: Option<String>,
    /// For machines: the client's name, if sent at all the same as in the assertion.
    #[schema(max_length = 100)]
    client_id: Option<String>,
    /// For machines: the role, if sent at all.
    #[schema(max_length = 200)]
    scope: Option<String>,
}

/// A refusal in the words of RFC 6749 section 5.2.
#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthRefusal {
    /// `invalid_request`, `invalid_client`, `invalid_grant`, `unsupported_grant_type` or `invalid_scope`.
    #[schema(max_length = 40, example = "invalid_grant")]
    error: &'static str,
    /// For the client's developer, in English (the RFC allows only ASCII).
    #[schema(max_length = 300, example = "the refresh token is unknown, used or over")]
    error_description: &'static str,
}

impl OAuthRefusal {
    const fn request(error_description: &'static str) -> Refused {
        Refused::OAuth(StatusCode::BAD_REQUEST, Self { error: "invalid_request", error_description })
    }

    const fn grant() -> Refused {
        let error_description = "the refresh token is unknown, used or over";
        Refused::OAuth(StatusCode::BAD_REQUEST, Self { error: "invalid_grant", error_description })
    }

    const fn client() -> Refused {
        let error_description = "the client or its assertion is not accepted";
        Refused::OAuth(StatusCode::UNAUTHORIZED, Self { error: "invalid_client", error_description })
    }
}

enum Refused {
    OAuth(StatusCode, OAuthRefusal),
    Problem(Problem),
}

impl<E: Into<Problem>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Problem(error.into())
    }
}

/// Fetch tokens
///
/// A person sends `grant_type=refresh_token` with the device's identifier and secret: an answer that was lost on the way can be
/// fetched again with the same refresh token; a token that comes from elsewhere ends the session. A machine sends
/// `grant_type=client_credentials` with `private_key_jwt` (RFC 7523 as revised). 获取或续期令牌。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "fetch_tokens",
    security(()),
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "Tokens", body = TokenSet),
        (status = 400, description = "The request or the refresh token is refused", body = OAuthRefusal),
        (status = 401, description = "The client is refused", body = OAuthRefusal),
    )
)]
#[post("/v1/oauth/token")]
pub async fn fetch_tokens(app: web::Data<Arc<App>>, request: HttpRequest, body: web::Payload) -> Answer {
    let form = web::Form::<Vec<(String, String)>>::from_request(&request, &mut body.into_inner());
    let outcome = match in_time(&request, form).await? {
        Ok(form) => grant(&app, form.into_inner()).await,
        Err(_) => Err(OAuthRefusal::request("send application/x-www-form-urlencoded, at most 16 KiB")),
    };
    match outcome {
        Ok(tokens) => Ok(uncached(StatusCode::OK).json(tokens)),
        Err(Refused::OAuth(status, refusal)) => Ok(uncached(status).json(refusal)),
        Err(Refused::Problem(problem)) => Err(problem),
    }
}

fn uncached(status: StatusCode) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    response
}

async fn grant(app: &App, pairs: Vec<(String, String)>) -> Result<TokenSet, Refused> {
    let form = Form::read(pairs)?;
    match form.get("grant_type")? {
        "refresh_token" => refresh(app, &form).await,
        "client_credentials" => client_credentials(app, &form).await,
        _ => {
            let error_description = "use refresh_token or client_credentials";
            let refusal = OAuthRefusal { error: "unsupported_grant_type", error_description };
            Err(Refused::OAuth(StatusCode::BAD_REQUEST, refusal))
        }
    }
}

/// The form's fields. A field that comes twice is refused (RFC 6749 section 3.2); one that we do not know is left alone.
struct Form(BTreeMap<String, String>);

impl Form {
    fn read(pairs: Vec<(String, String)>) -> Result<Self, Refused> {
        let mut fields = BTreeMap::new();
        for (name, value) in pairs {
            // An empty value counts as absent.
            if !value.is_empty() && fields.insert(name, value).is_some() {
                return Err(OAuthRefusal::request("a parameter came twice"));
            }
        }
        Ok(Self(fields))
    }

    fn find(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn get(&self, name: &str) -> Result<&str, Refused> {
        self.find(name).ok_or(OAuthRefusal::request("a parameter is missing"))
    }

    fn checked(&self, name: &str, check: fn(&str) -> Result<(), ValidationError>) -> Result<String, Refused> {
        let value = self.get(name)?;
        check(value).map_err(|_| OAuthRefusal::request("a parameter is not of the expected form"))?;
        Ok(value.to_owned())
    }
}

async fn refresh(app: &App, form: &Form) -> Result<TokenSet, Refused> {
    let token = Secret::new(form.get("refresh_token")?.to_owned());
    let device = DeviceProof {
        id: form.checked("device_id", shapes::device_id)?,
        secret: Secret::new(form.checked("device_secret", shapes::device_secret)?),
    };
    let txn = app.db.begin().await?;
    match sessions::rotate(&txn, app, &token, &device).await? {
        Rotation::Renewed(session, successor) => {
            let Some(roles) = roles_now(&txn, app, &session).await? else {
                txn.commit().await?;
                metered::count("refresh_token", "refused");
                return Err(OAuthRefusal::grant());
            };
            let tokens = grants::for_session(app, &session, &roles, &successor)?;
            txn.commit().await?;
            metered::count("refresh_token", "granted");
            Ok(tokens)
        }
        Rotation::Reused(session) => {
            reuse_warning::queue(&txn, app, &session).await?;
            txn.commit().await?;
            app.job_written.notify_waiters();
            app.identity.ended.add(app, session.id);
            tracing::warn!(session.id = %session.id, "session.ended: a refresh token was in two hands");
            metered::count("refresh_token", "reused");
            Err(OAuthRefusal::grant())
        }
        Rotation::Refused => {
            txn.rollback().await?;
            metered::count("refresh_token", "refused");
            Err(OAuthRefusal::grant())
        }
    }
}

/// What the owner of the session is by now; `None`, and the session ended, when they may no longer sign in.
async fn roles_now(
    txn: &sea_orm::DatabaseTransaction,
    app: &App,
    session: &session::Model,
) -> Result<Option<Vec<Role>>, Problem> {
    let roles = match session.actor {
        Actor::Member => people::member_exists(txn, session.subject_id).await?.then(|| vec![Role::Member]),
        Actor::Staff => people::standing(txn, session.subject_id).await?.map(|standing| standing.roles),
    };
    if roles.is_none() {
        sessions::end(txn, app, session.id, EndReason::Disabled).await?;
    }
    Ok(roles)
}

async fn client_credentials(app: &App, form: &Form) -> Result<TokenSet, Refused> {
    let outcome = judged_client(app, form).await;
    let counted = match &outcome {
        Ok(_) => "granted",
        Err(_) => "refused",
    };
    metered::count("private_key_jwt", counted);
    outcome
}

async fn judged_client(app: &App, form: &Form) -> Result<TokenSet, Refused> {
    if form.get("client_assertion_type")? != ASSERTION_TYPE {
        return Err(OAuthRefusal::request("the client_assertion_type is not jwt-bearer"));
    }
    let assertion = form.get("client_assertion")?;
    let claimed = client_assertion::claimed_client(assertion).ok_or(OAuthRefusal::client())?;
    if form.find("client_id").is_some_and(|client_id| client_id != claimed) {
        return Err(OAuthRefusal::client());
    }
    let (client, keys) = clients::find(app.db.read(), &claimed).await?.ok_or(OAuthRefusal::client())?;
    let now = app.clock.now();
    let claims = client_assertion::judge(assertion, &client.client_id, &keys, app.identity.tokens.issuer(), now)
        .map_err(|_| OAuthRefusal::client())?;
    if form.find("scope").is_some_and(|scope| scope != client.role) {
        let error_description = "this client has no such role";
        let refusal = OAuthRefusal { error: "invalid_scope", error_description };
        return Err(Refused::OAuth(StatusCode::BAD_REQUEST, refusal));
    }
    if !clients::use_jti(app.db.write(), app, &client, &claims).await? {
        return Err(OAuthRefusal::client());
    }
    let role = permissions::role_of(&client.role).ok_or(OAuthRefusal::client())?;
    let grantee = Grantee {
        actor: TokenActor::Machine,
        subject_id: client.id,
        client_id: &client.client_id,
        roles: &[role],
        proved_at: now,
        acr: "private_key_jwt",
        session_id: None,
    };
    Ok(grants::access_only(app, &grantee)?)
}
