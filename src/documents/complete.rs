//! The last byte is here: one transaction makes the document received (or says why not) and writes its check.

use std::sync::Arc;

use sea_orm::DatabaseTransaction;

use super::announce::may_add;
use super::change::{Change, change};
use super::inspect::inspect_job;
use super::lease::Lease;
use super::rows::document;
use super::sender::Sender;
use super::spool::SpoolFile;
use super::state::{DocumentState, Reason};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::jobs;

/// Ends an upload whose bytes are all synced.
///
/// # Errors
/// Those of the disk and the database; the upload then stays as it was acknowledged before.
pub(super) async fn complete(app: &Arc<App>, lease: &Lease, sender: Sender, file: &SpoolFile) -> Result<(), Problem> {
    let sha256 = file.sha256().await.map_err(Problem::internal)?;
    let txn = app.db.begin().await?;
    let state = complete_in(app, &txn, lease, sender, sha256).await?;
    txn.commit().await?;
    if state == DocumentState::Received {
        app.job_written.notify_waiters();
    } else {
        super::sweep::forget_spool(app, lease.id()).await;
    }
    Ok(())
}

async fn complete_in(
    app: &App,
    txn: &DatabaseTransaction,
    lease: &Lease,
    sender: Sender,
    sha256: [u8; 32],
) -> Result<DocumentState, Problem> {
    let document = super::find(txn, lease.id()).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    // The right is asked for again: hours may lie between the announcement and the last byte.
    let may_still = match may_add(txn, document.claim_id, sender).await {
        Ok(()) => true,
        Err(problem) if matches!(problem.code(), Code::NotFound | Code::ClaimTakesNoDocuments) => false,
        Err(problem) => return Err(problem),
    };
    // After the claim's row, as a withdrawal takes them. A lost lease means that another request has the upload: then nothing of this one
    // counts.
    if !lease.finish(txn, lease.upload.size()).await? {
        return Err(Problem::new(Code::UploadLocked));
    }
    let refusal = refusal(&document, &sha256, may_still);
    let next = if refusal.is_some() { DocumentState::Rejected } else { DocumentState::Received };
    let mut update = Change::to(next).original_sha256(sha256);
    if let Some(reason) = refusal {
        update = update.reason(reason);
    }
    change(app, txn, &document, update).await?;
    if refusal.is_none() {
        jobs::enqueue(txn, app, inspect_job(document.id)).await?;
    }
    Ok(next)
}

fn refusal(document: &document::Model, sha256: &[u8; 32], may_still: bool) -> Option<Reason> {
    if !may_still {
        return Some(Reason::ClaimClosed);
    }
    let differs = document.declared_sha256.as_ref().is_some_and(|declared| declared != sha256);
    differs.then_some(Reason::ChecksumMismatch)
}
