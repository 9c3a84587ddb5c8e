//! News from the bank reaches an order: [`decide`] says what follows, this writes it. The same news twice changes nothing.

use std::collections::{HashMap, HashSet};

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, Value};
use uuid::Uuid;

use super::bank::decide::{Decision, decide};
use super::bank::{BankFact, Status};
use super::claim_news;
use super::many::{self, change_each};
use super::moves::{self, move_order, move_payout, pay_each, payout_is_missing, payout_of};
use super::reason::{self, Mend};
use super::release::{payouts_of, unreserve};
use super::rows::{bank_fact, order};
use super::state::{OrderCommand, OrderState, PayoutState};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::clock::Moment;
use crate::recon::{self, BreakKind, Seen};

/// By which road news came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Road {
    /// An enquiry about one order.
    Enquiry,
    /// The result file of a batch.
    Result,
}

impl Road {
    const fn word(self) -> &'static str {
        match self {
            Self::Enquiry => "enquiry",
            Self::Result => "result",
        }
    }
}

/// The order with this reference.
pub(crate) async fn find_order(
    connection: &impl ConnectionTrait,
    bank_ref: &str,
) -> Result<Option<order::Model>, Problem> {
    Ok(order::Entity::find().filter(order::Column::BankRef.eq(bank_ref)).one(connection).await?)
}

/// What a piece of news did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Did {
    /// Nothing to an order.
    Nothing,
    /// It moved the order.
    Moved,
    /// It rejected an order of this batch.
    Rejected(Uuid),
}

/// Takes one piece of news; true when it moved the order.
pub(crate) async fn take_fact(
    txn: &DatabaseTransaction,
    app: &App,
    account: &str,
    fact: &BankFact,
    road: Road,
) -> Result<bool, Problem> {
    let did = take_one(txn, app, account, fact, road).await?;
    if let Did::Rejected(batch_id) = did {
        recon::confirm_late_rejections(txn, app, account, batch_id).await?;
    }
    Ok(did != Did::Nothing)
}

async fn take_one(
    txn: &DatabaseTransaction,
    app: &App,
    account: &str,
    fact: &BankFact,
    road: Road,
) -> Result<Did, Problem> {
    let Some(order) = find_order(txn, &fact.bank_ref).await? else {
        let mark = fact.fingerprint();
        let seen = Seen::new(BreakKind::B11, account, mark.clone(), "the bank names a reference that is not ours");
        recon::raise(txn, app, Seen { amount_fen: fact.amount_fen, ..seen }).await?;
        keep(txn, app, fact, road, "unknown_reference").await?;
        return Ok(Did::Nothing);
    };
    let Decision { command, raise } = decide(order.state, order.amount_fen, fact);
    if let Some(kind) = raise {
        let detail = format!("the order is {}, the bank says {}", order.state.word(), fact.status.word());
        let seen = Seen::new(kind, account, fact.fingerprint(), detail);
        recon::raise(
            txn,
            app,
            Seen { order_id: Some(order.id), batch_id: order.batch_id, amount_fen: order.amount_fen, ..seen },
        )
        .await?;
    }
    let effect = command.map_or("none", |command| match command {
        OrderCommand::Accept => "accepted",
        OrderCommand::ConfirmPaid => "paid",
        OrderCommand::Reject => "rejected",
        _ => "moved",
    });
    keep(txn, app, fact, road, effect).await?;
    let Some(command) = command else { return Ok(Did::Nothing) };
    let mut changes =
        order::ActiveModel { evidence_rank: Set(fact.rank().max(order.evidence_rank)), ..Default::default() };
    if fact.status != Status::Pending {
        changes.reason_code = Set(some(&fact.reason_code));
        changes.bank_serial = Set(some(&fact.bank_serial));
        changes.posted_at_ms = Set(fact.posted_at);
        changes.final_on = Set(fact.posted_at.map(Moment::date));
    }
    move_order(txn, app, &order, command, changes).await?;
    if command == OrderCommand::ConfirmPaid {
        mark_paid(txn, app, &order, fact.posted_at.unwrap_or_else(|| app.clock.now())).await?;
    }
    let batch_id = order.batch_id.filter(|_| command == OrderCommand::Reject);
    Ok(batch_id.map_or(Did::Moved, Did::Rejected))
}

