//! What the API shows of runs.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rows::run::RunState;
use super::rows::{run, signature};
use super::{lines_of, load};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::payouts::views::BatchView;

/// A list of batches that is signed as one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PayoutRun)]
pub struct RunView {
    /// Identifier.
    pub id: Uuid,
    /// Where it stands.
    pub state: RunState,
    /// The account that pays.
    #[schema(max_length = 40, example = "6222020000001")]
    pub account: String,
    /// The day on which all of it shall be paid.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-11-23")]
    pub value_date: time::Date,
    /// Batches on its list.
    #[schema(minimum = 0, maximum = 500, example = 3)]
    pub batch_count: i64,
    /// Orders in them.
    #[schema(minimum = 0, maximum = 1_500_000, example = 9)]
    pub order_count: i64,
    /// Their sum.
    pub total_fen: Fen,
    /// SHA-256 of its canonical text, in hex: what a checker signs. Absent while its batches are being prepared.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub sha256: Option<String>,
    /// Who made it.
    pub maker_id: Uuid,
    /// When it was made.
    pub created_at: Moment,
    /// Rises with every change; its entity tag.
    #[schema(minimum = 1)]
    pub version: i64,
}

impl From<run::Model> for RunView {
    fn from(row: run::Model) -> Self {
        Self {
            id: row.id,
            state: row.state,
            account: row.debit_account,
            value_date: row.value_date,
            batch_count: row.batch_count,
            order_count: row.order_count,
            total_fen: row.total_fen,
            sha256: row.sha256,
            maker_id: row.maker_id,
            created_at: row.created_at_ms,
            version: row.version,
        }
    }
}

/// A run with its list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutRunDetail)]
pub struct RunDetail {
    /// The run.
    pub run: RunView,
    /// Who signed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checker_id: Option<Uuid>,
    /// When it was signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Moment>,
    /// Its batches, in the order of its list.
    #[schema(max_items = 500)]
    pub batches: Vec<BatchView>,
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunFilter {
    /// Only those in this state.
    #[serde(default)]
    state: Option<RunState>,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    limit: Option<u64>,
}

/// List runs of payouts
///
/// Newest first.
#[utoipa::path(
    tag = "staff", operation_id = "list_payout_runs", security(("bearer" = ["payout:read"])),
    params(RunFilter), responses(
        (status = 200, description = "A page of runs", body = Paged<RunView>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payout-runs")]
pub(super) async fn list_payout_runs(app: web::Data<Arc<App>>, filter: Query<RunFilter>) -> Answer {
    let Query(RunFilter { state, cursor, limit }) = filter;
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("payout-runs:{state:?}"));
    let mut query = run::Entity::find();
    if let Some(state) = state {
        query = query.filter(run::Column::State.eq(state));
    }
    if let Some(after) = page.start(&app, &list)? {
        query = query.filter(run::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(run::Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.created_at_ms, row.id), RunView::from);
    Ok(Reply::ok(&page)?.into_response())
}

/// Show a run of payouts
///
/// With its batches in the order of its list. Its canonical text is `RUN|HUZHU1|id|account|value_date|batches|orders|total_fen`, then a line
/// `no|batch id|batch_ref|sha256|orders|total_fen` for each batch, each ended by a line feed: whoever signs can hash it again.
#[utoipa::path(
    tag = "staff", operation_id = "show_payout_run", security(("bearer" = ["payout:read"])),
    params(("run_id" = Uuid, Path, description = "The run")),
    responses(
        (status = 200, description = "The run with its batches", body = RunDetail),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payout-runs/{run_id}")]
pub(super) async fn show_payout_run(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let found = detail(app.db.read(), *path).await?;
    let version = found.run.version;
    Ok(Reply::ok(&found)?.version(version).into_response())
}

/// A run with its list, or 404.
///
/// # Errors
/// `not_found`; those of the database.
pub async fn detail(connection: &impl ConnectionTrait, id: Uuid) -> Result<RunDetail, Problem> {
    let row = load(connection, id).await?;
    let signed = signature::Entity::find_by_id(id).one(connection).await?;
    let batches = lines_of(connection, id).await?.into_iter().map(|(_, batch)| batch.into()).collect();
    Ok(RunDetail {
        run: row.into(),
        checker_id: signed.as_ref().map(|signed| signed.checker_id),
        signed_at: signed.map(|signed| signed.signed_at_ms),
        batches,
    })
}
