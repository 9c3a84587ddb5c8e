//! `POST /v1/claims/{claim_id}/withdraw`: takes a claim back while nothing was released.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::advance::{By, Change, advance};
use super::rows::{claim, claim_plan};
use super::state::{ClaimState, Command};
use super::view::{self, ClaimView};
use super::{find, supplements};
use crate::app::App;
use crate::http::{Answer, Code, Idempotency, IfMatch, MemberCaller, Problem, Reply};
use crate::kernel::text::Text;

/// Withdraw a claim
///
/// 撤回申报。款项发放后不能撤回。Refused once the payout has been released; the event may be claimed again.
#[utoipa::path(tag = "member", operation_id = "withdraw_claim", params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"2\"")),
    security(("bearer" = ["claim:withdraw"])), responses((status = 200, body = ClaimView)))]
#[post("/v1/claims/{claim_id}/withdraw")]
pub(super) async fn withdraw_claim(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
) -> Answer {
    key.once(&app, [0; 32], async |txn: &DatabaseTransaction| withdraw(txn, &app, &caller, *claim_id, if_match).await)
        .await
}

async fn withdraw(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &MemberCaller,
    claim_id: Uuid,
    if_match: IfMatch,
) -> Result<Reply, Problem> {
    let claim = find::of_member(txn, caller, claim_id).await?;
    if matches!(claim.state, ClaimState::Paying | ClaimState::Paid | ClaimState::PayoutFailed) {
        return Err(Problem::new(Code::PayoutReleased));
    }
    if_match.check(claim.version)?;
    let mut change = Change::new(
        Command::Withdraw,
        By::member(caller.member_id),
        Text::fixed("您已撤回申报", "You withdrew the claim"),
    );
    if let Some(reviewer) = claim.reviewer_id {
        change =
            change.set(claim::Column::ReviewerId, Option::<Uuid>::None).set(claim::Column::LastReviewerId, reviewer);
    }
    let claim = advance(txn, app, &claim, change).await?;
    supplements::close(txn, app, claim.id, None).await?;
    let_event_go(txn, claim.id).await?;
    view::reply(txn, app, &claim).await
}

/// The event may be claimed again: its plans no longer count this claim.
///
/// # Errors
/// Those of the database.
pub(crate) async fn let_event_go(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<(), Problem> {
    claim_plan::Entity::update_many()
        .col_expr(claim_plan::Column::Live, Expr::value(false))
        .filter(claim_plan::Column::ClaimId.eq(claim_id))
        .exec(connection)
        .await?;
    Ok(())
}
