//! The statement gate: an order counts as never paid only when the statement of its last possible day is closed and shows no debit of it.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use time::Date;

use super::rows::{entry, statement};
use super::unexplained::Unexplained;
use crate::payouts::rows::order;

/// What the statements say of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// They cover its last day and show no debit.
    Open,
    /// They do not cover its last day yet.
    NotClosed,
    /// They show a debit, however it was posted.
    Debited,
    /// A debit that nobody can explain yet may be its own.
    Unexplained,
}

/// Whether the statements of `account`, which are gapless, cover `last_day` and show no debit of the order.
///
/// # Errors
/// Those of the database.
pub async fn gate(
    connection: &impl ConnectionTrait,
    account: &str,
    order: &order::Model,
    last_day: Date,
) -> Result<Gate, DbErr> {
    let debits = entry::Entity::find()
        .filter(entry::Column::OrderId.eq(order.id))
        .filter(entry::Column::Credit.eq(false))
        .count(connection)
        .await?;
    if debits > 0 {
        return Ok(Gate::Debited);
    }
    let last = last_taken(connection, account).await?;
    if last.is_none_or(|last| last.business_date < last_day) {
        return Ok(Gate::NotClosed);
    }
    let may_be_hidden = Unexplained::of(connection, account).await?.may_hide(order);
    Ok(if may_be_hidden { Gate::Unexplained } else { Gate::Open })
}

/// The last statement of `account` that was taken whole: one that is still being taken may yet show a debit.
pub(super) async fn last_taken(
    connection: &impl ConnectionTrait,
    account: &str,
) -> Result<Option<statement::Model>, DbErr> {
    statement::Entity::find()
        .filter(statement::Column::Account.eq(account))
        .filter(statement::Column::TakingCount.is_null())
        .order_by_desc(statement::Column::Seq)
        .one(connection)
        .await
}
