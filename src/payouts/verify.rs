//! `huzhu verify` for money: each decision has its payout, each payout agrees with its orders and the books, each batch with its orders
//! and its bytes, and somebody goes on with it.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bank::{direct, flat};
use super::release::{bytes_of, orders_of};
use super::rows::{batch, order, payout, payout_plan};
use super::runs::rows::run;
use super::runs::rows::run::RunState;
use super::state::{BatchState, FINISHED, IN_CLEARING, OrderState, PayoutState};
use super::{dispatch, enquire, runs};
use crate::app::App;
use crate::claims::rows::{claim, decision};
use crate::claims::state::ClaimState;
use crate::http::Problem;
use crate::iso20022::pain001;
use crate::jobs::{self, JobState};
use crate::kernel::money::Fen;
use crate::recon::BreakKind;
use crate::recon::rows::recon_break;
use crate::{ledger, recoveries};

/// Payouts read by one step.
const STEP: u64 = 500;
/// Batches read by one step: a batch may hold some thousand orders.
const BATCHES: u64 = 50;

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about: a table and an identifier.
    pub subject: String,
    /// What is wrong with it.
    pub what: String,
}

/// Checks every decision, payout, order, batch and the books as of one moment; no findings means that all agree.
///
/// # Errors
/// Those of the database.
pub async fn check(app: &App) -> Result<Vec<Finding>, Problem> {
    let snapshot = app.db.snapshot().await?;
    let findings = check_at(&snapshot, app).await?;
    snapshot.rollback().await?;
    Ok(findings)
}

/// The same in a transaction that sees everything as of one moment.
///
/// # Errors
/// Those of the database.
pub async fn check_at(connection: &DatabaseTransaction, app: &App) -> Result<Vec<Finding>, Problem> {
    let mut findings = Vec::new();
    check_decisions(connection, &mut findings).await?;
    check_payouts(connection, &mut findings).await?;
    check_batches(connection, app, &mut findings).await?;
    check_runs(connection, &mut findings).await?;
    for (subject, what) in ledger::verify(connection).await? {
        findings.push(Finding { subject, what });
    }
    for (subject, what) in recoveries::verify::check(connection).await? {
        findings.push(Finding { subject, what });
    }
    Ok(findings)
}

/// What a decision grants is owed by its payouts, and its claim shows where they stand.
async fn check_decisions(connection: &DatabaseTransaction, findings: &mut Vec<Finding>) -> Result<(), Problem> {
    let mut after = Uuid::nil();
    loop {
        let decisions = decision::Entity::find()
            .filter(decision::Column::Id.gt(after))
            .order_by_asc(decision::Column::Id)
            .limit(STEP)
            .all(connection)
            .await?;
        let Some(last) = decisions.last() else { return Ok(()) };
        after = last.id;
        let ids: Vec<Uuid> = decisions.iter().map(|decision| decision.id).collect();
        let owed = payout::Entity::find().filter(payout::Column::DecisionId.is_in(ids)).all(connection).await?;
        let mut of_decision: HashMap<Uuid, Vec<payout::Model>> = HashMap::new();
        for row in owed {
            of_decision.entry(row.decision_id).or_default().push(row);
        }
        let claim_ids: Vec<Uuid> = decisions.iter().map(|decision| decision.claim_id).collect();
        let claims: HashMap<Uuid, claim::Model> = claim::Entity::find()
            .filter(claim::Column::Id.is_in(claim_ids.clone()))
            .all(connection)
            .await?
            .into_iter()
            .map(|claim| (claim.id, claim))
            .collect();
        for decision in &decisions {
            let payouts = of_decision.get(&decision.id).map_or(&[][..], Vec::as_slice);
            let member_id = claims.get(&decision.claim_id).map(|claim| claim.member_id);
            if let Some(what) = wrong_with_decision(decision, member_id, payouts)? {
                findings.push(Finding { subject: format!("decision {}", decision.id), what: what.to_owned() });
            }
        }
        let mut states: HashMap<Uuid, Vec<PayoutState>> = HashMap::new();
        for row in payout::Entity::find().filter(payout::Column::ClaimId.is_in(claim_ids)).all(connection).await? {
            states.entry(row.claim_id).or_default().push(row.state);
        }
        for claim in claims.values() {
            if !shows(claim.state, states.get(&claim.id).map_or(&[][..], Vec::as_slice)) {
                let what = "its state is not that of its payouts".to_owned();
                findings.push(Finding { subject: format!("claim {}", claim.id), what });
            }
        }
    }
}

