//! `PUT /v1/recon/uploads/{upload_id}/content`: the bytes. They are believed only when digest and signature are those that were announced.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, put, web};
use futures_util::StreamExt as _;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use uuid::Uuid;

use super::rows::upload;
use super::show::UploadView;
use super::{find, link};
use crate::app::App;
use crate::documents::FileBytes;
use crate::gm::{SignatureFault, Signed};
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::payouts::bank::{BankLink, Seals};
use crate::recon::documents::{self, BankDocumentSource, Incoming};
use crate::recon::{BreakKind, Seen, raise};

/// Bytes held against a signature at once.
const PIECE_BYTES: usize = 64 * 1024;

/// Send the bytes of a file
///
/// The whole file in one request. Sent again, it changes nothing. Bytes that are not those that were announced are not kept; with a
/// signature that is not the bank's, sending of payouts stops until a person has looked.
#[utoipa::path(
    tag = "bank", operation_id = "send_bank_upload", security(("bearer" = ["bank:statement", "bank:report"])),
    params(("upload_id" = Uuid, Path, description = "The upload")),
    request_body(content = FileBytes, content_type = "application/octet-stream"),
    responses(
        (status = 202, description = "The bytes are kept; complete the upload now", body = UploadView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "Send application/octet-stream: `upload_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`bank_upload_differs` or `bank_signature_refused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[put("/v1/recon/uploads/{upload_id}/content")]
pub(super) async fn send_bank_upload(
    app: web::Data<Arc<App>>,
    path: web::Path<Uuid>,
    request: HttpRequest,
    body: web::Payload,
) -> Answer {
    let link = link(&app)?;
    let kind = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/octet-stream") {
        return Err(Problem::new(Code::UploadMediaType)
            .detail(Text::fixed("请使用 application/octet-stream", "Send application/octet-stream")));
    }
    let upload = find(app.db.read(), link, *path).await?;
    if upload.document_id.is_none() {
        let file = receive(&app, &upload, body).await?;
        keep(&app, link, &upload, file).await?;
    }
    let upload = find(app.db.read(), link, upload.id).await?;
    Ok(Reply::accepted(&UploadView::of(app.db.read(), upload, false).await?)?.into_response())
}

/// The bytes in a file without a name, when they are those that were announced.
async fn receive(app: &App, upload: &upload::Model, mut body: web::Payload) -> Result<File, Problem> {
    let mut file = File::from_std(tempfile::tempfile_in(app.config.spool_dir()).map_err(Problem::internal)?);
    let (mut hash, mut size) = (Sha256::new(), 0_u64);
    let patience = Duration::from_millis(app.config.limits.body_timeout_ms);
    while let Some(piece) = timeout(patience, body.next()).await.map_err(|_| Problem::new(Code::BodyTooSlow))? {
        let piece = piece.map_err(|_| {
            Problem::new(Code::MalformedRequest)
                .detail(Text::fixed("文件没有传完，请重新发送", "The file did not come whole: send it again"))
        })?;
        size = size.saturating_add(piece.len() as u64);
        if size > upload.size_bytes.unsigned_abs() {
            return Err(differs("/size_bytes"));
        }
        hash.update(&piece);
        file.write_all(&piece).await.map_err(Problem::internal)?;
    }
    file.flush().await.map_err(Problem::internal)?;
    if size != upload.size_bytes.unsigned_abs() {
        return Err(differs("/size_bytes"));
    }
    if hex::encode(hash.finalize()) != upload.sha256 {
        return Err(differs("/sha256"));
    }
    file.rewind().await.map_err(Problem::internal)?;
    Ok(file)
}

fn differs(field: &str) -> Problem {
    let told = Text::fixed("与申明的不一致，请重新发送", "It is not what was announced: send the file again");
    Problem::new(Code::BankUploadDiffers).field(field, "differs", told)
}

/// Who signed the file, of which a piece is in memory at a time.
async fn verify(
    seals: &Seals,
    signature: &[u8],
    now: Moment,
    file: &mut File,
) -> Result<Result<Signed, SignatureFault>, Problem> {
    let mut verifying = match seals.verifying(signature, now) {
        Ok(verifying) => verifying,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = file.read(&mut piece).await.map_err(Problem::internal)?;
        if read == 0 {
            return Ok(verifying.finish());
        }
        verifying.update(piece.get(..read).unwrap_or_default());
    }
}

async fn keep(app: &Arc<App>, link: &BankLink, upload: &upload::Model, mut file: File) -> Result<(), Problem> {
    if let Some(seals) = link.seals.clone() {
        let checked =
            verify(&seals, upload.signature.as_deref().unwrap_or_default(), app.clock.now(), &mut file).await?;
        file.rewind().await.map_err(Problem::internal)?;
        if let Err(fault) = checked {
            let what = format!("the signature of an uploaded file does not count: {fault}");
            raise(app.db.write(), app, Seen::new(BreakKind::B13, &link.account, &upload.sha256, what)).await?;
            return Err(Problem::new(Code::BankSignatureRefused));
        }
    }
    let incoming = Incoming {
        business_date: Some(upload.business_date),
        seq: upload.seq,
        signature: upload.signature.as_deref(),
        ..Incoming::new(upload.kind, BankDocumentSource::Upload)
    };
    let taken = documents::take(app, link, incoming, file).await?;
    upload::Entity::update_many()
        .col_expr(upload::Column::DocumentId, Expr::value(taken.id))
        .filter(upload::Column::Id.eq(upload.id))
        .filter(upload::Column::DocumentId.is_null())
        .exec(app.db.write())
        .await?;
    Ok(())
}
