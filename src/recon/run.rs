//! A reconciliation run on demand: looks for statements now instead of at the next minute.

use std::sync::Arc;

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use validator::Validate;

use super::fetch;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply};
use crate::jobs::{self, JobSpec};
use crate::kernel::text::Text;

/// Which account.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartRun {
    /// The account whose statements are looked for.
    #[validate(length(min = 1, max = 40))]
    #[schema(min_length = 1, max_length = 40, example = "6222020000001")]
    account: String,
}

/// That it will happen.
#[derive(Debug, Serialize, ToSchema)]
struct RunStarted {
    /// The account.
    #[schema(max_length = 40, example = "6222020000001")]
    account: String,
}

/// Start a reconciliation run
///
/// Fetches and imports every statement that is ready. Running it again changes nothing.
#[utoipa::path(
    tag = "bank", operation_id = "start_recon_run", security(("bearer" = ["bank:statement"])),
    request_body = StartRun,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 202, description = "It will happen", body = RunStarted),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/runs")]
pub(super) async fn start_recon_run(
    app: web::Data<Arc<App>>,
    idempotency: Idempotency,
    body: Body<StartRun>,
) -> Answer {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    let account = &body.value.account;
    if *account != link.account {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/account",
            "unknown_account",
            Text::fixed("没有这个账户", "There is no such account"),
        ));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            jobs::enqueue(txn, &app, JobSpec::new(fetch::KIND, json!({})).unique("run")).await?;
            Reply::accepted(&RunStarted { account: account.clone() })
        })
        .await
}
