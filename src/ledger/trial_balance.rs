//! The trial balance: every account with its sums, and the proof that they add up to nothing.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::accounts::Account;
use super::rows::{account, balance};
use crate::kernel::money::{Fen, MoneyError};
use crate::kernel::text::Text;

/// One account of the trial balance.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrialLine {
    /// Which account of the chart.
    pub account: Account,
    /// Its name.
    pub name: Text,
    /// Which plan, for accounts kept per plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<Uuid>,
    /// Sum of its debits.
    pub debits_fen: Fen,
    /// Sum of its credits.
    pub credits_fen: Fen,
    /// Debits less credits.
    #[schema(value_type = i64)]
    pub balance_fen: Fen,
}

/// Every account in the order of the chart.
///
/// # Errors
/// Those of the database; `Custom` when a sum does not fit.
pub async fn trial_balance(connection: &impl ConnectionTrait) -> Result<Vec<TrialLine>, DbErr> {
    let accounts: HashMap<Uuid, account::Model> =
        account::Entity::find().all(connection).await?.into_iter().map(|row| (row.id, row)).collect();
    let mut lines = Vec::new();
    for row in balance::Entity::find().all(connection).await? {
        let balance_fen = row
            .debits_fen
            .checked_sub(row.credits_fen)
            .map_err(|error: MoneyError| DbErr::Custom(error.to_string()))?;
        lines.push(TrialLine {
            account: row.code,
            name: row.code.name(),
            plan_id: accounts.get(&row.account_id).and_then(|account| account.plan_id),
            debits_fen: row.debits_fen,
            credits_fen: row.credits_fen,
            balance_fen,
        });
    }
    lines.sort_by_key(|line| (line.account, line.plan_id));
    Ok(lines)
}

/// Debits less credits of one account of the chart, over all plans.
///
/// # Errors
/// Those of the database; `Custom` when a sum does not fit.
pub async fn balance_of(connection: &impl ConnectionTrait, account: Account) -> Result<Fen, DbErr> {
    let lines = trial_balance(connection).await?;
    Fen::sum(lines.into_iter().filter(|line| line.account == account).map(|line| line.balance_fen))
        .map_err(|error| DbErr::Custom(error.to_string()))
}
