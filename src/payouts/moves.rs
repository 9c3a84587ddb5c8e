//! Changing orders and payouts: each change asks the transition table, then is one conditional UPDATE.

use std::collections::HashMap;

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder,
};
use uuid::Uuid;

use super::many::change_each;
use super::rows::{batch, order, payout, payout_plan};
use super::state::{BatchState, OrderCommand, OrderState, PayoutState};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::clock::Moment;
use crate::ledger::{OrderMoney, PlanAmount};

/// Gives `command` to one order, with `changes` to its other columns.
///
/// # Errors
/// `conflict` when its state does not allow it, or somebody else changed it meanwhile.
pub(crate) async fn move_order(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
    command: OrderCommand,
    mut changes: order::ActiveModel,
) -> Result<OrderState, Problem> {
    let state = order.state.after(command).ok_or_else(|| Problem::new(Code::Conflict))?;
    changes.state = Set(state);
    changes.version = Set(order.version + 1);
    changes.changed_at_ms = Set(app.clock.now());
    let done = order::Entity::update_many()
        .set(changes)
        .filter(order::Column::Id.eq(order.id))
        .filter(order::Column::State.eq(order.state))
        .filter(order::Column::Version.eq(order.version))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(state) } else { Err(Problem::new(Code::Conflict)) }
}

/// Gives `command` to every order of a batch that stands at `from`; answers how many there were. Approving them counts a new reservation of each.
///
/// # Errors
/// `conflict` when the state does not allow it.
pub(super) async fn move_batch_orders(
    txn: &DatabaseTransaction,
    app: &App,
    batch_id: Uuid,
    from: OrderState,
    command: OrderCommand,
    mut changes: order::ActiveModel,
) -> Result<u64, Problem> {
    let state = from.after(command).ok_or_else(|| Problem::new(Code::Conflict))?;
    changes.state = Set(state);
    changes.changed_at_ms = Set(app.clock.now());
    let mut update = order::Entity::update_many();
    if command == OrderCommand::Approve {
        update = update.col_expr(order::Column::ReserveRound, Expr::col(order::Column::ReserveRound).add(1));
    }
    let done = update
        .set(changes)
        .col_expr(order::Column::Version, Expr::col(order::Column::Version).add(1_i64))
        .filter(order::Column::BatchId.eq(batch_id))
        .filter(order::Column::State.eq(from))
        .exec(txn)
        .await?;
    Ok(done.rows_affected)
}

/// Moves a batch on from the state in which it was read.
///
/// # Errors
/// `conflict` when its state does not allow it, or somebody else moved it meanwhile.
pub(super) async fn move_batch(
    txn: &DatabaseTransaction,
    batch: &batch::Model,
    state: BatchState,
    mut changes: batch::ActiveModel,
) -> Result<(), Problem> {
    if !batch.state.may_become(state) {
        return Err(Problem::new(Code::Conflict));
    }
    changes.state = Set(state);
    changes.version = Set(batch.version + 1);
    let done = batch::Entity::update_many()
        .set(changes)
        .filter(batch::Column::Id.eq(batch.id))
        .filter(batch::Column::State.eq(batch.state))
        .filter(batch::Column::Version.eq(batch.version))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::Conflict)) }
}

/// Moves a payout on; `paid_at` is the bank's date of the payment.
///
/// # Errors
/// `conflict` when somebody else moved it meanwhile.
pub(super) async fn move_payout(
    txn: &DatabaseTransaction,
    payout: &payout::Model,
    state: PayoutState,
    paid_at: Option<Moment>,
    settled_on: Option<time::Date>,
) -> Result<(), Problem> {
    let mut changes = payout::ActiveModel {
        state: Set(state),
        version: Set(payout.version + 1),
        paid_at_ms: Set(paid_at),
        settled_on: Set(settled_on),
        ..Default::default()
    };
    if matches!(state, PayoutState::Paid | PayoutState::Settled) {
        changes.unclaimed_since_ms = Set(None);
        changes.reminded_days = Set(0);
    }
    change_payout(txn, payout, changes).await
}

