//! The staff's list of recoveries.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::rows::recovery;
use super::state::RecoveryState;
use super::views::RecoveryView;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Page, Paged, Problem, Query, Reply};

/// Which recoveries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecoveryFilter {
    /// Only those in this state.
    #[serde(default)]
    state: Option<RecoveryState>,
    /// Only those with an instalment that should have been paid before today and was not.
    #[serde(default)]
    overdue: bool,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    limit: Option<u64>,
}

/// Which recoveries are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Only those in this state.
    pub state: Option<RecoveryState>,
    /// Only those that are overdue.
    pub overdue: bool,
    /// Only those before this one.
    pub before: Option<Uuid>,
    /// At most so many.
    pub limit: u64,
}

/// List recoveries
///
/// Newest first, with what is overdue and since when.
#[utoipa::path(
    tag = "staff", operation_id = "list_recoveries", security(("bearer" = ["recovery:read"])),
    params(RecoveryFilter), responses(
        (status = 200, description = "A page of recoveries", body = Paged<RecoveryView>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recoveries")]
pub(super) async fn list_recoveries(app: web::Data<Arc<App>>, filter: Query<RecoveryFilter>) -> Answer {
    let Query(RecoveryFilter { state, overdue, cursor, limit }) = filter;
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("recoveries:{state:?}:{overdue}"));
    let before = page.start(&app, &list)?.map(|after| after.id);
    let views = listed(app.db.read(), &app, Wanted { state, overdue, before, limit: limit + 1 }).await?;
    let page = Paged::from_rows(&app, &list, limit, views, |view| (view.opened_at, view.id), |view| view);
    Ok(Reply::ok(&page)?.into_response())
}

/// Recoveries, newest first.
///
/// # Errors
/// Those of the database.
pub async fn listed(
    connection: &impl ConnectionTrait,
    app: &App,
    wanted: Wanted,
) -> Result<Vec<RecoveryView>, Problem> {
    let mut query = recovery::Entity::find();
    if let Some(state) = wanted.state {
        query = query.filter(recovery::Column::State.eq(state));
    }
    if wanted.overdue {
        query = query.filter(recovery::Column::DueOn.lt(app.clock.now().date()));
    }
    if let Some(before) = wanted.before {
        query = query.filter(recovery::Column::Id.lt(before));
    }
    let rows = query.order_by_desc(recovery::Column::Id).limit(wanted.limit).all(connection).await?;
    RecoveryView::many(connection, app, rows).await
}
