//! Asking the bank what became of a batch: for results when it was accepted, for the truth when it is in doubt.
//!
//! The ladder: 30 s, 1, 2, 5, 10 minutes, then every 15 minutes. "Not found" proves nothing; only twice, far enough apart, and inside
//! the bank's promise to deduplicate, lets the same bytes go out again.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::apply::{Road, take_fact, take_facts};
use super::bank::{BankLink, Capabilities, Enquired, Heard, Status};
use super::hear::raise_odd;
use super::moves::move_batch;
use super::release::load;
use super::rows::{batch, dispatch, order};
use super::state::{BatchState, OrderState};
use super::{dispatch as sending, job_error, safe_mode};
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{self, JobContext, JobResult, JobSpec};
use crate::kernel::clock::Moment;
use crate::recon::documents::{self, BankDocumentKind, BankDocumentSource, Incoming};
use crate::recon::{self, BreakKind, Seen};

/// The job's name.
pub const KIND: &str = "payouts.enquire";
/// Pauses after each enquiry of a batch in doubt; the last one repeats. None is longer than twice the gap that the bank asks for
/// between two "not found".
const DOUBT_LADDER_SECS: [i64; 6] = [30, 60, 120, 300, 600, 900];
/// Pauses before each look for the results of an accepted batch; the last one repeats.
const RESULT_LADDER_SECS: [i64; 7] = [1, 5, 30, 60, 120, 300, 900];
/// In doubt for longer than this is a break.
const DOUBT_LIMIT_SECS: i64 = 30 * 60;
/// Accepted without a final result for longer than this is a break.
const RESULT_LIMIT_SECS: i64 = 24 * 60 * 60;
/// Orders asked for one by one after a batch enquiry that did not name them.
const SINGLES: u64 = 20;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    batch_id: Uuid,
    /// The state that the ladder belongs to: an enquiry of a ladder that was left asks nothing.
    state: BatchState,
    /// How many enquiries of this ladder went before.
    turn: i32,
}

/// Writes the enquiry after `turn` others.
pub(super) async fn schedule(
    txn: &DatabaseTransaction,
    app: &App,
    batch_id: Uuid,
    state: BatchState,
    turn: i32,
) -> Result<(), DbErr> {
    let ladder: &[i64] = if state == BatchState::Accepted { &RESULT_LADDER_SECS } else { &DOUBT_LADDER_SECS };
    let step = usize::try_from(turn).unwrap_or(0).min(ladder.len() - 1);
    let gap_secs = app.bank.as_ref().map_or(i64::MAX, |link| link.adapter.capabilities().not_found_gap_secs);
    let longest_secs = if state == BatchState::Accepted { i64::MAX } else { gap_secs.saturating_mul(2) };
    let pause = ladder.get(step).copied().unwrap_or(900).min(longest_secs);
    write(txn, app, Payload { batch_id, state, turn }, app.clock.now().plus_secs(pause)).await
}

/// Writes an enquiry at `run_at`, for a batch whose sender may have died.
pub(super) async fn watch(txn: &DatabaseTransaction, app: &App, batch_id: Uuid, run_at: Moment) -> Result<(), DbErr> {
    write(txn, app, Payload { batch_id, state: BatchState::Dispatching, turn: 0 }, run_at).await
}

async fn write(txn: &DatabaseTransaction, app: &App, payload: Payload, run_at: Moment) -> Result<(), DbErr> {
    // The job that writes its successor still holds its own key: even and odd turns take turns.
    let key = format!("{}:{:?}:{}", payload.batch_id, payload.state, payload.turn % 2);
    jobs::enqueue(txn, app, JobSpec::new(KIND, json!(payload)).unique(key).not_before(run_at)).await
}

