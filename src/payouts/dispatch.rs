//! Sending a batch: the lease is committed before the first byte, no transaction is open during the call, the answer is written only by
//! whoever still holds the lease.
//!
//! A sender that dies leaves an open `dispatch` row. Once its lease has ended nobody can prove what the bank got, so the batch is in
//! doubt and the bank is asked; the bytes go out again only as a *resend*, when the bank has said twice that it does not know them.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, Statement};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::bank::{BankLink, Submitted};
use super::moves::{move_batch, move_batch_orders};
use super::release::{bytes_of, cards_changed, load};
use super::rows::{batch, dispatch, order};
use super::state::{BatchState, OrderCommand, OrderState};
use super::void::void;
use super::{enquire, job_error, safe_mode};
use crate::app::App;
use crate::claims::advance::By;
use crate::db::is_unique_violation;
use crate::http::{Code, Problem};
use crate::jobs::{self, JobContext, JobResult, JobSpec};
use crate::kernel::clock::Moment;
use crate::recon::{self, BreakKind, Seen};

/// The job's name.
pub const KIND: &str = "payouts.dispatch";
/// How long a sender may take; longer than any answer is waited for.
const LEASE_SECS: i64 = 120;
/// How long the bank's own job may take from fetching a file to its receipt.
const RECEIPT_SECS: i64 = 60 * 60;
/// First pause after a proved "not sent"; doubles up to the longest.
const FIRST_PAUSE_SECS: i64 = 30;
const LONGEST_PAUSE_SECS: i64 = 15 * 60;
/// Pause while something stands in the way of sending: no bank, or a break that stops it.
const BLOCKED_PAUSE_SECS: i64 = 5 * 60;

/// What the job needs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    /// The batch.
    pub batch_id: Uuid,
    /// True when the bank said twice that it does not know a batch in doubt.
    #[serde(default)]
    pub resend: bool,
}

/// A sending that was begun.
struct Begun {
    batch: batch::Model,
    dispatch: dispatch::Model,
    bytes: Vec<u8>,
}

/// What beginning came to.
enum Start {
    Begun(Box<Begun>),
    /// Nothing to do now, or not by us.
    Leave,
    /// Its value date has not begun.
    Wait(Moment),
}

/// The job.
pub(super) async fn run(context: JobContext) -> JobResult {
    let payload: Payload = context.payload()?;
    let app = &context.app;
    let Some(link) = &app.bank else {
        return block(&context, &payload, "no bank is configured").await;
    };
    if link.pulled {
        // The bank's own job comes for it.
        return Ok(());
    }
    if look_after_sender(app, payload.batch_id).await.map_err(job_error)? {
        return Ok(());
    }
    if recon::stops_dispatch(app.db.read(), &link.account).await? {
        return block(&context, &payload, "an open break stops dispatch for the account").await;
    }
    if safe_mode::current(app.db.read()).await?.is_some() {
        return block(&context, &payload, "SAFE mode is on").await;
    }
    let begun = match begin(app, link, &payload).await.map_err(job_error)? {
        Start::Begun(begun) => begun,
        Start::Leave => return Ok(()),
        Start::Wait(until) => return wait(&context, &payload, until).await,
    };
    let Begun { batch, dispatch, bytes } = *begun;
    let outcome = link.adapter.submit(&batch.batch_ref, bytes, &batch.sha256).await;
    conclude(app, link, &dispatch, outcome).await.map_err(job_error)
}

/// Looks again later: the job ends, its twin waits.
async fn block(context: &JobContext, payload: &Payload, why: &'static str) -> JobResult {
    tracing::warn!(batch.id = %payload.batch_id, why, "payouts.dispatch waits");
    wait(context, payload, context.app.clock.now().plus_secs(BLOCKED_PAUSE_SECS)).await
}

async fn wait(context: &JobContext, payload: &Payload, until: Moment) -> JobResult {
    let txn = context.app.db.begin().await?;
    context.finish(&txn).await?;
    enqueue(&txn, &context.app, payload, until).await?;
    txn.commit().await?;
    Ok(())
}

async fn enqueue(
    txn: &DatabaseTransaction,
    app: &App,
    payload: &Payload,
    run_at: Moment,
) -> Result<(), sea_orm::DbErr> {
    let spec = JobSpec::new(KIND, json!(payload)).unique(payload.batch_id.to_string()).not_before(run_at);
    jobs::enqueue(txn, app, spec).await
}

