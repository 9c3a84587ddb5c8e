//! `GET /v1/claims/{claim_id}/timeline`: every step of a claim, oldest first.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::find;
use super::rows::timeline::{ActorKind, Column, Entity, Model};
use super::state::ClaimState;
use crate::app::App;
use crate::http::{Answer, MemberCaller, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;

/// Every step of a claim.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineView {
    /// The steps, oldest first.
    #[schema(max_items = 1000)]
    items: Vec<Step>,
}

/// One step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Step {
    /// 1, 2, 3 …
    #[schema(minimum = 1)]
    seq: i64,
    /// The state after it.
    state: ClaimState,
    /// What that is called.
    state_title: Text,
    /// Who did it.
    actor: ActorKind,
    /// A stable word for why.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    reason_code: Option<String>,
    /// What happened, in a sentence.
    text: Text,
    /// When.
    at: Moment,
}

impl From<Model> for Step {
    fn from(row: Model) -> Self {
        Self {
            seq: row.seq,
            state: row.to_state,
            state_title: row.to_state.title(),
            actor: row.actor_kind,
            reason_code: row.reason_code,
            text: Text::made(row.text_zh, row.text_en),
            at: row.at_ms,
        }
    }
}

/// Follow a claim
///
/// 申报进度：每一步由谁、何时、为何。Every step with who, when and why.
#[utoipa::path(tag = "member", operation_id = "show_timeline", params(("claim_id" = Uuid, Path, description = "The claim")),
    security(("bearer" = ["claim:read"])), responses((status = 200, body = TimelineView)))]
#[get("/v1/claims/{claim_id}/timeline")]
pub(super) async fn show_timeline(app: web::Data<Arc<App>>, caller: MemberCaller, claim_id: web::Path<Uuid>) -> Answer {
    let claim = find::of_member(app.db.read(), &caller, *claim_id).await?;
    let rows = Entity::find().filter(Column::ClaimId.eq(claim.id)).order_by_asc(Column::Seq).all(app.db.read()).await?;
    Ok(Reply::ok(&TimelineView { items: rows.into_iter().map(Step::from).collect() })?.into_response())
}
