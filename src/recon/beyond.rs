//! What the bank debited beyond orders: more than was ordered, and the same reference once more.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::matching::Treatment;
use super::rows::entry;
use super::suspense;
use crate::http::Problem;
use crate::kernel::money::Fen;

/// What the bank debited beyond some orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// More than was ordered: it stands in suspense (1900).
    pub more_fen: Fen,
    /// Once more under the same reference, less what the bank gave back: it stands in 1030. Below nothing when more came back.
    pub twice_fen: Fen,
}

/// What the bank debited beyond these orders, each given with its amount.
///
/// # Errors
/// Those of the database; an internal problem for amounts that no fund has.
pub async fn beyond(connection: &impl ConnectionTrait, orders: &HashMap<Uuid, Fen>) -> Result<Beyond, Problem> {
    let mut found = Beyond::default();
    let booked = entry::Entity::find().filter(entry::Column::OrderId.is_in(orders.keys().copied()));
    let booked = booked.all(connection).await?;
    let treatments = suspense::treatments(connection, &booked).await?;
    for entry in booked {
        let ordered = entry.order_id.and_then(|id| orders.get(&id)).copied().unwrap_or_default();
        match treatments.get(&entry.id) {
            Some(Treatment::Settled) if entry.amount_fen > ordered => {
                found.more_fen = found.more_fen.checked_add(entry.amount_fen.checked_sub(ordered)?)?;
            }
            Some(Treatment::DebitedAgain) => found.twice_fen = found.twice_fen.checked_add(entry.amount_fen)?,
            Some(Treatment::GivenBack) => found.twice_fen = found.twice_fen.checked_sub(entry.amount_fen)?,
            _ => {}
        }
    }
    Ok(found)
}
