//! `GET /v1/claims/{claim_id}`: where a claim stands, who has the ball, day n of 10.

use std::sync::Arc;

use actix_web::{get, web};
use uuid::Uuid;

use super::find;
use super::view::{self, ClaimView};
use crate::app::App;
use crate::http::{Answer, MemberCaller};

/// Show a claim
///
/// 查看申报：当前状态、由谁处理、第几个工作日、预计到账日。Its state, who has the ball, day n of 10, and the expected pay date.
#[utoipa::path(tag = "member", operation_id = "show_claim", params(("claim_id" = Uuid, Path, description = "The claim")),
    security(("bearer" = ["claim:read"])), responses((status = 200, body = ClaimView)))]
#[get("/v1/claims/{claim_id}")]
pub(super) async fn show_claim(app: web::Data<Arc<App>>, caller: MemberCaller, claim_id: web::Path<Uuid>) -> Answer {
    let claim = find::of_member(app.db.read(), &caller, *claim_id).await?;
    Ok(view::reply(app.db.read(), &app, &claim).await?.into_response())
}