/// The job.
pub(super) async fn run(context: JobContext) -> JobResult {
    let payload: Payload = context.payload()?;
    let app = &context.app;
    let Some(link) = &app.bank else {
        return Err(jobs::JobError::Retry(anyhow::anyhow!("no bank is configured")));
    };
    let batch = load(app.db.read(), payload.batch_id).await.map_err(job_error)?;
    match batch.state {
        state if state != payload.state => return Ok(()),
        BatchState::Dispatching => return watch_sender(&context, &batch, payload.turn).await,
        BatchState::Accepted | BatchState::InDoubt => {}
        _ => return Ok(()),
    }
    let mut heard = link.adapter.enquire_batch(&batch.batch_ref).await;
    let is_odd = matches!(&heard, Enquired::Found(heard) if !is_about(heard, &batch));
    let file = match &mut heard {
        Enquired::Found(heard) => heard.file.take(),
        _ => None,
    };
    if is_odd {
        heard = Enquired::Unavailable { why: "other_batch" };
    }
    let document = keep(app, link, file).await.map_err(job_error)?;
    let singles = ask_singles(app, link, &batch, &heard).await.map_err(job_error)?;
    let txn = app.db.begin().await?;
    if is_odd {
        let what = "the results that the bank gives for the batch name another batch or other bytes";
        let seen = Seen::new(BreakKind::B13, &batch.debit_account, format!("results:{}", batch.id), what);
        recon::raise(&txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
    }
    let results = match &heard {
        Enquired::Found(heard) => heard.facts.len(),
        _ => 0,
    };
    take(&txn, app, link, &batch, heard, singles, payload.turn).await.map_err(job_error)?;
    if let Some(document) = document {
        documents::heard(&txn, app, document, results, is_odd).await.map_err(job_error)?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}

/// Keeps the file of an answer like every file of the bank; none when it gave none, or the same as before.
async fn keep(app: &App, link: &BankLink, file: Option<Vec<u8>>) -> Result<Option<Uuid>, Problem> {
    let Some(file) = file else { return Ok(None) };
    let incoming = Incoming::new(BankDocumentKind::CnResult, BankDocumentSource::Adapter);
    let taken = documents::take(app, link, incoming, file.as_slice()).await?;
    Ok(taken.is_new.then_some(taken.id))
}

/// True when results are about this batch and the bytes that were signed; of others nothing counts.
fn is_about(heard: &Heard, batch: &batch::Model) -> bool {
    heard.batch.as_ref().is_some_and(|named| named.batch_ref == batch.batch_ref && named.sha256 == batch.sha256)
}

/// A sending may be under way: never ask now. Once its lease has ended the batch is in doubt.
async fn watch_sender(context: &JobContext, batch: &batch::Model, turn: i32) -> JobResult {
    let app = &context.app;
    let txn = app.db.begin().await?;
    context.finish(&txn).await?;
    if !sending::end_if_dead(&txn, app, batch).await.map_err(job_error)? {
        let payload = Payload { batch_id: batch.id, state: BatchState::Dispatching, turn: turn + 1 };
        write(&txn, app, payload, app.clock.now().plus_secs(30)).await?;
    }
    txn.commit().await?;
    Ok(())
}

/// Asks for single orders that the batch's answer did not name.
async fn ask_singles(
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
    heard: &Enquired,
) -> Result<Vec<Heard>, Problem> {
    let Enquired::Found(whole) = heard else { return Ok(Vec::new()) };
    if whole.refused.is_some() {
        return Ok(Vec::new());
    }
    // "Duplicate" says only that the bank knows it from elsewhere: what became of it is asked for by itself.
    let told = whole.facts.iter().filter(|fact| fact.status != Status::Duplicate);
    let named: Vec<&str> = told.map(|fact| fact.bank_ref.as_str()).collect();
    let open = order::Entity::find()
        .filter(order::Column::BatchId.eq(batch.id))
        .filter(order::Column::State.is_in([OrderState::InDoubt, OrderState::Accepted]))
        .order_by_asc(order::Column::LineNo)
        .all(app.db.read())
        .await?;
    let mut found = Vec::new();
    let unnamed = open.iter().filter(|order| !named.contains(&order.bank_ref.as_str()));
    for order in unnamed.take(usize::try_from(SINGLES).unwrap_or(0)) {
        if let Enquired::Found(heard) = link.adapter.enquire_order(&order.bank_ref, batch.value_date).await {
            found.push(heard);
        }
    }
    Ok(found)
}

async fn take(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
    heard: Enquired,
    singles: Vec<Heard>,
    turn: i32,
) -> Result<(), Problem> {
    if !matches!(heard, Enquired::Unavailable { .. }) {
        safe_mode::mark_asked(txn, app, batch).await?;
    }
    if !matches!(heard, Enquired::Found(_)) && !has_open_orders(txn, batch.id).await? {
        // The statement settled every order meanwhile: there is nothing left to ask for.
        let changes = batch::ActiveModel { in_doubt_since_ms: Set(None), ..Default::default() };
        return move_batch(txn, batch, BatchState::Finished, changes).await;
    }
    match heard {
        Enquired::Found(Heard { refused: Some(code), .. }) => {
            return sending::rejected(txn, app, link, batch, &code).await;
        }
        Enquired::Found(whole) => {
            take_facts(txn, app, &batch.debit_account, &whole.facts, Road::Result).await?;
            for fact in singles.iter().flat_map(|heard| &heard.facts) {
                take_fact(txn, app, &batch.debit_account, fact, Road::Enquiry).await?;
            }
            for heard in singles.iter().chain([&whole]) {
                raise_odd(txn, app, batch, heard).await?;
            }
            let state = if has_open_orders(txn, batch.id).await? { BatchState::Accepted } else { BatchState::Finished };
            let changes = batch::ActiveModel { in_doubt_since_ms: Set(None), ..Default::default() };
            move_batch(txn, batch, state, changes).await?;
            if state == BatchState::Accepted {
                // A batch that was in doubt starts its result ladder now.
                let turn = if batch.state == BatchState::InDoubt { 0 } else { turn };
                schedule(txn, app, batch.id, state, turn + 1).await?;
            }
        }
        Enquired::NotFound if batch.state == BatchState::InDoubt => not_found(txn, app, link, batch, turn).await?,
        Enquired::NotFound | Enquired::Unavailable { .. } => {
            schedule(txn, app, batch.id, batch.state, turn + 1).await?
        }
    }
    alert_if_late(txn, app, batch).await
}

/// News of a batch came by another road than an enquiry: it is with the bank, and finished when no order of it is open.
pub(super) async fn now_known(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<(), Problem> {
    let state = if has_open_orders(txn, batch.id).await? { BatchState::Accepted } else { BatchState::Finished };
    let changes = batch::ActiveModel { in_doubt_since_ms: Set(None), ..Default::default() };
    move_batch(txn, batch, state, changes).await?;
    if state == BatchState::Accepted && batch.state == BatchState::InDoubt {
        schedule(txn, app, batch.id, state, 0).await?;
    }
    Ok(())
}

async fn has_open_orders(txn: &DatabaseTransaction, batch_id: Uuid) -> Result<bool, DbErr> {
    let open = [OrderState::Dispatching, OrderState::InDoubt, OrderState::Accepted];
    let count = order::Entity::find()
        .filter(order::Column::BatchId.eq(batch_id))
        .filter(order::Column::State.is_in(open))
        .count(txn)
        .await?;
    Ok(count > 0)
}

async fn not_found(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
    turn: i32,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let changes = batch::ActiveModel {
        not_found_count: Set(batch.not_found_count + 1),
        not_found_first_at_ms: Set(Some(batch.not_found_first_at_ms.unwrap_or(now))),
        not_found_last_at_ms: Set(Some(now)),
        ..Default::default()
    };
    move_batch(txn, batch, BatchState::InDoubt, changes).await?;
    let batch = load(txn, batch.id).await?;
    if may_resend(txn, app, link, &batch).await? {
        let payload = sending::Payload { batch_id: batch.id, resend: true };
        let spec = JobSpec::new(sending::KIND, json!(payload)).unique(format!("{}:resend", batch.id));
        jobs::enqueue(txn, app, spec).await?;
    }
    // Should the sending not come about, the ladder goes on.
    schedule(txn, app, batch.id, BatchState::InDoubt, turn + 1).await?;
    Ok(())
}

/// True when the bytes of a batch in doubt may go out again now: the limits hold, and no order of it has moved on by other news or shows
/// a debit, which would prove that the bank has them. Asked when the job is written, and again in the transaction that begins the sending.
pub(super) async fn may_resend(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
) -> Result<bool, Problem> {
    let in_doubt = order::Entity::find()
        .filter(order::Column::BatchId.eq(batch.id))
        .filter(order::Column::State.eq(OrderState::InDoubt))
        .count(txn)
        .await?;
    let first = dispatch::Entity::find()
        .filter(dispatch::Column::BatchId.eq(batch.id))
        .order_by_asc(dispatch::Column::AttemptNo)
        .one(txn)
        .await?;
    let not_found = batch.not_found_first_at_ms.zip(batch.not_found_last_at_ms);
    let (Some(first), Some(not_found)) = (first, not_found) else { return Ok(false) };
    let limits = link.adapter.capabilities();
    Ok(!recon::shows_debit(txn, batch.id).await?
        && i64::try_from(in_doubt).ok() == Some(batch.order_count)
        && link.rules.may_resend(app.clock.now(), batch.value_date)
        && is_inside_limits(limits, app.clock.now(), not_found, first.started_at_ms))
}

/// True inside every limit of a resend but that of the day: the first and the last "not found" since the last sending lie far enough
/// apart, and it is the bank's window still. Pure.
fn is_inside_limits(
    capabilities: &Capabilities,
    now: Moment,
    (first_not_found, last_not_found): (Moment, Moment),
    first_sent: Moment,
) -> bool {
    let Some(window_secs) = capabilities.resend_window_secs else { return false };
    last_not_found >= first_not_found.plus_secs(capabilities.not_found_gap_secs)
        && now < first_sent.plus_secs(window_secs)
}

async fn alert_if_late(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<(), Problem> {
    let older = |since: Option<Moment>, secs| since.is_some_and(|since| app.clock.now() > since.plus_secs(secs));
    let (kind, what) = match batch.state {
        BatchState::InDoubt if older(batch.in_doubt_since_ms, DOUBT_LIMIT_SECS) => {
            (BreakKind::B03, "the batch is in doubt for more than 30 minutes")
        }
        BatchState::Accepted if older(batch.released_at_ms, RESULT_LIMIT_SECS) => {
            (BreakKind::B16, "the batch has no final result a day after its release")
        }
        _ => return Ok(()),
    };
    let seen = Seen::new(kind, &batch.debit_account, batch.id.to_string(), what);
    recon::raise(txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn the_same_bytes_go_out_again_only_inside_every_limit() {
        let capabilities = |window| Capabilities {
            max_lines: 1,
            max_name_bytes: 60,
            resend_window_secs: window,
            not_found_gap_secs: 600,
        };
        let day = date!(2026 - 11 - 23);
        let noon = Moment::start_of(day).plus_secs(12 * 3_600);
        let may = |window, now, last| {
            let not_found = (noon.plus_secs(60), noon.plus_secs(last));
            is_inside_limits(&capabilities(window), noon.plus_secs(now), not_found, noon)
        };
        assert!(may(Some(86_400), 700, 660));
        assert!(!may(Some(86_400), 700, 659), "too close");
        assert!(!may(Some(86_400), 700, 60), "said once");
        assert!(!may(None, 700, 660), "no promise of the bank");
        assert!(!may(Some(700), 700, 660), "outside the window");
    }
}
