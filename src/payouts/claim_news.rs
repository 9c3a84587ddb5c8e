//! What a claim is told of its payouts. With several of them it shows the first of: payout failed, approved, paying, paid.

use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::card;
use super::reason::{self, Mend};
use super::reissue::is_mended;
use super::rows::{order, payout};
use super::state::PayoutState;
use crate::app::App;
use crate::claims::state::{ClaimState, Command};
use crate::claims::{
    self,
    advance::{self, By, Change},
};
use crate::http::Problem;
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::notices;

/// A checker released the order that pays it.
pub(super) async fn released(
    txn: &DatabaseTransaction,
    app: &App,
    payout: &payout::Model,
    checker_id: Uuid,
) -> Result<(), Problem> {
    let text = Text::fixed("已复核放款，银行处理中", "Released by a second person; on its way through the bank");
    tell(txn, app, payout.claim_id, Change::new(Command::ReleasePayout, By::staff(checker_id), text), None).await
}

/// The bank paid it, at `paid_at` by the bank's clock.
pub(super) async fn paid(
    txn: &DatabaseTransaction,
    app: &App,
    payout: &payout::Model,
    paid_at: Moment,
) -> Result<(), Problem> {
    let text = Text::fixed("银行已付款，请查收互助服务卡", "The bank has paid to your service card");
    let change = Change::new(Command::PayPayout, By::BANK, text).effective(paid_at);
    tell(txn, app, payout.claim_id, change, Some("claim_paid")).await
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
    let cards = card::active(txn, &[payout.member_id]).await?;
    Ok(last.is_some_and(|last| is_mended(&last, cards.get(&payout.member_id))))
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
    let claim = advance::load(txn, claim_id).await?;
    let states = states_of(txn, claim_id).await?;
    if command_for(claim.state, &states) == Some(change.command) {
        let text = change.text.clone();
        let claim = advance::advance(txn, app, &claim, change).await?;
        if let Some(kind) = notice {
            notices::queue(txn, app, claim.member_id, Some(claim.id), kind, &text).await?;
        }
    }
    Ok(())
}

async fn states_of(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<Vec<PayoutState>, Problem> {
    let rows = payout::Entity::find().filter(payout::Column::ClaimId.eq(claim_id)).all(connection).await?;
    Ok(rows.into_iter().map(|row| row.state).collect())
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
