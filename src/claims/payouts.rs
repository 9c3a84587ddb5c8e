//! What payouts tell a claim: released, paid, failed. The claim moves itself.

use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::advance::{By, Change, advance, load};
use super::state::{ClaimState, Command};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::notices;

/// A checker released the order that pays the claim.
///
/// # Errors
/// `claim_state_conflict` for a claim that is not owed.
pub async fn payout_released(txn: &DatabaseTransaction, app: &App, claim_id: Uuid) -> Result<(), Problem> {
    let claim = load(txn, claim_id).await?;
    if claim.state == ClaimState::Paying {
        return Ok(());
    }
    let text = Text::fixed("款项已交银行付款", "The bank has the order to pay");
    advance(txn, app, &claim, Change::new(Command::ReleasePayout, By::SYSTEM, text)).await?;
    Ok(())
}

/// The bank paid, at `paid_at` by its own clock: the promise stops then.
///
/// # Errors
/// `claim_state_conflict` for a claim that is not being paid.
pub async fn payout_paid(
    txn: &DatabaseTransaction,
    app: &App,
    claim_id: Uuid,
    amount: Fen,
    card_tail: &str,
    paid_at: Moment,
) -> Result<(), Problem> {
    let claim = load(txn, claim_id).await?;
    if claim.state == ClaimState::Paid {
        return Ok(());
    }
    let text = Text::made(
        format!("{amount} 元已汇入尾号 {card_tail} 的互助服务卡"),
        format!("{amount} yuan were paid to the service card ending in {card_tail}"),
    );
    // A bank that gives a moment before acceptance is believed no further than our own clock.
    let effective = claim.accepted_at_ms.map_or(paid_at, |accepted| paid_at.max(accepted));
    let change = Change::new(Command::PayPayout, By::BANK, text.clone()).effective(effective);
    advance(txn, app, &claim, change).await?;
    notices::queue(txn, app, claim.member_id, Some(claim_id), "claim_paid", &text).await
}

/// The order failed for good, or the money came back; `reason` is a stable word, `what_to_do` a sentence for the member.
///
/// # Errors
/// `claim_state_conflict` for a claim that was neither being paid nor paid.
pub async fn payout_failed(
    txn: &DatabaseTransaction,
    app: &App,
    claim_id: Uuid,
    reason: &str,
    what_to_do: &Text,
) -> Result<(), Problem> {
    let claim = load(txn, claim_id).await?;
    if claim.state == ClaimState::PayoutFailed {
        return Ok(());
    }
    let text =
        Text::made(format!("付款未成功：{}", what_to_do.zh), format!("The payment did not succeed: {}", what_to_do.en));
    let change = Change::new(Command::FailPayout, By::BANK, text.clone()).reason(reason);
    advance(txn, app, &claim, change).await?;
    notices::queue(txn, app, claim.member_id, Some(claim_id), "payout_failed", &text).await
}
