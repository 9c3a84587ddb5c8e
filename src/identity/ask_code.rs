//! `POST /v1/sign-in/otp`: a member asks for a one-time code by SMS.

use std::sync::Arc;

use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::one_time_codes::{self, RESEND_AFTER_SECS, Request};
use super::{metered, people, shapes};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Problem, Source};
use crate::kernel::clock::Moment;

/// Who asks for a code.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskCode {
    /// The mobile number that the fund knows: 11 digits.
    #[validate(custom(function = "shapes::phone"))]
    #[schema(pattern = "^1[3-9][0-9]{9}$", max_length = 11, example = "13800138000")]
    phone: String,
    /// The device's own identifier; the code is good only from this device.
    #[validate(custom(function = "shapes::device_id"))]
    #[schema(pattern = "^[A-Za-z0-9_-]{8,64}$", max_length = 64, example = "0195a3c0-1111-7000-8000-000000000001")]
    device_id: String,
}

/// Where to send the code. The answer is the same whether or not the number is known.
#[derive(Serialize, ToSchema)]
pub struct CodeAsked {
    /// Give it back with the code.
    challenge_id: Uuid,
    /// The code is refused from then on.
    expires_at: Moment,
    /// Seconds until another code can be asked for.
    #[schema(minimum = 0, maximum = 86400, example = 60)]
    resend_after_secs: i64,
}

/// Ask for a sign-in code by SMS
///
/// The answer is the same for a number that nobody has. One code a minute, five an hour and ten a day for one number,
/// and as many for each device that its owner has signed in with: a stranger can't spend those.
/// 获取短信验证码；无论号码是否登记，答复相同。
#[utoipa::path(
    tag = "sign-in",
    operation_id = "ask_sign_in_code",
    security(()),
    request_body = AskCode,
    responses(
        (status = 202, description = "A code is on its way, if the number is known", body = CodeAsked),
        (status = 422, description = "A field is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Asked too often", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/sign-in/otp")]
pub async fn ask_sign_in_code(source: Source, app: web::Data<Arc<App>>, body: Body<AskCode>) -> Answer {
    let AskCode { phone, device_id } = body.value;
    let txn = app.db.begin().await?;
    let asked = one_time_codes::ask(
        &txn,
        &app,
        &Request {
            phone: &phone,
            device_id: &device_id,
            source: &source.0,
            member: people::member_by_phone(&txn, &app, &phone).await?,
            per_source_per_hour: i32::try_from(app.config.sign_in.otp_per_source_per_hour).unwrap_or(i32::MAX),
            per_number_per_minute: i32::try_from(app.config.sign_in.otp_per_number_per_minute).unwrap_or(1),
        },
    )
    .await?;
    match asked {
        Ok(challenge) => {
            txn.commit().await?;
            app.job_written.notify_waiters();
            metered::count("phone_otp", "asked");
            Ok(HttpResponse::Accepted().json(CodeAsked {
                challenge_id: challenge.id,
                expires_at: challenge.expires_at_ms,
                resend_after_secs: RESEND_AFTER_SECS,
            }))
        }
        Err(until) => {
            txn.rollback().await?;
            metered::count("phone_otp", "throttled");
            Err(too_soon(&app, until))
        }
    }
}

/// 429 with the seconds until `until`.
pub(super) fn too_soon(app: &App, until: Moment) -> Problem {
    let wait_ms = until.as_ms().saturating_sub(app.clock.now().as_ms()).max(0);
    let wait_secs = wait_ms.div_euclid(1_000).saturating_add(1);
    Problem::new(Code::TooManyRequests).header(RETRY_AFTER, HeaderValue::from(wait_secs))
}
