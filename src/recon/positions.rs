//! The position of an account: books, statement, clearing and suspense side by side.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::statement;
use crate::app::App;
use crate::http::{Answer, Problem, Reply};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::ledger::accounts::Account;
use crate::ledger::balance_of;

/// What the books and the last statement say of an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Position {
    /// The account.
    #[schema(max_length = 40, example = "6222020000001")]
    pub account: String,
    /// The day that the last statement closed; absent before the first one.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-11-23")]
    pub business_date: Option<time::Date>,
    /// The number of that statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub statement_seq: Option<i64>,
    /// What the books hold at the bank.
    #[schema(value_type = i64)]
    pub ledger_fen: Fen,
    /// What the bank says.
    #[schema(value_type = i64)]
    pub statement_fen: Fen,
    /// On its way to members.
    pub clearing_fen: Fen,
    /// Debits nobody can explain yet.
    pub unknown_debits_fen: Fen,
    /// Credits nobody can explain yet.
    pub unknown_credits_fen: Fen,
    /// Books less statement: zero, or something is wrong.
    #[schema(value_type = i64)]
    pub difference_fen: Fen,
}

/// The positions of all accounts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Positions {
    /// One for each account that pays.
    #[schema(max_items = 100)]
    pub items: Vec<Position>,
}

/// Show positions
///
/// For each account that pays: books, last statement, clearing, suspense and the difference.
#[utoipa::path(
    tag = "bank", operation_id = "show_positions", security(("bearer" = ["break:read"])),
    responses(
        (status = 200, description = "The positions", body = Positions),
    ),
)]
#[get("/v1/recon/positions")]
pub(super) async fn show_positions(app: web::Data<Arc<App>>) -> Answer {
    let mut items = Vec::new();
    if let Some(link) = &app.bank {
        items.push(position(app.db.read(), &link.account).await?);
    }
    Ok(Reply::ok(&Positions { items })?.into_response())
}

/// The position of `account`.
///
/// # Errors
/// Those of the database.
pub async fn position(connection: &impl ConnectionTrait, account: &str) -> Result<Position, Problem> {
    let last = statement::Entity::find()
        .filter(statement::Column::Account.eq(account))
        .order_by_desc(statement::Column::Seq)
        .one(connection)
        .await?;
    // Of one that is being taken, what is taken of it.
    let statement_fen = last.as_ref().map_or(Fen::ZERO, |last| last.taking_fen.unwrap_or(last.closing_fen));
    let ledger_fen = balance_of(connection, Account::Bank).await?;
    Ok(Position {
        account: account.to_owned(),
        business_date: last.as_ref().map(|last| last.business_date),
        statement_seq: last.map(|last| last.seq),
        ledger_fen,
        statement_fen,
        clearing_fen: balance_of(connection, Account::Clearing).await?.checked_neg()?,
        unknown_debits_fen: balance_of(connection, Account::UnknownDebits).await?,
        unknown_credits_fen: balance_of(connection, Account::UnknownCredits).await?.checked_neg()?,
        difference_fen: ledger_fen.checked_sub(statement_fen)?,
    })
}
