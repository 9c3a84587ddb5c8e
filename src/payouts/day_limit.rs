//! How much may be released for one value date: counted in the transaction that releases, and bounded by the database.

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use time::Date;

use super::bank::BankRules;
use super::rows::batch;
use crate::http::{Code, Problem};
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

/// Counts `amount_fen` against the limit of a value date. Two checkers at once wait for each other at its row.
///
/// # Errors
/// `payout_limit_exceeded` when it does not fit any more.
pub(super) async fn count(
    txn: &DatabaseTransaction,
    rules: &BankRules,
    account: &str,
    value_date: Date,
    amount_fen: Fen,
) -> Result<(), Problem> {
    let backend = txn.get_database_backend();
    let (limit, amount) = (rules.max_day_fen.get(), amount_fen.get());
    let sql = "insert into payout_day (account, value_date, limit_fen, released_fen) values ($1, $2, $3, 0) \
               on conflict (account, value_date) do nothing";
    let values = [account.into(), value_date.into(), limit.into()];
    txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let sql = "update payout_day set limit_fen = $1, released_fen = released_fen + $2 \
               where account = $3 and value_date = $4 and released_fen <= $1 - $2";
    let values = [limit.into(), amount.into(), account.into(), value_date.into()];
    let done = txn.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    if done.rows_affected() == 1 { Ok(()) } else { Err(exceeded(rules)) }
}

/// What may still be released for a value date.
///
/// # Errors
/// Those of the database.
pub(super) async fn left(
    txn: &DatabaseTransaction,
    rules: &BankRules,
    account: &str,
    value_date: Date,
) -> Result<Fen, Problem> {
    let sql = "select released_fen from payout_day where account = $1 and value_date = $2";
    let values = [account.into(), value_date.into()];
    let row = txn.query_one_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, values)).await?;
    let released = row.map(|row| row.try_get_by_index::<i64>(0)).transpose()?.unwrap_or(0);
    Ok(rules.max_day_fen.checked_sub(Fen::new(released))?)
}

/// Gives back what a batch that is given up was counted with.
///
/// # Errors
/// Those of the database.
pub(super) async fn give_back(txn: &DatabaseTransaction, batch: &batch::Model) -> Result<(), DbErr> {
    if !batch.counted {
        return Ok(());
    }
    let sql = "update payout_day set released_fen = released_fen - $1 where account = $2 and value_date = $3";
    let values = [batch.total_fen.get().into(), batch.debit_account.as_str().into(), batch.value_date.into()];
    txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, values)).await.map(drop)
}

/// The refusal, with both limits.
pub(super) fn exceeded(rules: &BankRules) -> Problem {
    let (batch, day) = (rules.max_batch_fen, rules.max_day_fen);
    Problem::new(Code::PayoutLimitExceeded).detail(Text::made(
        format!("单批上限 {batch} 元，当日上限 {day} 元；请在下一付款日放款，或由管理员调整限额"),
        format!(
            "One batch may pay {batch} yuan and one day {day} yuan: release it for another day, or let an operator change the limits"
        ),
    ))
}
