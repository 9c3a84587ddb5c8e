//! A status report of the bank (pain.002) on a batch of ours: what it says of all of it, then of each payment that it mentions. What it does
//! not mention stays as it is.

use std::collections::HashMap;
use std::io::BufRead;

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use super::apply::{Road, take_fact};
use super::bank::{BankFact, BankLink, Status};
use super::hear::Told;
use super::moves::{move_batch, move_batch_orders};
use super::rows::{batch, order};
use super::state::{BatchState, OrderCommand, OrderState};
use super::{dispatch, enquire, safe_mode};
use crate::app::App;
use crate::http::Problem;
use crate::iso20022::pain002::{Transaction, Whole};
use crate::iso20022::{self, Item, Limits, StatusClass, StatusReason, Unreadable, pain002};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::recon::{self, BreakKind, Seen};

/// Payments looked up at once.
const CHUNK: usize = 500;

/// A report that was read to its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// When the bank wrote it.
    pub(crate) made_at: Option<Moment>,
    message: Whole,
    parts: Vec<(Whole, Vec<Transaction>)>,
}

/// Something about a report that moves nothing and that people should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Where: `message`, `payment 3`.
    pub at: String,
    /// What, in stable words.
    pub what: &'static str,
}

impl Report {
    /// Reads a report to its end.
    pub(crate) fn read(source: impl BufRead) -> Result<Self, Unreadable> {
        let mut report = Self::default();
        let mut transactions = Vec::new();
        iso20022::read(source, &Limits::REPORT, |item| {
            match item {
                Item::Account(_) => return Err(iso20022::Fault::UnknownMessage),
                Item::Status(pain002::Item::Header(made_at)) => report.made_at = made_at,
                Item::Status(pain002::Item::Message(whole)) => report.message = whole,
                Item::Status(pain002::Item::Transaction(transaction)) => transactions.push(transaction),
                Item::Status(pain002::Item::PaymentInformation(whole)) => {
                    report.parts.push((whole, std::mem::take(&mut transactions)));
                }
            }
            Ok(())
        })?;
        Ok(report)
    }

    /// Payments that it mentions.
    pub(crate) fn item_count(&self) -> usize {
        self.parts.iter().map(|(_, transactions)| transactions.len()).sum()
    }

    /// Digest of what it says, hex, whatever its own name and time.
    pub(crate) fn content_sha256(&self) -> String {
        let mut lines: Vec<String> = self
            .parts
            .iter()
            .flat_map(|(whole, transactions)| {
                let part = format!("{:?}|{:?}|{:?}", whole.id, whole.status, whole.reasons);
                let payments = transactions.iter().map(|payment| format!("{:?}|{payment:?}", whole.id));
                payments.chain([part]).collect::<Vec<_>>()
            })
            .collect();
        lines.sort();
        lines.push(format!("{:?}|{:?}|{:?}", self.message.id, self.message.status, self.message.reasons));
        hex::encode(Sha256::digest(lines.join("\n").as_bytes()))
    }
}

