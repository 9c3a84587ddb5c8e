//! `POST /v1/sign-in/otp/verify`: a member signs in with the code.

use std::sync::Arc;

use actix_web::{HttpResponse, post, web};
use sea_orm::DatabaseTransaction;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::device::DeviceProof;
use super::grants::{self, TokenSet};
use super::one_time_codes::{self, Try};
use super::rows::session::Actor;
use super::sessions::{self, NewSession};
use super::{metered, people, shapes};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Problem, Role};
use crate::kernel::secret::Secret;

/// A member who does not open the app for a month signs in again.
const IDLE_SECS: i64 = 30 * 24 * 60 * 60;
/// And every half year in any case.
const LIFE_SECS: i64 = 180 * 24 * 60 * 60;

/// The code, and the device that it was sent for.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyCode {
    /// From the answer to the request for the code.
    challenge_id: Uuid,
    /// The six digits.
    #[validate(custom(function = "shapes::code"))]
    #[schema(pattern = "^[0-9]{6}$", max_length = 6, example = "204816")]
    code: String,
    /// The device that asked for the code.
    #[validate(custom(function = "shapes::device_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$", max_length = 64, example = "0195a3c0-1111-7000-8000-000000000001")]
    device_id: String,
    /// 256 bits that the device made and keeps: the refresh token works only together with it.
    #[validate(custom(function = "shapes::device_secret"))]
    #[schema(
        pattern = "^[A-Za-z0-9_-]{43,128}$",
        max_length = 128,
        example = "c2FtcGxlLWRldmljZS1zZWNyZXQtb2YtMzItYnl0ZXM0"
    )]
    device_secret: String,
    /// What the member calls the device in their list of sessions.
    #[validate(length(min = 1, max = 60))]
    #[schema(min_length = 1, max_length = 60, example = "妈妈的手机")]
    device_name: Option<String>,
}

/// Sign in with the code
///
/// A code is good for five minutes, five tries and one sign-in, from the device that asked for it.
/// 用短信验证码登录。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "sign_in_member",
    security(()),
    request_body = VerifyCode,
    responses(
        (status = 200, description = "Signed in", body = TokenSet),
        (status = 401, description = "The code is wrong, used, too old or for another device: `sign_in_code_refused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is not right", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/sign-in/otp/verify")]
pub async fn sign_in_member(app: web::Data<Arc<App>>, body: Body<VerifyCode>) -> Answer {
    let VerifyCode { challenge_id, code, device_id, device_secret, device_name } = body.value;
    let device = DeviceProof { id: device_id, secret: Secret::new(device_secret) };
    let txn = app.db.begin().await?;
    let tried = one_time_codes::try_code(&txn, &app, challenge_id, &device.id, &Secret::new(code)).await?;
    let granted = match tried {
        Try::Right(member_id) => open_session(&txn, &app, member_id, &device, device_name.as_deref()).await?,
        Try::Wrong => None,
    };
    // A wrong try is committed too: it counts.
    txn.commit().await?;
    match granted {
        Some(tokens) => {
            metered::count("phone_otp", "granted");
            Ok(HttpResponse::Ok().json(tokens))
        }
        None => {
            metered::count("phone_otp", "refused");
            Err(Problem::new(Code::SignInCodeRefused))
        }
    }
}

async fn open_session(
    txn: &DatabaseTransaction,
    app: &App,
    member_id: Uuid,
    device: &DeviceProof,
    device_name: Option<&str>,
) -> Result<Option<TokenSet>, Problem> {
    if !people::member_exists(txn, member_id).await? {
        return Ok(None);
    }
    let new = NewSession {
        actor: Actor::Member,
        subject_id: member_id,
        client_id: "member-app",
        acr: "phone_otp",
        device,
        device_name,
        idle_secs: IDLE_SECS,
        life_secs: LIFE_SECS,
    };
    let (session, refresh_token) = sessions::open(txn, app, new).await?;
    grants::for_session(app, &session, &[Role::Member], &refresh_token).map(Some)
}
