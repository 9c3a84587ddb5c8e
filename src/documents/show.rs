//! `GET /v1/documents/{document_id}`.

use std::sync::Arc;

use actix_web::{get, web};
use uuid::Uuid;

use super::access;
use super::view::{Document, show_all};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Caller, Code, Problem, Reply};

/// Show a document
///
/// Where it stands, why it was refused if it was, and which files can be read. 查看一份材料的状态。
#[utoipa::path(
    tag = "member",
    operation_id = "show_document",
    security(("bearer" = ["document:read", "review:document"])),
    params(("document_id" = Uuid, Path, description = "The document")),
    responses(
        (status = 200, body = Document, headers(("ETag" = String, description = "The version, for `If-Match`"))),
        (status = 404, description = "No such document that you may see: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/documents/{document_id}")]
pub(super) async fn show_document(app: web::Data<Arc<App>>, caller: Caller, document_id: web::Path<Uuid>) -> Answer {
    let (document, claim) = access::document_for(&app, &caller, *document_id).await?;
    let version = document.version;
    let mut views = show_all(&app, vec![document]).await?;
    access::record(&app, &caller, &claim, "document.show", *document_id).await?;
    let view = views.pop().ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Reply::ok(&view)?.version(version).into_response())
}