/// Takes a report.
///
/// # Errors
/// Those of the database.
pub(crate) async fn hear_report(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    report: &Report,
) -> Result<(Told, Vec<Note>), Problem> {
    let odd = |kind, why| Ok((Told::Odd { kind, why }, Vec::new()));
    let Some(id) = &report.message.id else { return odd(BreakKind::B11, "the report names no message of ours") };
    let batch = batch::Entity::find().filter(batch::Column::BatchRef.eq(id)).one(txn).await?;
    let Some(batch) = batch.filter(|batch| batch.debit_account == link.account) else {
        return odd(BreakKind::B11, "the report names a message that is not ours");
    };
    if report.parts.iter().any(|(whole, _)| whole.id.as_ref().is_some_and(|id| *id != batch.batch_ref)) {
        return odd(BreakKind::B11, "the report names a payment information that is not ours");
    }
    match batch.state {
        BatchState::Void => return odd(BreakKind::B11, "the batch was never sent"),
        BatchState::Prepared => {
            safe_mode::take_answer(txn, app, &batch, true).await?;
            return odd(BreakKind::B11, "the batch was never sent, as far as is known here");
        }
        BatchState::Dispatching => return Ok((Told::Later { why: "the batch is being sent" }, Vec::new())),
        BatchState::Released => dispatch::found_at_bank(txn, app, batch.id).await?,
        BatchState::Accepted | BatchState::InDoubt | BatchState::Rejected | BatchState::Finished => {}
    }
    safe_mode::mark_asked(txn, app, &batch).await?;
    let mut notes = Vec::new();
    let mut effects = take_whole(txn, app, link, &batch, &report.message, "message", &mut notes).await?;
    let posted_at = report.made_at.unwrap_or_else(|| app.clock.now());
    let mut number = 0;
    for (whole, transactions) in &report.parts {
        effects += take_whole(txn, app, link, &batch, whole, "payment information", &mut notes).await?;
        for chunk in transactions.chunks(CHUNK) {
            let orders = named(txn, chunk).await?;
            for payment in chunk {
                number += 1;
                effects +=
                    usize::from(take_payment(txn, app, &batch, payment, number, &orders, posted_at, &mut notes).await?);
            }
        }
    }
    let now = super::release::load(txn, batch.id).await?;
    if matches!(now.state, BatchState::Accepted | BatchState::InDoubt) && effects > 0 {
        enquire::now_known(txn, app, &now).await?;
    }
    Ok((Told::Taken { effects }, notes))
}

/// What is said of all payments: a refusal refuses each that is open, an acceptance takes them out of doubt, anything else is left to them.
async fn take_whole(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    batch: &batch::Model,
    whole: &Whole,
    at: &str,
    notes: &mut Vec<Note>,
) -> Result<usize, Problem> {
    let mut note = |what| notes.push(Note { at: at.to_owned(), what });
    let Some(code) = &whole.status else { return Ok(0) };
    let class = StatusClass::of(code);
    let batch = super::release::load(txn, batch.id).await?;
    let is_open = matches!(batch.state, BatchState::Accepted | BatchState::InDoubt);
    match class {
        StatusClass::Rejected => {
            let reason = whole.reasons.first().map_or("", String::as_str);
            if whole.reasons.iter().any(|code| StatusReason::of(code) == StatusReason::Duplicate) {
                note("duplicate");
                contradiction(txn, app, &batch, "the bank says that it had the batch before").await?;
            } else if is_open {
                dispatch::rejected(txn, app, link, &batch, reason).await?;
                return Ok(usize::try_from(batch.order_count).unwrap_or(0));
            } else if batch.state == BatchState::Finished {
                contradiction(txn, app, &batch, "the bank refuses a batch of which it gave final results").await?;
            }
        }
        StatusClass::Accepted | StatusClass::NeedsSignature | StatusClass::Paid | StatusClass::Partly => {
            if class == StatusClass::NeedsSignature {
                note("needs_signature_at_bank");
            }
            if batch.state == BatchState::InDoubt {
                let none = order::ActiveModel::default();
                let moved =
                    move_batch_orders(txn, app, batch.id, OrderState::InDoubt, OrderCommand::Accept, none).await?;
                let changes =
                    batch::ActiveModel { in_doubt_since_ms: sea_orm::ActiveValue::Set(None), ..Default::default() };
                move_batch(txn, &batch, BatchState::Accepted, changes).await?;
                enquire::schedule(txn, app, batch.id, BatchState::Accepted, 0).await?;
                return Ok(usize::try_from(moved).unwrap_or(0));
            }
        }
        StatusClass::Cancelled => contradiction(txn, app, &batch, "the bank says cancelled, and nobody asked").await?,
        StatusClass::Blocked => blocked(txn, app, &batch, batch.batch_ref.clone()).await?,
        StatusClass::Informational => note("verification_of_payee"),
        StatusClass::Unknown => note("status_unknown"),
    }
    Ok(0)
}