/// Takes the news of a file; answers how many orders it moved. What says no more than that an order was paid is taken together, the rest one
/// by one.
pub(crate) async fn take_facts(
    txn: &DatabaseTransaction,
    app: &App,
    account: &str,
    facts: &[BankFact],
    road: Road,
) -> Result<usize, Problem> {
    let (mut effects, mut with_rejections) = (0, HashSet::new());
    for chunk in facts.chunks(many::ROWS) {
        let refs = chunk.iter().map(|fact| fact.bank_ref.as_str());
        let orders = order::Entity::find().filter(order::Column::BankRef.is_in(refs)).all(txn).await?;
        let orders: HashMap<&str, &order::Model> =
            orders.iter().map(|order| (order.bank_ref.as_str(), order)).collect();
        let mut named: HashMap<&str, usize> = HashMap::new();
        chunk.iter().for_each(|fact| *named.entry(&fact.bank_ref).or_default() += 1);
        let paid = |fact: &BankFact| {
            let order = *orders.get(fact.bank_ref.as_str())?;
            let paid = Decision { command: Some(OrderCommand::ConfirmPaid), raise: None };
            let only = named.get(fact.bank_ref.as_str()) == Some(&1);
            (only && decide(order.state, order.amount_fen, fact) == paid).then_some(order)
        };
        let (together, alone): (Vec<&BankFact>, Vec<&BankFact>) = chunk.iter().partition(|fact| paid(fact).is_some());
        let together: Vec<_> = together.into_iter().filter_map(|fact| Some((paid(fact)?, fact))).collect();
        effects += together.len();
        take_paid(txn, app, &together, road).await?;
        for fact in alone {
            let did = take_one(txn, app, account, fact, road).await?;
            effects += usize::from(did != Did::Nothing);
            if let Did::Rejected(batch_id) = did {
                with_rejections.insert(batch_id);
            }
        }
    }
    for batch_id in with_rejections {
        recon::confirm_late_rejections(txn, app, account, batch_id).await?;
    }
    Ok(effects)
}

