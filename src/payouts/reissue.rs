//! A new try for a payout whose last one is known to have failed or come back, once the cause is mended.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::card::{self, Card};
use super::claim_news;
use super::create::queue_order;
use super::reason::{Mend, after_rejection};
use super::rows::{order, payout};
use super::state::{FINISHED, OrderState, PayoutState};
use crate::app::App;
use crate::http::Problem;

/// Failed payouts looked at by one step.
const STEP: u64 = 100;

/// Queues a new order for every failed payout whose cause is mended; answers how many.
///
/// # Errors
/// Those of the database.
pub(crate) async fn queue_mended(txn: &DatabaseTransaction, app: &App) -> Result<usize, Problem> {
    let (mut queued, mut after) = (0, Uuid::nil());
    loop {
        let failed = payout::Entity::find()
            .filter(payout::Column::State.eq(PayoutState::Failed))
            .filter(payout::Column::Id.gt(after))
            .order_by_asc(payout::Column::Id)
            .limit(STEP)
            .all(txn)
            .await?;
        let Some(last) = failed.last() else { return Ok(queued) };
        after = last.id;
        let cards = card::payees(txn, &failed).await?;
        let last_tries = last_tries(txn, &failed).await?;
        for payout in failed {
            let Some(last) = last_tries.get(&payout.id).filter(|last| FINISHED.contains(&last.state)) else { continue };
            if is_mended(last, cards.get(&payout.id)) {
                queue_order(txn, app, payout.id, payout.amount_fen, Some(last)).await?;
                claim_news::mended(txn, app, &payout).await?;
                queued += 1;
            }
        }
    }
}

/// The newest order of each of these payouts.
pub(super) async fn last_tries(
    connection: &impl ConnectionTrait,
    payouts: &[payout::Model],
) -> Result<HashMap<Uuid, order::Model>, Problem> {
    let orders = order::Entity::find()
        .filter(order::Column::PayoutId.is_in(payouts.iter().map(|payout| payout.id)))
        .order_by_asc(order::Column::TryNo)
        .all(connection)
        .await?;
    Ok(orders.into_iter().map(|order| (order.payout_id, order)).collect())
}

/// What must be mended after `last`, which is known to have failed or come back.
pub(super) fn mend_of(last: &order::Model) -> Mend {
    match last.state {
        OrderState::Returned => Mend::NewCard,
        OrderState::Cancelled => Mend::Nothing,
        _ => after_rejection(last.reason_code.as_deref().unwrap_or_default()),
    }
}

/// True when the next try may differ from `last` in what made it fail.
pub(super) fn is_mended(last: &order::Model, card: Option<&Card>) -> bool {
    // Whatever the bank had against the member's own card, it has nothing against an heir's.
    if card.is_some_and(|card| card.of_heir && Some(card.card_version) != last.card_version) {
        return true;
    }
    match mend_of(last) {
        Mend::Nothing => true,
        Mend::NewCard => card.is_some_and(|card| Some(card.card_version) != last.card_version),
        Mend::Person => false,
    }
}
