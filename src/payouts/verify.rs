//! `huzhu verify` for money: each payout agrees with its orders and the books, each batch with its orders and its bytes.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use uuid::Uuid;

use super::release::{bytes_of, orders_of};
use super::rows::{batch, order, payout, payout_plan};
use super::state::{BatchState, FINISHED, IN_CLEARING, OrderState, PayoutState};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::money::Fen;
use crate::ledger;

/// Payouts read by one step.
const STEP: u64 = 500;

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: a table and an identifier.
    pub subject: String,
    /// What is wrong with it.
    pub what: String,
}

/// Checks every payout, order, batch and the books; no findings means that all agree.
///
/// # Errors
/// Those of the database.
pub async fn check(app: &App) -> Result<Vec<Finding>, Problem> {
    let mut findings = Vec::new();
    check_payouts(app, &mut findings).await?;
    check_batches(app, &mut findings).await?;
    for (subject, what) in ledger::verify(app.db.read()).await? {
        findings.push(Finding { subject, what });
    }
    Ok(findings)
}

async fn check_payouts(app: &App, findings: &mut Vec<Finding>) -> Result<(), Problem> {
    let connection = app.db.read();
    let mut after = Uuid::nil();
    loop {
        let payouts = payout::Entity::find()
            .filter(payout::Column::Id.gt(after))
            .order_by_asc(payout::Column::Id)
            .limit(STEP)
            .all(connection)
            .await?;
        let Some(last) = payouts.last() else { return Ok(()) };
        after = last.id;
        let ids: Vec<Uuid> = payouts.iter().map(|payout| payout.id).collect();
        let mut orders: HashMap<Uuid, Vec<order::Model>> = HashMap::new();
        let rows = order::Entity::find()
            .filter(order::Column::PayoutId.is_in(ids.clone()))
            .order_by_asc(order::Column::TryNo)
            .all(connection)
            .await?;
        for row in rows {
            orders.entry(row.payout_id).or_default().push(row);
        }
        let mut planned: HashMap<Uuid, Fen> = HashMap::new();
        let rows = payout_plan::Entity::find()
            .filter(payout_plan::Column::PayoutId.is_in(ids.clone()))
            .all(connection)
            .await?;
        for row in rows {
            let sum = planned.entry(row.payout_id).or_default();
            *sum = sum.checked_add(row.amount_fen)?;
        }
        let parts = ledger::parts(connection, &ids).await?;
        for payout in &payouts {
            let orders = orders.get(&payout.id).map_or(&[][..], Vec::as_slice);
            let wrong = wrong_with(payout, orders, planned.get(&payout.id).copied(), parts.get(&payout.id).copied());
            findings
                .extend(wrong.map(|what| Finding { subject: format!("payout {}", payout.id), what: what.to_owned() }));
        }
    }
}

/// The first thing that is wrong with a payout. Pure.
fn wrong_with(
    payout: &payout::Model,
    orders: &[order::Model],
    planned: Option<Fen>,
    parts: Option<ledger::Parts>,
) -> Option<&'static str> {
    let Some(last) = orders.last() else { return Some("it has no order") };
    let Some(parts) = parts else { return Some("the books do not know it") };
    if planned != Some(payout.amount_fen) {
        return Some("its parts by plan do not sum to its amount");
    }
    if parts.amount_fen != payout.amount_fen {
        return Some("its amount in the books differs");
    }
    if orders.iter().any(|order| order.amount_fen != payout.amount_fen) {
        return Some("an order has another amount");
    }
    if orders.iter().rev().skip(1).any(|order| !FINISHED.contains(&order.state)) {
        return Some("an order was followed by another before it was known to have failed");
    }
    let expected = match PayoutState::of(last.state) {
        // Cancelled before it was released, or queued again after a failure: the payout waits as it did.
        PayoutState::Approved if orders.iter().any(|order| order.reserve_round > 0) => PayoutState::Failed,
        state => state,
    };
    if payout.state != expected {
        return Some("its state is not that of its newest order");
    }
    let cleared = parts.clearing_fen;
    let in_clearing = IN_CLEARING.contains(&last.state);
    // A debit short of the order clears a part and leaves a break: then some of it stays.
    if (in_clearing && cleared == Fen::ZERO) || (!in_clearing && cleared != Fen::ZERO) {
        return Some("what the books hold in clearing is not what its order says");
    }
    if (last.state == OrderState::Settled) != (parts.settled_fen == payout.amount_fen) {
        return Some("what the books hold as settled is not what its order says");
    }
    None
}

async fn check_batches(app: &App, findings: &mut Vec<Finding>) -> Result<(), Problem> {
    let connection = app.db.read();
    for batch in batch::Entity::find().order_by_asc(batch::Column::Id).all(connection).await? {
        let mut found = |what: &str| {
            findings.push(Finding { subject: format!("payout_batch {}", batch.id), what: what.to_owned() });
        };
        let orders = orders_of(connection, batch.id).await?;
        let total = Fen::sum(orders.iter().map(|order| order.amount_fen))?;
        if batch.state != BatchState::Void
            && (i64::try_from(orders.len()).ok() != Some(batch.order_count) || total != batch.total_fen)
        {
            found("count or sum of its orders differ");
        }
        if bytes_of(connection, app, &batch).await?.is_none() {
            found("its bytes do not have its hash");
        }
    }
    Ok(())
}
