//! A statement comes in: checked against the one before it, each booking matched and posted, all in one transaction. The same file twice
//! changes nothing.

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select,
};
use time::Date;
use uuid::Uuid;

use super::documents::{self, BankDocumentKind, BankDocumentSource, BankDocumentState, Incoming};
use super::matching::{Known, Match, Treatment, judge};
use super::raise::explain;
use super::rows::{entry, statement};
use super::statement::{Entry, Statement};
use super::{BreakKind, Seen, raise};
use crate::app::App;
use crate::db::literal;
use crate::http::Problem;
use crate::kernel::money::Fen;
use crate::ledger::{self, Event, OrderMoney};
use crate::payouts::bank::BankLink;
use crate::payouts::rows::order;
use crate::payouts::state::{OrderCommand, OrderState};
use crate::payouts::{self, apply, moves};

/// Bookings looked up at once.
const CHUNK: usize = 500;

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
/// Those of the database; nothing was taken then.
pub async fn import(app: &App, link: &BankLink, bytes: &[u8]) -> Result<Imported, Problem> {
    let incoming = Incoming::new(BankDocumentKind::CnStatement, BankDocumentSource::Adapter);
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

/// The statement of `account` that was taken last.
pub(super) async fn last(connection: &impl ConnectionTrait, account: &str) -> Result<Option<statement::Model>, DbErr> {
    statement::Entity::find()
        .filter(statement::Column::Account.eq(account))
        .order_by_desc(statement::Column::Seq)
        .one(connection)
        .await
}

/// Whether `file` may be taken now.
pub(super) async fn fits(txn: &DatabaseTransaction, link: &BankLink, file: &Statement) -> Result<Fit, Problem> {
    if file.account != link.account {
        return Ok(Fit::Not(BreakKind::B18, "the account is not ours".to_owned()));
    }
    let same = statement::Entity::find()
        .filter(statement::Column::Account.eq(&file.account))
        .filter(statement::Column::Sha256.eq(&file.sha256))
        .count(txn)
        .await?;
    if same > 0 {
        return Ok(Fit::Taken);
    }
    let last = last(txn, &file.account).await?;
    if let Some(last) = &last
        && file.seq > last.seq + 1
    {
        return Ok(Fit::Waits(format!("number {} after {}: a statement is missing", file.seq, last.seq)));
    }
    if let Some(why) = does_not_follow(file, last.as_ref()) {
        return Ok(Fit::Not(BreakKind::B08, why));
    }
    if let Some(line) = first_known(txn, file).await? {
        return Ok(Fit::Not(BreakKind::B08, format!("booking {line} stands on an earlier statement")));
    }
    Ok(Fit::Follows(last))
}

/// Takes a statement that [`fits`].
pub(super) async fn take_in(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    file: &Statement,
    last: Option<&statement::Model>,
    document_id: Uuid,
) -> Result<(), Problem> {
    let statement_id = write_statement(txn, app, file, document_id).await?;
    let mut events = Vec::new();
    if last.is_none() && file.opening_fen.is_positive() {
        events.push(Event::Opened { statement_id, amount_fen: file.opening_fen });
    }
    // Debits first: the bank's order within a day says nothing, and a credit is judged by what was debited.
    let (credits, debits): (Vec<&Entry>, Vec<&Entry>) = file.entries.iter().partition(|booking| booking.credit);
    for booking in debits.into_iter().chain(credits) {
        events.extend(take_entry(txn, app, link, file, statement_id, booking).await?);
    }
    ledger::post(txn, app, &events).await?;
    confirm_rejections(txn, app, file).await?;
    find_missing_debits(txn, app, file).await?;
    tracing::info!(statement.seq = file.seq, statement.entries = file.entries.len(), "recon.statement was taken");
    Ok(())
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

/// The number of the first booking of `file` that an earlier statement brought.
async fn first_known(txn: &DatabaseTransaction, file: &Statement) -> Result<Option<i64>, Problem> {
    for chunk in file.entries.chunks(CHUNK) {
        let marks: Vec<String> = chunk.iter().map(|booking| booking.fingerprint(&file.account)).collect();
        let known = entry::Entity::find().filter(entry::Column::Fingerprint.is_in(marks)).all(txn).await?;
        let known: Vec<String> = known.into_iter().map(|row| row.fingerprint).collect();
        let first = chunk.iter().find(|booking| known.contains(&booking.fingerprint(&file.account)));
        if let Some(first) = first {
            return Ok(Some(first.entry_no));
        }
    }
    Ok(None)
}

async fn write_statement(
    txn: &DatabaseTransaction,
    app: &App,
    file: &Statement,
    document_id: Uuid,
) -> Result<Uuid, Problem> {
    let id = app.ids.next();
    let row = statement::ActiveModel {
        id: Set(id),
        account: Set(file.account.clone()),
        seq: Set(file.seq),
        business_date: Set(file.business_date),
        opening_fen: Set(file.opening_fen),
        closing_fen: Set(file.closing_fen),
        entry_count: Set(i64::try_from(file.entries.len()).map_err(Problem::internal)?),
        debits_fen: Set(file.debits_fen),
        credits_fen: Set(file.credits_fen),
        sha256: Set(file.sha256.clone()),
        bytes: Set(None),
        document_id: Set(Some(document_id)),
        taking_count: Set(None),
        taking_fen: Set(None),
        imported_at_ms: Set(app.clock.now()),
    };
    statement::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(id)
}

/// Matches one booking, moves its order, and gives what is to be posted.
async fn take_entry(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    file: &Statement,
    statement_id: Uuid,
    booking: &Entry,
) -> Result<Vec<Event>, Problem> {
    let order = match &booking.bank_ref {
        Some(bank_ref) => apply::find_order(txn, bank_ref).await?,
        None => None,
    };
    let known = match &order {
        Some(order) => Some(Known {
            state: order.state,
            amount_fen: order.amount_fen,
            debited: was_debited(txn, order.id).await?,
            owed_back: is_owed_back(txn, order.id, booking.amount_fen).await?,
        }),
        None => None,
    };
    let found = judge(booking, known, &link.words);
    let entry_id = app.ids.next();
    let row = entry::ActiveModel {
        id: Set(entry_id),
        statement_id: Set(statement_id),
        entry_no: Set(booking.entry_no),
        booked_on: Set(booking.booked_on),
        credit: Set(booking.credit),
        amount_fen: Set(booking.amount_fen),
        bank_serial: Set(booking.bank_serial.clone()),
        bank_ref: Set(booking.bank_ref.clone()),
        counterparty_tail: Set(booking.counterparty_tail.clone()),
        kind: Set(booking.text.clone()),
        fingerprint: Set(booking.fingerprint(&file.account)),
        treatment: Set(found.treatment.word().to_owned()),
        order_id: Set(order.as_ref().map(|order| order.id)),
    };
    entry::Entity::insert(row).exec_without_returning(txn).await?;
    if let Some(kind) = found.raise {
        write_break(txn, app, file, booking, entry_id, order.as_ref(), kind).await?;
    }
    if let Some(order) = &order {
        move_order(txn, app, order, booking, found).await?;
        if let (false, OrderState::Approved, Some(batch_id)) = (booking.credit, order.state, order.batch_id) {
            payouts::found_at_bank(txn, app, batch_id).await?;
        }
    }
    let mut events = vec![event_of(txn, order.as_ref(), booking, entry_id, found.treatment).await?];
    if let (Some(order), Some(OrderCommand::Settle)) = (&order, found.command) {
        events.extend(take_parked_return(txn, app, order.id, booking.booked_on).await?);
    }
    Ok(events)
}

/// A return that came before its debit waits in suspense; now that the debit is booked it goes through, if it is the only one that
/// waits and of the whole amount. Whatever else waits is for a person.
async fn take_parked_return(
    txn: &DatabaseTransaction,
    app: &App,
    order_id: Uuid,
    settled_on: Date,
) -> Result<Option<Event>, Problem> {
    let parked = booked(order_id, Treatment::UnknownCredit).all(txn).await?;
    let order = order::Entity::find_by_id(order_id).one(txn).await?;
    let ([parked], Some(order)) = (&parked[..], order) else { return Ok(None) };
    if parked.amount_fen != order.amount_fen {
        return Ok(None);
    }
    apply::come_back(txn, app, &order, parked.booked_on.max(settled_on)).await?;
    explain(txn, app, parked.id, "the debit that it returns was booked later").await?;
    Ok(Some(Event::CameBackBefore { order: money_of(txn, Some(&order)).await?, entry_id: parked.id }))
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

async fn was_debited(txn: &DatabaseTransaction, order_id: Uuid) -> Result<bool, Problem> {
    Ok(booked(order_id, Treatment::Settled).count(txn).await? > 0)
}

/// True when more bookings of `amount_fen` were debited once more than given back.
async fn is_owed_back(txn: &DatabaseTransaction, order_id: Uuid, amount_fen: Fen) -> Result<bool, Problem> {
    let of_amount = |treatment| booked(order_id, treatment).filter(entry::Column::AmountFen.eq(amount_fen));
    let again = of_amount(Treatment::DebitedAgain).count(txn).await?;
    Ok(again > of_amount(Treatment::GivenBack).count(txn).await?)
}

fn booked(order_id: Uuid, treatment: Treatment) -> Select<entry::Entity> {
    entry::Entity::find()
        .filter(entry::Column::OrderId.eq(order_id))
        .filter(entry::Column::Treatment.eq(treatment.word()))
}

async fn write_break(
    txn: &DatabaseTransaction,
    app: &App,
    file: &Statement,
    booking: &Entry,
    entry_id: Uuid,
    order: Option<&order::Model>,
    kind: BreakKind,
) -> Result<(), Problem> {
    let detail = match order {
        Some(order) => {
            format!("booking {} of statement {}; the order is {}", booking.entry_no, file.seq, order.state.word())
        }
        None => format!("booking {} of statement {} names no order of ours", booking.entry_no, file.seq),
    };
    let seen = Seen::new(kind, &file.account, booking.fingerprint(&file.account), detail);
    raise(
        txn,
        app,
        Seen {
            order_id: order.map(|order| order.id),
            batch_id: order.and_then(|order| order.batch_id),
            entry_id: Some(entry_id),
            amount_fen: booking.amount_fen,
            ..seen
        },
    )
    .await?;
    Ok(())
}

async fn move_order(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
    booking: &Entry,
    found: Match,
) -> Result<(), Problem> {
    match found.command {
        Some(OrderCommand::Settle) => apply::settle(txn, app, order, booking.booked_on, &booking.bank_serial).await,
        Some(OrderCommand::Return) => apply::come_back(txn, app, order, booking.booked_on).await,
        _ => Ok(()),
    }
}

async fn event_of(
    txn: &DatabaseTransaction,
    order: Option<&order::Model>,
    booking: &Entry,
    entry_id: Uuid,
    treatment: Treatment,
) -> Result<Event, Problem> {
    let amount_fen = booking.amount_fen;
    Ok(match treatment {
        Treatment::Settled => Event::Settled { order: money_of(txn, order).await?, entry_id, debited_fen: amount_fen },
        Treatment::Returned => Event::CameBack { order: money_of(txn, order).await?, entry_id },
        Treatment::DebitedAgain => Event::DebitedAgain { entry_id, amount_fen },
        Treatment::GivenBack => Event::GivenBack { entry_id, amount_fen },
        Treatment::Funded => Event::Funded { entry_id, amount_fen, out: !booking.credit },
        Treatment::Charged => Event::Charged { entry_id, amount_fen },
        Treatment::UnknownDebit => Event::UnknownDebit { entry_id, amount_fen },
        Treatment::UnknownCredit => Event::UnknownCredit { entry_id, amount_fen },
    })
}

async fn money_of(txn: &DatabaseTransaction, order: Option<&order::Model>) -> Result<OrderMoney, Problem> {
    let order = order.ok_or_else(|| Problem::internal(anyhow::anyhow!("a booking of an order without the order")))?;
    let money = moves::moneys(txn, std::slice::from_ref(order)).await?.remove(&order.id);
    money.ok_or_else(|| Problem::internal(anyhow::anyhow!("an order without its money")))
}

/// Orders in `state` of which the bank's last word was of `last_day` or before, oldest first.
fn ended(state: OrderState, last_day: Date) -> Select<order::Entity> {
    use sea_orm::sea_query::ExprTrait;
    let query = order::Entity::find().filter(order::Column::State.into_expr().eq(literal(state)));
    let query = query.filter(order::Column::FinalOn.lte(last_day));
    query.order_by_asc(order::Column::FinalOn).order_by_asc(order::Column::Id)
}

/// Rejected orders whose value date this statement closes, and that it does not debit, were never paid.
async fn confirm_rejections(txn: &DatabaseTransaction, app: &App, file: &Statement) -> Result<(), Problem> {
    for order in ended(OrderState::Rejected, file.business_date).all(txn).await? {
        let batch_id = order.batch_id.unwrap_or_default();
        let batch = crate::payouts::rows::batch::Entity::find_by_id(batch_id).one(txn).await?;
        let ours = batch.filter(|batch| batch.debit_account == file.account && batch.value_date <= file.business_date);
        // A debit short of the amount is a break for a person: the reserve must not go back as if nothing had been paid.
        if ours.is_some() && !was_debited(txn, order.id).await? {
            apply::confirm_rejected(txn, app, &order).await?;
        }
    }
    Ok(())
}

/// Orders that the bank called paid two days ago or more, and that no statement shows.
async fn find_missing_debits(txn: &DatabaseTransaction, app: &App, file: &Statement) -> Result<(), Problem> {
    let Some(limit) = file.business_date.checked_sub(time::Duration::days(2)) else { return Ok(()) };
    for order in ended(OrderState::Paid, limit).all(txn).await? {
        let seen =
            Seen::new(BreakKind::B01, &file.account, order.id.to_string(), "paid by the bank, no debit two days later");
        let seen = Seen { order_id: Some(order.id), batch_id: order.batch_id, amount_fen: order.amount_fen, ..seen };
        raise(txn, app, seen).await?;
    }
    Ok(())
}
