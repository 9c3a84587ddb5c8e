//! `GET /v1/claims/{claim_id}/documents`.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::sea_query::Condition;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::access;
use super::rows::document::{Column, Entity};
use super::view::{Document, show_all};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Caller, Page, Paged, Query, Reply};
use crate::kernel::clock::Moment;

/// List the documents of a claim
///
/// Oldest first. For the member, and for staff of the organisations above them: a look of the staff is recorded and visible to the
/// member. 列出一笔申报的材料。
#[utoipa::path(
    tag = "member",
    operation_id = "list_documents",
    security(("bearer" = ["document:read", "review:document"])),
    params(("claim_id" = Uuid, Path, description = "The claim"), Page),
    responses(
        (status = 200, body = Paged<Document>),
        (status = 404, description = "No such claim that you may see: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/claims/{claim_id}/documents")]
pub(super) async fn list_documents(
    app: web::Data<Arc<App>>,
    caller: Caller,
    claim_id: web::Path<Uuid>,
    page: Query<Page>,
) -> Answer {
    let claim = access::claim_for(&app, &caller, *claim_id).await?;
    let list = format!("documents of {claim_id}");
    let (limit, start) = (page.0.limit()?, page.0.start(&app, &list)?);
    let mut find = Entity::find().filter(Column::ClaimId.eq(*claim_id));
    if let Some(start) = start {
        let at = Moment::from_ms(start.at_ms);
        find = find.filter(
            Condition::any()
                .add(Column::CreatedAtMs.gt(at))
                .add(Condition::all().add(Column::CreatedAtMs.eq(at)).add(Column::Id.gt(start.id))),
        );
    }
    let rows = find
        .order_by_asc(Column::CreatedAtMs)
        .order_by_asc(Column::Id)
        .limit(limit.saturating_add(1))
        .all(app.db.read())
        .await?;
    let views = show_all(&app, rows).await?;
    access::record(&app, &caller, &claim, "documents.list", *claim_id).await?;
    let paged = Paged::from_rows(&app, &list, limit, views, |view| (view.created_at, view.id), |view| view);
    Ok(Reply::ok(&paged)?.into_response())
}
