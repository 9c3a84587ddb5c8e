//! A document is announced: its row, its upload, and the limits of its claim.

use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder,
    Statement,
};
use uuid::Uuid;

use super::claim;
use super::limits::{
    DAY_SECS, MAX_ANNOUNCED, MAX_CLAIM_BYTES, MAX_DAY_BYTES, MAX_DOCUMENTS, MAX_FILE_BYTES, MAX_OPEN_UPLOADS,
    UPLOAD_IDLE_SECS,
};
use super::rows::{document, upload};
use super::sender::Sender;
use super::state::{DocumentKind, DocumentState};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::text::Text;

/// What a member means to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announcement {
    pub(super) claim_id: Uuid,
    pub(super) kind: DocumentKind,
    pub(super) size_bytes: u64,
    pub(super) sha256: Option<[u8; 32]>,
}

/// Writes the document and its upload; the same file announced again gives the first one back.
///
/// # Errors
/// `not_found` for a claim of somebody else, `claim_takes_no_documents`, `upload_too_large`, `too_many_documents`,
/// `too_many_open_uploads`, `uploads_spent`.
pub(super) async fn announce(
    app: &App,
    txn: &DatabaseTransaction,
    sender: Sender,
    announcement: &Announcement,
) -> Result<(document::Model, upload::Model), Problem> {
    check_size(announcement.size_bytes)?;
    may_add(txn, announcement.claim_id, sender).await?;
    let present = document::Entity::find()
        .filter(document::Column::ClaimId.eq(announcement.claim_id))
        .order_by_asc(document::Column::CreatedAtMs)
        .all(txn)
        .await?;
    if let Some(twin) = twin(&present, announcement)
        && let Some(upload) = upload::Entity::find_by_id(twin.id).one(txn).await?
    {
        return Ok((twin.clone(), upload));
    }
    check_room(&present, announcement.size_bytes)?;
    check_sender(app, txn, sender, announcement.size_bytes).await?;
    insert(app, txn, sender.id(), announcement).await
}

/// Whether the sender may add documents to the claim now; holds the claim's row until the transaction ends.
///
/// # Errors
/// `not_found` for a claim of somebody else, `claim_takes_no_documents` in a state that takes none.
pub(super) async fn may_add(txn: &DatabaseTransaction, claim_id: Uuid, sender: Sender) -> Result<(), Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let claim = claim::locked_facts(txn, claim_id).await?.ok_or_else(not_found)?;
    if !sender.owns(txn, &claim).await? {
        return Err(not_found());
    }
    if claim.takes_documents() { Ok(()) } else { Err(Problem::new(Code::ClaimTakesNoDocuments)) }
}

fn check_size(size_bytes: u64) -> Result<(), Problem> {
    if size_bytes > MAX_FILE_BYTES {
        return Err(Problem::new(Code::UploadTooLarge).detail(Text::fixed(
            "每个文件不超过 20 MiB。请用手机相机的普通模式重拍。",
            "A file is 20 MiB at most. Take the photo again with the camera's normal mode.",
        )));
    }
    if size_bytes == 0 {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/size_bytes",
            "range",
            Text::fixed("文件不能为空", "The file is empty"),
        ));
    }
    Ok(())
}

/// The document that the same file became when it was announced before.
fn twin<'a>(present: &'a [document::Model], announcement: &Announcement) -> Option<&'a document::Model> {
    let sha256 = announcement.sha256?;
    present.iter().find(|document| {
        document.state.takes_room()
            && document.kind == announcement.kind
            && document.size_bytes.unsigned_abs() == announcement.size_bytes
            && document.declared_sha256.as_deref() == Some(&sha256)
    })
}

fn check_room(present: &[document::Model], size_bytes: u64) -> Result<(), Problem> {
    let counted: Vec<u64> = present
        .iter()
        .filter(|document| document.state.takes_room())
        .map(|document| document.size_bytes.unsigned_abs())
        .collect();
    if counted.len() as u64 >= MAX_DOCUMENTS || present.len() as u64 >= MAX_ANNOUNCED {
        return Err(Problem::new(Code::TooManyDocuments).detail(Text::fixed(
            "一笔申报最多 30 份材料。请先撤回不需要的材料。",
            "A claim takes 30 documents. Take back those that are not needed.",
        )));
    }
    if counted.iter().sum::<u64>().saturating_add(size_bytes) > MAX_CLAIM_BYTES {
        return Err(Problem::new(Code::TooManyDocuments).detail(Text::fixed(
            "一笔申报的材料合计不超过 200 MiB。",
            "The documents of a claim are 200 MiB at most together.",
        )));
    }
    Ok(())
}

