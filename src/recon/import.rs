//! A statement comes in: read once from end to end and checked against the one before it, then taken in steps, each booking matched and
//! posted. A step is one transaction that says how far it came, so a process that dies in between leaves a statement that another goes on
//! with; a booking is never taken twice. The same file twice changes nothing.

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};
use time::Date;
use uuid::Uuid;

use super::documents::rows::document;
use super::documents::{self, BankDocumentKind, BankDocumentSource, BankDocumentState, Incoming};
use super::matching::Treatment;
use super::rows::{entry, statement};
use super::statement::{Entry, Statement};
use super::statement_file::{CHUNK, Misread, StatementFile, Wanted};
use super::take_entries::take_entries;
use super::unexplained::Unexplained;
use super::{BreakKind, Seen, gate, positions, raise, suspense};
use crate::app::App;
use crate::db::literal;
use crate::http::{Code, Problem};
use crate::kernel::money::Fen;
use crate::ledger::{self, Event};
use crate::payouts::apply;
use crate::payouts::bank::BankLink;
use crate::payouts::rows::order;
use crate::payouts::state::OrderState;

/// Days after which the debit of a payment that the bank reported must stand on a statement: some book a day late.
pub(crate) const DEBIT_DAYS: i64 = 2;
/// Bookings taken in one transaction: a longer statement is taken in several, so that others can write in between.
const STEP: usize = 5_000;

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Imported {
    /// It was taken: its number and how many bookings it has.
    Taken {
        /// Its number.
        seq: i64,
        /// Its bookings.
        entries: usize,
    },
    /// The same file was taken before.
    Duplicate,
    /// It does not follow from what we have, or does not add up: nothing of it counts, and a break says why.
    Quarantined {
        /// What is wrong, without anything personal.
        why: String,
    },
}

/// Whether a statement that adds up may be taken.
pub(super) enum Fit {
    /// It may, after this one.
    Follows(Option<statement::Model>),
    /// The same bytes were taken before.
    Taken,
    /// Not yet: one before it is missing.
    Waits(String),
    /// It may not.
    Not(BreakKind, String),
}

/// Takes a statement file that is in memory: keeps it as a document and applies it.
///
/// # Errors
/// Those of the database; nothing was taken then, or, of a long statement, a part whose rest follows.
pub async fn import(app: &App, link: &BankLink, bytes: &[u8]) -> Result<Imported, Problem> {
    let kind = BankDocumentKind::of_bytes(bytes).filter(|kind| kind.is_statement());
    let incoming = Incoming::new(kind.unwrap_or(BankDocumentKind::CnStatement), BankDocumentSource::Adapter);
    let taken = documents::take(app, link, incoming, bytes).await?;
    if !taken.is_new && taken.state == BankDocumentState::Applied {
        return Ok(Imported::Duplicate);
    }
    let outcome = documents::apply(app, link, taken.id).await?;
    Ok(match outcome.state {
        BankDocumentState::Applied => Imported::Taken {
            seq: outcome.seq.unwrap_or_default(),
            entries: usize::try_from(outcome.items).map_err(Problem::internal)?,
        },
        BankDocumentState::Duplicate => Imported::Duplicate,
        _ => Imported::Quarantined { why: outcome.why.unwrap_or_default() },
    })
}

/// What the first look at a file found.
pub(super) struct Looked {
    /// What it says besides its bookings.
    pub statement: Statement,
    /// The number of the first booking that an earlier statement brought.
    known: Option<i64>,
    /// Its bookings, debits first, when they are few.
    few: Option<Vec<Entry>>,
}

/// Reads a file from end to end, without touching anything.
pub(super) async fn look(app: &App, account: &str, file: &StatementFile) -> Result<Result<Looked, Misread>, Problem> {
    let mut bookings = file.open(Wanted::All);
    let (mut known, mut few) = (None, Some(Vec::new()));
    while let Some(chunk) = bookings.next().await {
        if known.is_none() {
            known = first_known(app.db.read(), account, &chunk).await?;
        }
        few = few.filter(|few: &Vec<Entry>| few.len() + chunk.len() <= STEP).map(|mut few| {
            few.extend(chunk);
            few
        });
    }
    let statement = match bookings.end().await? {
        Ok(statement) => statement,
        Err(misread) => return Ok(Err(misread)),
    };
    // Debits first: the bank's order within a day says nothing, and a credit is judged by what was debited.
    if let Some(few) = &mut few {
        few.sort_by_key(|entry| entry.credit);
    }
    Ok(Ok(Looked { statement, known, few }))
}

