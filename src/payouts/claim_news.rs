//! What a claim is told of its payouts. With several of them it shows the first of: payout failed, approved, paying, paid.

use std::collections::HashMap;

use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::card;
use super::reason::{self, Mend};
use super::reissue::is_mended;
use super::rows::{order, payout};
use super::state::PayoutState;
use crate::app::App;
use crate::claims::rows::claim;
use crate::claims::state::{ClaimState, Command};
use crate::claims::{
    self,
    advance::{self, By, Change},
};
use crate::http::{Code, Problem};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::notices;

/// Claims read, and payouts of theirs, by one statement.
const CLAIMS: usize = 250;

/// A checker released the orders that pay them.
pub(super) async fn released(
    txn: &DatabaseTransaction,
    app: &App,
    payouts: &[&payout::Model],
    checker_id: Uuid,
) -> Result<(), Problem> {
    let text = Text::fixed("已复核放款，银行处理中", "Released by a second person; on its way through the bank");
    let change = || Change::new(Command::ReleasePayout, By::staff(checker_id), text.clone());
    let news = payouts.iter().map(|payout| (payout.claim_id, change())).collect();
    tell_each(txn, app, news, None).await
}

/// The bank paid it, at `paid_at` by the bank's clock.
pub(super) async fn paid(
    txn: &DatabaseTransaction,
    app: &App,
    payout: &payout::Model,
    paid_at: Moment,
) -> Result<(), Problem> {
    all_paid(txn, app, &[(payout, paid_at)]).await
}

/// The bank paid each of them, at its moment by the bank's clock.
pub(super) async fn all_paid(
    txn: &DatabaseTransaction,
    app: &App,
    paid: &[(&payout::Model, Moment)],
) -> Result<(), Problem> {
    let text = Text::fixed("银行已付款，请查收互助服务卡", "The bank has paid to your service card");
    let change = |paid_at| Change::new(Command::PayPayout, By::BANK, text.clone()).effective(paid_at);
    let news = paid.iter().map(|(payout, paid_at)| (payout.claim_id, change(*paid_at))).collect();
    tell_each(txn, app, news, Some("claim_paid")).await
}

/// The batch that it was released with is given up before a byte was sent. Its release was no notice, so this is none.
pub(super) async fn taken_back(
    txn: &DatabaseTransaction,
    app: &App,
    payout: &payout::Model,
    by: By,
) -> Result<(), Problem> {
    let text = Text::fixed(
        "款项送交银行前放款已撤回，我们将重新支付，无需您操作",
        "The release was taken back before anything was sent. We will pay again; you need not do anything",
    );
    let change = Change::new(Command::FailPayout, by, text).reason("release_taken_back");
    tell(txn, app, payout.claim_id, change, None).await
}

/// Its last order failed for good, or its money came back, on `on` by the bank's calendar.
pub(super) async fn failed(
    txn: &DatabaseTransaction,
    app: &App,
    payout: &payout::Model,
    mend: Mend,
    at: Moment,
) -> Result<(), Problem> {
    let word = match mend {
        Mend::NewCard => "card_refused",
        Mend::Nothing => "payment_failed",
        Mend::Person => "payment_under_inquiry",
    };
    let change = Change::new(Command::FailPayout, By::BANK, reason::told(mend)).reason(word).effective(at);
    tell(txn, app, payout.claim_id, change, Some("payout_failed")).await?;
    if mend == Mend::NewCard && !has_another_card(txn, payout).await? {
        let claim = advance::load(txn, payout.claim_id).await?;
        claims::card::wait(txn, app, &claim).await?;
    }
    Ok(())
}

/// The member may have changed the card while the order was on its way to the one before.
async fn has_another_card(txn: &DatabaseTransaction, payout: &payout::Model) -> Result<bool, Problem> {
    let last = order::Entity::find()
        .filter(order::Column::PayoutId.eq(payout.id))
        .order_by_desc(order::Column::TryNo)
        .one(txn)
        .await?;
    let cards = card::payees(txn, [payout]).await?;
    Ok(last.is_some_and(|last| is_mended(&last, cards.get(&payout.id))))
}

/// A new order was queued for it: whatever made the last one fail is mended.
pub(super) async fn mended(txn: &DatabaseTransaction, app: &App, payout: &payout::Model) -> Result<(), Problem> {
    let claim = advance::load(txn, payout.claim_id).await?;
    claims::card::go_on(txn, app, &claim).await
}

