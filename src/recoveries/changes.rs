//! Changing a recovery: each change asks the transition table, is one conditional UPDATE, and leaves a row that says who made it.

use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use time::Date;
use uuid::Uuid;

use super::rows::{ending, event, instalment, part, recovery};
use super::split::{left_of, split};
use super::state::{Outcome, RecoveryCommand};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::money::Fen;
use crate::ledger::PlanAmount;

/// Who does something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    /// Somebody of the staff.
    Staff(Uuid),
    /// The member.
    Member(Uuid),
}

/// The recovery, or 404.
pub(super) async fn load(connection: &impl ConnectionTrait, id: Uuid) -> Result<recovery::Model, Problem> {
    recovery::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// The recovery, if it may be changed: confirmed and not over.
///
/// # Errors
/// `not_found`, `recovery_state_conflict`.
pub(super) async fn load_going(connection: &impl ConnectionTrait, id: Uuid) -> Result<recovery::Model, Problem> {
    let row = load(connection, id).await?;
    if row.confirmed_by.is_none() || row.outcome.is_some() {
        return Err(Problem::new(Code::RecoveryStateConflict));
    }
    Ok(row)
}

/// The member's own recovery of which they were told.
///
/// # Errors
/// `not_found`, also for somebody else's.
pub(super) async fn of_member(
    connection: &impl ConnectionTrait,
    member_id: Uuid,
    id: Uuid,
) -> Result<recovery::Model, Problem> {
    let row = recovery::Entity::find_by_id(id)
        .filter(recovery::Column::MemberId.eq(member_id))
        .filter(recovery::Column::ConfirmedAtMs.is_not_null())
        .one(connection)
        .await?;
    row.ok_or_else(|| Problem::new(Code::NotFound))
}

/// What is left of it.
pub(super) fn balance(row: &recovery::Model) -> Result<Fen, Problem> {
    Ok(row.amount_fen.checked_sub(row.repaid_fen)?)
}

/// Gives `command` to a recovery, with `changes` to its other columns.
///
/// # Errors
/// `recovery_state_conflict` when its state does not allow it, `conflict` when somebody else changed it meanwhile.
pub(super) async fn command(
    txn: &DatabaseTransaction,
    app: &App,
    row: &recovery::Model,
    command: RecoveryCommand,
    mut changes: recovery::ActiveModel,
) -> Result<(), Problem> {
    let state = row.state.after(command).ok_or_else(|| Problem::new(Code::RecoveryStateConflict))?;
    changes.state = Set(state);
    let outcome = match command {
        RecoveryCommand::RepayRest => Some(Outcome::Repaid),
        RecoveryCommand::WriteOff => Some(Outcome::WrittenOff),
        RecoveryCommand::Withdraw => Some(Outcome::Withdrawn),
        RecoveryCommand::Agree | RecoveryCommand::Repay => None,
    };
    if outcome.is_some() {
        changes.outcome = Set(outcome);
        changes.closed_at_ms = Set(Some(app.clock.now()));
        changes.due_on = Set(None);
    }
    change(txn, row, changes).await
}

/// Changes columns of a recovery that stays where it is.
///
/// # Errors
/// `conflict` when somebody else changed it meanwhile.
pub(super) async fn change(
    txn: &DatabaseTransaction,
    row: &recovery::Model,
    mut changes: recovery::ActiveModel,
) -> Result<(), Problem> {
    changes.version = Set(row.version + 1);
    let done = recovery::Entity::update_many()
        .set(changes)
        .filter(recovery::Column::Id.eq(row.id))
        .filter(recovery::Column::State.eq(row.state))
        .filter(recovery::Column::Version.eq(row.version))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::Conflict)) }
}

/// Writes down who did what, for the record and for the figures.
pub(super) async fn record(
    txn: &DatabaseTransaction,
    app: &App,
    recovery_id: Uuid,
    kind: &'static str,
    who: Who,
) -> Result<(), Problem> {
    let (staff_id, member_id) = match who {
        Who::Staff(id) => (Some(id), None),
        Who::Member(id) => (None, Some(id)),
    };
    let row = event::ActiveModel {
        id: Set(app.ids.next()),
        recovery_id: Set(recovery_id),
        kind: Set(kind.to_owned()),
        staff_id: Set(staff_id),
        member_id: Set(member_id),
        at_ms: Set(app.clock.now()),
    };
    event::Entity::insert(row).exec_without_returning(txn).await?;
    metrics::counter!("huzhu_recovery_events_total", "kind" => kind).increment(1);
    tracing::info!(recovery.id = %recovery_id, kind, "recoveries.event");
    Ok(())
}

/// The instalments of an offer, in their order.
pub(super) async fn instalments_of(
    connection: &impl ConnectionTrait,
    recovery_id: Uuid,
    revision: i32,
) -> Result<Vec<instalment::Model>, Problem> {
    Ok(instalment::Entity::find()
        .filter(instalment::Column::RecoveryId.eq(recovery_id))
        .filter(instalment::Column::Revision.eq(revision))
        .order_by_asc(instalment::Column::InstalmentNo)
        .all(connection)
        .await?)
}

/// The day of the oldest of these instalments that is not paid whole, when `repaid_fen` came back.
pub(super) fn due_on(
    instalments: &[instalment::Model],
    amount_fen: Fen,
    repaid_fen: Fen,
) -> Result<Option<Date>, Problem> {
    let left = left_of(instalments, amount_fen, repaid_fen)?;
    Ok(instalments.iter().zip(left).find(|(_, left)| left.is_positive()).map(|(instalment, _)| instalment.due_on))
}

/// The parts of a recovery by plan.
pub(super) async fn parts(connection: &impl ConnectionTrait, recovery_id: Uuid) -> Result<Vec<PlanAmount>, Problem> {
    let rows = part::Entity::find()
        .filter(part::Column::RecoveryId.eq(recovery_id))
        .order_by_asc(part::Column::PlanId)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| PlanAmount { plan_id: row.plan_id, amount_fen: row.amount_fen }).collect())
}

/// `amount_fen` of a recovery, by plan.
pub(super) async fn parts_of(
    connection: &impl ConnectionTrait,
    row: &recovery::Model,
    amount_fen: Fen,
) -> Result<Vec<PlanAmount>, Problem> {
    let parts = split(amount_fen, &parts(connection, row.id).await?);
    parts.ok_or_else(|| Problem::internal(anyhow::anyhow!("a recovery whose parts come to less than its balance")))
}

/// A recovery that is over has no proposal to end it any more.
pub(super) async fn end_proposals(
    txn: &DatabaseTransaction,
    app: &App,
    recovery_id: Uuid,
    staff_id: Uuid,
) -> Result<(), Problem> {
    use sea_orm::sea_query::Expr;
    ending::Entity::update_many()
        .col_expr(ending::Column::WithdrawnBy, Expr::value(staff_id))
        .col_expr(ending::Column::WithdrawnAtMs, Expr::value(app.clock.now()))
        .filter(ending::Column::RecoveryId.eq(recovery_id))
        .filter(ending::Column::ConfirmedAtMs.is_null())
        .filter(ending::Column::WithdrawnAtMs.is_null())
        .exec(txn)
        .await?;
    Ok(())
}
