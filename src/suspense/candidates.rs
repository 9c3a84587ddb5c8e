//! Orders that a booking in suspense may be of: the amount is theirs to the fen, and their day is near. A suggestion, and no more.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait};
use serde::Serialize;
use time::{Date, Duration};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Problem;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::people::mask_card_tail;
use crate::payouts::rows::{batch, order};
use crate::payouts::state::{IN_CLEARING, OrderState};
use crate::recon::rows::{entry, statement};

/// How long after its value date an order may come back, or be debited: the window in which returns are watched.
const WINDOW_DAYS: i64 = 30;
/// A debit may be booked before the value date by the bank's calendar.
const EARLY_DAYS: i64 = 1;
/// So many are looked at, and so many shown.
const LOOKED_AT: u64 = 200;
const SHOWN: usize = 5;

/// An order that a booking may be of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SuspenseCandidate)]
pub struct Candidate {
    /// The order.
    pub order_id: Uuid,
    /// The payout that it pays.
    pub payout_id: Uuid,
    /// Its name at the bank.
    #[schema(max_length = 30, example = "2QK7W9H3M5RTB8XE6CV1DANJ4P")]
    pub bank_ref: String,
    /// Where it stands.
    pub state: OrderState,
    /// Its amount, which is the booking's.
    pub amount_fen: Fen,
    /// Its card, all but the last four figures hidden.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 9, example = "**** 0128")]
    pub card: Option<String>,
    /// True when the booking names the same last four figures.
    pub same_card: bool,
    /// The value date of its batch.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-20")]
    pub value_date: Date,
}

/// The orders that `booking` may be of, the likeliest first: those with its card, then the latest.
///
/// # Errors
/// Those of the database.
pub(super) async fn of(connection: &impl ConnectionTrait, booking: &entry::Model) -> Result<Vec<Candidate>, Problem> {
    let Some(statement) = statement::Entity::find_by_id(booking.statement_id).one(connection).await? else {
        return Ok(Vec::new());
    };
    let states: &[OrderState] = if booking.credit { &[OrderState::Settled] } else { &IN_CLEARING };
    let (from, until) = window(booking.booked_on);
    let near = batch::Entity::find()
        .filter(batch::Column::DebitAccount.eq(statement.account))
        .filter(batch::Column::ValueDate.between(from, until));
    let ids = near.clone().select_only().column(batch::Column::Id).into_query();
    let orders = order::Entity::find()
        .filter(order::Column::BatchId.in_subquery(ids))
        .filter(order::Column::AmountFen.eq(booking.amount_fen))
        .filter(order::Column::State.is_in(states.to_vec()))
        .order_by_desc(order::Column::Id)
        .limit(LOOKED_AT)
        .all(connection)
        .await?;
    let dates = near.all(connection).await?;
    let mut found: Vec<Candidate> = orders
        .into_iter()
        .filter_map(|order| {
            let batch = dates.iter().find(|batch| Some(batch.id) == order.batch_id)?;
            Some(Candidate {
                order_id: order.id,
                payout_id: order.payout_id,
                bank_ref: order.bank_ref,
                state: order.state,
                amount_fen: order.amount_fen,
                same_card: order.card_tail.is_some() && order.card_tail == booking.counterparty_tail,
                card: order.card_tail.as_deref().map(mask_card_tail),
                value_date: batch.value_date,
            })
        })
        .collect();
    found.sort_by_key(|candidate| std::cmp::Reverse((candidate.same_card, candidate.value_date, candidate.order_id)));
    found.truncate(SHOWN);
    Ok(found)
}

/// The value dates that a booking of a day may belong to.
fn window(booked_on: Date) -> (Date, Date) {
    (booked_on.saturating_sub(Duration::days(WINDOW_DAYS)), booked_on.saturating_add(Duration::days(EARLY_DAYS)))
}