/// The first thing that is wrong with what a decision made. Pure.
fn wrong_with_decision(
    decision: &decision::Model,
    member_id: Option<Uuid>,
    payouts: &[payout::Model],
) -> Result<Option<&'static str>, Problem> {
    if payouts.iter().any(|payout| payout.claim_id != decision.claim_id || Some(payout.member_id) != member_id) {
        return Ok(Some("its payout is of another claim or member"));
    }
    if payouts.is_empty() && decision.granted_fen.is_positive() {
        return Ok(Some("it grants money and has no payout"));
    }
    let owed = Fen::sum(payouts.iter().map(|payout| payout.amount_fen))?;
    Ok((owed != decision.granted_fen).then_some("its payouts do not come to what it grants"))
}

/// True when a claim with these payouts may stand there: it shows the first of failed, approved, paying, paid. Pure.
fn shows(claim: ClaimState, payouts: &[PayoutState]) -> bool {
    use ClaimState as S;
    let any = |state| payouts.contains(&state);
    let owes = [S::Approved, S::PartlyApproved, S::PayoutFailed, S::Paying, S::Paid];
    match claim {
        _ if payouts.is_empty() => !owes.contains(&claim),
        S::PayoutFailed => any(PayoutState::Failed),
        _ if any(PayoutState::Failed) => false,
        S::Approved | S::PartlyApproved => any(PayoutState::Approved),
        _ if any(PayoutState::Approved) => false,
        S::Paying => any(PayoutState::Paying),
        S::Paid => !any(PayoutState::Paying),
        _ => false,
    }
}

async fn check_payouts(connection: &DatabaseTransaction, findings: &mut Vec<Finding>) -> Result<(), Problem> {
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
    let is_paid = matches!(payout.state, PayoutState::Paid | PayoutState::Settled);
    let came_back = payout.state == PayoutState::Failed && last.state == OrderState::Returned;
    if (is_paid && payout.unclaimed_since_ms.is_some()) || (came_back && payout.unclaimed_since_ms.is_none()) {
        return Some("since when it lies with the fund is not what its orders say");
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

async fn check_batches(
    connection: &DatabaseTransaction,
    app: &App,
    findings: &mut Vec<Finding>,
) -> Result<(), Problem> {
    let drivers = drivers(connection).await?;
    let mut after = Uuid::nil();
    loop {
        let batches = batch::Entity::find()
            .filter(batch::Column::Id.gt(after))
            .order_by_asc(batch::Column::Id)
            .limit(BATCHES)
            .all(connection)
            .await?;
        let Some(last) = batches.last() else { return Ok(()) };
        after = last.id;
        for batch in &batches {
            let orders = orders_of(connection, batch.id).await?;
            let bytes = bytes_of(connection, app, batch).await?;
            let mut wrong: Vec<_> = wrong_with_batch(batch, &orders, bytes.as_deref())?.into_iter().collect();
            let own = drivers.get(&batch.id).map_or(&[][..], Vec::as_slice);
            let waits_for_the_bank =
                batch.state == BatchState::Released && app.bank.as_ref().is_some_and(|link| link.pulled);
            let is_left = must_go_on(batch.state) && !goes_on(batch.state, own) && !waits_for_the_bank;
            if is_left && !waits_for_a_person(connection, batch).await? {
                wrong.push("no job is written that will go on with it");
            }
            let subject = format!("payout_batch {}", batch.id);
            findings.extend(wrong.into_iter().map(|what| Finding { subject: subject.clone(), what: what.to_owned() }));
        }
    }
}

/// The first thing that is wrong with a batch, its orders and its bytes; none are given when they do not have its hash. Pure.
fn wrong_with_batch(
    batch: &batch::Model,
    orders: &[order::Model],
    bytes: Option<&[u8]>,
) -> Result<Option<&'static str>, Problem> {
    let Some(bytes) = bytes else { return Ok(Some("its bytes do not have its hash")) };
    if batch.state == BatchState::Void {
        return Ok(None);
    }
    let total = Fen::sum(orders.iter().map(|order| order.amount_fen))?;
    if i64::try_from(orders.len()).ok() != Some(batch.order_count) || total != batch.total_fen {
        return Ok(Some("count or sum of its orders differ"));
    }
    let lines: Vec<_> = orders.iter().map(|order| (order.bank_ref.clone(), order.amount_fen)).collect();
    let read = flat::read(bytes).or_else(|| pain001::read(bytes)).or_else(|| direct::read_order(bytes));
    Ok((read != Some(lines)).then_some("the lines of its bytes are not its orders"))
}

/// A job that goes on with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    /// Sends its bytes; again when it is in doubt.
    Sends {
        /// True when they were sent before.
        resend: bool,
    },
    /// Asks the bank about a batch in this state.
    Asks(BatchState),
}

/// What the jobs of payouts carry.
#[derive(Deserialize)]
struct Carried {
    batch_id: Uuid,
    #[serde(default)]
    resend: bool,
    state: Option<BatchState>,
}

