//! In SAFE mode the bank is asked about every batch that we believe was not sent: a database that lost its last seconds may be wrong.
//! Batches that were sent are asked about by their own enquiries, which go on. The job goes on while SAFE mode does.

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;

use super::current;
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{self, JobContext, JobResult, JobSpec};
use crate::kernel::clock::Moment;
use crate::payouts::bank::Enquired;
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;
use crate::payouts::{dispatch, job_error};
use crate::recon::{self, BreakKind, Seen};

/// The job's name.
pub(in crate::payouts) const KIND: &str = "payouts.safe_ask";
/// Batches asked about by one job.
const STEP: u64 = 100;
/// Pause before the next step.
const PAUSE_SECS: i64 = 60;

/// The batches that wait to be sent, or released, and were not asked about since SAFE mode began. One that the bank is known to have waits for its
/// release alone.
pub(super) async fn unsent(
    connection: &impl sea_orm::ConnectionTrait,
    since: Moment,
    limit: u64,
) -> Result<Vec<batch::Model>, sea_orm::DbErr> {
    batch::Entity::find()
        .filter(batch::Column::State.is_in([BatchState::Prepared, BatchState::Released]))
        .filter(batch::Column::AtBank.eq(false))
        .filter(batch::Column::AskedAtMs.is_null().or(batch::Column::AskedAtMs.lt(since)))
        .order_by_asc(batch::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// The job.
pub(in crate::payouts) async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    let Some(safe) = current(app.db.read()).await? else { return Ok(()) };
    // Nobody to ask: a start with a bank writes the job anew.
    let Some(link) = &app.bank else { return Ok(()) };
    for batch in unsent(app.db.read(), safe.at_ms, STEP).await? {
        let found = match link.adapter.enquire_batch(&batch.batch_ref).await {
            Enquired::Found(_) => true,
            Enquired::NotFound => false,
            Enquired::Unavailable { why } => {
                tracing::warn!(batch.id = %batch.id, why, "payouts.safe_ask has no answer");
                continue;
            }
        };
        let txn = app.db.begin().await?;
        take(&txn, app, &batch, found).await.map_err(job_error)?;
        txn.commit().await?;
    }
    let txn = app.db.begin().await?;
    context.finish(&txn).await?;
    // Also when nothing is left: batches are prepared meanwhile, and SAFE mode waits for an answer about each.
    let again = JobSpec::new(KIND, json!({})).unique("safe").not_before(app.clock.now().plus_secs(PAUSE_SECS));
    jobs::enqueue(&txn, app, again).await?;
    txn.commit().await?;
    Ok(())
}

/// The bank said whether it has a batch (`found`).
///
/// # Errors
/// Those of the database.
pub(in crate::payouts) async fn take(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    found: bool,
) -> Result<(), Problem> {
    mark_asked(txn, app, batch).await?;
    if !found || !matches!(batch.state, BatchState::Prepared | BatchState::Released) {
        return Ok(());
    }
    let what = "the bank has a batch that is not known here to have been sent: the database is older than the bank";
    let seen = Seen::new(BreakKind::B13, &batch.debit_account, format!("at-bank:{}", batch.id), what);
    recon::raise(txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
    if batch.state == BatchState::Released {
        // In doubt, and asked about like any other.
        return dispatch::found_at_bank(txn, app, batch.id).await;
    }
    // Its release was lost: it is never given up or sent, or its orders would be paid a second time. Two people release it once more.
    batch::Entity::update_many()
        .col_expr(batch::Column::AtBank, Expr::value(true))
        .filter(batch::Column::Id.eq(batch.id))
        .exec(txn)
        .await?;
    Ok(())
}

/// The bank answered about a batch now.
pub(in crate::payouts) async fn mark_asked(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
) -> Result<(), sea_orm::DbErr> {
    batch::Entity::update_many()
        .col_expr(batch::Column::AskedAtMs, Expr::value(app.clock.now()))
        .filter(batch::Column::Id.eq(batch.id))
        .exec(txn)
        .await
        .map(drop)
}
