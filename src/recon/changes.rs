//! The feed of changes for the bank's job: what became of batches and breaks, in one order that never changes.
//!
//! The database writes a change with whatever makes it. It gets its number only once it has been committed, from one job, so that a reader
//! who goes on after a number misses nothing.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::rows::change;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Query, Reply};
use crate::jobs::{JobContext, JobResult};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::payouts::rows::batch;

/// The job's name.
pub const KIND: &str = "recon.number_changes";
/// Seconds between two looks for changes without a number.
pub const EVERY_SECS: i64 = 5;
/// Changes numbered by one transaction.
const STEP: u64 = 500;
const LONGEST_PAGE: u64 = 500;
/// The largest whole number that every reader of JSON can hold.
const LARGEST_SEQ: i64 = (1 << 53) - 1;

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesAfter {
    /// The number of the last change that was read; 0 for the first page.
    #[param(minimum = 0, example = 0)]
    #[serde(default)]
    after: i64,
    /// Items a page, 1 to 500. Default 100.
    #[param(minimum = 1, maximum = 500)]
    #[serde(default)]
    limit: Option<u64>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
struct ReconEvent {
    /// Its number: without gaps, rising.
    #[schema(minimum = 1, example = 1)]
    seq: i64,
    /// What changed: `batch`, `break` or `document`.
    #[schema(max_length = 20, example = "batch")]
    subject: String,
    /// The batch, by its name at the bank.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 30, example = "7H3K9QW2M5RTB8XE6CV1DANJ4P")]
    batch_ref: Option<String>,
    /// The break.
    #[serde(skip_serializing_if = "Option::is_none")]
    break_id: Option<Uuid>,
    /// The document.
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Uuid>,
    /// Where it stood then.
    #[schema(max_length = 20, example = "released")]
    state: String,
    /// When it was numbered, seconds after it happened.
    at: Moment,
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
struct ReconEvents {
    /// The changes, oldest first.
    #[schema(max_items = 500)]
    items: Vec<ReconEvent>,
    /// Give this as `after` next time; the same as before when nothing happened.
    #[schema(minimum = 0, example = 1)]
    last_seq: i64,
}

/// Read the feed of changes
///
/// Batches and breaks as they change, oldest first, numbered without gaps within seconds. Ask again with `last_seq` as `after`.
#[utoipa::path(
    tag = "bank", operation_id = "list_recon_events", security(("bearer" = ["bank:fetch"])),
    params(ChangesAfter), responses(
        (status = 200, description = "The changes after that number", body = ReconEvents),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/events")]
pub(super) async fn list_recon_events(app: web::Data<Arc<App>>, filter: Query<ChangesAfter>) -> Answer {
    let ChangesAfter { after, limit } = filter.0;
    let limit = limit.unwrap_or(100);
    let wrong = |field, detail| Err(Problem::new(Code::ValidationFailed).field(field, "range", detail));
    if !(0..=LARGEST_SEQ).contains(&after) {
        return wrong(
            "query:after",
            Text::fixed("请用上次返回的 last_seq，从 0 开始", "after is the last_seq of the page before, or 0"),
        );
    }
    if !(1..=LONGEST_PAGE).contains(&limit) {
        return wrong("query:limit", Text::fixed("每页 1 到 500 条", "limit is 1 to 500"));
    }
    let rows = change::Entity::find()
        .filter(change::Column::Seq.gt(after))
        .order_by_asc(change::Column::Seq)
        .limit(limit)
        .all(app.db.read())
        .await?;
    let batches: Vec<Uuid> = rows.iter().filter_map(|row| row.batch_id).collect();
    let batches = batch::Entity::find().filter(batch::Column::Id.is_in(batches)).all(app.db.read()).await?;
    let batches: HashMap<Uuid, String> = batches.into_iter().map(|batch| (batch.id, batch.batch_ref)).collect();
    let items: Vec<ReconEvent> = rows
        .into_iter()
        .filter_map(|row| {
            Some(ReconEvent {
                seq: row.seq?,
                subject: row.subject,
                batch_ref: row.batch_id.and_then(|id| batches.get(&id).cloned()),
                break_id: row.break_id,
                document_id: row.document_id,
                state: row.state,
                at: row.numbered_at_ms?,
            })
        })
        .collect();
    let last_seq = items.last().map_or(after, |item| item.seq);
    Ok(Reply::ok(&ReconEvents { items, last_seq })?.into_response())
}

/// The job.
pub(super) async fn run(context: JobContext) -> JobResult {
    number(&context.app).await?;
    Ok(())
}

/// Numbers what was committed since; answers how many changes there were.
///
/// # Errors
/// Those of the database, such as that another job numbered them at the same moment.
pub async fn number(app: &App) -> Result<usize, DbErr> {
    let mut numbered = 0;
    loop {
        let txn = app.db.begin().await?;
        let new = change::Entity::find()
            .filter(change::Column::Seq.is_null())
            .order_by_asc(change::Column::Id)
            .limit(STEP)
            .all(&txn)
            .await?;
        if new.is_empty() {
            return Ok(numbered);
        }
        let last = change::Entity::find()
            .filter(change::Column::Seq.gt(0_i64))
            .order_by_desc(change::Column::Seq)
            .one(&txn)
            .await?;
        let first = last.and_then(|last| last.seq).unwrap_or(0) + 1;
        for (row, seq) in new.iter().zip(first..) {
            // Two jobs at once: the second finds the number taken and its transaction fails whole.
            change::Entity::update_many()
                .col_expr(change::Column::Seq, Expr::value(seq))
                .col_expr(change::Column::NumberedAtMs, Expr::value(app.clock.now()))
                .filter(change::Column::Id.eq(row.id))
                .filter(change::Column::Seq.is_null())
                .exec(&txn)
                .await?;
        }
        txn.commit().await?;
        numbered += new.len();
    }
}
