//! `GET /v1/claims/{claim_id}/estimate`: what every plan would pay for the draft as it stands. Changes nothing.

use std::sync::Arc;

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::assess::{self, PlanAssessment};
use super::declaration::Declaration;
use super::find;
use crate::app::App;
use crate::assessment::Assessment;
use crate::http::{Answer, MemberCaller, Reply};
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

/// What every plan would pay.
#[derive(Debug, Serialize, ToSchema)]
struct Estimate {
    /// Over all plans.
    total_fen: Fen,
    /// Plan by plan.
    #[schema(max_items = 50)]
    plans: Vec<PlanEstimate>,
}

/// What one plan would pay.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PlanEstimate {
    /// The plan's name.
    plan_name: Text,
    /// The amount and the lines that lead to it.
    assessment: Assessment,
}

impl From<PlanAssessment> for PlanEstimate {
    fn from(one: PlanAssessment) -> Self {
        Self { plan_name: one.kept.plan_name, assessment: one.kept.assessment }
    }
}

/// Estimate a claim
///
/// 预估赔付：提交前先看每个计划大约赔多少，逐行说明。What each plan would pay for the draft, line by line; nothing is decided by it.
#[utoipa::path(tag = "member", operation_id = "estimate_claim", params(("claim_id" = Uuid, Path, description = "The claim")),
    security(("bearer" = ["claim:read"])), responses((status = 200, body = Estimate), (status = 422, description = "`claim_incomplete`: says what is missing")))]
#[get("/v1/claims/{claim_id}/estimate")]
pub(super) async fn estimate_claim(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    claim_id: web::Path<Uuid>,
) -> Answer {
    let claim = find::of_member(app.db.read(), &caller, *claim_id).await?;
    let facts = Declaration::open(&app, &claim.declaration_sealed)?.facts(app.clock.now().date())?;
    let assessments = assess::all_plans(app.db.read(), &app, caller.member_id, claim.id, &facts).await?;
    let total_fen = assess::total(&assessments)?;
    let plans = assessments.into_iter().map(PlanEstimate::from).collect();
    Ok(Reply::ok(&Estimate { total_fen, plans })?.into_response())
}
