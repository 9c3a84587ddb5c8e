//! A file of results that comes by itself, not as the answer to an enquiry: the same checks, the same effects.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use super::apply::{Road, take_facts};
use super::bank::{BankLink, Heard};
use super::moves::move_batch_orders;
use super::rows::{batch, order};
use super::state::{BatchState, OrderCommand, OrderState};
use super::{dispatch, enquire, safe_mode};
use crate::app::App;
use crate::http::Problem;
use crate::recon::{self, BreakKind, Seen};

/// What became of a file of results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It was taken; so many of its facts moved an order.
    Taken {
        /// How many.
        effects: usize,
    },
    /// It is about no batch that was sent, or about other bytes than were signed: nothing of it counts.
    Odd {
        /// The break that says so.
        kind: BreakKind,
        /// In words.
        why: &'static str,
    },
    /// The batch is just being sent: later.
    Later {
        /// In words.
        why: &'static str,
    },
}

/// Takes a file of results.
///
/// # Errors
/// Those of the database.
pub(crate) async fn hear(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    heard: &Heard,
) -> Result<Told, Problem> {
    let odd = |kind, why| Ok(Told::Odd { kind, why });
    let Some(named) = &heard.batch else { return odd(BreakKind::B11, "the file names no batch") };
    let batch = batch::Entity::find().filter(batch::Column::BatchRef.eq(&named.batch_ref)).one(txn).await?;
    let Some(batch) = batch.filter(|batch| batch.debit_account == link.account) else {
        return odd(BreakKind::B11, "the file names a batch that is not ours");
    };
    if named.sha256 != batch.sha256 {
        return odd(BreakKind::B13, "the bank has other bytes of the batch than were signed");
    }
    match batch.state {
        BatchState::Void => return odd(BreakKind::B11, "the batch was never sent"),
        // Its release was lost with the last seconds of a database: it must not be released again.
        BatchState::Prepared => {
            safe_mode::take_answer(txn, app, &batch, true).await?;
            return odd(BreakKind::B11, "the batch was never sent, as far as is known here");
        }
        // The sender still holds it: what it hears is written first.
        BatchState::Dispatching => return Ok(Told::Later { why: "the batch is being sent" }),
        // The bank has what we took for not sent: it is in doubt, and this is the first that is heard of it.
        BatchState::Released => dispatch::found_at_bank(txn, app, batch.id).await?,
        BatchState::Accepted | BatchState::InDoubt | BatchState::Rejected | BatchState::Finished => {}
    }
    safe_mode::mark_asked(txn, app, &batch).await?;
    let batch = super::release::load(txn, batch.id).await?;
    if let Some(code) = &heard.refused {
        if matches!(batch.state, BatchState::Accepted | BatchState::InDoubt) {
            dispatch::rejected(txn, app, link, &batch, code).await?;
            return Ok(Told::Taken { effects: usize::try_from(batch.order_count).unwrap_or(0) });
        }
        if batch.state == BatchState::Finished {
            return odd(BreakKind::B12, "the bank refuses a batch of which it gave final results");
        }
        return Ok(Told::Taken { effects: 0 });
    }
    let mut effects = 0;
    if heard.facts.is_empty() && batch.state == BatchState::InDoubt {
        // A receipt: whoever names the digest of all bytes has them all.
        let none = order::ActiveModel::default();
        let moved = move_batch_orders(txn, app, batch.id, OrderState::InDoubt, OrderCommand::Accept, none).await?;
        effects += usize::try_from(moved).unwrap_or(0);
    }
    raise_odd(txn, app, &batch, heard).await?;
    effects += take_facts(txn, app, &batch.debit_account, &heard.facts, Road::Result).await?;
    if matches!(batch.state, BatchState::Accepted | BatchState::InDoubt) {
        enquire::now_known(txn, app, &batch).await?;
    }
    Ok(Told::Taken { effects })
}

/// Results with a status that nobody knows: somebody has to ask what it means.
pub(super) async fn raise_odd(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    heard: &Heard,
) -> Result<(), Problem> {
    let Some(line) = heard.odd_lines.first() else { return Ok(()) };
    let detail = format!("line {line} of the bank's results has a status that nobody knows; it counts as in progress");
    let seen = Seen::new(BreakKind::B16, &batch.debit_account, format!("letter:{}", batch.id), detail);
    recon::raise(txn, app, Seen { batch_id: Some(batch.id), ..seen }).await?;
    Ok(())
}
