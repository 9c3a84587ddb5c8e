//! The maker starts a run: of batches that are prepared already, or of all that waits.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::job;
use super::rows::run::RunState;
use super::rows::{line, run};
use super::view::RunView;
use super::{lines_of, load, manifest, move_run};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::payouts::bank::BankLink;
use crate::payouts::prepare::value_date;
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;

/// What goes into the run.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPayoutRun {
    /// Batches that are prepared already, all of one value date, in no other run. Absent: batches are prepared of every order that waits,
    /// until none is left or the day's limit is reached.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_items = 1, max_items = 500)]
    #[serde(default)]
    batch_ids: Option<Vec<Uuid>>,
    /// Batches at most that are prepared, 1 to 500. Default 500.
    #[validate(range(min = 1, max = 500))]
    #[schema(minimum = 1, maximum = 500, example = 500)]
    #[serde(default)]
    max_batches: Option<i64>,
}

/// Start a run of payouts
///
/// Of given batches: 201, its list is closed and waits for its checker. Of all that waits: 202, its batches are prepared by a job, and its
/// list is closed when `state` is `prepared`.
#[utoipa::path(
    tag = "staff", operation_id = "start_payout_run", security(("bearer" = ["payout:prepare"])),
    request_body = StartPayoutRun,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 201, description = "The run, with its list closed", body = RunView, headers(("ETag" = String, description = "The run's version"))),
        (status = 202, description = "The run, whose batches are being prepared", body = RunView, headers(("ETag" = String, description = "The run's version"))),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A batch does not wait, or stands in a run: `batch_state_conflict` or `batch_in_run`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-runs")]
pub(super) async fn start_payout_run(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    body: Body<StartPayoutRun>,
) -> Answer {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    idempotency
        .once(&app, body.fingerprint, async |txn| match &body.value.batch_ids {
            Some(ids) => {
                let row = of_batches(txn, &app, link, staff.staff_id, ids).await?;
                let (location, version) = (format!("/v1/payout-runs/{}", row.id), row.version);
                Ok(Reply::created(location, &RunView::from(row))?.version(version))
            }
            None => {
                let row = of_all(txn, &app, link, staff.staff_id, body.value.max_batches.unwrap_or(500)).await?;
                let version = row.version;
                Ok(Reply::accepted(&RunView::from(row))?.version(version))
            }
        })
        .await
}

/// Starts a run of all that waits, `max_batches` at most, which a job prepares.
///
/// # Errors
/// Those of the calendar and the database.
pub(crate) async fn of_all(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    maker_id: Uuid,
    max_batches: i64,
) -> Result<run::Model, Problem> {
    let day = value_date(txn, app, link).await?;
    let row = insert(txn, app, link, maker_id, day, max_batches).await?;
    job::enqueue(txn, app, &row, 1).await?;
    Ok(row)
}

async fn of_batches(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    maker_id: Uuid,
    ids: &[Uuid],
) -> Result<run::Model, Problem> {
    let mut batches = batch::Entity::find().filter(batch::Column::Id.is_in(ids.iter().copied())).all(txn).await?;
    batches.sort_by_key(|batch| batch.id);
    if batches.len() != ids.len() {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/batch_ids",
            "unknown_batch",
            Text::fixed("有批次不存在或重复", "A batch does not exist, or stands here twice"),
        ));
    }
    let day = batches.first().map(|batch| batch.value_date).unwrap_or_else(|| app.clock.now().date());
    if batches.iter().any(|batch| batch.value_date != day || batch.debit_account != link.account) {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/batch_ids",
            "several_value_dates",
            Text::fixed(
                "一次付款中的批次须同一账户、同一付款日",
                "All batches of a run have one account and one value date",
            ),
        ));
    }
    if batches.iter().any(|batch| batch.state != BatchState::Prepared) {
        return Err(Problem::new(Code::BatchStateConflict));
    }
    if line::Entity::find().filter(line::Column::BatchId.is_in(ids.iter().copied())).count(txn).await? > 0 {
        return Err(Problem::new(Code::BatchInRun));
    }
    let count = i64::try_from(batches.len()).map_err(Problem::internal)?;
    let row = insert(txn, app, link, maker_id, day, count).await?;
    for (batch, line_no) in batches.iter().zip(1..) {
        add_line(txn, row.id, line_no, batch).await.map_err(|error| match crate::db::is_unique_violation(&error) {
            // Another run took it meanwhile.
            true => Problem::new(Code::BatchInRun),
            false => error.into(),
        })?;
    }
    close(txn, &row).await?;
    load(txn, row.id).await
}

async fn insert(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    maker_id: Uuid,
    value_date: time::Date,
    max_batches: i64,
) -> Result<run::Model, Problem> {
    let row = run::ActiveModel {
        id: Set(app.ids.next()),
        debit_account: Set(link.account.clone()),
        value_date: Set(value_date),
        state: Set(RunState::Preparing),
        batch_count: Set(0),
        order_count: Set(0),
        total_fen: Set(Fen::ZERO),
        max_batches: Set(max_batches),
        sha256: Set(None),
        maker_id: Set(maker_id),
        version: Set(1),
        created_at_ms: Set(app.clock.now()),
    };
    Ok(run::Entity::insert(row).exec_with_returning(txn).await?)
}

/// Puts a batch on the list.
pub(super) async fn add_line(
    txn: &DatabaseTransaction,
    run_id: Uuid,
    line_no: i64,
    batch: &batch::Model,
) -> Result<(), sea_orm::DbErr> {
    let row = line::ActiveModel {
        run_id: Set(run_id),
        line_no: Set(line_no),
        batch_id: Set(batch.id),
        sha256: Set(batch.sha256.clone()),
    };
    line::Entity::insert(row).exec_without_returning(txn).await.map(drop)
}

/// Closes the list: from now on it is what its digest says, and waits for its checker. A run without a batch is void.
pub(super) async fn close(txn: &DatabaseTransaction, row: &run::Model) -> Result<(), Problem> {
    let lines = lines_of(txn, row.id).await?;
    if lines.is_empty() {
        return move_run(txn, row, RunState::Void, run::ActiveModel::default()).await;
    }
    let changes = run::ActiveModel {
        batch_count: Set(i64::try_from(lines.len()).map_err(Problem::internal)?),
        order_count: Set(lines.iter().map(|(_, batch)| batch.order_count).sum()),
        total_fen: Set(Fen::sum(lines.iter().map(|(_, batch)| batch.total_fen))?),
        sha256: Set(Some(manifest::sha256(row, &lines))),
        ..Default::default()
    };
    move_run(txn, row, RunState::Prepared, changes).await
}
