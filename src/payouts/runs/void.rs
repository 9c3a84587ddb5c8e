//! A run is given up before it was signed: its batches are voided, and their orders queued anew.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::job;
use super::rows::run;
use super::rows::run::RunState;
use super::view::RunView;
use super::{load, move_run};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Idempotency, IfMatch, Problem, Reply};
use crate::payouts::safe_mode;

/// Void a run of payouts
///
/// Before it was signed. A job voids each batch of it that waits; no reference that stands in their bytes is ever used again.
#[utoipa::path(
    tag = "staff", operation_id = "void_payout_run", security(("bearer" = ["payout:prepare", "payout:release"])),
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The run's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 202, description = "The run, whose batches are being voided", body = RunView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`run_state_conflict`: it is signed, or void; `safe_mode`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-runs/{run_id}/void")]
pub(super) async fn void_payout_run(
    app: web::Data<Arc<App>>,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
) -> Answer {
    idempotency
        .once(&app, [0; 32], async |txn| {
            let row = void(txn, &app, *path, version).await?;
            let version = row.version;
            Ok(Reply::accepted(&RunView::from(row))?.version(version))
        })
        .await
}

/// Gives a run up; a job then gives its batches up. Answers it as it stands then.
///
/// # Errors
/// Those that the route names.
pub(crate) async fn void(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    version: IfMatch,
) -> Result<run::Model, Problem> {
    let row = load(txn, id).await?;
    version.check(row.version)?;
    safe_mode::refuse(txn).await?;
    move_run(txn, &row, RunState::Voiding, run::ActiveModel::default()).await?;
    let row = load(txn, id).await?;
    job::enqueue(txn, app, &row, 1).await?;
    Ok(row)
}
