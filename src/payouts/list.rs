//! Lists of payouts and of batches, newest first.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;

use super::rows::{batch, payout};
use super::state::{BatchState, PayoutState};
use super::views::{BatchView, PayoutView};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Page, Paged, Query, Reply};

/// Which batches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BatchFilter {
    /// Only those in this state.
    #[serde(default)]
    state: Option<BatchState>,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    limit: Option<u64>,
}

/// List batches of payouts
///
/// Newest first.
#[utoipa::path(
    tag = "staff", operation_id = "list_payout_batches", security(("bearer" = ["payout:read"])),
    params(BatchFilter), responses(
        (status = 200, description = "A page of batches", body = Paged<BatchView>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payout-batches")]
pub(super) async fn list_payout_batches(app: web::Data<Arc<App>>, filter: Query<BatchFilter>) -> Answer {
    let Query(BatchFilter { state, cursor, limit }) = filter;
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("payout-batches:{state:?}"));
    let mut query = batch::Entity::find();
    if let Some(state) = state {
        query = query.filter(batch::Column::State.eq(state));
    }
    if let Some(after) = page.start(&app, &list)? {
        query = query.filter(batch::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(batch::Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.created_at_ms, row.id), BatchView::from);
    Ok(Reply::ok(&page)?.into_response())
}

/// Which payouts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PayoutFilter {
    /// Only those in this state.
    #[serde(default)]
    state: Option<PayoutState>,
    /// Only those of this claim.
    #[serde(default)]
    claim_id: Option<uuid::Uuid>,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    limit: Option<u64>,
}

/// List payouts
///
/// Newest first.
#[utoipa::path(
    tag = "staff", operation_id = "list_payouts", security(("bearer" = ["payout:read"])),
    params(PayoutFilter), responses(
        (status = 200, description = "A page of payouts", body = Paged<PayoutView>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payouts")]
pub(super) async fn list_payouts(app: web::Data<Arc<App>>, filter: Query<PayoutFilter>) -> Answer {
    let Query(PayoutFilter { state, claim_id, cursor, limit }) = filter;
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("payouts:{state:?}:{claim_id:?}"));
    let mut wanted = Condition::all();
    if let Some(state) = state {
        wanted = wanted.add(payout::Column::State.eq(state));
    }
    if let Some(claim_id) = claim_id {
        wanted = wanted.add(payout::Column::ClaimId.eq(claim_id));
    }
    if let Some(after) = page.start(&app, &list)? {
        wanted = wanted.add(payout::Column::Id.lt(after.id));
    }
    let rows = payout::Entity::find()
        .filter(wanted)
        .order_by_desc(payout::Column::Id)
        .limit(limit + 1)
        .all(app.db.read())
        .await?;
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.created_at_ms, row.id), PayoutView::from);
    Ok(Reply::ok(&page)?.into_response())
}
