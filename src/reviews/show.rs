//! `GET /v1/reviews/{claim_id}`: a claim with its facts and its assessment. The look is recorded and the member can see it.

use std::sync::Arc;

use actix_web::{get, web};
use uuid::Uuid;

use super::view::{self, ReviewView};
use crate::app::App;
use crate::claims::find;
use crate::http::{Answer, StaffCaller};

/// Look at a claim
///
/// 查看申报全文。每次查看都会记录，会员可见。Every look is recorded and shown to the member.
#[utoipa::path(tag = "staff", operation_id = "show_review", params(("claim_id" = Uuid, Path, description = "The claim")),
    security(("bearer" = ["review:read"])), responses((status = 200, body = ReviewView)))]
#[get("/v1/reviews/{claim_id}")]
pub(super) async fn show_review(app: web::Data<Arc<App>>, caller: StaffCaller, claim_id: web::Path<Uuid>) -> Answer {
    let claim = find::of_staff(app.db.read(), &caller, *claim_id).await?;
    Ok(view::reply(app.db.write(), &app, &caller, &claim, "claim").await?.into_response())
}
