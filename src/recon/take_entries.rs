//! Bookings of a statement are matched, written and posted, some hundreds at a time: what is known of their orders is read once for all of
//! them, and what is the same for many is written for many.

use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};
use time::Date;
use uuid::Uuid;

use super::matching::{Match, Treatment, judge};
use super::orders::{Booked, Orders};
use super::raise::explain;
use super::rows::{entry, statement};
use super::statement::Entry;
use super::statement_file::CHUNK;
use super::{BreakKind, Seen, lump, raise, suspense};
use crate::app::App;
use crate::http::Problem;
use crate::ledger::{self, Event};
use crate::payouts::bank::BankLink;
use crate::payouts::rows::order;
use crate::payouts::state::{OrderCommand, OrderState};
use crate::payouts::{self, apply};

/// Rows of bookings written by one statement: 13 values each.
const ROWS: usize = 500;

/// Takes bookings of a statement, in the order in which they stand here.
pub(super) async fn take_entries(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    statement: &statement::Model,
    entries: &[Entry],
) -> Result<(), Problem> {
    let mut single: Vec<Entry> = Vec::with_capacity(CHUNK);
    for entry in entries {
        match entry.lump {
            None => single.push(entry.clone()),
            Some(_) => single.extend(lump::list(txn, app, statement, entry).await?),
        }
        if single.len() >= CHUNK {
            take_chunks(txn, app, link, statement, &single).await?;
            single.clear();
        }
    }
    take_chunks(txn, app, link, statement, &single).await
}

async fn take_chunks(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    statement: &statement::Model,
    entries: &[Entry],
) -> Result<(), Problem> {
    for chunk in entries.chunks(CHUNK) {
        take_chunk(txn, app, link, statement, chunk).await?;
    }
    Ok(())
}

async fn take_chunk(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    statement: &statement::Model,
    entries: &[Entry],
) -> Result<(), Problem> {
    let mut orders = Orders::of(txn, entries).await?;
    let (mut rows, mut events, mut breaks) = (Vec::new(), Vec::new(), Vec::new());
    let mut paid: Vec<apply::Debited> = Vec::new();
    let mut gone_through: Vec<Uuid> = Vec::new();
    for booking in entries {
        let order = orders.order(booking).cloned();
        let known = order.as_ref().map(|order| orders.known(order, booking.amount_fen));
        let found = judge(booking, known, &link.words);
        let (entry_id, order_id) = (app.ids.next(), order.as_ref().map(|order| order.id));
        rows.push(row_of(statement, booking, entry_id, found, order_id));
        if let Some(kind) = found.raise {
            breaks.push(break_of(statement, booking, entry_id, order.as_ref(), kind));
        }
        events.push(event_of(&orders, order_id, booking, entry_id, found.treatment)?);
        let Some(order) = order else { continue };
        let Match { command, treatment, .. } = found;
        let (amount_fen, booked_on) = (booking.amount_fen, booking.booked_on);
        orders.booked.entry(order.id).or_default().push(Booked { entry_id, treatment, amount_fen, booked_on });
        match command {
            Some(OrderCommand::Settle) if order.state == OrderState::Paid && orders.parked(&order).is_none() => {
                let settled = order::Model { state: OrderState::Settled, version: order.version + 1, ..order.clone() };
                orders.orders.insert(order.id, settled);
                let bank_serial = booking.bank_serial.clone();
                paid.push(apply::Debited { order, booked_on, bank_serial });
                continue;
            }
            Some(OrderCommand::Settle) => {
                apply::settle(txn, app, &order, booked_on, &booking.bank_serial).await?;
                orders.read_again(txn, vec![order.id]).await?;
                if let Some((parked_id, parked_on)) = orders.parked(&order) {
                    events
                        .push(take_parked(txn, app, &mut orders, order.id, parked_id, parked_on.max(booked_on)).await?);
                    gone_through.push(parked_id);
                }
            }
            Some(OrderCommand::Return) => {
                apply::settle_paid(txn, app, &std::mem::take(&mut paid)).await?;
                apply::come_back(txn, app, &order, booked_on).await?;
                orders.read_again(txn, vec![order.id]).await?;
            }
            _ => {}
        }
        if let (false, OrderState::Approved, Some(batch_id)) = (booking.credit, order.state, order.batch_id) {
            payouts::found_at_bank(txn, app, batch_id).await?;
            let of_batch =
                orders.orders.values().filter(|order| order.batch_id == Some(batch_id)).map(|order| order.id);
            let of_batch = of_batch.collect();
            orders.read_again(txn, of_batch).await?;
        }
    }
    apply::settle_paid(txn, app, &paid).await?;
    for rows in rows.chunks(ROWS) {
        entry::Entity::insert_many(rows.to_vec()).exec_without_returning(txn).await?;
    }
    // A return may stand before its debit on the same statement, so this comes after both are written.
    for entry_id in gone_through {
        suspense::has_left(txn, app, entry_id, Treatment::Returned).await?;
    }
    for seen in breaks {
        raise(txn, app, seen).await?;
    }
    ledger::post(txn, app, &events).await?;
    Ok(())
}

