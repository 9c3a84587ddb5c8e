//! What waits in suspense: credits (2090) until a person says what they are, and debits (1900) of an order until its batch is signed for.
//!
//! A statement may show the debit of an order that nobody here sent: a restore lost the release of its batch. It is booked as unknown. Once
//! two people have signed for the batch as they would have for its release, it is judged again by what is known then.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
};
use uuid::Uuid;

use super::matching::{Match, Treatment, judge_of};
use super::orders::Orders;
use super::raise::explain;
use super::rows::{entry, statement, taken};
use super::{Seen, raise};
use crate::app::App;
use crate::db::literal;
use crate::http::{Code, Problem};
use crate::ledger::{self, Event};
use crate::payouts::rows::order;
use crate::payouts::state::{IN_CLEARING, OrderState};
use crate::payouts::{self, apply};

/// The booking, if it is a credit in suspense that nothing but a person will explain: one that names an order which has not been debited yet
/// is taken for that order's return when the debit comes.
///
/// # Errors
/// Those of the database.
pub async fn credit(connection: &impl ConnectionTrait, entry_id: Uuid) -> Result<Option<entry::Model>, DbErr> {
    let Some(found) = booking(connection, entry_id).await? else { return Ok(None) };
    if !found.credit || !waits(connection, &found).await? {
        return Ok(None);
    }
    Ok(may_be_anything(connection, vec![found]).await?.pop())
}

