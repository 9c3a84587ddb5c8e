//! The job of a run: one batch a step, each in a transaction that also writes the next step.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::rows::run::RunState;
use super::rows::{line, run, signature};
use super::{load, move_run, start};
use crate::app::App;
use crate::claims::advance::By;
use crate::http::{Code, Problem};
use crate::jobs::{self, JobContext, JobError, JobResult, JobSpec};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::payouts::bank::BankLink;
use crate::payouts::prepare::{Bounds, prepare};
use crate::payouts::reissue::queue_mended;
use crate::payouts::release::{bytes_of, cards_changed, check_day, is_at_bank, release};
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;
use crate::payouts::void::void;
use crate::payouts::{day_limit, job_error, release as batches, safe_mode};
use crate::recon::{self, BreakKind, Seen};

/// The job's name.
pub(in crate::payouts) const KIND: &str = "payouts.run";
/// Pause before the next look while SAFE mode is on.
const SAFE_PAUSE_SECS: i64 = 5 * 60;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    run_id: Uuid,
    /// The state that the step belongs to: a step of a state that was left does nothing.
    state: RunState,
    /// The line that it is about.
    line_no: i64,
}

/// Writes the step about `line_no`.
pub(super) async fn enqueue(txn: &DatabaseTransaction, app: &App, row: &run::Model, line_no: i64) -> Result<(), DbErr> {
    enqueue_at(txn, app, row, line_no, None).await
}

async fn enqueue_at(
    txn: &DatabaseTransaction,
    app: &App,
    row: &run::Model,
    line_no: i64,
    run_at: Option<Moment>,
) -> Result<(), DbErr> {
    let payload = Payload { run_id: row.id, state: row.state, line_no };
    let key = format!("{}:{:?}:{line_no}", row.id, row.state);
    let mut spec = JobSpec::new(KIND, json!(payload)).unique(key);
    if let Some(run_at) = run_at {
        spec = spec.not_before(run_at);
    }
    jobs::enqueue(txn, app, spec).await
}

/// The job.
pub(in crate::payouts) async fn work(context: JobContext) -> JobResult {
    let payload: Payload = context.payload()?;
    let app = &context.app;
    let Some(link) = &app.bank else {
        return Err(JobError::Retry(anyhow::anyhow!("no bank is configured")));
    };
    let txn = app.db.begin().await?;
    let row = load(&txn, payload.run_id).await.map_err(job_error)?;
    if row.state != RunState::Preparing && safe_mode::current(&txn).await?.is_some() {
        // Neither released nor given up while nobody knows what the bank has.
        context.finish(&txn).await?;
        enqueue_at(&txn, app, &row, payload.line_no, Some(app.clock.now().plus_secs(SAFE_PAUSE_SECS))).await?;
        txn.commit().await?;
        return Ok(());
    }
    if row.state == payload.state {
        step(&txn, app, link, &row, payload.line_no).await.map_err(job_error)?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}

async fn step(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    row: &run::Model,
    line_no: i64,
) -> Result<(), Problem> {
    let end = match row.state {
        RunState::Preparing => return prepare_one(txn, app, link, row, line_no).await,
        RunState::Releasing => RunState::Released,
        RunState::Voiding => RunState::Void,
        RunState::Prepared | RunState::Released | RunState::Void => return Ok(()),
    };
    let found = line::Entity::find()
        .filter(line::Column::RunId.eq(row.id))
        .filter(line::Column::LineNo.eq(line_no))
        .one(txn)
        .await?;
    let Some(line) = found else {
        tracing::info!(run.id = %row.id, state = ?end, "payouts.run has ended");
        return move_run(txn, row, end, run::ActiveModel::default()).await;
    };
    let batch = batches::load(txn, line.batch_id).await?;
    if batch.state == BatchState::Prepared {
        let is_there = is_at_bank(txn, &batch).await?;
        match row.state {
            // It is released by itself once the run is void.
            RunState::Voiding if is_there => {}
            RunState::Voiding => void(txn, app, &batch, By::SYSTEM).await?,
            _ => release_one(txn, app, link, &line, &batch, is_there).await?,
        }
    }
    Ok(enqueue(txn, app, row, line_no + 1).await?)
}

/// Prepares the next batch of the run, or closes its list when nothing more can go into it.
async fn prepare_one(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    row: &run::Model,
    line_no: i64,
) -> Result<(), Problem> {
    let left_fen = day_limit::left(txn, &link.rules, &row.debit_account, row.value_date).await?;
    let left_fen = left_fen.checked_sub(row.total_fen)?;
    if line_no > row.max_batches || is_late(txn, app, link, row.value_date).await? {
        return start::close(txn, row).await;
    }
    if line_no == 1 {
        queue_mended(txn, app).await?;
    }
    let bounds = Bounds {
        orders: link.adapter.capabilities().max_lines,
        fen: left_fen.min(link.rules.max_batch_fen),
        value_date: row.value_date,
    };
    let (prepared, held) = prepare(txn, app, link, row.maker_id, &bounds).await?;
    if !held.is_empty() {
        tracing::info!(run.id = %row.id, held = held.len(), "payouts.run holds orders back");
    }
    let Some(prepared) = prepared else { return start::close(txn, row).await };
    start::add_line(txn, row.id, line_no, &prepared).await?;
    let changes = run::ActiveModel {
        batch_count: Set(line_no),
        order_count: Set(row.order_count + prepared.order_count),
        total_fen: Set(Fen::sum([row.total_fen, prepared.total_fen])?),
        ..Default::default()
    };
    move_run(txn, row, RunState::Preparing, changes).await?;
    Ok(enqueue(txn, app, row, line_no + 1).await?)
}

/// Releases a batch whose hash was signed; one that can't be paid as it was signed is given up, and its orders are queued anew. One that the
/// bank has (`is_there`) is neither given up nor sent: it is released, and the bank is asked about it.
async fn release_one(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    line: &line::Model,
    batch: &batch::Model,
    is_there: bool,
) -> Result<(), Problem> {
    let signed = signature::Entity::find_by_id(line.run_id).one(txn).await?;
    let checker_id = signed
        .map(|signed| signed.checker_id)
        .ok_or_else(|| Problem::internal(anyhow::anyhow!("a run is being released without a signature")))?;
    if line.sha256 != batch.sha256 || bytes_of(txn, app, batch).await?.is_none() {
        let what = "the stored bytes differ from what was signed";
        let seen = Seen::new(BreakKind::B13, &batch.debit_account, batch.id.to_string(), what);
        recon::raise(txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
        return Ok(());
    }
    let late = is_late(txn, app, link, batch.value_date).await?;
    if !is_there && (late || cards_changed(txn, batch.id).await?) {
        tracing::warn!(batch.id = %batch.id, late, "payouts.run gives a batch up: a card changed, or its day has passed");
        return void(txn, app, batch, By::SYSTEM).await;
    }
    release(txn, app, batch, checker_id, is_there).await
}

async fn is_late(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    value_date: time::Date,
) -> Result<bool, Problem> {
    match check_day(txn, app, link, value_date).await {
        Ok(()) => Ok(false),
        Err(refused) if refused.code() == Code::ValueDatePassed => Ok(true),
        Err(other) => Err(other),
    }
}
