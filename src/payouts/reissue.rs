//! A new try for a payout whose last one is known to have failed or come back, once the cause is mended.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::card::{self, Card};
use super::create::queue_order;
use super::reason::{Mend, after_rejection};
use super::rows::{order, payout};
use super::state::{FINISHED, OrderState, PayoutState};
use crate::app::App;
use crate::http::Problem;

/// Failed payouts looked at by one preparation.
const LOOKED_AT: u64 = 1_000;

/// Queues a new order for every failed payout whose cause is mended; answers how many.
///
/// # Errors
/// Those of the database.
pub(super) async fn queue_mended(txn: &DatabaseTransaction, app: &App) -> Result<usize, Problem> {
    let failed = payout::Entity::find()
        .filter(payout::Column::State.eq(PayoutState::Failed))
        .order_by_asc(payout::Column::Id)
        .limit(LOOKED_AT)
        .all(txn)
        .await?;
    let members: Vec<_> = failed.iter().map(|payout| payout.member_id).collect();
    let cards = card::active(txn, &members).await?;
    let mut queued = 0;
    for payout in failed {
        let last = order::Entity::find()
            .filter(order::Column::PayoutId.eq(payout.id))
            .order_by_desc(order::Column::TryNo)
            .one(txn)
            .await?;
        let Some(last) = last.filter(|last| FINISHED.contains(&last.state)) else { continue };
        if is_mended(&last, cards.get(&payout.member_id)) {
            queue_order(txn, app, payout.id, payout.amount_fen, Some(&last)).await?;
            queued += 1;
        }
    }
    Ok(queued)
}

/// True when the next try may differ from `last` in what made it fail.
fn is_mended(last: &order::Model, card: Option<&Card>) -> bool {
    let mend = match last.state {
        OrderState::Returned => Mend::NewCard,
        OrderState::Cancelled => Mend::Nothing,
        _ => after_rejection(last.reason_code.as_deref().unwrap_or_default()),
    };
    match mend {
        Mend::Nothing => true,
        Mend::NewCard => card.is_some_and(|card| Some(card.card_version) != last.card_version),
        Mend::Person => false,
    }
}