/// The booking, if it was put into suspense.
///
/// # Errors
/// Those of the database.
pub(crate) async fn booking(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<entry::Model>, DbErr> {
    let found = entry::Entity::find_by_id(id).one(connection).await?;
    let unknown = [Treatment::UnknownDebit.word(), Treatment::UnknownCredit.word()];
    Ok(found.filter(|entry| unknown.contains(&entry.treatment.as_str())))
}

/// True while a booking that was put into suspense has not been taken from there for its order.
///
/// # Errors
/// Those of the database.
pub(crate) async fn waits(connection: &impl ConnectionTrait, booking: &entry::Model) -> Result<bool, DbErr> {
    Ok(taken::Entity::find_by_id(booking.id).one(connection).await?.is_none())
}

/// Credits in suspense, the newest first, from before the booking `before`.
///
/// # Errors
/// Those of the database.
pub async fn credits(
    connection: &impl ConnectionTrait,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<entry::Model>, Problem> {
    let mut query = entry::Entity::find()
        .filter(entry::Column::Treatment.into_expr().eq(literal(Treatment::UnknownCredit.word())))
        .filter(entry::Column::Id.not_in_subquery(taken()))
        .order_by_desc(entry::Column::Id)
        .limit(limit);
    if let Some(before) = before {
        query = query.filter(entry::Column::Id.lt(before));
    }
    Ok(query.all(connection).await?)
}

/// Those that name no order, or one that is settled for good.
///
/// # Errors
/// Those of the database.
pub async fn may_be_anything(
    connection: &impl ConnectionTrait,
    entries: Vec<entry::Model>,
) -> Result<Vec<entry::Model>, DbErr> {
    let named: Vec<Uuid> = entries.iter().filter_map(|entry| entry.order_id).collect();
    let mut states: HashMap<Uuid, OrderState> = HashMap::new();
    if !named.is_empty() {
        let rows = order::Entity::find().filter(order::Column::Id.is_in(named)).all(connection).await?;
        states.extend(rows.into_iter().map(|order| (order.id, order.state)));
    }
    let is_free = |entry: &entry::Model| {
        entry.order_id.is_none_or(|id| states.get(&id).is_some_and(|state| *state == OrderState::Settled))
    };
    Ok(entries.into_iter().filter(is_free).collect())
}

/// How each of these bookings stands in the books now: what left suspense, as it was taken then. What has no word is left out.
///
/// # Errors
/// Those of the database.
pub(super) async fn treatments(
    connection: &impl ConnectionTrait,
    entries: &[entry::Model],
) -> Result<HashMap<Uuid, Treatment>, DbErr> {
    let word = |id: Uuid, word: &str| Treatment::of_word(word).map(|treatment| (id, treatment));
    let mut found: HashMap<Uuid, Treatment> =
        entries.iter().filter_map(|entry| word(entry.id, &entry.treatment)).collect();
    let waited = [Treatment::UnknownDebit, Treatment::UnknownCredit];
    let waited: Vec<Uuid> =
        found.iter().filter(|(_, treatment)| waited.contains(treatment)).map(|(id, _)| *id).collect();
    if !waited.is_empty() {
        let rows = taken::Entity::find().filter(taken::Column::EntryId.is_in(waited)).all(connection).await?;
        found.extend(rows.into_iter().filter_map(|row| word(row.entry_id, &row.treatment)));
    }
    Ok(found)
}

/// The bookings that left suspense.
fn taken() -> SelectStatement {
    taken::Entity::find().select_only().column(taken::Column::EntryId).into_query()
}

/// Orders that were sent, as is known now, and of which a debit waits in suspense; of one batch or of all.
async fn waiting(txn: &DatabaseTransaction, of_batch: Option<Uuid>) -> Result<Vec<order::Model>, DbErr> {
    let debits = entry::Entity::find()
        .select_only()
        .column(entry::Column::OrderId)
        .filter(entry::Column::Treatment.into_expr().eq(literal(Treatment::UnknownDebit.word())))
        .filter(entry::Column::OrderId.is_not_null())
        .filter(entry::Column::Id.not_in_subquery(taken()))
        .into_query();
    let sent = IN_CLEARING.into_iter().chain([OrderState::Settled, OrderState::Returned]);
    let orders =
        order::Entity::find().filter(order::Column::Id.in_subquery(debits)).filter(order::Column::State.is_in(sent));
    let orders = match of_batch {
        Some(batch_id) => orders.filter(order::Column::BatchId.eq(batch_id)),
        None => orders,
    };
    orders.order_by_asc(order::Column::Id).all(txn).await
}

/// Takes from suspense what was booked of orders before their batch was signed for; of one batch or of all. What cannot be explained by that
/// stays. The break of a debit (B02) stops sending, so two people close it.
///
/// # Errors
/// `conflict` when somebody else moved one of the orders meanwhile.
pub(crate) async fn take(txn: &DatabaseTransaction, app: &App, of_batch: Option<Uuid>) -> Result<(), Problem> {
    let waiting = waiting(txn, of_batch).await?;
    let ids: Vec<Uuid> = waiting.iter().map(|order| order.id).collect();
    let mut orders = Orders::these(txn, waiting).await?;
    for id in ids {
        take_order(txn, app, &mut orders, id).await?;
    }
    Ok(())
}

/// True when a booking in suspense that names no order could be taken for `order`: the amounts are equal, and where the order stands allows it.
///
/// # Errors
/// Those of the database.
pub(crate) async fn would_take(
    txn: &DatabaseTransaction,
    booking: &entry::Model,
    order: order::Model,
) -> Result<bool, Problem> {
    let orders = Orders::these(txn, vec![order.clone()]).await?;
    let found = judge_of(orders.known(&order, booking.amount_fen), booking.credit, booking.amount_fen);
    let is_known = !matches!(found.treatment, Treatment::UnknownDebit | Treatment::UnknownCredit);
    Ok(is_known && booking.amount_fen == order.amount_fen)
}

/// Two people say that a booking in suspense is of an order: it has it from now on, and leaves suspense.
///
/// # Errors
/// `booking_does_not_fit` when something of the order changed meanwhile, or several bookings of it wait; `conflict` when somebody else moved it.
pub(crate) async fn tie(
    txn: &DatabaseTransaction,
    app: &App,
    booking: &entry::Model,
    order_id: Uuid,
) -> Result<(), Problem> {
    entry::Entity::update_many()
        .col_expr(entry::Column::OrderId, Expr::value(order_id))
        .filter(entry::Column::Id.eq(booking.id))
        .exec(txn)
        .await?;
    let load = async || order::Entity::find_by_id(order_id).one(txn).await;
    let does_not_fit = || Problem::new(Code::BookingDoesNotFit);
    let order = load().await?.ok_or_else(does_not_fit)?;
    if let (false, OrderState::Approved, Some(batch_id)) = (booking.credit, order.state, order.batch_id) {
        payouts::found_at_bank(txn, app, batch_id).await?;
    }
    let order = load().await?.ok_or_else(does_not_fit)?;
    let mut orders = Orders::these(txn, vec![order]).await?;
    take_order(txn, app, &mut orders, order_id).await?;
    if waits(txn, booking).await? { Err(does_not_fit()) } else { Ok(()) }
}

/// Judges what an order has in suspense again: its debits as they were booked, then its credits.
async fn take_order(txn: &DatabaseTransaction, app: &App, orders: &mut Orders, id: Uuid) -> Result<(), Problem> {
    let booked = orders.booked.get(&id).map_or(&[][..], Vec::as_slice);
    let of = |wanted| booked.iter().filter(move |entry| entry.treatment == wanted).map(|entry| entry.entry_id);
    let (debits, credits): (Vec<Uuid>, Vec<Uuid>) =
        (of(Treatment::UnknownDebit).collect(), of(Treatment::UnknownCredit).collect());
    for entry_id in debits.into_iter().chain(credits) {
        take_one(txn, app, orders, id, entry_id).await?;
    }
    Ok(())
}

async fn take_one(
    txn: &DatabaseTransaction,
    app: &App,
    orders: &mut Orders,
    order_id: Uuid,
    entry_id: Uuid,
) -> Result<(), Problem> {
    let missing = || Problem::internal(anyhow::anyhow!("a booking in suspense without its order"));
    let order = orders.orders.get(&order_id).cloned().ok_or_else(missing)?;
    let entry = entry::Entity::find_by_id(entry_id).one(txn).await?.ok_or_else(missing)?;
    let Match { treatment, command: _, raise: kind } =
        judge_of(orders.known(&order, entry.amount_fen), entry.credit, entry.amount_fen);
    let (amount_fen, debited_fen) = (entry.amount_fen, entry.amount_fen);
    let event = match treatment {
        Treatment::Settled => Event::SettledBefore { order: orders.money(Some(order_id))?, entry_id, debited_fen },
        Treatment::DebitedAgain => Event::DebitedAgainBefore { entry_id, amount_fen },
        Treatment::GivenBack => Event::GivenBackBefore { entry_id, amount_fen },
        // Of several that came back nobody knows which is the order's: a person does.
        Treatment::Returned if orders.parked(&order).is_some() => {
            Event::CameBackBefore { order: orders.money(Some(order_id))?, entry_id }
        }
        _ => return Ok(()),
    };
    match treatment {
        Treatment::Settled if amount_fen >= order.amount_fen => {
            apply::settle(txn, app, &order, entry.booked_on, &entry.bank_serial).await?;
        }
        Treatment::Returned => apply::come_back(txn, app, &order, entry.booked_on).await?,
        _ => {}
    }
    has_left(txn, app, entry_id, treatment).await?;
    if entry.credit {
        explain(txn, app, entry_id, "it is known now whose it is").await?;
    }
    if let Some(kind) = kind {
        let statement = statement::Entity::find_by_id(entry.statement_id).one(txn).await?.ok_or_else(missing)?;
        let detail = format!("booking {} of statement {}, which waited in suspense", entry.entry_no, statement.seq);
        let seen = Seen::new(kind, &statement.account, entry.fingerprint.clone(), detail);
        let seen =
            Seen { order_id: Some(order_id), batch_id: order.batch_id, entry_id: Some(entry_id), amount_fen, ..seen };
        raise(txn, app, seen).await?;
    }
    ledger::post(txn, app, &[event]).await?;
    orders.take(order_id, entry_id, treatment);
    orders.read_again(txn, vec![order_id]).await
}

/// Writes that a booking of an order left suspense, and how it stands in the books since.
///
/// # Errors
/// Those of the database, which refuses what did not wait there or repays a recovery.
pub(super) async fn has_left(
    txn: &DatabaseTransaction,
    app: &App,
    entry_id: Uuid,
    treatment: Treatment,
) -> Result<(), DbErr> {
    let row = taken::ActiveModel {
        entry_id: Set(entry_id),
        treatment: Set(treatment.word().to_owned()),
        taken_at_ms: Set(app.clock.now()),
    };
    taken::Entity::insert(row).exec_without_returning(txn).await.map(drop)
}
