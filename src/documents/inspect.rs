//! The check of a received document, as a job: it may die at any point and begin again.
//!
//! The three files are put under fresh keys while no transaction is open; one transaction then makes them the document's.
//! What a dead try left in the object store has no row and is swept a day later.

use std::sync::Arc;

use actix_web::web::Bytes;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::change::{Change, change};
use super::inspector::Passed;
use super::rows::{Rendition, document, file};
use super::state::{DocumentState, Reason};
use super::sweep::forget_spool;
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{JobContext, JobError, JobResult, JobSpec};
use crate::storage::{StorageKey, Stored};

/// The job's kind.
pub const INSPECT: &str = "documents.inspect";

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    document_id: Uuid,
}

/// The job that checks a document.
pub(super) fn inspect_job(document_id: Uuid) -> JobSpec {
    JobSpec::new(INSPECT, serde_json::json!(Payload { document_id })).unique(document_id.to_string())
}

/// Checks a document.
pub(super) async fn inspect(context: JobContext) -> JobResult {
    let Payload { document_id } = context.payload()?;
    let app = &context.app;
    let Some(document) = begin(app, document_id).await? else {
        // Decided by an earlier try, or taken back: only its spool file may be left.
        forget_spool(app, document_id).await;
        return Ok(());
    };
    let bytes = app.uploads.spool.read(document_id).await?;
    let bytes: Arc<[u8]> = bytes.ok_or_else(|| anyhow::anyhow!("the spool file is not on this machine"))?.into();
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let verdict = if document.original_sha256.as_deref() == Some(&sha256) {
        app.uploads.inspector.inspect(bytes).await.map_err(Reason::Picture)
    } else {
        tracing::error!(document.id = %document_id, "the spool file is not what was received");
        Err(Reason::Lost)
    };
    match verdict {
        Ok(passed) => accept(&context, &document, passed).await?,
        Err(reason) => reject(&context, &document, reason).await?,
    }
    forget_spool(app, document_id).await;
    Ok(())
}

/// The document in state checking; nothing when there is nothing left to check.
async fn begin(app: &App, id: Uuid) -> Result<Option<document::Model>, JobError> {
    let Some(found) = super::find(app.db.write(), id).await? else { return Ok(None) };
    match found.state {
        DocumentState::Received => {
            change(app, app.db.write(), &found, Change::to(DocumentState::Checking)).await.map_err(retry)?;
            Ok(super::find(app.db.write(), id).await?)
        }
        DocumentState::Checking => Ok(Some(found)),
        _ => Ok(None),
    }
}

async fn accept(context: &JobContext, document: &document::Model, passed: Passed) -> Result<(), JobError> {
    let app = &context.app;
    let set_id = app.ids.next();
    let orientation = passed.inspected.orientation;
    let files = store(app, document.id, set_id, passed).await?;
    let txn = app.db.begin().await?;
    change(app, &txn, document, Change::to(DocumentState::Clean).stored(set_id, orientation)).await.map_err(retry)?;
    file::Entity::insert_many(files).exec_without_returning(&txn).await?;
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}

async fn reject(context: &JobContext, document: &document::Model, reason: Reason) -> Result<(), JobError> {
    let app = &context.app;
    let txn = app.db.begin().await?;
    change(app, &txn, document, Change::to(DocumentState::Rejected).reason(reason)).await.map_err(retry)?;
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}

async fn store(app: &App, document_id: Uuid, set_id: Uuid, passed: Passed) -> Result<Vec<file::ActiveModel>, JobError> {
    let Passed { inspected, rendered } = passed;
    let master = StorageKey::DocumentMaster { document_id, set_id, coding: inspected.coding };
    let reading = StorageKey::DocumentReading { document_id, set_id };
    let thumbnail = StorageKey::DocumentThumbnail { document_id, set_id };
    let files = [
        (Rendition::Master, master, inspected.master, inspected.width, inspected.height),
        (Rendition::Reading, reading, rendered.reading.bytes, rendered.reading.width, rendered.reading.height),
        (
            Rendition::Thumbnail,
            thumbnail,
            rendered.thumbnail.bytes,
            rendered.thumbnail.width,
            rendered.thumbnail.height,
        ),
    ];
    let mut rows = Vec::with_capacity(files.len());
    for (rendition, key, bytes, width, height) in files {
        let stored = app.storage.put(&key, Bytes::from(bytes)).await?;
        rows.push(row(document_id, rendition, &key, &stored, width, height)?);
    }
    Ok(rows)
}

fn row(
    document_id: Uuid,
    rendition: Rendition,
    key: &StorageKey,
    stored: &Stored,
    width: u32,
    height: u32,
) -> Result<file::ActiveModel, JobError> {
    Ok(file::ActiveModel {
        document_id: Set(document_id),
        rendition: Set(rendition),
        object_key: Set(key.path()),
        content_type: Set(key.content_type().to_owned()),
        sha256: Set(stored.sha256.to_vec()),
        size_bytes: Set(i64::try_from(stored.size_bytes)?),
        width: Set(i32::try_from(width)?),
        height: Set(i32::try_from(height)?),
    })
}

fn retry(problem: Problem) -> JobError {
    JobError::Retry(match problem.cause() {
        Some(cause) => anyhow::anyhow!("{problem}: {cause:#}"),
        None => anyhow::Error::new(problem),
    })
}
