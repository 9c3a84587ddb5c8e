//! The check of a received document, as a job: it may die at any point and begin again.
//!
//! The files are put under fresh keys while no transaction is open; one transaction then makes them the document's.
//! What a dead try left in the object store has no row and is swept a day later.

use std::sync::Arc;

use actix_web::web::Bytes;
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::bills;
use super::change::{Change, Stored, change};
use super::inspector::InspectError;
use super::pictures::{self, Code, Passed};
use super::rows::{Rendition, document, file};
use super::state::{DocumentState, Reason};
use super::sweep::forget_spool;
use super::{matches, readings};
use crate::app::App;
use crate::bill_checks::{self, BillSource, Told};
use crate::http::Problem;
use crate::jobs::{JobContext, JobError, JobResult, JobSpec};
use crate::kernel::seal::Field;
use crate::storage::StorageKey;

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
    if document.original_sha256.as_deref() == Some(&sha256) {
        match app.uploads.inspector.inspect(bytes).await {
            Ok(passed) => accept(&context, &document, passed).await?,
            Err(InspectError::Refused(refusal)) => reject(&context, &document, Reason::Picture(refusal)).await?,
            Err(InspectError::Unavailable(cause)) => return Err(JobError::Retry(cause)),
        }
    } else {
        tracing::error!(document.id = %document_id, "the spool file is not what was received");
        reject(&context, &document, Reason::Lost).await?;
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

async fn accept(context: &JobContext, document: &document::Model, mut passed: Passed) -> Result<(), JobError> {
    let app = &context.app;
    let set_id = app.ids.next();
    let orientation = passed.master.orientation;
    let measures = passed.measures.map(serde_json::to_value).transpose()?;
    let codes_sealed = seal_codes(app, &passed.codes)?;
    let bills = bills::of_codes(&passed.codes);
    let (codes, prints) = (std::mem::take(&mut passed.codes), std::mem::take(&mut passed.prints));
    let files = store(app, document.id, set_id, passed).await?;
    let txn = app.db.begin().await?;
    let stored = Stored { set_id, orientation, measures, codes_sealed };
    change(app, &txn, document, Change::to(DocumentState::Clean).stored(stored)).await.map_err(retry)?;
    readings::ask(&txn, app, document).await?;
    let told = Told { document_id: document.id, claim_id: document.claim_id, source: BillSource::Qr };
    bill_checks::ask(&txn, app, told, bills).await?;
    matches::keep(&txn, app, document, &prints, &codes).await?;
    file::Entity::insert_many(files).exec_without_returning(&txn).await?;
    context.finish(&txn).await?;
    txn.commit().await?;
    metrics::counter!("huzhu_document_codes_total").increment(codes.len() as u64);
    app.job_written.notify_waiters();
    Ok(())
}

/// What a code says may be somebody's name or number.
fn seal_codes(app: &App, codes: &[Code]) -> Result<Option<Vec<u8>>, JobError> {
    if codes.is_empty() {
        return Ok(None);
    }
    Ok(Some(app.sealer.seal_json(Field::ClaimFacts, codes)?))
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
    let Passed { master, pages, thumbnail, .. } = passed;
    let key = StorageKey::DocumentMaster { document_id, set_id, coding: master.coding };
    let original = pictures::Rendition { bytes: master.bytes, width: master.width, height: master.height };
    let mut files = vec![put(app, &key, Rendition::Master, 1, original).await?];
    for (page, copy) in (1_u8..).zip(pages) {
        let key = StorageKey::DocumentReading { document_id, set_id, page };
        files.push(put(app, &key, Rendition::Reading, page, copy).await?);
    }
    let key = StorageKey::DocumentThumbnail { document_id, set_id };
    files.push(put(app, &key, Rendition::Thumbnail, 1, thumbnail).await?);
    Ok(files)
}

async fn put(
    app: &App,
    key: &StorageKey,
    rendition: Rendition,
    page: u8,
    file: pictures::Rendition,
) -> Result<file::ActiveModel, JobError> {
    let stored = app.storage.put(key, Bytes::from(file.bytes)).await?;
    Ok(file::ActiveModel {
        document_id: Set(key.ids().0),
        rendition: Set(rendition),
        page: Set(page.into()),
        object_key: Set(key.path()),
        content_type: Set(key.content_type().to_owned()),
        sha256: Set(stored.sha256.to_vec()),
        size_bytes: Set(i64::try_from(stored.size_bytes)?),
        width: Set(i32::try_from(file.width)?),
        height: Set(i32::try_from(file.height)?),
    })
}

fn retry(problem: Problem) -> JobError {
    JobError::Retry(match problem.cause() {
        Some(cause) => anyhow::anyhow!("{problem}: {cause:#}"),
        None => anyhow::Error::new(problem),
    })
}
