//! `PUT /v1/claims/{claim_id}/declaration`: saves a draft, from whichever device has the newest version.

use std::sync::Arc;

use actix_web::{put, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::advance::{conflict, load};
use super::declaration::Declaration;
use super::find;
use super::rows::claim;
use super::state::ClaimState;
use super::view::{self, ClaimView};
use crate::app::App;
use crate::http::{Answer, Body, Code, IfMatch, MemberCaller, Problem};

/// Save a draft
///
/// 保存草稿。需带上读取时的版本；换手机后可继续填写。Names the version that was read, so that two devices do not overwrite each other.
#[utoipa::path(tag = "member", operation_id = "save_declaration", request_body = Declaration, params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"1\"")),
    security(("bearer" = ["claim:declare"])), responses((status = 200, body = ClaimView)))]
#[put("/v1/claims/{claim_id}/declaration")]
pub(super) async fn save_declaration(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    claim_id: web::Path<Uuid>,
    if_match: IfMatch,
    body: Body<Declaration>,
) -> Answer {
    let txn = app.db.begin().await?;
    let claim = find::of_member(&txn, &caller, *claim_id).await?;
    if claim.state != ClaimState::Draft {
        return Err(conflict(&claim));
    }
    if_match.check(claim.version)?;
    let changed = claim::Entity::update_many()
        .col_expr(claim::Column::DeclarationSealed, Expr::value(body.value.seal(&app)?))
        .col_expr(claim::Column::Version, Expr::value(claim.version + 1))
        .col_expr(claim::Column::UpdatedAtMs, Expr::value(app.clock.now()))
        .filter(claim::Column::Id.eq(claim.id))
        .filter(claim::Column::State.eq(ClaimState::Draft))
        .filter(claim::Column::Version.eq(claim.version))
        .exec(&txn)
        .await?;
    if changed.rows_affected != 1 {
        return Err(Problem::new(Code::StaleVersion));
    }
    let claim = load(&txn, claim.id).await?;
    let reply = view::reply(&txn, &app, &claim).await?;
    txn.commit().await?;
    Ok(reply.into_response())
}
