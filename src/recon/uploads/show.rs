//! `GET /v1/recon/uploads/{upload_id}`: what became of a file.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::upload;
use super::{find, link};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::recon::documents::{self, BankDocumentKind, BankDocumentView};

/// A file that the bank's job brings.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BankUpload)]
pub(super) struct UploadView {
    /// Identifier.
    upload_id: Uuid,
    /// What it is.
    kind: BankDocumentKind,
    /// Digest of its bytes, hex.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// True when it was announced before.
    duplicate: bool,
    /// When it was announced.
    announced_at: Moment,
    /// When it was completed.
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Moment>,
    /// What it became, with counters and errors; absent until its bytes came.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<BankDocumentView>,
}

impl UploadView {
    pub(super) async fn of(
        connection: &impl ConnectionTrait,
        row: upload::Model,
        duplicate: bool,
    ) -> Result<Self, Problem> {
        let document = match row.document_id {
            Some(id) => documents::show(connection, &row.account, id).await?,
            None => None,
        };
        Ok(Self {
            upload_id: row.id,
            kind: row.kind,
            sha256: row.sha256,
            duplicate,
            announced_at: row.announced_at_ms,
            completed_at: row.completed_at_ms,
            document,
        })
    }
}

/// Show an upload
///
/// With the state, the counters and the errors of what it became; nothing of what stands in it.
#[utoipa::path(
    tag = "bank", operation_id = "show_bank_upload", security(("bearer" = ["bank:statement", "bank:report"])),
    params(("upload_id" = Uuid, Path, description = "The upload")),
    responses(
        (status = 200, description = "The upload", body = UploadView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/uploads/{upload_id}")]
pub(super) async fn show_bank_upload(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let link = link(&app)?;
    let upload = find(app.db.read(), link, *path).await?;
    Ok(Reply::ok(&UploadView::of(app.db.read(), upload, false).await?)?.into_response())
}
