//! The job that reads a clean document's pages. It may die at any point and begin again; its one write is refused once it was made.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::pages::{Page, Pages};
use super::rows::{Column, Entity, ReadingState};
use crate::app::App;
use crate::bill_checks::{self, BillQuery, BillSource, Told};
use crate::documents::bills::{self, codes};
use crate::documents::matches;
use crate::documents::rows::{Rendition, document, file};
use crate::documents::state::DocumentState;
use crate::jobs::{JobContext, JobError, JobResult, JobSpec};
use crate::reading::fields::{self, Paper};
use crate::reading::{Legibility, ReadError};

/// The job's kind.
pub(in crate::documents) const READ: &str = "documents.read";
/// Pages that are read at most; what a claim asks for stands on the first ones.
const MAX_PAGES: u64 = 10;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    document_id: Uuid,
}

/// The job that reads a document.
pub(super) fn read_job(document_id: Uuid) -> JobSpec {
    JobSpec::new(READ, serde_json::json!(Payload { document_id })).unique(document_id.to_string())
}

/// Reads a document.
pub(in crate::documents) async fn read(context: JobContext) -> JobResult {
    let Payload { document_id } = context.payload()?;
    let app = &context.app;
    let Some((document, paper)) = unread(app, document_id).await? else { return Ok(()) };
    let pages = match pages(app, document_id, paper).await {
        Err(error) if context.is_last_attempt() => {
            // Nobody waits for it any longer; an operator may have the job tried again.
            settle(app.db.write(), app, document_id, None).await?;
            return Err(error);
        }
        pages => pages?,
    };
    let bills = bills_in_print(app, &document, pages.as_ref())?;
    let txn = app.db.begin().await?;
    // Locked in the order of whoever takes a document back. What was read before told its bills then; what was taken back meanwhile tells none.
    if is_still_clean(&txn, document_id).await? && settle(&txn, app, document_id, pages.as_ref()).await? {
        let told = Told { document_id, claim_id: document.claim_id, source: BillSource::Ocr };
        bill_checks::ask(&txn, app, told, bills).await?;
        let pages = pages.iter().flat_map(|pages| &pages.0);
        matches::bills_were_read(&txn, app, &document, pages.map(|page| (page.page, page.fields.as_slice()))).await?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    let found = pages.map_or(0, |pages| pages.0.iter().map(|page| page.fields.len() as u64).sum());
    metrics::counter!("huzhu_document_fields_total").increment(found);
    Ok(())
}

/// Whether a document can still be seen; until this transaction ends it stays so.
async fn is_still_clean(txn: &DatabaseTransaction, id: Uuid) -> Result<bool, DbErr> {
    let document = document::Entity::find_by_id(id).lock_exclusive().one(txn).await?;
    Ok(document.is_some_and(|document| document.state == DocumentState::Clean))
}

/// The bills that the print tells, unless a code tells one: a code goes before print.
fn bills_in_print(app: &App, document: &document::Model, pages: Option<&Pages>) -> anyhow::Result<Vec<BillQuery>> {
    let Some(pages) = pages else { return Ok(Vec::new()) };
    if !bills::of_codes(&codes(app, document)?).is_empty() {
        return Ok(Vec::new());
    }
    Ok(pages.0.iter().filter_map(|page| bills::of_print(page.paper, &page.fields)).collect())
}

/// Keeps what was read, or that nothing can be; what was read before stays. False when there was nothing to keep it in.
async fn settle(connection: &impl ConnectionTrait, app: &App, id: Uuid, pages: Option<&Pages>) -> anyhow::Result<bool> {
    let (state, sealed) = match pages {
        Some(pages) => (ReadingState::Read, Some(pages.seal(&app.sealer)?)),
        None => (ReadingState::Unreadable, None),
    };
    let settled = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::PagesSealed, Expr::value(sealed))
        .col_expr(Column::ReadAtMs, Expr::value(app.clock.now().as_ms()))
        .filter(Column::DocumentId.eq(id))
        .filter(Column::State.ne(ReadingState::Read))
        .exec(connection)
        .await?;
    Ok(settled.rows_affected == 1)
}

/// A document that was not read yet, and what it should be; nothing when it was, or was taken back.
async fn unread(app: &App, id: Uuid) -> Result<Option<(document::Model, Paper)>, JobError> {
    let row = Entity::find_by_id(id).filter(Column::State.ne(ReadingState::Read)).one(app.db.write()).await?;
    if row.is_none() {
        return Ok(None);
    }
    let document = document::Entity::find_by_id(id).one(app.db.write()).await?;
    let document = document.filter(|document| document.state == DocumentState::Clean);
    Ok(document.and_then(|document| document.kind.paper().map(|paper| (document, paper))))
}

/// What stands on the pages; nothing when none can be read.
async fn pages(app: &App, id: Uuid, paper: Paper) -> Result<Option<Pages>, JobError> {
    let reader = app.uploads.reader.as_deref();
    let reader = reader.ok_or_else(|| anyhow::anyhow!("documents.models_dir is not set in this process"))?;
    let files = file::Entity::find()
        .filter(file::Column::DocumentId.eq(id))
        .filter(file::Column::Rendition.eq(Rendition::Reading))
        .order_by_asc(file::Column::Page)
        .limit(MAX_PAGES)
        .all(app.db.write())
        .await?;
    let mut pages = Pages::default();
    for file in files {
        let key = file.key().ok_or_else(|| anyhow::anyhow!("the row names no object of ours"))?;
        let bytes = app.storage.get(&key, None).await?.body.collect().await?.into_bytes();
        let outcome = match reader.read(&bytes).await {
            Ok(read) => {
                let legibility = Legibility::of(&read, u32::try_from(file.width)?, u32::try_from(file.height)?);
                let (paper, fields) = fields::read(paper, &read.lines);
                pages.0.push(Page { page: u8::try_from(file.page)?, paper, fields, legibility: Some(legibility) });
                "read"
            }
            Err(ReadError::Unreadable) => "unreadable",
            Err(ReadError::Unavailable(cause)) => return Err(JobError::Retry(cause)),
        };
        metrics::counter!("huzhu_pages_read_total", "outcome" => outcome).increment(1);
    }
    Ok((!pages.0.is_empty()).then_some(pages))
}