/// A return that came before its debit waited in suspense; now that the debit is booked it goes through. Whatever else waits is for a
/// person.
async fn take_parked(
    txn: &DatabaseTransaction,
    app: &App,
    orders: &mut Orders,
    order_id: Uuid,
    parked_id: Uuid,
    on: Date,
) -> Result<Event, Problem> {
    if let Some(order) = orders.orders.get(&order_id) {
        apply::come_back(txn, app, order, on).await?;
    }
    explain(txn, app, parked_id, "the debit that it returns was booked later").await?;
    orders.take(order_id, parked_id, Treatment::Returned);
    orders.read_again(txn, vec![order_id]).await?;
    Ok(Event::CameBackBefore { order: orders.money(Some(order_id))?, entry_id: parked_id })
}

fn row_of(
    statement: &statement::Model,
    booking: &Entry,
    id: Uuid,
    found: Match,
    order_id: Option<Uuid>,
) -> entry::ActiveModel {
    entry::ActiveModel {
        id: Set(id),
        statement_id: Set(statement.id),
        entry_no: Set(booking.entry_no),
        booked_on: Set(booking.booked_on),
        credit: Set(booking.credit),
        amount_fen: Set(booking.amount_fen),
        bank_serial: Set(booking.bank_serial.clone()),
        bank_ref: Set(booking.bank_ref.clone()),
        counterparty_tail: Set(booking.counterparty_tail.clone()),
        kind: Set(booking.text.clone()),
        fingerprint: Set(booking.fingerprint(&statement.account)),
        treatment: Set(found.treatment.word().to_owned()),
        order_id: Set(order_id),
    }
}

fn break_of(
    statement: &statement::Model,
    booking: &Entry,
    entry_id: Uuid,
    order: Option<&order::Model>,
    kind: BreakKind,
) -> Seen {
    let (number, seq) = (booking.entry_no, statement.seq);
    let detail = match order {
        Some(order) => format!("booking {number} of statement {seq}; the order is {}", order.state.word()),
        None => format!("booking {number} of statement {seq} names no order of ours"),
    };
    Seen {
        order_id: order.map(|order| order.id),
        batch_id: order.and_then(|order| order.batch_id),
        entry_id: Some(entry_id),
        amount_fen: booking.amount_fen,
        ..Seen::new(kind, &statement.account, booking.fingerprint(&statement.account), detail)
    }
}

fn event_of(
    orders: &Orders,
    order_id: Option<Uuid>,
    booking: &Entry,
    entry_id: Uuid,
    treatment: Treatment,
) -> Result<Event, Problem> {
    let amount_fen = booking.amount_fen;
    Ok(match treatment {
        Treatment::Settled => Event::Settled { order: orders.money(order_id)?, entry_id, debited_fen: amount_fen },
        Treatment::Returned => Event::CameBack { order: orders.money(order_id)?, entry_id },
        Treatment::DebitedAgain => Event::DebitedAgain { entry_id, amount_fen },
        Treatment::GivenBack => Event::GivenBack { entry_id, amount_fen },
        Treatment::Funded => Event::Funded { entry_id, amount_fen, out: !booking.credit },
        Treatment::Charged => Event::Charged { entry_id, amount_fen },
        Treatment::UnknownDebit => Event::UnknownDebit { entry_id, amount_fen },
        Treatment::UnknownCredit => Event::UnknownCredit { entry_id, amount_fen },
    })
}
