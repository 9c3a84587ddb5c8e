//! `GET /v1/reviews`: claims of the caller's subtree that wait for a reviewer or are in review, the oldest promise first.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::claims::rows::claim::{Column, Entity, Model};
use crate::claims::state::ClaimState;
use crate::db::literal;
use crate::http::{Answer, Page, Paged, Query, Reply, StaffCaller};
use crate::kernel::clock::{Moment, iso_date};
use crate::organisations::Level;

/// A claim in the queue: nothing of the person or the illness.
#[derive(Debug, Serialize, ToSchema)]
struct ReviewItem {
    /// The claim.
    claim_id: Uuid,
    /// Accepted or in review.
    state: ClaimState,
    /// The level whose turn it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// True when the caller has taken it.
    mine: bool,
    /// True when the caller had it before: the same reviewer first.
    mine_before: bool,
    /// When it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    accepted_at: Option<Moment>,
    /// The last day of its promise.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2026-03-30")]
    due_on: Option<Date>,
}

/// List claims to review
///
/// 待审核的申报，承诺先到期的在前。Claims of the caller's subtree; the oldest promise first.
#[utoipa::path(tag = "staff", operation_id = "list_reviews", params(Page), security(("bearer" = ["review:list"])),
    responses((status = 200, body = Paged<ReviewItem>)))]
#[get("/v1/reviews")]
pub(super) async fn list_reviews(app: web::Data<Arc<App>>, caller: StaffCaller, page: Query<Page>) -> Answer {
    let limit = page.0.limit()?;
    let list = format!("reviews:{}", caller.organisation_path);
    // The subtree as a range: every path in it begins with this one and continues with a character below `0`'s successor of `/`.
    let end = format!("{}0", caller.organisation_path.trim_end_matches('/'));
    let mut query = Entity::find()
        .filter(Column::State.into_expr().is_in([ClaimState::Accepted, ClaimState::InReview].map(literal)))
        .filter(Column::OrganisationPath.gte(caller.organisation_path.clone()))
        .filter(Column::OrganisationPath.lt(end));
    if let Some(start) = page.0.start(&app, &list)? {
        let at = Moment::from_ms(start.at_ms);
        query = query.filter(
            Condition::any()
                .add(Column::AcceptedAtMs.gt(at))
                .add(Condition::all().add(Column::AcceptedAtMs.eq(at)).add(Column::Id.gt(start.id))),
        );
    }
    let rows =
        query.order_by_asc(Column::AcceptedAtMs).order_by_asc(Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let show = |row: Model| ReviewItem {
        claim_id: row.id,
        state: row.state,
        level: row.review_level,
        mine: row.reviewer_id == Some(caller.staff_id),
        mine_before: row.last_reviewer_id == Some(caller.staff_id),
        accepted_at: row.accepted_at_ms,
        due_on: row.due_on,
    };
    let key = |row: &Model| (row.accepted_at_ms.unwrap_or(row.created_at_ms), row.id);
    Ok(Reply::ok(&Paged::from_rows(&app, &list, limit, rows, key, show))?.into_response())
}
