//! A decision grants money: the payout, its parts by plan, its first order and its line in the books, all in the decision's transaction.

use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait};
use uuid::Uuid;

use super::reference;
use super::rows::{order, payout, payout_plan};
use super::state::{OrderState, PayoutState};
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::{Code, Problem};
use crate::kernel::money::Fen;
use crate::ledger::{self, Event, PlanAmount, Source};

/// What a decision grants one member.
#[derive(Clone, Debug)]
pub struct NewPayout {
    /// The decision.
    pub decision_id: Uuid,
    /// The claim that was decided.
    pub claim_id: Uuid,
    /// Who is owed.
    pub member_id: Uuid,
    /// How much under each plan; each part is more than nothing.
    pub parts: Vec<PlanAmount>,
}

/// Makes the payout of a decision. A second one for the same decision and member is refused by the database.
///
/// # Errors
/// `conflict` for a second payout; an internal problem for parts that are not more than nothing, or when the database fails.
pub async fn create_for_decision(txn: &DatabaseTransaction, app: &App, new: NewPayout) -> Result<Uuid, Problem> {
    if new.parts.is_empty() || new.parts.iter().any(|part| !part.amount_fen.is_positive()) {
        return Err(Problem::internal(anyhow::anyhow!("a payout needs parts of more than nothing")));
    }
    let amount_fen = Fen::sum(new.parts.iter().map(|part| part.amount_fen))?;
    let payout_id = app.ids.next();
    let row = payout::ActiveModel {
        id: Set(payout_id),
        decision_id: Set(new.decision_id),
        claim_id: Set(new.claim_id),
        member_id: Set(new.member_id),
        amount_fen: Set(amount_fen),
        state: Set(PayoutState::Approved),
        version: Set(1),
        created_at_ms: Set(app.clock.now()),
        paid_at_ms: Set(None),
        settled_on: Set(None),
        unclaimed_since_ms: Set(None),
        reminded_days: Set(0),
    };
    payout::Entity::insert(row).exec_without_returning(txn).await.map_err(taken)?;
    let parts = new.parts.iter().map(|part| payout_plan::ActiveModel {
        payout_id: Set(payout_id),
        plan_id: Set(part.plan_id),
        amount_fen: Set(part.amount_fen),
    });
    payout_plan::Entity::insert_many(parts).exec_without_returning(txn).await?;
    queue_order(txn, app, payout_id, amount_fen, None).await?;
    ledger::post(txn, app, &[Event::Approved { payout_id, plans: new.parts }]).await?;
    Ok(payout_id)
}

/// Queues a try at paying `payout_id`: the first, or the one after `before`, which is known to have failed or come back.
pub(super) async fn queue_order(
    txn: &DatabaseTransaction,
    app: &App,
    payout_id: Uuid,
    amount_fen: Fen,
    before: Option<&order::Model>,
) -> Result<(), Problem> {
    let source = match before {
        Some(order) if order.state == OrderState::Returned => Source::Returned,
        Some(order) => Source::from_code(order.source_code).unwrap_or(Source::Payable),
        None => Source::Payable,
    };
    let now = app.clock.now();
    let row = order::ActiveModel {
        id: Set(app.ids.next()),
        payout_id: Set(payout_id),
        try_no: Set(before.map_or(1, |order| order.try_no + 1)),
        supersedes_id: Set(before.map(|order| order.id)),
        bank_ref: Set(reference::mint(app.chance.as_ref())),
        amount_fen: Set(amount_fen),
        source_code: Set(source.account().code()),
        reserve_round: Set(0),
        state: Set(OrderState::Queued),
        evidence_rank: Set(0),
        version: Set(1),
        created_at_ms: Set(now),
        changed_at_ms: Set(now),
        ..Default::default()
    };
    order::Entity::insert(row).exec_without_returning(txn).await.map_err(taken)?;
    Ok(())
}

/// The database keeps one payout for a decision and member, and one live order for a payout: whoever comes second is told so.
fn taken(error: DbErr) -> Problem {
    if is_unique_violation(&error) { Problem::new(Code::Conflict) } else { error.into() }
}
