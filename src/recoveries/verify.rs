//! `huzhu verify` for recoveries: each agrees with its parts, instalments, repayments and the books, and 1030 holds what is to come back.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use super::changes::{due_on, instalments_of, parts};
use super::rows::{recovery, repayment};
use super::state::Outcome;
use crate::http::Problem;
use crate::kernel::money::Fen;
use crate::ledger::accounts::Account;
use crate::ledger::{self, Basis};

/// Recoveries read by one step.
const STEP: u64 = 200;

#[derive(FromQueryResult)]
struct One {
    fen: i64,
}

/// What one recovery came to in account 1030.
#[derive(FromQueryResult)]
struct Posted {
    idempotency_key: String,
    fen: i64,
}

/// Everything that does not agree, as subject and sentence.
///
/// # Errors
/// Those of the database.
pub async fn check(connection: &impl ConnectionTrait) -> Result<Vec<(String, String)>, Problem> {
    let mut findings = Vec::new();
    let (mut after, mut expected) = (Uuid::nil(), 0_i128);
    loop {
        let rows = recovery::Entity::find()
            .filter(recovery::Column::Id.gt(after))
            .order_by_asc(recovery::Column::Id)
            .limit(STEP)
            .all(connection)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            let repayments = repayments(connection, row.id).await?;
            expected += i128::from(moved(&row).get());
            for what in wrong_with(connection, &row, &repayments).await? {
                findings.push((format!("recovery {}", row.id), what.to_owned()));
            }
        }
    }
    check_recoverable(connection, expected, &mut findings).await?;
    Ok(findings)
}

async fn repayments(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<repayment::Model>, DbErr> {
    repayment::Entity::find()
        .filter(repayment::Column::RecoveryId.eq(id))
        .filter(repayment::Column::ConfirmedAtMs.is_not_null())
        .all(connection)
        .await
}

/// What a recovery comes to in 1030, all that was posted for it together: below nothing for a second debit, which the statement posted.
fn moved(row: &recovery::Model) -> Fen {
    let found = if row.confirmed_by.is_some() && row.basis != Basis::DebitedTwice { row.amount_fen.get() } else { 0 };
    let ended = match (row.outcome, row.confirmed_by) {
        (Some(Outcome::WrittenOff), _) => row.written_off_fen.get(),
        (Some(Outcome::Withdrawn), Some(_)) => found,
        _ => 0,
    };
    Fen::new(found - row.repaid_fen.get() - ended)
}

async fn wrong_with(
    connection: &impl ConnectionTrait,
    row: &recovery::Model,
    repayments: &[repayment::Model],
) -> Result<Vec<&'static str>, Problem> {
    let mut wrong = Vec::new();
    let parts = parts(connection, row.id).await?;
    if Fen::sum(parts.iter().map(|part| part.amount_fen))? != row.amount_fen {
        wrong.push("its parts by plan do not come to its amount");
    }
    if Fen::sum(repayments.iter().map(|one| one.amount_fen))? != row.repaid_fen {
        wrong.push("its repayments do not come to what is repaid");
    }
    let instalments = match row.agreed_revision {
        0 => Vec::new(),
        revision => instalments_of(connection, row.id, revision).await?,
    };
    let due = if row.outcome.is_some() { None } else { due_on(&instalments, row.amount_fen, row.repaid_fen)? };
    if due != row.due_on {
        wrong.push("its day is not that of its oldest instalment that is not paid");
    }
    if posted(connection, row, repayments).await? != moved(row) {
        wrong.push("what the books hold for it is not what is left of it");
    }
    Ok(wrong)
}

/// What the books posted to 1030 under the keys of a recovery.
async fn posted(
    connection: &impl ConnectionTrait,
    row: &recovery::Model,
    repayments: &[repayment::Model],
) -> Result<Fen, Problem> {
    let sql = "select idempotency_key, cast(sum(amount_fen) as bigint) as fen from ledger_transaction \
               join ledger_posting on transaction_id = ledger_transaction.id \
               join ledger_account on ledger_account.id = account_id \
               where payout_id = $1 and code = $2 group by idempotency_key";
    let values = [row.payout_id.into(), Account::Recoverable.code().into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let mut by_key: HashMap<String, i64> = HashMap::new();
    for found in connection.query_all_raw(statement).await? {
        let Posted { idempotency_key, fen } = Posted::from_query_result(&found, "")?;
        by_key.insert(idempotency_key, fen);
    }
    let id = row.id;
    let own = [format!("recoverable:{id}"), format!("not-recoverable:{id}"), format!("written-off:{id}")];
    let keys = own.into_iter().chain(repayments.iter().map(|one| format!("repaid:{}", one.id)));
    Ok(Fen::sum(keys.filter_map(|key| by_key.get(&key).copied()).map(Fen::new))?)
}

/// 1030 holds what the bank debited twice and did not give back, and what recoveries made of the rest; nobody owes less than nothing.
async fn check_recoverable(
    connection: &impl ConnectionTrait,
    recoveries: i128,
    findings: &mut Vec<(String, String)>,
) -> Result<(), Problem> {
    let sql = "select cast(coalesce(sum(case treatment when 'debited_again' then amount_fen else -amount_fen end), 0) as bigint) as fen \
               from (select amount_fen, coalesce(taken.treatment, entry.treatment) as treatment from statement_entry entry \
               left join statement_entry_taken taken on taken.entry_id = entry.id \
               where entry.treatment in ('debited_again', 'given_back') or taken.treatment in ('debited_again', 'given_back')) as bookings";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?.ok_or_else(|| DbErr::RecordNotFound("one".into()))?;
    let expected = i128::from(One::from_query_result(&row, "")?.fen) + recoveries;
    let books = i128::from(ledger::balance_of(connection, Account::Recoverable).await?.get());
    if books != expected {
        let what = format!("it holds {books} fen, second debits and recoveries come to {expected}");
        findings.push(("account 1030".into(), what));
    }
    Ok(())
}
