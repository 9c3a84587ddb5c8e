//! The checker releases a run by signing the hash of its list, once.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::job;
use super::rows::run::RunState;
use super::rows::{line, run, signature};
use super::view::RunView;
use super::{lines_of, load, manifest, move_run};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::money::Fen;
use crate::payouts::day_limit;
use crate::payouts::release::check_day;
use crate::payouts::rows::batch;
use crate::payouts::safe_mode;
use crate::payouts::state::BatchState;

/// What the checker signs.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleasePayoutRun {
    /// SHA-256 of the run's canonical text, in hex, as the checker read or computed it.
    #[validate(length(equal = 64))]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// Release a run of payouts
///
/// One signature over the hash of its list, of somebody who prepared neither the run nor a batch in it. A job then releases each batch whose
/// hash stands on that list; one in which a card changed since is given up, and its orders are queued anew. A batch that was given up before
/// is left out.
#[utoipa::path(
    tag = "staff", operation_id = "release_payout_run", security(("bearer" = ["payout:release"])),
    request_body = ReleasePayoutRun,
    params(
        ("run_id" = Uuid, Path, description = "The run"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The run's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 202, description = "The run, signed; its batches are being released", body = RunView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever prepared a part of it may not release it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`run_state_conflict`, `run_hash_differs`, `value_date_passed`, `payout_limit_exceeded` or `safe_mode`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-runs/{run_id}/release")]
pub(super) async fn release_payout_run(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
    body: Body<ReleasePayoutRun>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = release(txn, &app, *path, &staff, version, &body.value.sha256).await?;
            let version = row.version;
            Ok(Reply::accepted(&RunView::from(row))?.version(version))
        })
        .await
}

/// Signs a run; a job then releases its batches. Answers it as it stands then.
///
/// # Errors
/// Those that the route names.
pub(crate) async fn release(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    staff: &StaffCaller,
    version: IfMatch,
    signed: &str,
) -> Result<run::Model, Problem> {
    let row = load(txn, id).await?;
    check(txn, &row, staff, version, signed).await?;
    safe_mode::refuse(txn).await?;
    count(txn, app, &row).await?;
    sign(txn, app, &row, staff.staff_id).await?;
    let row = load(txn, id).await?;
    job::enqueue(txn, app, &row, 1).await?;
    Ok(row)
}

async fn check(
    txn: &DatabaseTransaction,
    row: &run::Model,
    staff: &StaffCaller,
    version: IfMatch,
    signed: &str,
) -> Result<(), Problem> {
    let lines = lines_of(txn, row.id).await?;
    if row.maker_id == staff.staff_id || lines.iter().any(|(_, batch)| batch.maker_id == staff.staff_id) {
        return Err(Problem::new(Code::SamePerson));
    }
    version.check(row.version)?;
    if row.state != RunState::Prepared {
        return Err(Problem::new(Code::RunStateConflict));
    }
    let is_signed = row.sha256.as_deref().is_some_and(|own| signed.eq_ignore_ascii_case(own));
    if !is_signed || row.sha256.as_deref() != Some(manifest::sha256(row, &lines).as_str()) {
        return Err(Problem::new(Code::RunHashDiffers));
    }
    Ok(())
}

/// Counts every batch that waits against the limits of the day; what was given up since the list was made is left out.
async fn count(txn: &DatabaseTransaction, app: &App, row: &run::Model) -> Result<(), Problem> {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    check_day(txn, app, link, row.value_date).await?;
    let ids = line::Entity::find()
        .select_only()
        .column(line::Column::BatchId)
        .filter(line::Column::RunId.eq(row.id))
        .into_query();
    // First, so that nobody gives one up between the sum and the count.
    batch::Entity::update_many()
        .col_expr(batch::Column::Counted, Expr::value(true))
        .col_expr(batch::Column::Version, Expr::col(batch::Column::Version).add(1_i64))
        .filter(batch::Column::Id.in_subquery(ids))
        .filter(batch::Column::State.eq(BatchState::Prepared))
        .exec(txn)
        .await?;
    let lines = lines_of(txn, row.id).await?;
    let waiting: Vec<&batch::Model> =
        lines.iter().map(|(_, batch)| batch).filter(|batch| batch.state == BatchState::Prepared).collect();
    if waiting.is_empty() {
        return Err(Problem::new(Code::RunStateConflict));
    }
    if waiting.iter().any(|batch| batch.total_fen > link.rules.max_batch_fen) {
        return Err(day_limit::exceeded(&link.rules));
    }
    let total_fen = Fen::sum(waiting.iter().map(|batch| batch.total_fen))?;
    day_limit::count(txn, &link.rules, &row.debit_account, row.value_date, total_fen).await
}

async fn sign(txn: &DatabaseTransaction, app: &App, row: &run::Model, checker_id: Uuid) -> Result<(), Problem> {
    let signed = signature::ActiveModel {
        run_id: Set(row.id),
        checker_id: Set(checker_id),
        sha256: Set(row.sha256.clone().unwrap_or_default()),
        signed_at_ms: Set(app.clock.now()),
    };
    signature::Entity::insert(signed).exec_without_returning(txn).await.map_err(|error| {
        // Somebody else signed it in this very moment.
        if crate::db::is_unique_violation(&error) { Problem::new(Code::RunStateConflict) } else { error.into() }
    })?;
    move_run(txn, row, RunState::Releasing, run::ActiveModel::default()).await
}
