//! `POST /v1/sign-in/staff`: a person of the staff signs in with password and one-time password.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::ask_code::too_soon;
use super::budget::Budget;
use super::device::DeviceProof;
use super::grants::{self, TokenSet};
use super::rows::session::Actor;
use super::sessions::{self, NewSession};
use super::staff_sign_in::{self, Turn};
use super::{metered, people, shapes};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Problem, Source};
use crate::kernel::secret::Secret;

/// 15 minutes without a fetch of tokens.
const IDLE_SECS: i64 = 15 * 60;
/// A working day.
const LIFE_SECS: i64 = 8 * 60 * 60;
/// An office of a hundred people behind one address signs in within the hour; a guesser gets no further.
const PER_SOURCE: Budget = Budget { name: "staff-source-hour", tries: 240, window_secs: 3_600 };

/// Login, password and the authenticator's code.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffSignIn {
    /// The login that the administrator gave.
    #[validate(length(min = 1, max = 64))]
    #[schema(min_length = 1, max_length = 64, example = "li.na")]
    login: String,
    /// The password.
    #[validate(length(min = 1, max = 128))]
    #[schema(min_length = 1, max_length = 128, format = Password, example = "correct horse battery")]
    password: String,
    /// The six digits that the authenticator shows.
    #[validate(custom(function = "shapes::code"))]
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "287082")]
    totp_code: String,
    /// The device's own identifier.
    #[validate(custom(function = "shapes::device_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$", max_length = 64, example = "0195a3c0-2222-7000-8000-000000000002")]
    device_id: String,
    /// 256 bits that the device made and keeps: the refresh token works only together with it.
    #[validate(custom(function = "shapes::device_secret"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{43,128}$",
        max_length = 128,
        example = "c2FtcGxlLWRldmljZS1zZWNyZXQtb2YtMzItYnl0ZXM0"
    )]
    device_secret: String,
}

/// Sign in as staff
///
/// The answer is the same whatever is wrong, and for a login that nobody has. After five failures an administrator must release the login.
/// A session ends after 15 minutes without use and after 8 hours in any case. 工作人员登录：密码加动态口令。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "sign_in_staff",
    security(()),
    request_body = StaffSignIn,
    responses(
        (status = 200, description = "Signed in", body = TokenSet),
        (status = 401, description = "Login, password or code is wrong: `sign_in_refused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Locked until an administrator releases the login: `sign_in_locked`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Tried too often", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/sign-in/staff")]
pub async fn sign_in_staff(source: Source, app: web::Data<Arc<App>>, body: Body<StaffSignIn>) -> Answer {
    let StaffSignIn { login, password, totp_code, device_id, device_secret } = body.value;
    let staff_id = take_turn(&app, &login, &source.0).await?;
    let right = staff_sign_in::judge(&app, staff_id, Secret::new(password), &Secret::new(totp_code))
        .await
        .map_err(Problem::internal)?;
    let Some(staff_id) = staff_id.filter(|_| right) else {
        metered::count("password_totp", "refused");
        return Err(Problem::new(Code::SignInRefused));
    };
    let device = DeviceProof { id: device_id, secret: Secret::new(device_secret) };
    let tokens = open_session(&app, &login, staff_id, &device).await?;
    metered::count("password_totp", "granted");
    Ok(HttpResponse::Ok().json(tokens))
}

/// Counts the try; answers whose login it is.
async fn take_turn(app: &App, login: &str, source: &str) -> Result<Option<Uuid>, Problem> {
    let txn = app.db.begin().await?;
    if let Err(until) = PER_SOURCE.spend(&txn, app, source).await? {
        metered::count("password_totp", "throttled");
        return Err(too_soon(app, until));
    }
    let staff_id = people::staff_by_login(&txn, login).await?;
    let turn = staff_sign_in::take_turn(&txn, app, login, staff_id).await?;
    txn.commit().await?;
    match turn {
        Turn::Taken => Ok(staff_id),
        Turn::TooSoon(until) => {
            metered::count("password_totp", "throttled");
            Err(too_soon(app, until))
        }
        Turn::Locked => {
            metered::count("password_totp", "locked");
            Err(Problem::new(Code::SignInLocked))
        }
    }
}

async fn open_session(app: &App, login: &str, staff_id: Uuid, device: &DeviceProof) -> Result<TokenSet, Problem> {
    let txn = app.db.begin().await?;
    let standing = people::standing(&txn, staff_id).await?.ok_or_else(|| Problem::new(Code::SignInRefused))?;
    let new = NewSession {
        actor: Actor::Staff,
        subject_id: staff_id,
        client_id: "staff-console",
        acr: "password_totp",
        device,
        device_name: None,
        idle_secs: IDLE_SECS,
        life_secs: LIFE_SECS,
    };
    let (session, refresh_token) = sessions::open(&txn, app, new).await?;
    staff_sign_in::release(&txn, app, login).await?;
    let tokens = grants::for_session(app, &session, &standing.roles, &refresh_token)?;
    txn.commit().await?;
    Ok(tokens)
}
