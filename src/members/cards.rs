//! The cards that payouts go to now.

use std::collections::HashMap;

use sea_orm::sea_query::Expr;
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

/// Blocks the active card of a member: nothing is paid to it any more. Answers which it was, if there was one.
///
/// # Errors
/// Those of the database.
pub async fn block_card(connection: &impl ConnectionTrait, member_id: Uuid) -> Result<Option<Uuid>, DbErr> {
    use service_card::{CardState, Column as C};
    let active = service_card::Entity::find()
        .filter(C::MemberId.eq(member_id))
        .filter(C::State.eq(CardState::Active))
        .one(connection)
        .await?;
    let Some(active) = active else { return Ok(None) };
    let done = move_card(connection, active.id, CardState::Active, CardState::Blocked).await?;
    if done { Ok(Some(active.id)) } else { Err(DbErr::RecordNotUpdated) }
}

/// Makes a card that was blocked the active one again.
///
/// # Errors
/// Those of the database; `RecordNotUpdated` when it is not blocked.
pub async fn unblock_card(connection: &impl ConnectionTrait, card_id: Uuid) -> Result<(), DbErr> {
    use service_card::CardState;
    let done = move_card(connection, card_id, CardState::Blocked, CardState::Active).await?;
    if done { Ok(()) } else { Err(DbErr::RecordNotUpdated) }
}

async fn move_card(
    connection: &impl ConnectionTrait,
    card_id: Uuid,
    from: service_card::CardState,
    to: service_card::CardState,
) -> Result<bool, DbErr> {
    let done = service_card::Entity::update_many()
        .col_expr(service_card::Column::State, Expr::value(to))
        .filter(service_card::Column::Id.eq(card_id))
        .filter(service_card::Column::State.eq(from))
        .exec(connection)
        .await?;
    Ok(done.rows_affected == 1)
}
