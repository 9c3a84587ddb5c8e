//! Posting: events become transactions, parts and balances move with them, all in the caller's transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, Statement, Value};
use uuid::Uuid;

use super::accounts::Account;
use super::event::Event;
use super::postings::PartMove;
use super::rows::{account, balance, part, posting, transaction};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::money::{Fen, MoneyError};

/// Rows written by one statement: far below what either database takes.
const CHUNK: usize = 500;
/// Parts of payouts moved by one statement: six values each.
const PARTS: usize = 250;

/// Why an event was not posted. The caller's transaction must not commit.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The database refused.
    #[error("the books could not be written")]
    Db(#[from] DbErr),
    /// A sum does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// An account or a part of a payout would fall below nothing: the event contradicts the books.
    #[error("the event {0} contradicts the books")]
    Contradiction(String),
}

impl From<PostError> for Problem {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Db(error) => error.into(),
            other => Self::internal(other),
        }
    }
}

type AccountKey = (Account, Option<Uuid>);

/// Posts `events` in turn, each once for ever: one that was posted before is passed over. Answers how many were new.
///
/// # Errors
/// See [`PostError`].
pub async fn post(txn: &DatabaseTransaction, app: &App, events: &[Event]) -> Result<usize, PostError> {
    let new = not_yet_posted(txn, events).await?;
    if new.is_empty() {
        return Ok(0);
    }
    let mut lines = Vec::new();
    for event in &new {
        lines.push(event.postings()?);
    }
    let wanted = lines.iter().flatten().map(|line| (line.account, line.plan_id)).collect();
    let accounts = ensure_accounts(txn, app, wanted).await?;
    let now = app.clock.now();
    let (mut postings, mut transactions) = (Vec::new(), Vec::new());
    let mut moves: BTreeMap<Uuid, (Account, Fen, Fen)> = BTreeMap::new();
    move_all_parts(txn, &new).await?;
    for (event, lines) in new.iter().zip(&lines) {
        let id = app.ids.next();
        for (line, line_no) in lines.iter().zip(1..) {
            let account_id = *accounts
                .get(&(line.account, line.plan_id))
                .ok_or_else(|| DbErr::RecordNotFound("ledger_account".to_owned()))?;
            let moved = moves.entry(account_id).or_insert((line.account, Fen::ZERO, Fen::ZERO));
            if line.amount_fen.is_positive() {
                moved.1 = moved.1.checked_add(line.amount_fen)?;
            } else {
                moved.2 = moved.2.checked_sub(line.amount_fen)?;
            }
            postings.push(posting::ActiveModel {
                transaction_id: Set(id),
                line_no: Set(line_no),
                account_id: Set(account_id),
                amount_fen: Set(line.amount_fen),
            });
        }
        let (payout_id, order_id) = event.concerns();
        transactions.push(transaction::ActiveModel {
            id: Set(id),
            idempotency_key: Set(event.key()),
            kind: Set(event.kind().to_owned()),
            payout_id: Set(payout_id),
            order_id: Set(order_id),
            entry_id: Set(event.entry_id()),
            posted_at_ms: Set(now),
        });
    }
    // Postings first: the transaction's own row is refused unless they sum to zero.
    for chunk in postings.chunks(CHUNK) {
        posting::Entity::insert_many(chunk.to_vec()).exec_without_returning(txn).await?;
    }
    for chunk in transactions.chunks(CHUNK) {
        transaction::Entity::insert_many(chunk.to_vec()).exec_without_returning(txn).await?;
    }
    for (account_id, (account, debits, credits)) in moves {
        move_balance(txn, account_id, account, debits, credits).await?;
    }
    Ok(new.len())
}

async fn not_yet_posted<'a>(txn: &DatabaseTransaction, events: &'a [Event]) -> Result<Vec<&'a Event>, DbErr> {
    let mut seen = HashSet::new();
    for chunk in events.chunks(CHUNK) {
        let keys: Vec<String> = chunk.iter().map(Event::key).collect();
        let rows = transaction::Entity::find().filter(transaction::Column::IdempotencyKey.is_in(keys)).all(txn).await?;
        seen.extend(rows.into_iter().map(|row| row.idempotency_key));
    }
    // Insertion into the set also passes over an event that stands twice in the list.
    Ok(events.iter().filter(|event| seen.insert(event.key())).collect())
}

async fn ensure_accounts(
    txn: &DatabaseTransaction,
    app: &App,
    wanted: BTreeSet<AccountKey>,
) -> Result<HashMap<AccountKey, Uuid>, DbErr> {
    let known = load_accounts(txn).await?;
    let missing: Vec<AccountKey> = wanted.into_iter().filter(|key| !known.contains_key(key)).collect();
    if missing.is_empty() {
        return Ok(known);
    }
    for (code, plan_id) in missing {
        let row = account::ActiveModel { id: Set(app.ids.next()), code: Set(code), plan_id: Set(plan_id) };
        // Another process may open the same account at the same moment; then its row is the one.
        account::Entity::insert(row)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(txn)
            .await?;
    }
    let known = load_accounts(txn).await?;
    let balances = known.iter().map(|((code, _), id)| balance::ActiveModel {
        account_id: Set(*id),
        code: Set(*code),
        debits_fen: Set(Fen::ZERO),
        credits_fen: Set(Fen::ZERO),
    });
    balance::Entity::insert_many(balances)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(known)
}