/// The statement of `account` that was taken last, or is being taken.
pub(super) async fn last(connection: &impl ConnectionTrait, account: &str) -> Result<Option<statement::Model>, DbErr> {
    statement::Entity::find()
        .filter(statement::Column::Account.eq(account))
        .order_by_desc(statement::Column::Seq)
        .one(connection)
        .await
}

/// The statement that is being taken from a document.
pub(super) async fn under_way(
    connection: &impl ConnectionTrait,
    document: &document::Model,
) -> Result<Option<statement::Model>, DbErr> {
    statement::Entity::find()
        .filter(statement::Column::Account.eq(&document.account))
        .filter(statement::Column::TakingCount.is_not_null())
        .filter(statement::Column::DocumentId.eq(document.id))
        .one(connection)
        .await
}

/// Whether what was looked at may be taken now.
pub(super) async fn fits(
    txn: &DatabaseTransaction,
    link: &BankLink,
    document: &document::Model,
    looked: &Looked,
) -> Result<Fit, Problem> {
    let file = &looked.statement;
    if file.account != link.account {
        return Ok(Fit::Not(BreakKind::B18, "the account is not ours".to_owned()));
    }
    // Statements of the time before documents were kept.
    let same = statement::Entity::find()
        .filter(statement::Column::Account.eq(&file.account))
        .filter(statement::Column::Sha256.eq(&document.sha256))
        .count(txn)
        .await?;
    if same > 0 {
        return Ok(Fit::Taken);
    }
    let last = last(txn, &file.account).await?;
    if let Some(last) = &last {
        if file.seq > last.seq + 1 {
            return Ok(Fit::Waits(format!("number {} after {}: a statement is missing", file.seq, last.seq)));
        }
        if file.seq == last.seq + 1 && last.taking_count.is_some() {
            return Ok(Fit::Waits(format!("number {} is still being taken", last.seq)));
        }
    }
    if let Some(why) = does_not_follow(file, last.as_ref()) {
        return Ok(Fit::Not(BreakKind::B08, why));
    }
    if let Some(line) = looked.known {
        return Ok(Fit::Not(BreakKind::B08, format!("booking {line} stands on an earlier statement")));
    }
    Ok(Fit::Follows(last))
}

/// Why `file` can't come after `last`. Pure.
fn does_not_follow(file: &Statement, last: Option<&statement::Model>) -> Option<String> {
    match last {
        None if file.opening_fen < Fen::ZERO => Some("the first statement opens below nothing".to_owned()),
        None => None,
        Some(last) if file.seq <= last.seq => Some(format!("number {} was taken with another content", file.seq)),
        Some(last) if file.opening_fen != last.closing_fen => {
            Some("it does not open with the closing balance before it".to_owned())
        }
        Some(last) if file.business_date <= last.business_date => {
            Some("its business day is not after the one before it".to_owned())
        }
        Some(_) => None,
    }
}

/// The number of the first of `bookings` that an earlier statement brought.
async fn first_known(
    connection: &impl ConnectionTrait,
    account: &str,
    bookings: &[Entry],
) -> Result<Option<i64>, Problem> {
    let marks: Vec<String> = bookings.iter().map(|booking| booking.fingerprint(account)).collect();
    let known: Vec<String> = entry::Entity::find()
        .select_only()
        .column(entry::Column::Fingerprint)
        .filter(entry::Column::Fingerprint.is_in(marks.iter().map(String::as_str)))
        .into_tuple()
        .all(connection)
        .await?;
    let first = bookings.iter().zip(&marks).find(|(_, mark)| known.contains(mark));
    Ok(first.map(|(booking, _)| booking.entry_no))
}

