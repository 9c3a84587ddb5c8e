//! Credits that wait in suspense (2090) until a person says what they are.

use std::collections::HashMap;

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::matching::Treatment;
use super::rows::entry;
use crate::db::literal;
use crate::http::Problem;
use crate::payouts::rows::order;
use crate::payouts::state::OrderState;

/// The booking, if it is a credit in suspense that nothing but a person will explain: one that names an order which has not been debited yet
/// is taken for that order's return when the debit comes.
///
/// # Errors
/// Those of the database.
pub async fn credit(connection: &impl ConnectionTrait, entry_id: Uuid) -> Result<Option<entry::Model>, DbErr> {
    let found = entry::Entity::find_by_id(entry_id).one(connection).await?;
    let Some(found) = found.filter(|entry| entry.treatment == Treatment::UnknownCredit.word()) else {
        return Ok(None);
    };
    Ok(may_be_anything(connection, vec![found]).await?.pop())
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
