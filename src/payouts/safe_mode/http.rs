//! `GET` and `POST /v1/safe-mode`. Anybody who prepares or releases may enter it; it is left at the command line alone.

use std::sync::Arc;

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{Safe, current, enter, missing};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// Why it shall be entered.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterSafeMode {
    /// Why, without anything personal.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "数据库从备份恢复")]
    reason: String,
}

/// How SAFE mode stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct SafeModeView {
    /// True while nothing is released or sent.
    #[schema(example = true)]
    safe: bool,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Moment>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500, example = "数据库从备份恢复")]
    reason: Option<String>,
    /// What must still happen before it may be left.
    #[schema(max_items = 10)]
    missing: Vec<Text>,
}

async fn view(
    connection: &impl sea_orm::ConnectionTrait,
    app: &App,
    safe: Option<Safe>,
) -> Result<SafeModeView, Problem> {
    let missing = match &safe {
        Some(safe) => missing(connection, app, safe).await?,
        None => Vec::new(),
    };
    Ok(SafeModeView {
        safe: safe.is_some(),
        since: safe.as_ref().map(|safe| safe.at_ms),
        reason: safe.map(|safe| safe.reason),
        missing,
    })
}

/// Show SAFE mode
///
/// Whether it is on, why, and what must still happen before an operator may leave it.
#[utoipa::path(
    tag = "staff", operation_id = "show_safe_mode", security(("bearer" = ["payout:read"])),
    responses((status = 200, description = "How it stands", body = SafeModeView)),
)]
#[get("/v1/safe-mode")]
pub(super) async fn show_safe_mode(app: web::Data<Arc<App>>) -> Answer {
    let safe = current(app.db.read()).await?;
    Ok(Reply::ok(&view(app.db.read(), &app, safe).await?)?.into_response())
}

/// Enter SAFE mode
///
/// From now on nothing is released, sent or given up, and the bank is asked about everything. An operator leaves it, once nothing is missing.
#[utoipa::path(
    tag = "staff", operation_id = "enter_safe_mode", security(("bearer" = ["payout:hold"])),
    request_body = EnterSafeMode,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 200, description = "How it stands", body = SafeModeView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/safe-mode")]
pub(super) async fn enter_safe_mode(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    body: Body<EnterSafeMode>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let safe = enter(txn, &app, &format!("staff:{}", staff.staff_id), &body.value.reason).await?;
            Reply::ok(&view(txn, &app, Some(safe)).await?)
        })
        .await
}