async fn load_accounts(txn: &DatabaseTransaction) -> Result<HashMap<AccountKey, Uuid>, DbErr> {
    let rows = account::Entity::find().all(txn).await?;
    Ok(rows.into_iter().map(|row| ((row.code, row.plan_id), row.id)).collect())
}

/// Moves the parts of payouts as the events say, in their turn; events of different payouts in a row together.
async fn move_all_parts(txn: &DatabaseTransaction, events: &[&Event]) -> Result<(), PostError> {
    let mut together: Vec<(Uuid, PartMove)> = Vec::new();
    let mut payouts = HashSet::new();
    for event in events {
        let Some(payout_id) = event.concerns().0 else { continue };
        if matches!(event, Event::Approved { .. }) {
            move_parts(txn, event).await?;
            continue;
        }
        if payouts.contains(&payout_id) || together.len() >= PARTS {
            move_together(txn, &std::mem::take(&mut together)).await?;
            payouts.clear();
        }
        payouts.insert(payout_id);
        together.extend(event.part_moves().into_iter().map(|moved| (payout_id, moved)));
    }
    move_together(txn, &together).await
}

async fn move_together(txn: &DatabaseTransaction, moves: &[(Uuid, PartMove)]) -> Result<(), PostError> {
    if moves.is_empty() {
        return Ok(());
    }
    let mut values: Vec<Value> = Vec::with_capacity(moves.len() * 6);
    let mut rows = Vec::with_capacity(moves.len());
    for (payout_id, moved) in moves {
        let first = values.len() + 1;
        let places: Vec<String> = (first..first + 6).map(|place| format!("${place}")).collect();
        rows.push(format!("({})", places.join(", ")));
        values.extend([
            Value::from(*payout_id),
            moved.plan_id.into(),
            moved.payable_fen.into(),
            moved.clearing_fen.into(),
            moved.returned_fen.into(),
            moved.settled_fen.into(),
        ]);
    }
    let sql = format!(
        "with v as (values {}) update ledger_part set payable_fen = payable_fen + v.column3, clearing_fen = clearing_fen + v.column4, \
         returned_fen = returned_fen + v.column5, settled_fen = settled_fen + v.column6 \
         from v where ledger_part.payout_id = v.column1 and ledger_part.plan_id = v.column2 and payable_fen + v.column3 >= 0 \
         and clearing_fen + v.column4 >= 0 and returned_fen + v.column5 >= 0 and settled_fen + v.column6 >= 0",
        rows.join(", ")
    );
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    let written = txn.execute_raw(statement).await?.rows_affected();
    if usize::try_from(written).ok() == Some(moves.len()) {
        return Ok(());
    }
    let payouts: Vec<String> = moves.iter().take(3).map(|(id, _)| id.to_string()).collect();
    Err(PostError::Contradiction(format!("of one of the payouts {}, …", payouts.join(", "))))
}

async fn move_parts(txn: &DatabaseTransaction, event: &Event) -> Result<(), PostError> {
    let Some(payout_id) = event.concerns().0 else { return Ok(()) };
    for moved in event.part_moves() {
        if matches!(event, Event::Approved { .. }) {
            let amount = Fen::new(moved.payable_fen);
            let row = part::ActiveModel {
                payout_id: Set(payout_id),
                plan_id: Set(moved.plan_id),
                amount_fen: Set(amount),
                payable_fen: Set(amount),
                clearing_fen: Set(Fen::ZERO),
                returned_fen: Set(Fen::ZERO),
                settled_fen: Set(Fen::ZERO),
            };
            part::Entity::insert(row).exec_without_returning(txn).await?;
            continue;
        }
        let changes = [
            (part::Column::PayableFen, moved.payable_fen),
            (part::Column::ClearingFen, moved.clearing_fen),
            (part::Column::ReturnedFen, moved.returned_fen),
            (part::Column::SettledFen, moved.settled_fen),
        ];
        let mut update = part::Entity::update_many()
            .filter(part::Column::PayoutId.eq(payout_id))
            .filter(part::Column::PlanId.eq(moved.plan_id));
        for (column, change) in changes {
            if change != 0 {
                update = update
                    .col_expr(column, Expr::col(column).add(change))
                    .filter(Expr::col(column).add(change).gte(0_i64));
            }
        }
        if update.exec(txn).await?.rows_affected != 1 {
            return Err(PostError::Contradiction(event.key()));
        }
    }
    Ok(())
}

async fn move_balance(
    txn: &DatabaseTransaction,
    account_id: Uuid,
    account: Account,
    debits: Fen,
    credits: Fen,
) -> Result<(), PostError> {
    use balance::Column as C;
    let mut update = balance::Entity::update_many()
        .col_expr(C::DebitsFen, Expr::col(C::DebitsFen).add(debits))
        .col_expr(C::CreditsFen, Expr::col(C::CreditsFen).add(credits))
        .filter(C::AccountId.eq(account_id));
    if account.is_never_in_debit() {
        update = update.filter(Expr::col(C::CreditsFen).add(credits).gte(Expr::col(C::DebitsFen).add(debits)));
    }
    if update.exec(txn).await?.rows_affected != 1 {
        return Err(PostError::Contradiction(format!("account {}", account.code())));
    }
    Ok(())
}
