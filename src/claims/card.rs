//! A payment that failed for want of another card: the member has the ball, so the promise pauses until the card is changed.

use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::advance::{By, Change, advance};
use super::rows::claim;
use super::state::{ClaimState, Command};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::text::Text;

/// The claim whose payout failed waits for another card of its member from now on: not before the member was told.
///
/// # Errors
/// Those of [`advance`].
pub async fn wait(txn: &DatabaseTransaction, app: &App, claim: &claim::Model) -> Result<(), Problem> {
    if claim.state != ClaimState::PayoutFailed || claim.awaits_card {
        return Ok(());
    }
    let text = Text::fixed(
        "等待您更换互助服务卡，承诺暂停计时",
        "Waiting for you to change your service card; the promise pauses",
    );
    let change =
        Change::new(Command::AwaitCard, By::SYSTEM, text).reason("card_refused").set(claim::Column::AwaitsCard, true);
    advance(txn, app, claim, change).await.map(drop)
}

/// The claim waits no longer: there is another card to pay to.
///
/// # Errors
/// Those of [`advance`].
pub async fn go_on(txn: &DatabaseTransaction, app: &App, claim: &claim::Model) -> Result<(), Problem> {
    let text = Text::fixed("您已更换互助服务卡，我们将重新支付", "You changed your service card; we will pay again");
    go_on_by(txn, app, claim, By::member(claim.member_id), text).await
}

/// The same by somebody else, in other words: an heir takes the member's place.
///
/// # Errors
/// Those of [`advance`].
pub async fn go_on_by(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    by: By,
    text: Text,
) -> Result<(), Problem> {
    if !claim.awaits_card {
        return Ok(());
    }
    let change = Change::new(Command::GiveCard, by, text).set(claim::Column::AwaitsCard, false);
    advance(txn, app, claim, change).await.map(drop)
}

/// The member changed the card: every claim that waited for it goes on.
///
/// # Errors
/// Those of [`advance`].
pub async fn changed(txn: &DatabaseTransaction, app: &App, member_id: Uuid) -> Result<(), Problem> {
    let waiting = claim::Entity::find()
        .filter(claim::Column::MemberId.eq(member_id))
        .filter(claim::Column::AwaitsCard.eq(true))
        .order_by_asc(claim::Column::Id)
        .all(txn)
        .await?;
    for claim in waiting {
        go_on(txn, app, &claim).await?;
    }
    Ok(())
}