/// What one sender may have on its way and announce in a day, over all claims: the spool is one disk.
async fn check_sender(app: &App, txn: &DatabaseTransaction, sender: Sender, size_bytes: u64) -> Result<(), Problem> {
    sender.lock(txn).await?;
    let now = app.clock.now();
    let values = [sender.id().into(), sender.id().into(), now.plus_secs(-DAY_SECS).into()];
    let query = Statement::from_sql_and_values(txn.get_database_backend(), SENT, values);
    let row = txn.query_one_raw(query).await?.ok_or_else(|| Problem::internal(anyhow::anyhow!("a sum gave no row")))?;
    let open: i64 = row.try_get_by_index(0)?;
    let (day_bytes, oldest): (i64, Option<i64>) = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
    if open >= MAX_OPEN_UPLOADS {
        return Err(Problem::new(Code::TooManyOpenUploads).detail(Text::fixed(
            "最多同时上传 5 个文件。请先传完，或撤回不再上传的材料。",
            "Five files may be on their way at once. Finish one, or take back a document that will not come.",
        )));
    }
    if day_bytes.unsigned_abs().saturating_add(size_bytes) <= MAX_DAY_BYTES {
        return Ok(());
    }
    // When the oldest of the day is a day old, there is room again.
    let free_ms = oldest.unwrap_or_default().saturating_add(DAY_SECS * 1_000).saturating_sub(now.as_ms());
    let wait_secs = free_ms.saturating_add(999).div_euclid(1_000).clamp(1, DAY_SECS);
    Err(Problem::new(Code::UploadsSpent)
        .detail(Text::fixed("每天最多上传 500 MiB。", "500 MiB may be sent within a day."))
        .header(RETRY_AFTER, HeaderValue::from(wait_secs)))
}

const SENT: &str = "select (select count(*) from document where uploaded_by = $1 and state = 'receiving'), \
     cast(coalesce(sum(size_bytes), 0) as bigint), min(created_at_ms) \
     from document where uploaded_by = $2 and created_at_ms > $3";

async fn insert(
    app: &App,
    txn: &DatabaseTransaction,
    sender_id: Uuid,
    announcement: &Announcement,
) -> Result<(document::Model, upload::Model), Problem> {
    let (id, now) = (app.ids.next(), app.clock.now());
    let size_bytes = i64::try_from(announcement.size_bytes).map_err(Problem::internal)?;
    let document = document::Model {
        id,
        claim_id: announcement.claim_id,
        kind: announcement.kind,
        state: DocumentState::Receiving,
        reason_code: None,
        size_bytes,
        declared_sha256: announcement.sha256.map(|sha256| sha256.to_vec()),
        original_sha256: None,
        orientation: None,
        measures: None,
        codes_sealed: None,
        set_id: None,
        prints: None,
        compared_at_ms: None,
        uploaded_by: sender_id,
        version: 1,
        created_at_ms: now,
        updated_at_ms: now,
    };
    let upload = upload::Model {
        document_id: id,
        sender_id,
        size_bytes,
        durable_offset: 0,
        spool_id: None,
        lease_holder: None,
        lease_until_ms: None,
        takeover: false,
        fencing: 0,
        expires_at_ms: Some(now.plus_secs(UPLOAD_IDLE_SECS)),
        created_at_ms: now,
    };
    document::Entity::insert(whole_document(&document)).exec_without_returning(txn).await?;
    upload::Entity::insert(whole_upload(&upload)).exec_without_returning(txn).await?;
    Ok((document, upload))
}

fn whole_document(row: &document::Model) -> document::ActiveModel {
    let row = row.clone();
    document::ActiveModel {
        id: Set(row.id),
        claim_id: Set(row.claim_id),
        kind: Set(row.kind),
        state: Set(row.state),
        reason_code: Set(row.reason_code),
        size_bytes: Set(row.size_bytes),
        declared_sha256: Set(row.declared_sha256),
        original_sha256: Set(row.original_sha256),
        orientation: Set(row.orientation),
        measures: Set(row.measures),
        codes_sealed: Set(row.codes_sealed),
        set_id: Set(row.set_id),
        prints: Set(row.prints),
        compared_at_ms: Set(row.compared_at_ms),
        uploaded_by: Set(row.uploaded_by),
        version: Set(row.version),
        created_at_ms: Set(row.created_at_ms),
        updated_at_ms: Set(row.updated_at_ms),
    }
}

fn whole_upload(row: &upload::Model) -> upload::ActiveModel {
    let row = row.clone();
    upload::ActiveModel {
        document_id: Set(row.document_id),
        sender_id: Set(row.sender_id),
        size_bytes: Set(row.size_bytes),
        durable_offset: Set(row.durable_offset),
        spool_id: Set(row.spool_id),
        lease_holder: Set(row.lease_holder),
        lease_until_ms: Set(row.lease_until_ms),
        takeover: Set(row.takeover),
        fencing: Set(row.fencing),
        expires_at_ms: Set(row.expires_at_ms),
        created_at_ms: Set(row.created_at_ms),
    }
}