/// The bank says of each of these orders, named once, that it was paid.
async fn take_paid(
    txn: &DatabaseTransaction,
    app: &App,
    news: &[(&order::Model, &BankFact)],
    road: Road,
) -> Result<(), Problem> {
    if news.is_empty() {
        return Ok(());
    }
    let kept = news.iter().map(|(_, fact)| kept(app, fact, road, "paid"));
    bank_fact::Entity::insert_many(kept)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    let row = |(order, fact): &(&order::Model, &BankFact)| -> Vec<Value> {
        vec![
            order.id.into(),
            order.version.into(),
            order.state.word().into(),
            some(&fact.reason_code).into(),
            some(&fact.bank_serial).into(),
            fact.posted_at.into(),
            fact.posted_at.map(Moment::date).into(),
            fact.rank().max(order.evidence_rank).into(),
        ]
    };
    change_each(
        txn,
        "with v as ({rows}) update payout_order set state = 'paid', reason_code = v.column4, bank_serial = v.column5, \
         posted_at_ms = v.column6, final_on = v.column7, evidence_rank = v.column8, version = payout_order.version + 1, changed_at_ms = $1 \
         from v where payout_order.id = v.column1 and payout_order.version = v.column2 and payout_order.state = v.column3",
        &[app.clock.now().into()],
        &news.iter().map(row).collect::<Vec<_>>(),
    )
    .await?;
    let payouts = payouts_of(txn, news.iter().map(|(order, _)| *order)).await?;
    let of = |(order, fact): &(&order::Model, &BankFact)| {
        let payout = payouts.get(&order.payout_id).ok_or_else(payout_is_missing)?;
        Ok((payout, fact.posted_at.unwrap_or_else(|| app.clock.now())))
    };
    let paid = news.iter().map(of).collect::<Result<Vec<_>, Problem>>()?;
    pay_each(txn, &paid).await?;
    claim_news::all_paid(txn, app, &paid).await
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

async fn keep(txn: &DatabaseTransaction, app: &App, fact: &BankFact, road: Road, effect: &str) -> Result<(), Problem> {
    bank_fact::Entity::insert(kept(app, fact, road, effect))
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

fn kept(app: &App, fact: &BankFact, road: Road, effect: &str) -> bank_fact::ActiveModel {
    bank_fact::ActiveModel {
        id: Set(app.ids.next()),
        fingerprint: Set(fact.fingerprint()),
        source: Set(road.word().to_owned()),
        evidence_rank: Set(fact.rank()),
        bank_ref: Set(fact.bank_ref.clone()),
        amount_fen: Set(fact.amount_fen),
        status: Set(fact.status.word().to_owned()),
        reason_code: Set(some(&fact.reason_code)),
        bank_serial: Set(some(&fact.bank_serial)),
        posted_at_ms: Set(fact.posted_at),
        effect: Set(effect.to_owned()),
        seen_at_ms: Set(app.clock.now()),
    }
}

async fn mark_paid(txn: &DatabaseTransaction, app: &App, order: &order::Model, paid_at: Moment) -> Result<(), Problem> {
    let payout = payout_of(txn, order.payout_id).await?;
    move_payout(txn, &payout, PayoutState::Paid, Some(paid_at), None).await?;
    claim_news::paid(txn, app, &payout, paid_at).await
}

/// The statement shows the debit: the order is settled, and its payout paid if that was not known yet.
///
/// # Errors
/// `conflict` when its state does not allow it.
pub(crate) async fn settle(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
    booked_on: time::Date,
    bank_serial: &str,
) -> Result<(), Problem> {
    let changes = order::ActiveModel {
        evidence_rank: Set(4),
        bank_serial: Set(Some(bank_serial.to_owned())),
        final_on: Set(Some(booked_on)),
        ..Default::default()
    };
    move_order(txn, app, order, OrderCommand::Settle, changes).await?;
    let payout = payout_of(txn, order.payout_id).await?;
    let paid_at = payout.paid_at_ms.filter(|_| order.state == OrderState::Paid);
    let paid_at = paid_at.unwrap_or_else(|| Moment::end_of(booked_on));
    move_payout(txn, &payout, PayoutState::Settled, Some(paid_at), Some(booked_on)).await?;
    if order.state == OrderState::Paid { Ok(()) } else { claim_news::paid(txn, app, &payout, paid_at).await }
}

/// An order that the bank called paid, with the debit that the statement shows.
#[derive(Clone, Debug)]
pub(crate) struct Debited {
    /// The order.
    pub order: order::Model,
    /// The day it was booked.
    pub booked_on: time::Date,
    /// The bank's serial number.
    pub bank_serial: String,
}

/// [`settle`]s many orders that were paid as the bank says: their claims know it.
///
/// # Errors
/// `conflict` when one of them has moved meanwhile.
pub(crate) async fn settle_paid(txn: &DatabaseTransaction, app: &App, debited: &[Debited]) -> Result<(), Problem> {
    let order = |Debited { order, booked_on, bank_serial }: &Debited| {
        vec![order.id.into(), order.version.into(), bank_serial.clone().into(), (*booked_on).into()]
    };
    let payout = |Debited { order, booked_on, .. }: &Debited| {
        vec![order.payout_id.into(), (*booked_on).into(), Moment::end_of(*booked_on).into()]
    };
    let (orders, payouts): (Vec<_>, Vec<_>) = debited.iter().map(|debited| (order(debited), payout(debited))).unzip();
    change_each(
        txn,
        "with v as ({rows}) update payout_order set state = 'settled', evidence_rank = 4, bank_serial = v.column3, \
         final_on = v.column4, version = payout_order.version + 1, changed_at_ms = $1 \
         from v where payout_order.id = v.column1 and payout_order.version = v.column2 and payout_order.state = 'paid'",
        &[app.clock.now().into()],
        &orders,
    )
    .await?;
    change_each(
        txn,
        "with v as ({rows}) update payout set state = 'settled', settled_on = v.column2, version = payout.version + 1, \
         paid_at_ms = coalesce(payout.paid_at_ms, v.column3) from v where payout.id = v.column1",
        &[],
        &payouts,
    )
    .await
}

/// The statement shows that the money of a settled order came back whole.
///
/// # Errors
/// `conflict` when its state does not allow it.
pub(crate) async fn come_back(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
    booked_on: time::Date,
) -> Result<(), Problem> {
    let changes = order::ActiveModel { evidence_rank: Set(4), final_on: Set(Some(booked_on)), ..Default::default() };
    move_order(txn, app, order, OrderCommand::Return, changes).await?;
    fail_payout(txn, app, order, Mend::NewCard, Moment::end_of(booked_on)).await
}

/// The statement of the order's value date is closed and shows no debit: it was never paid. Its reserve goes back, its payout has failed.
///
/// # Errors
/// `conflict` when its state does not allow it.
pub(crate) async fn confirm_rejected(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
) -> Result<(), Problem> {
    let changes = order::ActiveModel { evidence_rank: Set(4), ..Default::default() };
    move_order(txn, app, order, OrderCommand::ConfirmRejected, changes).await?;
    unreserve(txn, app, std::slice::from_ref(order)).await?;
    let mend = reason::after_rejection(order.reason_code.as_deref().unwrap_or_default());
    fail_payout(txn, app, order, mend, order.posted_at_ms.unwrap_or_else(|| app.clock.now())).await
}

/// Two people confirm by the bank's written answer that an order was never paid, or was cancelled. Its reserve goes back, its payout has
/// failed; `code` says what must be mended.
///
/// # Errors
/// `conflict` when its state does not allow it.
pub(super) async fn confirm_by_hand(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
    command: OrderCommand,
    code: &str,
) -> Result<(), Problem> {
    let changes =
        order::ActiveModel { evidence_rank: Set(4), reason_code: Set(Some(code.to_owned())), ..Default::default() };
    move_order(txn, app, order, command, changes).await?;
    unreserve(txn, app, std::slice::from_ref(order)).await?;
    // What was called paid never stopped the promise: it goes on from there.
    let at = order.posted_at_ms.unwrap_or_else(|| app.clock.now());
    fail_payout(txn, app, order, reason::after_rejection(code), at).await
}

async fn fail_payout(
    txn: &DatabaseTransaction,
    app: &App,
    order: &order::Model,
    mend: Mend,
    at: Moment,
) -> Result<(), Problem> {
    let payout = payout_of(txn, order.payout_id).await?;
    moves::fail_payout(txn, &payout, (mend == Mend::NewCard).then_some(at)).await?;
    claim_news::failed(txn, app, &payout, mend, at).await
}
