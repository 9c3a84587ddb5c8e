//! What was really paid and not recovered yet, by where it stands in the books.

use std::collections::{BTreeMap, HashMap};

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::rows::{part, recovery};
use super::split::split;
use super::state::Outcome;
use crate::http::Problem;
use crate::kernel::money::Fen;
use crate::ledger::{self, Basis, PlanAmount};
use crate::payouts::rows::{order, payout_plan};
use crate::recon::{Beyond, beyond};

/// What may still be asked back of a payout for one cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// In all; below nothing when the bank took back what a recovery asks for.
    pub fen: Fen,
    /// What was paid under each plan and not recovered, for a claim that cost too much; else the payout's own parts.
    pub plans: Vec<PlanAmount>,
}

/// What may still be asked back of a payout on `basis`, when `without` is not counted.
pub(super) async fn left(
    connection: &impl ConnectionTrait,
    payout_id: Uuid,
    basis: Basis,
    without: Option<Uuid>,
) -> Result<Left, Problem> {
    let others = others(connection, payout_id, basis, without).await?;
    let plans = match basis {
        Basis::Claim => by_plan(connection, payout_id, &others).await?,
        Basis::DebitedMore | Basis::DebitedTwice => payout_plan::Entity::find()
            .filter(payout_plan::Column::PayoutId.eq(payout_id))
            .order_by_asc(payout_plan::Column::PlanId)
            .all(connection)
            .await?
            .into_iter()
            .map(|row| PlanAmount { plan_id: row.plan_id, amount_fen: row.amount_fen })
            .collect(),
    };
    let asked = Fen::sum(others.iter().map(|row| row.amount_fen))?;
    let paid = match basis {
        Basis::Claim => {
            let paid = ledger::settled_by_plan(connection, payout_id).await?;
            Fen::sum(paid.iter().map(|plan| plan.amount_fen))?
        }
        Basis::DebitedMore => beyond_of(connection, payout_id).await?.more_fen,
        Basis::DebitedTwice => beyond_of(connection, payout_id).await?.twice_fen,
    };
    Ok(Left { fen: paid.checked_sub(asked)?, plans })
}

/// The parts of `amount_fen` by plan: in the proportion of what may be asked back. None when it is more than that.
pub(super) fn parts_of(left: &Left, amount_fen: Fen, basis: Basis) -> Option<Vec<PlanAmount>> {
    if amount_fen > left.fen {
        return None;
    }
    match basis {
        Basis::Claim => split(amount_fen, &left.plans),
        // What the bank did beyond the order is divided as the order was: it may be more than the payout.
        Basis::DebitedMore | Basis::DebitedTwice => {
            let whole = Fen::sum(left.plans.iter().map(|plan| plan.amount_fen)).ok()?;
            let times = amount_fen.get().checked_div(whole.get().max(1))?.checked_add(1)?;
            let enough = left.plans.iter().map(|plan| {
                let amount_fen = plan.amount_fen.checked_times(times).ok()?;
                Some(PlanAmount { plan_id: plan.plan_id, amount_fen })
            });
            split(amount_fen, &enough.collect::<Option<Vec<_>>>()?)
        }
    }
}

/// The recoveries of a payout on `basis` that ask for something, or asked and got it.
async fn others(
    connection: &impl ConnectionTrait,
    payout_id: Uuid,
    basis: Basis,
    without: Option<Uuid>,
) -> Result<Vec<recovery::Model>, Problem> {
    let rows = recovery::Entity::find().filter(recovery::Column::PayoutId.eq(payout_id)).all(connection).await?;
    let counts = |row: &recovery::Model| {
        row.basis == basis && row.outcome != Some(Outcome::Withdrawn) && Some(row.id) != without
    };
    Ok(rows.into_iter().filter(counts).collect())
}

async fn by_plan(
    connection: &impl ConnectionTrait,
    payout_id: Uuid,
    others: &[recovery::Model],
) -> Result<Vec<PlanAmount>, Problem> {
    let mut left: BTreeMap<Uuid, Fen> = BTreeMap::new();
    for plan in ledger::settled_by_plan(connection, payout_id).await? {
        left.insert(plan.plan_id, plan.amount_fen);
    }
    if !others.is_empty() {
        let ids = others.iter().map(|row| row.id);
        for row in part::Entity::find().filter(part::Column::RecoveryId.is_in(ids)).all(connection).await? {
            if let Some(fen) = left.get_mut(&row.plan_id) {
                *fen = fen.checked_sub(row.amount_fen)?;
            }
        }
    }
    let some = left.into_iter().filter(|(_, fen)| fen.is_positive());
    Ok(some.map(|(plan_id, amount_fen)| PlanAmount { plan_id, amount_fen }).collect())
}

async fn beyond_of(connection: &impl ConnectionTrait, payout_id: Uuid) -> Result<Beyond, Problem> {
    let orders = order::Entity::find().filter(order::Column::PayoutId.eq(payout_id)).all(connection).await?;
    let amounts: HashMap<Uuid, Fen> = orders.into_iter().map(|order| (order.id, order.amount_fen)).collect();
    beyond(connection, &amounts).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_bank_did_twice_is_divided_as_the_payout_was() {
        let plan = |id, fen| PlanAmount { plan_id: Uuid::from_u128(id), amount_fen: Fen::new(fen) };
        let left = Left { fen: Fen::new(900), plans: vec![plan(1, 300), plan(2, 100)] };
        let parts = parts_of(&left, Fen::new(800), Basis::DebitedTwice).unwrap();
        assert_eq!(parts, [plan(1, 600), plan(2, 200)]);
        assert_eq!(parts_of(&left, Fen::new(901), Basis::DebitedTwice), None);
        assert_eq!(parts_of(&left, Fen::new(500), Basis::Claim), None);
        assert_eq!(parts_of(&left, Fen::new(200), Basis::Claim).unwrap(), [plan(1, 150), plan(2, 50)]);
    }
}
