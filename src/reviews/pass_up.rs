//! `POST /v1/reviews/{claim_id}/pass-up`: passes a claim up a level.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::view::{self, ReviewView};
use crate::app::App;
use crate::claims::advance::{By, Change, advance};
use crate::claims::find;
use crate::claims::rows::claim;
use crate::claims::state::Command;
use crate::http::{Answer, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::text::Text;

/// What the access record says of it.
const WHAT: &str = "claim.pass_up";

/// Pass a claim up
///
/// 上报上一级审核。The level above takes it.
#[utoipa::path(tag = "staff", operation_id = "pass_up_review", params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"4\"")),
    security(("bearer" = ["review:take"])), responses((status = 200, body = ReviewView)))]
#[post("/v1/reviews/{claim_id}/pass-up")]
pub(super) async fn pass_up_review(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
) -> Answer {
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, *claim_id, WHAT).await;
    key.once_for(&app, [0; 32], again, async |txn: &DatabaseTransaction| {
        pass_up(txn, &app, &caller, *claim_id, if_match).await
    })
    .await
}

async fn pass_up(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    if_match: IfMatch,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    if_match.check(claim.version)?;
    if claim.reviewer_id.is_some_and(|reviewer| reviewer != caller.staff_id) {
        return Err(Problem::new(Code::NotYourReview));
    }
    let above = claim.review_level.and_then(crate::organisations::Level::above).ok_or_else(|| {
        Problem::new(Code::ClaimStateConflict).detail(Text::fixed("已是最高一级", "There is no level above"))
    })?;
    let text = Text::fixed("已上报上一级审核", "Passed up to the level above");
    let change = Change::new(Command::PassUp, By::staff(caller.staff_id), text)
        .set(claim::Column::ReviewerId, Option::<Uuid>::None)
        .set(claim::Column::LastReviewerId, caller.staff_id)
        .set(claim::Column::ReviewLevel, above);
    let claim = advance(txn, app, &claim, change).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}
