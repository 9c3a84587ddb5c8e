//! The batches that were released, as the bank's job sees them.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Page, Paged, Query, Reply};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;

/// Which batches.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BankBatchFilter {
    /// Only those to be paid on this day.
    #[serde(default, with = "iso_date::option")]
    #[param(value_type = Option<String>, format = Date, example = "2026-03-16")]
    date: Option<time::Date>,
    /// Only those in this state; what was never released is not shown in any.
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

/// A released batch, as the bank sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BankBatch {
    /// Its name, for ever.
    #[schema(max_length = 30, example = "7H3K9QW2M5RTB8XE6CV1DANJ4P")]
    pub batch_ref: String,
    /// The account that pays.
    #[schema(max_length = 40, example = "6222020000001")]
    pub account: String,
    /// Where it stands; `released` waits to be taken.
    pub state: BatchState,
    /// The day on which it shall be paid.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-16")]
    pub value_date: time::Date,
    /// Number of its orders.
    #[schema(minimum = 1, maximum = 3000, example = 3)]
    pub order_count: i64,
    /// Their sum.
    pub total_fen: Fen,
    /// SHA-256 of its exact bytes, in hex: what a checker signed.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Moment>,
}

impl From<batch::Model> for BankBatch {
    fn from(row: batch::Model) -> Self {
        Self {
            batch_ref: row.batch_ref,
            account: row.debit_account,
            state: row.state,
            value_date: row.value_date,
            order_count: row.order_count,
            total_fen: row.total_fen,
            sha256: row.sha256,
            released_at: row.released_at_ms,
        }
    }
}

/// List released batches
///
/// For the bank's job, newest first: number, sum and digests of each, no order.
#[utoipa::path(
    tag = "bank", operation_id = "list_bank_batches", security(("bearer" = ["bank:fetch"])),
    params(BankBatchFilter), responses(
        (status = 200, description = "A page of released batches", body = Paged<BankBatch>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/payout-batches")]
pub(super) async fn list_bank_batches(app: web::Data<Arc<App>>, filter: Query<BankBatchFilter>) -> Answer {
    let Query(BankBatchFilter { date, state, cursor, limit }) = filter;
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("bank-batches:{date:?}:{state:?}"));
    let mut wanted = Condition::all().add(batch::Column::ReleasedAtMs.gt(0_i64));
    if let Some(state) = state {
        wanted = wanted.add(batch::Column::State.eq(state));
    }
    if let Some(date) = date {
        wanted = wanted.add(batch::Column::ValueDate.eq(date));
    }
    if let Some(after) = page.start(&app, &list)? {
        wanted = wanted.add(batch::Column::Id.lt(after.id));
    }
    let rows = batch::Entity::find()
        .filter(wanted)
        .order_by_desc(batch::Column::Id)
        .limit(limit + 1)
        .all(app.db.read())
        .await?;
    let page = Paged::from_rows(&app, &list, limit, rows, |row| (row.created_at_ms, row.id), BankBatch::from);
    Ok(Reply::ok(&page)?.into_response())
}
