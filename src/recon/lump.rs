//! A booking of one sum for several payments of ours that the statement does not list: notices may list them, or count and sum say that it
//! is a whole batch, or those of it that the bank called paid. Otherwise nobody can tell, and it waits in suspense.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};

use super::rows::statement;
use super::statement::Entry;
use super::{BreakKind, Seen, notices, raise};
use crate::app::App;
use crate::http::Problem;
use crate::payouts::rows::{batch, order};
use crate::payouts::state::{IN_CLEARING, OrderState};

/// The bookings that a sum is, payment by payment; itself when nobody can tell.
pub(super) async fn list(
    txn: &DatabaseTransaction,
    app: &App,
    statement: &statement::Model,
    sum: &Entry,
) -> Result<Vec<Entry>, Problem> {
    if let Some(listed) = notices::listed(txn, &statement.account, sum).await? {
        return Ok(listed);
    }
    let batch = match sum.lump.as_ref().and_then(|lump| lump.batch_ref.as_ref()) {
        Some(batch_ref) => batch::Entity::find().filter(batch::Column::BatchRef.eq(batch_ref)).one(txn).await?,
        None => None,
    };
    let batch = batch.filter(|batch| batch.debit_account == statement.account && !sum.credit);
    let detail = format!("booking {} of statement {} does not list its payments", sum.entry_no, statement.seq);
    let seen = Seen::new(BreakKind::B17, &statement.account, sum.fingerprint(&statement.account), detail);
    let batch_id = batch.as_ref().map(|batch| batch.id);
    raise(txn, app, Seen { batch_id, amount_fen: sum.amount_fen, ..seen }).await?;
    let Some(batch) = batch else { return Ok(vec![sum.clone()]) };
    let orders = order::Entity::find()
        .filter(order::Column::BatchId.eq(batch.id))
        .order_by_asc(order::Column::LineNo)
        .all(txn)
        .await?;
    let in_clearing = |order: &&order::Model| IN_CLEARING.contains(&order.state);
    let not_refused = |order: &&order::Model| IN_CLEARING.contains(&order.state) && order.state != OrderState::Rejected;
    let called_paid = |order: &&order::Model| order.state == OrderState::Paid;
    let found = whole(&orders, sum, in_clearing)
        .or_else(|| whole(&orders, sum, not_refused))
        .or_else(|| whole(&orders, sum, called_paid));
    Ok(found.unwrap_or_else(|| vec![sum.clone()]))
}

/// Those orders as bookings, when they are as many as the sum says and add up to it.
fn whole(orders: &[order::Model], sum: &Entry, which: impl Fn(&&order::Model) -> bool) -> Option<Vec<Entry>> {
    let those: Vec<&order::Model> = orders.iter().filter(which).collect();
    let total = those.iter().map(|order| i128::from(order.amount_fen.get())).sum::<i128>();
    let counted = sum.lump.as_ref().and_then(|lump| lump.count).and_then(|count| usize::try_from(count).ok());
    if those.is_empty() || counted != Some(those.len()) || total != i128::from(sum.amount_fen.get()) {
        return None;
    }
    let entry = |(order, place): (&&order::Model, i64)| Entry {
        entry_no: sum.entry_no + place,
        amount_fen: order.amount_fen,
        bank_ref: Some(order.bank_ref.clone()),
        lump: None,
        ..sum.clone()
    };
    Some(those.iter().zip(0..).map(entry).collect())
}
