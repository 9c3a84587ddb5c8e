//! `GET /v1/claims/{claim_id}/explanation`: what was assessed and decided, plan by plan and line by line.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::decision::{self, Outcome};
use super::rows::{claim_plan, decision_line};
use super::{assess, find};
use crate::app::App;
use crate::assessment::Assessment;
use crate::http::{Answer, MemberCaller, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

/// What was assessed and decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// Plan by plan; empty before acceptance.
    #[schema(max_items = 50)]
    plans: Vec<PlanExplanation>,
    /// What was assessed over all plans.
    assessed_fen: Fen,
    /// The decision, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<DecisionView>,
}

/// One plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanExplanation {
    /// The plan.
    plan_id: Uuid,
    /// Its name.
    plan_name: Text,
    /// The amount and the lines that lead to it.
    assessment: Assessment,
    /// What was granted, once it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    granted_fen: Option<Fen>,
    /// Why it is that much: a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    reason_code: Option<String>,
}

/// The decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    /// Identifier.
    id: Uuid,
    /// What was decided.
    outcome: Outcome,
    /// Over all plans.
    granted_fen: Fen,
    /// A stable word for why.
    #[schema(max_length = 100, example = "as_assessed")]
    reason_code: String,
    /// The reviewer's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 1000)]
    remark: Option<String>,
    /// When.
    decided_at: Moment,
}

/// Explain a claim
///
/// 赔付说明：每个计划逐行列出依据、算式与金额。What each plan pays and why, line by line, with the decision.
#[utoipa::path(tag = "member", operation_id = "explain_claim", params(("claim_id" = Uuid, Path, description = "The claim")),
    security(("bearer" = ["claim:read"])), responses((status = 200, body = Explanation)))]
#[get("/v1/claims/{claim_id}/explanation")]
pub(super) async fn explain_claim(app: web::Data<Arc<App>>, caller: MemberCaller, claim_id: web::Path<Uuid>) -> Answer {
    let claim = find::of_member(app.db.read(), &caller, *claim_id).await?;
    Ok(Reply::ok(&explanation(app.db.read(), &app, claim.id).await?)?.into_response())
}

/// The explanation of a claim.
///
/// # Errors
/// When a row does not open.
pub(crate) async fn explanation(
    connection: &impl ConnectionTrait,
    app: &App,
    claim_id: Uuid,
) -> Result<Explanation, Problem> {
    let rows = claim_plan::Entity::find()
        .filter(claim_plan::Column::ClaimId.eq(claim_id))
        .order_by_asc(claim_plan::Column::PlanId)
        .all(connection)
        .await?;
    let decision = decision::Entity::find()
        .filter(decision::Column::ClaimId.eq(claim_id))
        .order_by_desc(decision::Column::Number)
        .one(connection)
        .await?;
    let lines = match &decision {
        Some(decision) => {
            let query = decision_line::Entity::find().filter(decision_line::Column::DecisionId.eq(decision.id));
            query.all(connection).await?
        }
        None => Vec::new(),
    };
    let assessed_fen = Fen::sum(rows.iter().map(|row| row.assessed_fen))?;
    let plans = rows.iter().map(|row| plan(app, row, &lines)).collect::<Result<_, _>>()?;
    Ok(Explanation { plans, assessed_fen, decision: decision.map(|row| decided(app, row)).transpose()? })
}

fn plan(app: &App, row: &claim_plan::Model, lines: &[decision_line::Model]) -> Result<PlanExplanation, Problem> {
    let kept = assess::open(app, row)?;
    let line = lines.iter().find(|line| line.plan_id == row.plan_id);
    Ok(PlanExplanation {
        plan_id: row.plan_id,
        plan_name: kept.plan_name,
        assessment: kept.assessment,
        granted_fen: line.map(|line| line.granted_fen),
        reason_code: line.map(|line| line.reason_code.clone()),
    })
}

fn decided(app: &App, row: decision::Model) -> Result<DecisionView, Problem> {
    let remark = row.remark_sealed.as_deref().map(|sealed| app.sealer.open(Field::Remark, sealed)).transpose()?;
    Ok(DecisionView {
        id: row.id,
        outcome: row.outcome,
        granted_fen: row.granted_fen,
        reason_code: row.reason_code,
        remark: remark.map(|remark| remark.reveal().clone()),
        decided_at: row.decided_at_ms,
    })
}
