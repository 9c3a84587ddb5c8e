//! The cards that payouts go to now.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rows::service_card;

/// Members asked for by one statement.
const CHUNK: usize = 500;

/// The active card of each of these members; a member without one is left out.
///
/// # Errors
/// Those of the database.
pub async fn active_cards(
    connection: &impl ConnectionTrait,
    members: &[Uuid],
) -> Result<HashMap<Uuid, service_card::Model>, DbErr> {
    let mut cards = HashMap::new();
    for chunk in members.chunks(CHUNK) {
        let rows = service_card::Entity::find()
            .filter(service_card::Column::State.eq(service_card::CardState::Active))
            .filter(service_card::Column::MemberId.is_in(chunk.to_vec()))
            .all(connection)
            .await?;
        cards.extend(rows.into_iter().map(|card| (card.member_id, card)));
    }
    Ok(cards)
}