/// Commits the lease and moves the batch to dispatching; the bytes are sent only after that.
async fn begin(app: &App, link: &BankLink, payload: &Payload) -> Result<Start, Problem> {
    let txn = app.db.begin().await?;
    let batch = load(&txn, payload.batch_id).await?;
    let (from, command) = match (batch.state, payload.resend) {
        (BatchState::Released, false) => (OrderState::Approved, OrderCommand::StartDispatch),
        (BatchState::InDoubt, true) => (OrderState::InDoubt, OrderCommand::Resend),
        _ => return Ok(Start::Leave),
    };
    // The job may be late, or old: what let it be written must still hold. If not, the enquiries go on.
    if payload.resend && !enquire::may_resend(&txn, app, link, &batch).await? {
        tracing::warn!(batch.id = %batch.id, "payouts.dispatch is not sent again: its time is over");
        return Ok(Start::Leave);
    }
    if !payload.resend && recon::shows_debit(&txn, batch.id).await? {
        found_at_bank(&txn, app, batch.id).await?;
        txn.commit().await?;
        return Ok(Start::Leave);
    }
    if !payload.resend {
        let now = app.clock.now();
        let calendar = app.calendars.current(&txn, now).await?;
        if link.rules.is_too_late(&calendar, now, batch.value_date) {
            // Never with yesterday's date, and no order in two dates: the orders are queued anew, under new references.
            tracing::warn!(batch.id = %batch.id, "payouts.dispatch is given up: its value date has passed");
            void(&txn, app, &batch, By::SYSTEM).await?;
            txn.commit().await?;
            return Ok(Start::Leave);
        }
        let opens_at = link.rules.opens_at(batch.value_date);
        if now < opens_at {
            return Ok(Start::Wait(opens_at));
        }
    }
    if !checker_still_may(&txn, &batch).await? {
        let seen =
            Seen::new(BreakKind::B13, &batch.debit_account, batch.id.to_string(), "the checker may no longer release");
        recon::raise(&txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
        txn.commit().await?;
        return Ok(Start::Leave);
    }
    let Some(bytes) =
        bytes_of(&txn, app, &batch).await?.filter(|_| batch.released_sha256.as_ref() == Some(&batch.sha256))
    else {
        let seen = Seen::new(
            BreakKind::B13,
            &batch.debit_account,
            batch.id.to_string(),
            "the stored bytes differ from what was signed",
        );
        recon::raise(&txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
        txn.commit().await?;
        return Ok(Start::Leave);
    };
    // Money that the bank may have is asked about; money that it cannot have goes to the card of today, or not at all.
    if !payload.resend && cards_changed(&txn, batch.id).await? {
        tracing::warn!(batch.id = %batch.id, "payouts.dispatch is given up: a card changed since the batch was prepared");
        void(&txn, app, &batch, By::SYSTEM).await?;
        txn.commit().await?;
        return Ok(Start::Leave);
    }
    let dispatch = match open_dispatch(&txn, app, link, &batch, payload.resend).await {
        Ok(dispatch) => dispatch,
        // Another worker was first.
        Err(error) if is_unique_violation(&error) => return Ok(Start::Leave),
        Err(error) => return Err(error.into()),
    };
    move_batch(&txn, &batch, BatchState::Dispatching, batch::ActiveModel::default()).await?;
    let moved = move_batch_orders(&txn, app, batch.id, from, command, order::ActiveModel::default()).await?;
    if i64::try_from(moved).ok() != Some(batch.order_count) {
        return Err(Problem::internal(anyhow::anyhow!("the batch's orders do not all wait to be sent")));
    }
    if link.pulled {
        enquire::watch(&txn, app, batch.id, dispatch.lease_until_ms.plus_secs(1)).await?;
    }
    let beat = safe_mode::beat(&txn, app).await?;
    if safe_mode::went_back(app, beat) || safe_mode::current(&txn).await?.is_some() {
        txn.rollback().await?;
        safe_mode::on_start(app).await.map_err(Problem::internal)?;
        return Ok(Start::Wait(app.clock.now().plus_secs(BLOCKED_PAUSE_SECS)));
    }
    txn.commit().await?;
    // Before the first byte: a database that forgets this sending is known by it. Should it fail, nothing is sent, and the lease ends in doubt.
    safe_mode::remember(app, beat).map_err(Problem::internal)?;
    Ok(Start::Begun(Box::new(Begun { batch, dispatch, bytes })))
}

/// The bank's own job takes the bytes of a batch: the first time as sending begins, with every check and a lease until its receipt; later
/// the same bytes again. None when the batch may not go out now; what was found out about it then is written.
///
/// # Errors
/// `conflict` when somebody else moved the batch meanwhile.
pub(super) async fn hand_over(app: &App, link: &BankLink, batch: &batch::Model) -> Result<Option<Vec<u8>>, Problem> {
    match batch.state {
        BatchState::Released => {}
        BatchState::Prepared | BatchState::Void => return Ok(None),
        _ => return bytes_of(app.db.read(), app, batch).await,
    }
    if recon::stops_dispatch(app.db.read(), &link.account).await? || safe_mode::current(app.db.read()).await?.is_some()
    {
        return Ok(None);
    }
    match begin(app, link, &Payload { batch_id: batch.id, resend: false }).await? {
        Start::Begun(begun) => Ok(Some(begun.bytes)),
        Start::Leave | Start::Wait(_) => Ok(None),
    }
}

/// The bank's own job has the bytes, as its receipt proves: it has accepted the batch, unless more is known already.
///
/// # Errors
/// `batch_state_conflict` when its file was never fetched; `conflict` when somebody else moved it meanwhile.
pub(super) async fn received(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<(), Problem> {
    match batch.state {
        BatchState::Prepared | BatchState::Void | BatchState::Released => {
            return Err(Problem::new(Code::BatchStateConflict));
        }
        BatchState::Accepted | BatchState::Rejected | BatchState::Finished => return Ok(()),
        BatchState::Dispatching | BatchState::InDoubt => {}
    }
    let open = dispatch::Entity::find()
        .filter(dispatch::Column::BatchId.eq(batch.id))
        .filter(dispatch::Column::Outcome.is_null())
        .one(txn)
        .await?;
    if let Some(open) = open {
        close(txn, app, &open, "accepted", "receipt", Some(true), None).await?;
    }
    let changes = batch::ActiveModel { in_doubt_since_ms: Set(None), ..Default::default() };
    move_batch(txn, batch, BatchState::Accepted, changes).await?;
    for state in [OrderState::Dispatching, OrderState::InDoubt] {
        move_batch_orders(txn, app, batch.id, state, OrderCommand::Accept, order::ActiveModel::default()).await?;
    }
    enquire::schedule(txn, app, batch.id, BatchState::Accepted, 0).await?;
    Ok(())
}

async fn open_dispatch(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
    resend: bool,
) -> Result<dispatch::Model, sea_orm::DbErr> {
    let last = dispatch::Entity::find()
        .filter(dispatch::Column::BatchId.eq(batch.id))
        .order_by_desc(dispatch::Column::AttemptNo)
        .one(txn)
        .await?;
    let attempt_no = last.map_or(1, |last| last.attempt_no + 1);
    let now = app.clock.now();
    let row = dispatch::ActiveModel {
        id: Set(app.ids.next()),
        batch_id: Set(batch.id),
        attempt_no: Set(attempt_no),
        fencing: Set(i64::from(attempt_no)),
        resend: Set(resend),
        lease_until_ms: Set(now.plus_secs(if link.pulled { RECEIPT_SECS } else { LEASE_SECS })),
        started_at_ms: Set(now),
        ..Default::default()
    };
    dispatch::Entity::insert(row).exec_with_returning(txn).await
}

/// A checker whose right was taken away since has released nothing.
async fn checker_still_may(txn: &DatabaseTransaction, batch: &batch::Model) -> Result<bool, sea_orm::DbErr> {
    let Some(checker_id) = batch.checker_id else { return Ok(false) };
    let sql = "select 1 as found from staff join staff_role on staff_role.staff_id = staff.id \
               where staff.id = $1 and staff.state = 'active' and staff_role.role = 'payout_checker'";
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, [checker_id.into()]);
    Ok(txn.query_one_raw(statement).await?.is_some())
}

/// Of a batch whose sending was begun, ends it when its sender died, or has it looked at once its lease is over; true for such a batch. Whatever
/// keeps new sendings back, SAFE mode or a break, what may be at the bank is asked about.
async fn look_after_sender(app: &App, batch_id: Uuid) -> Result<bool, Problem> {
    let batch = load(app.db.read(), batch_id).await?;
    if batch.state != BatchState::Dispatching {
        return Ok(false);
    }
    let txn = app.db.begin().await?;
    if !end_if_dead(&txn, app, &batch).await?
        && let Some(open) = open_sending(&txn, batch_id).await?
    {
        // This job still runs, so its unique key is taken: the watch is an enquiry, which does not ask while a sending may be under way.
        enquire::watch(&txn, app, batch_id, open.lease_until_ms.plus_secs(1)).await?;
    }
    txn.commit().await?;
    Ok(true)
}

/// The sending of a batch that is under way, as far as is known.
async fn open_sending(txn: &DatabaseTransaction, batch_id: Uuid) -> Result<Option<dispatch::Model>, sea_orm::DbErr> {
    dispatch::Entity::find()
        .filter(dispatch::Column::BatchId.eq(batch_id))
        .filter(dispatch::Column::Outcome.is_null())
        .one(txn)
        .await
}

/// Ends a sending whose lease has run out, if there is one; answers whether the batch is now in doubt.
pub(super) async fn end_if_dead(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<bool, Problem> {
    match open_sending(txn, batch.id).await? {
        Some(open) if open.lease_until_ms < app.clock.now() => {
            lose_sight(txn, app, batch, &open, "sender_died").await?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

async fn lose_sight(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    open: &dispatch::Model,
    why: &'static str,
) -> Result<(), Problem> {
    if !close(txn, app, open, "in_doubt", why, None, None).await? {
        return Ok(());
    }
    put_in_doubt(txn, app, batch).await
}

/// The bank has a released batch that we took for not sent: it is in doubt, asked about, and never sent from here. What was debited for it
/// before it was released leaves suspense when the statement has been taken.
///
/// # Errors
/// `conflict` when somebody else moved it meanwhile.
pub(crate) async fn found_at_bank(txn: &DatabaseTransaction, app: &App, batch_id: Uuid) -> Result<(), Problem> {
    let batch = load(txn, batch_id).await?;
    if batch.state != BatchState::Released {
        return Ok(());
    }
    tracing::warn!(batch.id = %batch.id, "payouts.dispatch is not begun: the bank has the batch");
    let none = order::ActiveModel::default();
    move_batch_orders(txn, app, batch.id, OrderState::Approved, OrderCommand::LoseSight, none).await?;
    put_in_doubt(txn, app, &batch).await
}

async fn put_in_doubt(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<(), Problem> {
    let now = app.clock.now();
    let changes = batch::ActiveModel {
        in_doubt_since_ms: Set(Some(batch.in_doubt_since_ms.unwrap_or(now))),
        not_found_count: Set(0),
        not_found_first_at_ms: Set(None),
        not_found_last_at_ms: Set(None),
        ..Default::default()
    };
    move_batch(txn, batch, BatchState::InDoubt, changes).await?;
    let none = order::ActiveModel::default();
    move_batch_orders(txn, app, batch.id, OrderState::Dispatching, OrderCommand::LoseSight, none).await?;
    enquire::schedule(txn, app, batch.id, BatchState::InDoubt, 0).await?;
    Ok(())
}

/// Writes how a sending ended; false when its lease ended before and somebody else concluded it.
async fn close(
    txn: &DatabaseTransaction,
    app: &App,
    open: &dispatch::Model,
    outcome: &str,
    detail: &str,
    first_byte_sent: Option<bool>,
    bank_id: Option<String>,
) -> Result<bool, sea_orm::DbErr> {
    let changes = dispatch::ActiveModel {
        outcome: Set(Some(outcome.to_owned())),
        detail: Set(Some(detail.to_owned())),
        first_byte_sent: Set(first_byte_sent),
        bank_id: Set(bank_id),
        answered_at_ms: Set(Some(app.clock.now())),
        ..Default::default()
    };
    let done = dispatch::Entity::update_many()
        .set(changes)
        .filter(dispatch::Column::Id.eq(open.id))
        .filter(dispatch::Column::Fencing.eq(open.fencing))
        .filter(dispatch::Column::Outcome.is_null())
        .exec(txn)
        .await?;
    Ok(done.rows_affected == 1)
}

/// Writes the answer, if we may still write it.
async fn conclude(app: &App, link: &BankLink, open: &dispatch::Model, answer: Submitted) -> Result<(), Problem> {
    let txn = app.db.begin().await?;
    let (outcome, detail, first_byte_sent, bank_id) = match &answer {
        Submitted::NotSent { why } => ("not_sent", *why, Some(*why == "not_accepted"), None),
        Submitted::Accepted { bank_id } => ("accepted", "acknowledged", Some(true), Some(bank_id.clone())),
        Submitted::RejectedFinal { code } => ("rejected", code.as_str(), Some(true), None),
        Submitted::InDoubt { why } => ("in_doubt", *why, None, None),
    };
    tracing::info!(batch.id = %open.batch_id, dispatch.attempt = open.attempt_no, outcome, "payouts.dispatch answered");
    if !close(&txn, app, open, outcome, detail, first_byte_sent, bank_id).await? {
        tracing::warn!(batch.id = %open.batch_id, "payouts.dispatch came too late: its lease had ended");
        txn.rollback().await?;
        return Ok(());
    }
    let batch = load(&txn, open.batch_id).await?;
    match answer {
        // The sending before is still in doubt: that this one was not sent proves nothing about it.
        Submitted::NotSent { .. } if open.resend => put_in_doubt(&txn, app, &batch).await?,
        Submitted::NotSent { .. } => back_to_released(&txn, app, &batch, open.attempt_no).await?,
        Submitted::Accepted { .. } => accepted(&txn, app, &batch).await?,
        Submitted::RejectedFinal { code } => rejected(&txn, app, link, &batch, &code).await?,
        Submitted::InDoubt { .. } => put_in_doubt(&txn, app, &batch).await?,
    }
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}

async fn back_to_released(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    attempt_no: i32,
) -> Result<(), Problem> {
    move_batch(txn, batch, BatchState::Released, batch::ActiveModel::default()).await?;
    let none = order::ActiveModel::default();
    move_batch_orders(txn, app, batch.id, OrderState::Dispatching, OrderCommand::NotSent, none).await?;
    let doublings = u32::try_from(attempt_no - 1).unwrap_or(0).min(10);
    let pause = FIRST_PAUSE_SECS.saturating_mul(1 << doublings).min(LONGEST_PAUSE_SECS);
    // This job still holds its unique key, so its successor goes by the attempt.
    let payload = Payload { batch_id: batch.id, resend: false };
    let spec = JobSpec::new(KIND, json!(payload))
        .unique(format!("{}:{attempt_no}", batch.id))
        .not_before(app.clock.now().plus_secs(pause));
    jobs::enqueue(txn, app, spec).await?;
    Ok(())
}

async fn accepted(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<(), Problem> {
    move_batch(txn, batch, BatchState::Accepted, batch::ActiveModel::default()).await?;
    let none = order::ActiveModel::default();
    move_batch_orders(txn, app, batch.id, OrderState::Dispatching, OrderCommand::Accept, none).await?;
    enquire::schedule(txn, app, batch.id, BatchState::Accepted, 0).await?;
    Ok(())
}

/// The bank refused the whole file: every order of it is rejected, and waits for the statement like any other rejection.
pub(super) async fn rejected(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
    code: &str,
) -> Result<(), Problem> {
    move_batch(txn, batch, BatchState::Rejected, batch::ActiveModel::default()).await?;
    for state in [OrderState::Dispatching, OrderState::InDoubt, OrderState::Accepted] {
        let changes = order::ActiveModel {
            reason_code: Set(Some(code.to_owned())),
            final_on: Set(Some(app.clock.now().date())),
            evidence_rank: Set(2),
            ..Default::default()
        };
        move_batch_orders(txn, app, batch.id, state, OrderCommand::Reject, changes).await?;
    }
    tracing::warn!(batch.id = %batch.id, bank = link.adapter.name(), reason = code, "payouts.batch was refused");
    Ok(())
}
