//! What came in and has not had its effect yet: a process died in between, or the document before it was missing.

use sea_orm::{EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::apply;
use super::rows::document;
use crate::jobs::{JobContext, JobResult};
use crate::payouts::job_error;

/// The job's name.
pub const KIND: &str = "recon.apply_documents";
/// Documents looked at in one run.
const BATCH: u64 = 200;

/// The job: every open document, oldest first. One that still waits is left for the next run.
pub async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    let Some(link) = &app.bank else { return Ok(()) };
    let open: Vec<Uuid> = document::Entity::find()
        .select_only()
        .column(document::Column::Id)
        .filter(sea_orm::sea_query::Expr::cust("state in ('received', 'verified', 'parsed')"))
        .order_by_asc(document::Column::Id)
        .limit(BATCH)
        .into_tuple()
        .all(app.db.read())
        .await?;
    for id in open {
        apply(app, link, id).await.map_err(job_error)?;
    }
    Ok(())
}