/// The jobs that wait or run, by batch.
async fn drivers(connection: &DatabaseTransaction) -> Result<HashMap<Uuid, Vec<Driver>>, Problem> {
    let alive = jobs::Entity::find()
        .filter(jobs::Column::Kind.is_in([dispatch::KIND, enquire::KIND]))
        .filter(jobs::Column::State.is_in([JobState::Ready, JobState::Running]))
        .all(connection)
        .await?;
    let mut drivers: HashMap<Uuid, Vec<Driver>> = HashMap::new();
    for job in alive {
        // A payload that does not read is a matter of its handler, which buries the job.
        let Ok(carried) = serde_json::from_value::<Carried>(job.payload) else { continue };
        let driver = carried.state.map_or(Driver::Sends { resend: carried.resend }, Driver::Asks);
        drivers.entry(carried.batch_id).or_default().push(driver);
    }
    Ok(drivers)
}

/// A run that is being prepared, released or given up has a job that goes on with it.
async fn check_runs(connection: &DatabaseTransaction, findings: &mut Vec<Finding>) -> Result<(), Problem> {
    let going = [RunState::Preparing, RunState::Releasing, RunState::Voiding];
    let going = run::Entity::find().filter(run::Column::State.is_in(going)).all(connection).await?;
    if going.is_empty() {
        return Ok(());
    }
    let alive = jobs::Entity::find()
        .filter(jobs::Column::Kind.eq(runs::KIND))
        .filter(jobs::Column::State.is_in([JobState::Ready, JobState::Running]))
        .all(connection)
        .await?;
    let carried = |job: &jobs::Model| job.payload.get("run_id").and_then(|id| id.as_str()?.parse::<Uuid>().ok());
    let driven: Vec<Uuid> = alive.iter().filter_map(carried).collect();
    findings.extend(going.into_iter().filter(|run| !driven.contains(&run.id)).map(|run| Finding {
        subject: format!("payout_run {}", run.id),
        what: "no job is written that will go on with it".to_owned(),
    }));
    Ok(())
}

/// True in the states that a batch does not stay in by itself. Pure.
const fn must_go_on(state: BatchState) -> bool {
    matches!(state, BatchState::Released | BatchState::Dispatching | BatchState::Accepted | BatchState::InDoubt)
}

/// True when one of these jobs does something with a batch in this state. Pure.
fn goes_on(state: BatchState, drivers: &[Driver]) -> bool {
    drivers.iter().any(|driver| match *driver {
        Driver::Asks(of) => of == state,
        Driver::Sends { resend } => match state {
            BatchState::Released => !resend,
            BatchState::InDoubt => resend,
            state => state == BatchState::Dispatching,
        },
    })
}

/// True when sending was given up with a break that a person must resolve.
async fn waits_for_a_person(connection: &DatabaseTransaction, batch: &batch::Model) -> Result<bool, Problem> {
    let open = recon_break::Entity::find()
        .filter(recon_break::Column::BatchId.eq(batch.id))
        .filter(recon_break::Column::Kind.eq(BreakKind::B13))
        .filter(recon_break::Column::State.eq("open"))
        .one(connection)
        .await?;
    Ok(open.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    #[test]
    fn a_claim_shows_the_first_of_failed_approved_paying_paid() {
        use PayoutState as P;
        let standing =
            |payouts: &[P]| -> Vec<ClaimState> { ClaimState::iter().filter(|claim| shows(*claim, payouts)).collect() };
        assert_eq!(standing(&[P::Paid, P::Paying, P::Approved, P::Failed]), [ClaimState::PayoutFailed]);
        assert_eq!(standing(&[P::Settled, P::Paying, P::Approved]), [ClaimState::Approved, ClaimState::PartlyApproved]);
        assert_eq!(standing(&[P::Settled, P::Paying]), [ClaimState::Paying]);
        assert_eq!(standing(&[P::Settled, P::Paid]), [ClaimState::Paid]);
        assert!(!shows(ClaimState::Paid, &[]) && shows(ClaimState::Rejected, &[]));
    }

    #[test]
    fn only_a_job_for_the_state_goes_on_with_a_batch() {
        use BatchState as B;
        let (first, again) = (Driver::Sends { resend: false }, Driver::Sends { resend: true });
        let asks = Driver::Asks;
        for (state, those) in [
            (B::Released, vec![first]),
            (B::Dispatching, vec![first, again, asks(B::Dispatching)]),
            (B::Accepted, vec![asks(B::Accepted)]),
            (B::InDoubt, vec![again, asks(B::InDoubt)]),
        ] {
            let all = [first, again, asks(B::Dispatching), asks(B::Accepted), asks(B::InDoubt)];
            let found: Vec<Driver> = all.into_iter().filter(|driver| goes_on(state, &[*driver])).collect();
            assert_eq!(found, those, "{state:?}");
            assert!(must_go_on(state) && !goes_on(state, &[]));
        }
        assert!([B::Prepared, B::Void, B::Rejected, B::Finished].iter().all(|state| !must_go_on(*state)));
    }
}