async fn contradiction(txn: &DatabaseTransaction, app: &App, batch: &batch::Model, what: &str) -> Result<(), Problem> {
    let seen = Seen::new(BreakKind::B12, &batch.debit_account, format!("{}|{what}", batch.id), what);
    recon::raise(txn, app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
    Ok(())
}

async fn blocked(txn: &DatabaseTransaction, app: &App, batch: &batch::Model, mark: String) -> Result<(), Problem> {
    let seen = Seen::new(
        BreakKind::B16,
        &batch.debit_account,
        format!("blocked:{mark}"),
        "the bank neither posts nor returns it",
    );
    recon::raise(txn, app, Seen { batch_id: Some(batch.id), ..seen }).await?;
    Ok(())
}

/// The orders that some payments name.
async fn named(txn: &DatabaseTransaction, payments: &[Transaction]) -> Result<HashMap<String, order::Model>, Problem> {
    let refs = payments.iter().filter_map(reference_of).map(str::to_owned);
    let rows = order::Entity::find().filter(order::Column::BankRef.is_in(refs)).all(txn).await?;
    Ok(rows.into_iter().map(|row| (row.bank_ref.clone(), row)).collect())
}

fn reference_of(payment: &Transaction) -> Option<&str> {
    let references = &payment.references;
    references.end_to_end_id.as_deref().or(references.instruction_id.as_deref())
}

/// What is said of one payment; true when it moved the order.
#[expect(clippy::too_many_arguments, reason = "one payment of a report with all that it is judged by")]
async fn take_payment(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    payment: &Transaction,
    number: usize,
    orders: &HashMap<String, order::Model>,
    posted_at: Moment,
    notes: &mut Vec<Note>,
) -> Result<bool, Problem> {
    let mut note = |what| notes.push(Note { at: format!("payment {number}"), what });
    let Some(code) = &payment.status else { return Ok(false) };
    let Some(bank_ref) = reference_of(payment) else {
        note("payment_without_reference");
        return Ok(false);
    };
    let order = orders.get(bank_ref);
    if order.is_some_and(|order| order.batch_id != Some(batch.id)) {
        note("payment_of_another_batch");
        let what = "the report names an order of another batch";
        let seen = Seen::new(BreakKind::B11, &batch.debit_account, format!("{}|{bank_ref}", batch.id), what);
        recon::raise(txn, app, Seen { batch_id: Some(batch.id), ..seen }).await?;
        return Ok(false);
    }
    if payment.amount.is_some_and(|amount| amount.currency.letters() != "CNY") {
        note("payment_in_other_currency");
        let seen = Seen::new(BreakKind::B18, &batch.debit_account, bank_ref, "the report names another currency");
        recon::raise(txn, app, Seen { batch_id: Some(batch.id), ..seen }).await?;
        return Ok(false);
    }
    let reason = payment.reasons.first().cloned().unwrap_or_default();
    let status = match StatusClass::of(code) {
        StatusClass::Accepted => Status::Pending,
        StatusClass::NeedsSignature => {
            note("needs_signature_at_bank");
            Status::Pending
        }
        StatusClass::Paid => Status::Paid,
        StatusClass::Rejected
            if payment.reasons.iter().any(|code| StatusReason::of(code) == StatusReason::Duplicate) =>
        {
            Status::Duplicate
        }
        StatusClass::Rejected => Status::Rejected,
        StatusClass::Cancelled => {
            contradiction(txn, app, batch, &format!("the bank says that {bank_ref} was cancelled, and nobody asked"))
                .await?;
            return Ok(false);
        }
        StatusClass::Blocked => {
            blocked(txn, app, batch, bank_ref.to_owned()).await?;
            return Ok(false);
        }
        StatusClass::Informational => {
            note("verification_of_payee");
            return Ok(false);
        }
        StatusClass::Partly | StatusClass::Unknown => {
            note("status_unknown");
            return Ok(false);
        }
    };
    let repeated = payment.amount.map(|amount| Fen::new(amount.hundredths));
    let amount_fen = repeated.or(order.map(|order| order.amount_fen)).unwrap_or(Fen::ZERO);
    let is_final = matches!(status, Status::Paid | Status::Rejected);
    let fact = BankFact {
        bank_ref: bank_ref.to_owned(),
        amount_fen,
        status,
        reason_code: reason,
        bank_serial: payment.references.bank_reference.clone().unwrap_or_default(),
        posted_at: is_final.then_some(posted_at),
    };
    take_fact(txn, app, &batch.debit_account, &fact, Road::Result).await
}
