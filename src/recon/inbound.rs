//! Files that the bank left for us become documents: kept first, put away next, applied last, so that whatever dies in between, nothing is
//! lost and nothing is taken twice.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use tokio::io::AsyncReadExt;

use super::documents::rows::document;
use super::documents::{self, BankDocumentKind, BankDocumentSource, Completed, Incoming};
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{JobContext, JobResult};
use crate::payouts::bank::BankLink;
use crate::payouts::bank::transport::{Offered, Transport};
use crate::payouts::job_error;

/// The job's name.
pub const KIND: &str = "recon.take_inbound";
/// Bytes at the start of a file that say what it is.
const HEAD_BYTES: u64 = 4 * 1024;

/// The job: takes every file that is complete.
pub(super) async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    let Some(link) = &app.bank else { return Ok(()) };
    let Some(transport) = &link.transport else { return Ok(()) };
    take_all(app, link, transport.as_ref()).await.map_err(job_error)?;
    Ok(())
}

/// Takes every file that is complete; answers how many were taken.
///
/// # Errors
/// Those of the database and the object store; a file that can't be read now is looked at again at the next time.
pub async fn take_all(app: &App, link: &BankLink, transport: &dyn Transport) -> Result<usize, Problem> {
    let offered = match transport.list().await {
        Ok(offered) => offered,
        Err(error) => {
            tracing::warn!(%error, "recon.inbound could not be listed");
            return Ok(0);
        }
    };
    let mut taken = 0;
    for file in offered {
        taken += usize::from(take_one(app, link, transport, &file).await?);
    }
    Ok(taken)
}

async fn take_one(app: &App, link: &BankLink, transport: &dyn Transport, file: &Offered) -> Result<bool, Problem> {
    let unread = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "recon.inbound could not be read");
        Ok(false)
    };
    // Taken before, and then not put away: its bytes are not carried again.
    if let Some(sha256) = &file.sha256
        && was_taken(app.db.read(), link, sha256).await?
    {
        put_away(transport, file).await;
        return Ok(false);
    }
    // Its signature is judged when the document takes effect: whoever dies in between leaves nothing that counts unsigned.
    let signature = match transport.signature(&file.name).await {
        Ok(signature) => signature,
        Err(error) => return unread(&error),
    };
    let mut source = match transport.get(&file.name).await {
        Ok(source) => source,
        Err(error) => return unread(&error),
    };
    let mut head = Vec::new();
    if let Err(error) = (&mut source).take(HEAD_BYTES).read_to_end(&mut head).await {
        return unread(&error);
    }
    let Some(kind) = BankDocumentKind::of_bytes(&head) else {
        metrics::counter!("huzhu_bank_files_unknown_total").increment(1);
        return unread(&"the file does not say what it is");
    };
    let completed = Some(Completed { sha256: file.sha256.as_deref(), changed: file.changed });
    let signature = signature.as_deref();
    let incoming = Incoming::new(kind, BankDocumentSource::Transport);
    let incoming = Incoming { name: Some(&file.name), signature, completed, ..incoming };
    let kept = documents::take(app, link, incoming, head.as_slice().chain(source)).await?;
    if kept.altered.is_some() {
        return Ok(false);
    }
    put_away(transport, file).await;
    documents::apply(app, link, kept.id).await?;
    Ok(kept.is_new)
}

async fn put_away(transport: &dyn Transport, file: &Offered) {
    if let Err(error) = transport.archive(&file.name).await {
        tracing::warn!(%error, "recon.inbound could not be put away");
    }
}

/// True when a file with this digest came by this road, and counts or may still count.
async fn was_taken(connection: &impl ConnectionTrait, link: &BankLink, sha256: &str) -> Result<bool, Problem> {
    let before = document::Entity::find()
        .filter(document::Column::Account.eq(&link.account))
        .filter(document::Column::Sha256.eq(sha256))
        .filter(document::Column::Source.eq(BankDocumentSource::Transport))
        .filter(document::Column::State.is_in(["received", "verified", "parsed", "applied", "duplicate"]))
        .one(connection)
        .await?;
    Ok(before.is_some())
}
