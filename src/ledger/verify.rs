//! Checks of the books: every transaction sums to zero, balances equal postings, parts equal the accounts that they are parts of.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, Statement};
use uuid::Uuid;

use super::accounts::Account;
use super::event::PlanAmount;
use super::rows::{account, balance, part};
use crate::kernel::money::Fen;

/// What the books hold of a payout, over all its plans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// The amount.
    pub amount_fen: Fen,
    /// Still payable.
    pub payable_fen: Fen,
    /// On its way.
    pub clearing_fen: Fen,
    /// Came back, owed.
    pub returned_fen: Fen,
    /// Paid, as the statement shows.
    pub settled_fen: Fen,
}

/// What the books hold of these payouts.
///
/// # Errors
/// Those of the database; `Custom` when a sum does not fit.
pub async fn parts(connection: &impl ConnectionTrait, payouts: &[Uuid]) -> Result<HashMap<Uuid, Parts>, DbErr> {
    let rows = part::Entity::find().filter(part::Column::PayoutId.is_in(payouts.to_vec())).all(connection).await?;
    let mut found: HashMap<Uuid, Parts> = HashMap::new();
    for row in rows {
        let sum = found.entry(row.payout_id).or_default();
        for (to, more) in [
            (&mut sum.amount_fen, row.amount_fen),
            (&mut sum.payable_fen, row.payable_fen),
            (&mut sum.clearing_fen, row.clearing_fen),
            (&mut sum.returned_fen, row.returned_fen),
            (&mut sum.settled_fen, row.settled_fen),
        ] {
            *to = to.checked_add(more).map_err(|error| DbErr::Custom(error.to_string()))?;
        }
    }
    Ok(found)
}

/// What is paid of a payout under each plan, net of what came back; plans of which nothing is are left out.
///
/// # Errors
/// Those of the database.
pub async fn settled_by_plan(connection: &impl ConnectionTrait, payout_id: Uuid) -> Result<Vec<PlanAmount>, DbErr> {
    let rows = part::Entity::find()
        .filter(part::Column::PayoutId.eq(payout_id))
        .order_by_asc(part::Column::PlanId)
        .all(connection)
        .await?;
    let paid = rows.into_iter().filter(|row| row.settled_fen.is_positive());
    Ok(paid.map(|row| PlanAmount { plan_id: row.plan_id, amount_fen: row.settled_fen }).collect())
}

#[derive(FromQueryResult)]
struct Sums {
    debits: i64,
    credits: i64,
}

#[derive(FromQueryResult)]
struct One {
    fen: i64,
}

/// A row that does not agree, and how many do not in all.
#[derive(FromQueryResult)]
struct Odd {
    id: Uuid,
    fen: i64,
    found: i64,
}

/// What is wrong is named so often for each check; then it is counted.
const NAMED: usize = 100;

/// Everything that does not agree, as subject and sentence. Of one kind 100 are named and the others counted.
///
/// # Errors
/// Those of the database.
pub async fn verify(connection: &impl ConnectionTrait) -> Result<Vec<(String, String)>, DbErr> {
    let mut findings = Vec::new();
    check_transactions(connection, &mut findings).await?;
    let accounts = account::Entity::find().all(connection).await?;
    let balances: HashMap<Uuid, balance::Model> =
        balance::Entity::find().all(connection).await?.into_iter().map(|row| (row.account_id, row)).collect();
    let mut by_code: HashMap<Account, i128> = HashMap::new();
    for account in accounts {
        let sums = sums_of(connection, account.id).await?;
        let kept = balances.get(&account.id).map(|row| (row.debits_fen.get(), row.credits_fen.get()));
        if kept != Some((sums.debits, sums.credits)) {
            findings
                .push((format!("ledger_account {}", account.id), "its balance is not the sum of its postings".into()));
        }
        *by_code.entry(account.code).or_default() += i128::from(sums.debits) - i128::from(sums.credits);
    }
    let total: i128 = by_code.values().sum();
    if total != 0 {
        findings.push(("ledger".into(), format!("all accounts together come to {total} fen instead of 0")));
    }
    for (account, column) in
        [(Account::Payable, "payable_fen"), (Account::Clearing, "clearing_fen"), (Account::Returned, "returned_fen")]
    {
        let books = by_code.get(&account).copied().unwrap_or(0);
        check_parts(connection, account, column, books, &mut findings).await?;
    }
    check_bank(connection, by_code.get(&Account::Bank).copied().unwrap_or(0), &mut findings).await?;
    Ok(findings)
}