/// Gives the claim its command when its payouts together call for it; `notice` is what the member then hears of without asking.
async fn tell(
    txn: &DatabaseTransaction,
    app: &App,
    claim_id: Uuid,
    change: Change,
    notice: Option<&'static str>,
) -> Result<(), Problem> {
    tell_each(txn, app, HashMap::from([(claim_id, change)]), notice).await
}

/// [`tell`]s many claims, each once.
async fn tell_each(
    txn: &DatabaseTransaction,
    app: &App,
    news: HashMap<Uuid, Change>,
    notice: Option<&'static str>,
) -> Result<(), Problem> {
    let mut news: Vec<(Uuid, Change)> = news.into_iter().collect();
    news.sort_by_key(|(claim_id, _)| *claim_id);
    while !news.is_empty() {
        let rest = news.split_off(news.len().min(CLAIMS));
        let ids: Vec<Uuid> = news.iter().map(|(claim_id, _)| *claim_id).collect();
        let claims = claim::Entity::find().filter(claim::Column::Id.is_in(ids.clone())).all(txn).await?;
        let mut claims: HashMap<Uuid, claim::Model> = claims.into_iter().map(|claim| (claim.id, claim)).collect();
        let states = states_of(txn, ids).await?;
        let mut changes = Vec::with_capacity(news.len());
        for (claim_id, change) in news {
            let claim = claims.remove(&claim_id).ok_or_else(|| Problem::new(Code::NotFound))?;
            let states = states.get(&claim_id).map_or(&[][..], Vec::as_slice);
            if command_for(claim.state, states) == Some(change.command) {
                changes.push((claim, change));
            }
        }
        let backend = txn.get_database_backend();
        advance::advance_each(txn, app, changes, |writes, claim, text| match notice {
            Some(kind) => notices::queue_with(writes, backend, app, claim.member_id, Some(claim.id), kind, text),
            None => Ok(()),
        })
        .await?;
        news = rest;
    }
    Ok(())
}

/// The states of the payouts of these claims, by claim.
async fn states_of(
    connection: &impl ConnectionTrait,
    claim_ids: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<PayoutState>>, Problem> {
    let mut states: HashMap<Uuid, Vec<PayoutState>> = HashMap::new();
    for row in payout::Entity::find().filter(payout::Column::ClaimId.is_in(claim_ids)).all(connection).await? {
        states.entry(row.claim_id).or_default().push(row.state);
    }
    Ok(states)
}

/// The command that brings a claim to what its payouts show together; none when it is there. Pure.
fn command_for(claim: ClaimState, payouts: &[PayoutState]) -> Option<Command> {
    use ClaimState as S;
    let any = |state| payouts.contains(&state);
    match claim {
        S::Paying | S::Paid if any(PayoutState::Failed) => Some(Command::FailPayout),
        S::Paying if payouts.iter().all(|state| matches!(state, PayoutState::Paid | PayoutState::Settled)) => {
            Some(Command::PayPayout)
        }
        S::Approved | S::PartlyApproved | S::PayoutFailed
            if any(PayoutState::Paying) && !any(PayoutState::Failed) && !any(PayoutState::Approved) =>
        {
            Some(Command::ReleasePayout)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_shows_the_first_of_failed_approved_paying_paid() {
        use PayoutState as P;
        let of = command_for;
        assert_eq!(of(ClaimState::Approved, &[P::Paying]), Some(Command::ReleasePayout));
        assert_eq!(of(ClaimState::Approved, &[P::Paying, P::Approved]), None);
        assert_eq!(of(ClaimState::PartlyApproved, &[P::Paid, P::Paying]), Some(Command::ReleasePayout));
        assert_eq!(of(ClaimState::PayoutFailed, &[P::Paying, P::Failed]), None);
        assert_eq!(of(ClaimState::PayoutFailed, &[P::Paying, P::Settled]), Some(Command::ReleasePayout));
        assert_eq!(of(ClaimState::Paying, &[P::Paid, P::Paying]), None);
        assert_eq!(of(ClaimState::Paying, &[P::Paid, P::Settled]), Some(Command::PayPayout));
        assert_eq!(of(ClaimState::Paying, &[P::Paid, P::Failed]), Some(Command::FailPayout));
        assert_eq!(of(ClaimState::Paid, &[P::Failed]), Some(Command::FailPayout));
        assert_eq!(of(ClaimState::Paid, &[P::Settled]), None);
        assert_eq!(of(ClaimState::PayoutFailed, &[P::Failed]), None);
    }
}
