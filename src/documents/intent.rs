//! `POST /v1/claims/{claim_id}/documents`: the phone says what it will send.

use std::sync::Arc;

use actix_web::{post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::announce::{Announcement, announce};
use super::readings::Shown;
use super::sender::Sender;
use super::state::DocumentKind;
use super::tus::parse_sha256;
use super::view::{Document, show, upload_url};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply};
use crate::kernel::text::Text;

/// A document that will be sent.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDocument {
    /// What it shows.
    #[schema(example = "settlement_sheet")]
    pub kind: DocumentKind,
    /// Bytes of the file: 1 to 20 MiB.
    #[schema(minimum = 1, maximum = 20_971_520, example = 1_843_200)]
    pub size_bytes: u64,
    /// SHA-256 of the file in hexadecimal digits. The same file announced again gives the same document.
    #[validate(length(equal = 64))]
    #[schema(
        min_length = 64,
        max_length = 64,
        pattern = "^[0-9a-fA-F]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub sha256: String,
}

/// Announce a document
///
/// Says what will be sent, and answers where its bytes go: to `upload_url`, by tus 1.0. Limits: 20 MiB a file, 30 documents and
/// 200 MiB a claim; 5 files on their way at once and 500 MiB a day over all claims. 申明将要上传的材料；随后按 tus 1.0 把文件发到 `upload_url`。
#[utoipa::path(
    tag = "member",
    operation_id = "announce_document",
    security(("bearer" = ["document:upload"])),
    params(
        ("claim_id" = Uuid, Path, description = "The claim"),
        ("Idempotency-Key" = String, Header, description = "Best a UUID; the same when the request is sent again", min_length = 8, max_length = 64),
    ),
    request_body = NewDocument,
    responses(
        (status = 201, body = Document, headers(("Location" = String, description = "The document"))),
        (status = 404, description = "No such claim of yours: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`claim_takes_no_documents`, `too_many_open_uploads`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "More than 20 MiB: `upload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`validation_failed`, `too_many_documents`, `idempotency_key_reused`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`, `uploads_spent`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/claims/{claim_id}/documents")]
pub(super) async fn announce_document(
    app: web::Data<Arc<App>>,
    sender: Sender,
    claim_id: web::Path<Uuid>,
    idempotency: Idempotency,
    body: Body<NewDocument>,
) -> Answer {
    let NewDocument { kind, size_bytes, sha256 } = body.value;
    let sha256 = parse_sha256(&sha256).ok_or_else(|| {
        Problem::new(Code::ValidationFailed).field(
            "/sha256",
            "pattern",
            Text::fixed("应为 64 位十六进制数字", "64 hexadecimal digits"),
        )
    })?;
    let announcement = Announcement { claim_id: *claim_id, kind, size_bytes, sha256: Some(sha256) };
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let (document, upload) = announce(&app, txn, sender, &announcement).await?;
            let (id, version) = (document.id, document.version);
            let mut view = show(document, Some(&upload), Vec::new(), Vec::new(), Shown::default());
            view.upload_url = Some(upload_url(id));
            Ok(Reply::created(format!("/v1/documents/{id}"), &view)?.version(version))
        })
        .await
}