async fn check_transactions(
    connection: &impl ConnectionTrait,
    findings: &mut Vec<(String, String)>,
) -> Result<(), DbErr> {
    let unequal = "select transaction_id as id, cast(sum(amount_fen) as bigint) as fen from ledger_posting \
                   group by transaction_id having sum(amount_fen) <> 0";
    name_odd(connection, unequal, "ledger_transaction", findings, |fen| {
        format!("its postings come to {fen} fen instead of 0")
    })
    .await?;
    let empty = "select id, cast(0 as bigint) as fen from ledger_transaction where not exists \
                 (select 1 from ledger_posting where transaction_id = ledger_transaction.id)";
    name_odd(connection, empty, "ledger_transaction", findings, |_| "it has no posting".into()).await?;
    let lost = "select transaction_id as id, cast(count(*) as bigint) as fen from ledger_posting where not exists \
                (select 1 from ledger_transaction where id = ledger_posting.transaction_id) group by transaction_id";
    name_odd(connection, lost, "ledger_transaction", findings, |lines| {
        format!("it is not there, and {lines} postings name it")
    })
    .await
}

/// What an account kept per payout holds is what its payouts' parts come to, payout by payout.
async fn check_parts(
    connection: &impl ConnectionTrait,
    account: Account,
    column: &str,
    books: i128,
    findings: &mut Vec<(String, String)>,
) -> Result<(), DbErr> {
    let code = account.code();
    let sum = format!("select cast(coalesce(sum({column}), 0) as bigint) as fen from ledger_part");
    let parts = one(connection, &sum).await?;
    if books != -i128::from(parts) {
        let what = format!("it holds {} fen, its payouts' parts come to {parts}", -books);
        findings.push((format!("account {code}"), what));
    }
    let apart = format!(
        "select payout_id as id, cast(sum(fen) as bigint) as fen from \
         (select payout_id, {column} as fen from ledger_part union all \
         select ledger_transaction.payout_id, amount_fen as fen from ledger_posting \
         join ledger_transaction on ledger_transaction.id = transaction_id \
         join ledger_account on ledger_account.id = account_id where code = {code} and payout_id is not null) as both_sides \
         group by payout_id having sum(fen) <> 0"
    );
    name_odd(connection, &apart, "payout", findings, |fen| {
        format!("its parts differ by {fen} fen from what account {code} holds for it")
    })
    .await
}

/// A finding for each of the first rows of `sql`, whose columns are `id` and `fen`, and one that counts the rest.
async fn name_odd(
    connection: &impl ConnectionTrait,
    sql: &str,
    table: &str,
    findings: &mut Vec<(String, String)>,
    what: impl Fn(i64) -> String,
) -> Result<(), DbErr> {
    let sql = format!("select id, fen, count(*) over () as found from ({sql}) as odd order by id limit {NAMED}");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let rows = connection.query_all_raw(statement).await?;
    let odd: Vec<Odd> = rows.iter().map(|row| Odd::from_query_result(row, "")).collect::<Result<_, _>>()?;
    findings.extend(odd.iter().map(|row| (format!("{table} {}", row.id), what(row.fen))));
    if let Some(last) = odd.last()
        && let Some(more) = usize::try_from(last.found).ok().and_then(|found| found.checked_sub(odd.len()))
        && more > 0
    {
        findings.push((table.to_owned(), format!("{more} more like {} are not named", last.id)));
    }
    Ok(())
}

/// At the last closed statement the bank account of the books holds what the bank says (every booking was posted, known or not).
async fn check_bank(
    connection: &impl ConnectionTrait,
    books: i128,
    findings: &mut Vec<(String, String)>,
) -> Result<(), DbErr> {
    let sql = "select cast(coalesce(sum(coalesce(taking_fen, closing_fen)), 0) as bigint) as fen from statement where not exists \
               (select 1 from statement later where later.account = statement.account and later.seq > statement.seq)";
    let closing = one(connection, sql).await?;
    if books != i128::from(closing) {
        findings.push(("account 1010".into(), format!("it holds {books} fen, the last statement says {closing}")));
    }
    Ok(())
}

async fn sums_of(connection: &impl ConnectionTrait, account_id: Uuid) -> Result<Sums, DbErr> {
    let sql = "select cast(coalesce(sum(case when amount_fen > 0 then amount_fen else 0 end), 0) as bigint) as debits, \
               cast(coalesce(sum(case when amount_fen < 0 then -amount_fen else 0 end), 0) as bigint) as credits \
               from ledger_posting where account_id = $1";
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [account_id.into()]);
    let row = connection.query_one_raw(statement).await?.ok_or_else(|| DbErr::RecordNotFound("sums".into()))?;
    Sums::from_query_result(&row, "")
}

async fn one(connection: &impl ConnectionTrait, sql: &str) -> Result<i64, DbErr> {
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let row = connection.query_one_raw(statement).await?.ok_or_else(|| DbErr::RecordNotFound("one".into()))?;
    Ok(One::from_query_result(&row, "")?.fen)
}
