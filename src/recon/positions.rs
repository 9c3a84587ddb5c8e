//! The position of an account: books, statement, clearing and suspense side by side.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rows::{position as kept, statement};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Query, Reply};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
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

/// Which account, and which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PositionFilter {
    /// Only this account.
    #[serde(default)]
    #[param(max_length = 40, example = "6222020000001")]
    account: Option<String>,
    /// As it stood when the statement of this day had been taken; as it stands now when absent.
    #[serde(default, with = "iso_date::option")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-16")]
    date: Option<time::Date>,
}

/// Show positions
///
/// For each account that pays: books, statement, clearing, suspense and the difference, now or when the statement of a day had been taken.
/// A day without a statement has no position.
#[utoipa::path(
    tag = "bank", operation_id = "show_positions", security(("bearer" = ["break:read"])),
    params(PositionFilter),
    responses(
        (status = 200, description = "The positions", body = Positions),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/positions")]
pub(super) async fn show_positions(app: web::Data<Arc<App>>, filter: Query<PositionFilter>) -> Answer {
    let PositionFilter { account, date } = filter.0;
    if account.as_ref().is_some_and(|account| account.len() > 40 || account.chars().any(char::is_control)) {
        return Err(Problem::new(Code::ValidationFailed).field(
            "query:account",
            "wrong_form",
            Text::fixed("账号不超过 40 个字符", "An account has at most 40 characters"),
        ));
    }
    let link = app.bank.as_ref().filter(|link| account.is_none_or(|account| account == link.account));
    let items = match (link, date) {
        (None, _) => Vec::new(),
        (Some(link), None) => vec![position(app.db.read(), &link.account).await?],
        (Some(link), Some(date)) => position_on(app.db.read(), &link.account, date).await?.into_iter().collect(),
    };
    Ok(Reply::ok(&Positions { items })?.into_response())
}

/// Keeps the position as it is now that a statement has been taken.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep(connection: &impl ConnectionTrait, account: &str, statement_id: Uuid) -> Result<(), Problem> {
    let now = position(connection, account).await?;
    let row = kept::ActiveModel {
        statement_id: Set(statement_id),
        ledger_fen: Set(now.ledger_fen),
        clearing_fen: Set(now.clearing_fen),
        unknown_debits_fen: Set(now.unknown_debits_fen),
        unknown_credits_fen: Set(now.unknown_credits_fen),
    };
    kept::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

async fn position_on(
    connection: &impl ConnectionTrait,
    account: &str,
    date: time::Date,
) -> Result<Option<Position>, Problem> {
    let statement = statement::Entity::find()
        .filter(statement::Column::Account.eq(account))
        .filter(statement::Column::BusinessDate.eq(date))
        .one(connection)
        .await?;
    let Some(statement) = statement else { return Ok(None) };
    let Some(kept) = kept::Entity::find_by_id(statement.id).one(connection).await? else { return Ok(None) };
    Ok(Some(Position {
        account: account.to_owned(),
        business_date: Some(statement.business_date),
        statement_seq: Some(statement.seq),
        ledger_fen: kept.ledger_fen,
        statement_fen: statement.closing_fen,
        clearing_fen: kept.clearing_fen,
        unknown_debits_fen: kept.unknown_debits_fen,
        unknown_credits_fen: kept.unknown_credits_fen,
        difference_fen: kept.ledger_fen.checked_sub(statement.closing_fen)?,
    }))
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