/// Writes the statement, and takes its bookings when they are few; answers the row while there are more to be taken.
pub(super) async fn begin(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    document: &document::Model,
    looked: &Looked,
    is_first: bool,
) -> Result<Option<statement::Model>, Problem> {
    let file = &looked.statement;
    let row = statement::ActiveModel {
        id: Set(app.ids.next()),
        account: Set(file.account.clone()),
        seq: Set(file.seq),
        business_date: Set(file.business_date),
        opening_fen: Set(file.opening_fen),
        closing_fen: Set(file.closing_fen),
        entry_count: Set(i64::try_from(file.entry_count()).map_err(Problem::internal)?),
        debits_fen: Set(file.debits_fen),
        credits_fen: Set(file.credits_fen),
        sha256: Set(document.sha256.clone()),
        bytes: Set(None),
        document_id: Set(Some(document.id)),
        taking_count: Set(looked.few.is_none().then_some(0)),
        taking_fen: Set(looked.few.is_none().then_some(file.opening_fen)),
        imported_at_ms: Set(app.clock.now()),
    };
    let statement = statement::Entity::insert(row).exec_with_returning(txn).await?;
    if is_first && file.opening_fen.is_positive() {
        let opened = Event::Opened { statement_id: statement.id, amount_fen: file.opening_fen };
        ledger::post(txn, app, &[opened]).await?;
    }
    let Some(few) = &looked.few else { return Ok(Some(statement)) };
    take_entries(txn, app, link, &statement, few).await?;
    close(txn, app, &statement).await?;
    Ok(None)
}

/// Takes what is left of a statement, a step at a time; the document takes effect with the last one.
pub(super) async fn go_on(
    app: &App,
    link: &BankLink,
    document: &document::Model,
    file: &StatementFile,
    mut statement: statement::Model,
) -> Result<document::Model, Problem> {
    let mut before = usize::try_from(statement.taking_count.unwrap_or_default()).map_err(Problem::internal)?;
    for wanted in [Wanted::Debits, Wanted::Credits] {
        let mut bookings = file.open(wanted);
        let mut step: Vec<Entry> = Vec::with_capacity(STEP + CHUNK);
        while let Some(mut chunk) = bookings.next().await {
            let passed_over = before.min(chunk.len());
            before -= passed_over;
            step.extend(chunk.drain(passed_over..));
            if step.len() >= STEP {
                statement = take_step(app, link, &statement, &step).await?;
                step.clear();
            }
        }
        // It was read to its end before: if it can't be now, the disk failed.
        bookings.end().await?.map_err(|misread| Problem::internal(anyhow::anyhow!(misread.why)))?;
        if !step.is_empty() {
            statement = take_step(app, link, &statement, &step).await?;
        }
    }
    if statement.taking_count != Some(statement.entry_count) {
        return Err(Problem::internal(anyhow::anyhow!(
            "a statement has another number of bookings than when it was checked"
        )));
    }
    let txn = app.db.begin().await?;
    set_progress(&txn, &statement, None, None).await?;
    close(&txn, app, &statement).await?;
    let document = documents::take_effect(&txn, app, document, statement.entry_count, &[]).await?;
    txn.commit().await?;
    Ok(document)
}

async fn take_step(
    app: &App,
    link: &BankLink,
    statement: &statement::Model,
    step: &[Entry],
) -> Result<statement::Model, Problem> {
    let txn = app.db.begin().await?;
    let count = i64::try_from(step.len()).map_err(Problem::internal)?;
    let mut balance = statement.taking_fen.unwrap_or(statement.opening_fen);
    for entry in step {
        balance =
            if entry.credit { balance.checked_add(entry.amount_fen) } else { balance.checked_sub(entry.amount_fen) }?;
    }
    let taken = statement.taking_count.unwrap_or_default() + count;
    // First, so that whoever else is at it waits here and then sees that it was done.
    set_progress(&txn, statement, Some(taken), Some(balance)).await?;
    take_entries(&txn, app, link, statement, step).await?;
    txn.commit().await?;
    tracing::info!(statement.seq = statement.seq, taken, "recon.statement goes on");
    Ok(statement::Model { taking_count: Some(taken), taking_fen: Some(balance), ..statement.clone() })
}

/// Says how far a statement was taken, from where it was read.
async fn set_progress(
    txn: &DatabaseTransaction,
    statement: &statement::Model,
    count: Option<i64>,
    balance: Option<Fen>,
) -> Result<(), Problem> {
    let changes = statement::ActiveModel { taking_count: Set(count), taking_fen: Set(balance), ..Default::default() };
    let done = statement::Entity::update_many()
        .set(changes)
        .filter(statement::Column::Id.eq(statement.id))
        .filter(statement::Column::TakingCount.eq(statement.taking_count))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::Conflict)) }
}

/// Every booking of a statement is in the books: what it says by not showing something.
async fn close(txn: &DatabaseTransaction, app: &App, statement: &statement::Model) -> Result<(), Problem> {
    suspense::take(txn, app, None).await?;
    confirm_rejections(txn, app, &statement.account, statement.business_date, None).await?;
    find_missing_debits(txn, app, statement).await?;
    positions::keep(txn, &statement.account, statement.id).await?;
    tracing::info!(
        statement.seq = statement.seq,
        statement.entries = statement.entry_count,
        "recon.statement was taken"
    );
    Ok(())
}