/// A payout failed. With `unclaimed_since` it lies with the fund from then on, unless it has since before.
///
/// # Errors
/// `conflict` when somebody else moved it meanwhile.
pub(super) async fn fail_payout(
    txn: &DatabaseTransaction,
    payout: &payout::Model,
    unclaimed_since: Option<Moment>,
) -> Result<(), Problem> {
    let mut changes = payout::ActiveModel {
        state: Set(PayoutState::Failed),
        version: Set(payout.version + 1),
        paid_at_ms: Set(None),
        settled_on: Set(None),
        ..Default::default()
    };
    if payout.unclaimed_since_ms.is_none() && unclaimed_since.is_some() {
        changes.unclaimed_since_ms = Set(unclaimed_since);
    }
    change_payout(txn, payout, changes).await
}

async fn change_payout(
    txn: &DatabaseTransaction,
    payout: &payout::Model,
    changes: payout::ActiveModel,
) -> Result<(), Problem> {
    let done = payout::Entity::update_many()
        .set(changes)
        .filter(payout::Column::Id.eq(payout.id))
        .filter(payout::Column::State.eq(payout.state))
        .filter(payout::Column::Version.eq(payout.version))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::Conflict)) }
}

/// Moves payouts on to `paying`.
///
/// # Errors
/// `conflict` when somebody else moved one of them meanwhile.
pub(super) async fn start_paying(txn: &DatabaseTransaction, payouts: &[&payout::Model]) -> Result<(), Problem> {
    let row = |payout: &&payout::Model| vec![payout.id.into(), payout.version.into(), payout.state.to_value().into()];
    change_each(
        txn,
        "with v as ({rows}) update payout set state = $1, paid_at_ms = null, settled_on = null, version = payout.version + 1 \
         from v where payout.id = v.column1 and payout.version = v.column2 and payout.state = v.column3",
        &[PayoutState::Paying.to_value().into()],
        &payouts.iter().map(row).collect::<Vec<_>>(),
    )
    .await
}

/// Moves payouts on to `paid`, each at its moment by the bank's clock.
///
/// # Errors
/// `conflict` when somebody else moved one of them meanwhile.
pub(super) async fn pay_each(txn: &DatabaseTransaction, paid: &[(&payout::Model, Moment)]) -> Result<(), Problem> {
    let row = |(payout, paid_at): &(&payout::Model, Moment)| {
        vec![payout.id.into(), payout.version.into(), payout.state.to_value().into(), (*paid_at).into()]
    };
    change_each(
        txn,
        "with v as ({rows}) update payout set state = $1, paid_at_ms = v.column4, settled_on = null, unclaimed_since_ms = null, \
         reminded_days = 0, version = payout.version + 1 from v where payout.id = v.column1 and payout.version = v.column2 and payout.state = v.column3",
        &[PayoutState::Paid.to_value().into()],
        &paid.iter().map(row).collect::<Vec<_>>(),
    )
    .await
}

/// The payout of an order.
///
/// # Errors
/// An internal problem when there is none: the tables refuse that.
pub(crate) async fn payout_of(connection: &impl ConnectionTrait, id: Uuid) -> Result<payout::Model, Problem> {
    payout::Entity::find_by_id(id).one(connection).await?.ok_or_else(payout_is_missing)
}

/// The tables refuse that.
pub(super) fn payout_is_missing() -> Problem {
    Problem::internal(anyhow::anyhow!("the order's payout is missing"))
}

/// Whose money the events of these orders move, by order.
///
/// # Errors
/// Those of the database.
pub(crate) async fn moneys(
    connection: &impl ConnectionTrait,
    orders: &[order::Model],
) -> Result<HashMap<Uuid, OrderMoney>, DbErr> {
    let mut plans: HashMap<Uuid, Vec<PlanAmount>> = HashMap::new();
    let payouts: Vec<Uuid> = orders.iter().map(|order| order.payout_id).collect();
    for chunk in payouts.chunks(500) {
        let rows = payout_plan::Entity::find()
            .filter(payout_plan::Column::PayoutId.is_in(chunk.to_vec()))
            .order_by_asc(payout_plan::Column::PlanId)
            .all(connection)
            .await?;
        for row in rows {
            plans
                .entry(row.payout_id)
                .or_default()
                .push(PlanAmount { plan_id: row.plan_id, amount_fen: row.amount_fen });
        }
    }
    let money = |order: &order::Model| OrderMoney {
        payout_id: order.payout_id,
        order_id: order.id,
        round: order.reserve_round,
        plans: plans.get(&order.payout_id).cloned().unwrap_or_default(),
    };
    Ok(orders.iter().map(|order| (order.id, money(order))).collect())
}
