//! `POST /v1/reviews/{claim_id}/take`: a reviewer takes a claim of their subtree.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::view::{self, ReviewView};
use crate::app::App;
use crate::claims::advance::{By, Change, advance};
use crate::claims::declaration::Declaration;
use crate::claims::rows::{claim, claim_plan};
use crate::claims::state::Command;
use crate::claims::{assess, checks, find};
use crate::http::{Answer, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::text::Text;
use crate::organisations::Level;
use crate::organisations::rows::organisation;

/// What the access record says of it.
const WHAT: &str = "claim.take";

/// Take a claim
///
/// 领取申报：领取后由您审核，直到退回、上报或作出决定。It is yours until you release it, pass it up or decide.
#[utoipa::path(tag = "staff", operation_id = "take_review", params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"3\"")),
    security(("bearer" = ["review:take"])), responses((status = 200, body = ReviewView)))]
#[post("/v1/reviews/{claim_id}/take")]
pub(super) async fn take_review(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
) -> Answer {
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, *claim_id, WHAT).await;
    key.once_for(&app, [0; 32], again, async |txn: &DatabaseTransaction| {
        take(txn, &app, &caller, *claim_id, if_match).await
    })
    .await
}

async fn take(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    if_match: IfMatch,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    if_match.check(claim.version)?;
    let own_level = level_of(txn, caller).await?;
    if claim.review_level.is_some_and(|level| level > own_level) {
        return Err(Problem::new(Code::Forbidden)
            .detail(Text::fixed("该申报已上报，由上一级审核", "The claim was passed up; a higher level reviews it")));
    }
    assess_again(txn, app, &claim).await?;
    let text = Text::fixed("审核员已开始审核", "A reviewer has begun to look at it");
    let change =
        Change::new(Command::Take, By::staff(caller.staff_id), text).set(claim::Column::ReviewerId, caller.staff_id);
    let claim = advance(txn, app, &claim, change).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}

/// What was granted since acceptance may change what is owed: the reviewer sees today's figures.
async fn assess_again(txn: &DatabaseTransaction, app: &App, claim: &claim::Model) -> Result<(), Problem> {
    find::hold(txn, claim.id).await?;
    let facts = Declaration::open(app, &claim.declaration_sealed)?.facts(app.clock.now().date())?;
    let kept = claim_plan::Entity::find().filter(claim_plan::Column::ClaimId.eq(claim.id)).all(txn).await?;
    let mut now = assess::all_plans(txn, app, claim.member_id, claim.id, &facts).await?;
    now.retain(|one| kept.iter().any(|row| row.plan_id == one.plan.plan_id));
    let unchanged = now.len() == kept.len() && now.iter().all(|one| kept.iter().any(|row| one.is_kept_by(row)));
    // When no plan pays any more, what was assessed stays to be seen; the claim can then only be rejected.
    if unchanged || now.is_empty() {
        return Ok(());
    }
    let written = checks::keep(txn, app, claim, &facts, claim.serial_lookup.clone(), &now).await?;
    if usize::try_from(written) == Ok(now.len()) {
        Ok(())
    } else {
        Err(Problem::internal(anyhow::anyhow!("claim {}: its own plans are claimed by another claim", claim.id)))
    }
}

/// The level of the organisation that the caller works for.
///
/// # Errors
/// `forbidden` when the organisation is gone.
pub(super) async fn level_of(connection: &impl ConnectionTrait, caller: &StaffCaller) -> Result<Level, Problem> {
    let organisation = organisation::Entity::find_by_id(caller.organisation_id).one(connection).await?;
    organisation.map(|organisation| organisation.level).ok_or_else(|| Problem::new(Code::Forbidden))
}