/// True when a statement shows a debit of an order of the batch, however it was posted: then the bank has the batch.
///
/// # Errors
/// Those of the database.
pub async fn shows_debit(connection: &impl ConnectionTrait, batch_id: Uuid) -> Result<bool, DbErr> {
    let orders = order::Entity::find()
        .select_only()
        .column(order::Column::Id)
        .filter(order::Column::BatchId.eq(batch_id))
        .into_query();
    let debits = entry::Entity::find()
        .filter(entry::Column::OrderId.in_subquery(orders))
        .filter(entry::Column::Credit.eq(false))
        .count(connection)
        .await?;
    Ok(debits > 0)
}

/// True when a debit stands in the books as the order's.
async fn was_debited(txn: &DatabaseTransaction, order_id: Uuid) -> Result<bool, Problem> {
    let debits = entry::Entity::find().filter(entry::Column::OrderId.eq(order_id)).all(txn).await?;
    let treatments = suspense::treatments(txn, &debits).await?;
    Ok(treatments.values().any(|treatment| *treatment == Treatment::Settled))
}

/// Orders in `state` of which the bank's last word was of `last_day` or before, oldest first.
fn ended(state: OrderState, last_day: Date) -> Select<order::Entity> {
    use sea_orm::sea_query::ExprTrait;
    let query = order::Entity::find().filter(order::Column::State.into_expr().eq(literal(state)));
    let query = query.filter(order::Column::FinalOn.lte(last_day));
    query.order_by_asc(order::Column::FinalOn).order_by_asc(order::Column::Id)
}

/// Of rejections that came after the statement of their day was taken, it has spoken already: those of a batch are confirmed at once.
///
/// # Errors
/// Those of the database.
pub(crate) async fn confirm_late_rejections(
    txn: &DatabaseTransaction,
    app: &App,
    account: &str,
    batch_id: Uuid,
) -> Result<(), Problem> {
    match gate::last_taken(txn, account).await? {
        Some(last) => confirm_rejections(txn, app, account, last.business_date, Some(batch_id)).await,
        None => Ok(()),
    }
}

/// Rejected orders, of one batch or of all, whose value date a statement closes, and that none debits, were never paid. One that a debit
/// nobody can explain may hide waits until a person has explained it, and then for the next statement.
async fn confirm_rejections(
    txn: &DatabaseTransaction,
    app: &App,
    account: &str,
    closed: Date,
    of_batch: Option<Uuid>,
) -> Result<(), Problem> {
    let rejected = ended(OrderState::Rejected, closed);
    let rejected = match of_batch {
        Some(batch_id) => rejected.filter(order::Column::BatchId.eq(batch_id)),
        None => rejected,
    };
    let rejected = rejected.all(txn).await?;
    if rejected.is_empty() {
        return Ok(());
    }
    let unexplained = Unexplained::of(txn, account).await?;
    for order in rejected {
        let batch_id = order.batch_id.unwrap_or_default();
        let batch = crate::payouts::rows::batch::Entity::find_by_id(batch_id).one(txn).await?;
        let ours = batch.filter(|batch| batch.debit_account == account && batch.value_date <= closed);
        // A debit short of the amount is a break for a person: the reserve must not go back as if nothing had been paid.
        if ours.is_some() && !unexplained.may_hide(&order) && !was_debited(txn, order.id).await? {
            apply::confirm_rejected(txn, app, &order).await?;
        }
    }
    Ok(())
}

/// Orders that the bank called paid [`DEBIT_DAYS`] ago or more, and that no statement shows.
async fn find_missing_debits(txn: &DatabaseTransaction, app: &App, file: &statement::Model) -> Result<(), Problem> {
    let Some(limit) = file.business_date.checked_sub(time::Duration::days(DEBIT_DAYS)) else { return Ok(()) };
    for order in ended(OrderState::Paid, limit).all(txn).await? {
        let seen =
            Seen::new(BreakKind::B01, &file.account, order.id.to_string(), "paid by the bank, no debit two days later");
        let seen = Seen { order_id: Some(order.id), batch_id: order.batch_id, amount_fen: order.amount_fen, ..seen };
        raise(txn, app, seen).await?;
    }
    Ok(())
}
