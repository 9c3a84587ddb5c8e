//! `POST /v1/uploads`: creation, for stock clients that know nothing of documents; with the first bytes if they like.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, post, web};

use super::checksum::Checksum;
use super::metadata::{self, WrongMetadata};
use super::patch::{locked, mismatch};
use super::receive::{Ended, receive};
use super::{
    TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, VERSION, check_type, check_version,
    expires, number, versioned,
};
use crate::app::App;
use crate::documents::announce::{Announcement, announce};
use crate::documents::lease;
use crate::documents::rows::upload;
use crate::documents::sender::Sender;
use crate::documents::view::upload_url;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem};
use crate::kernel::text::Text;

/// Create an upload
///
/// tus creation. `Upload-Metadata` names `claim_id` and `kind`, and best `sha256` (hexadecimal digits); `filename` is allowed and not
/// kept. With a body of `application/offset+octet-stream` the first bytes come along, with `Upload-Checksum` as in `patch_upload`. 创建上传。
#[utoipa::path(
    tag = "member",
    operation_id = "create_upload",
    security(("bearer" = ["document:upload"])),
    params(
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("Upload-Length" = i64, Header, description = "Bytes of the file", minimum = 1, maximum = 20_971_520),
        ("Upload-Metadata" = String, Header, description = "`claim_id`, `kind`, `sha256` and their Base64 values", max_length = 4096),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a space, and the hash of the first bytes in Base64", max_length = 64, example = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
    ),
    request_body(content = ref("#/components/schemas/FileBytes"), content_type = "application/offset+octet-stream", description = "The first bytes, if any"),
    responses(
        (status = 201, description = "Created", headers(
            ("Location" = String, description = "The upload"),
            ("Upload-Offset" = i64, description = "Bytes that are safely here"),
            ("Upload-Expires" = String, description = "Until when the next byte must come"),
        )),
        (status = 400, description = "A header is missing or wrong: `malformed_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such claim of yours: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`claim_takes_no_documents`, `too_many_open_uploads`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "Another version of tus: `upload_version`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "More than 20 MiB: `upload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type: `upload_media_type`; or coded: `unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`too_many_documents`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, description = "Another request sends this file and does not let go: `upload_locked`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 460, description = "The first bytes are not those of the checksum; the upload is there, empty: `upload_checksum_mismatch`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`too_many_requests`, `uploads_spent`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[post("/v1/uploads")]
pub(super) async fn create_upload(
    app: web::Data<Arc<App>>,
    sender: Sender,
    request: HttpRequest,
    body: web::Payload,
) -> Answer {
    create(app.get_ref(), sender, &request, body).await.map_err(versioned)
}

async fn create(app: &Arc<App>, sender: Sender, request: &HttpRequest, body: web::Payload) -> Answer {
    check_version(request)?;
    let with_upload = request.headers().contains_key(CONTENT_TYPE);
    if with_upload {
        check_type(request)?;
    }
    let announcement = announcement(request)?;
    let checksum = Checksum::of(request.headers())?;
    let txn = app.db.begin().await?;
    let (_, upload) = announce(app, &txn, sender, &announcement).await?;
    txn.commit().await?;
    let offset = if with_upload {
        let taken = first_bytes(app, &upload, sender, checksum, body).await;
        // The upload exists by now: whatever happened to the bytes, the client is told where to go on.
        taken.map_err(|problem| located(locked(problem), &upload))?
    } else {
        upload.offset()
    };
    let mut response = HttpResponse::Created();
    response
        .insert_header((LOCATION, upload_url(upload.document_id)))
        .insert_header((TUS_RESUMABLE, VERSION))
        .insert_header((UPLOAD_OFFSET, offset));
    if let Some(date) = expires(&upload) {
        response.insert_header((UPLOAD_EXPIRES, date));
    }
    Ok(response.finish())
}

fn located(problem: Problem, upload: &upload::Model) -> Problem {
    match HeaderValue::from_str(&upload_url(upload.document_id)) {
        Ok(url) => problem.header(LOCATION, url),
        Err(_) => problem,
    }
}

/// Takes the body in.
async fn first_bytes(
    app: &Arc<App>,
    upload: &upload::Model,
    sender: Sender,
    checksum: Option<Checksum>,
    body: web::Payload,
) -> Result<u64, Problem> {
    if upload.durable_offset > 0 || upload.expires_at_ms.is_none() {
        return Ok(upload.offset());
    }
    let lease = lease::hold(app, upload.document_id).await?;
    if lease.upload.durable_offset > 0 {
        lease.release_unchanged().await?;
        return Ok(lease.upload.offset());
    }
    let received = receive(app.clone(), lease, sender, checksum, body).await?;
    if received.ended == Ended::Mismatch { Err(mismatch(received.offset)) } else { Ok(received.offset) }
}

fn announcement(request: &HttpRequest) -> Result<Announcement, Problem> {
    let size_bytes = number(request.headers(), &UPLOAD_LENGTH)
        .filter(|size| *size > 0)
        .ok_or_else(|| wrong_header("Upload-Length"))?;
    let text = request.headers().get(&UPLOAD_METADATA).and_then(|value| value.to_str().ok());
    let metadata = metadata::parse(text.ok_or_else(|| wrong_header("Upload-Metadata"))?)
        .map_err(|WrongMetadata(name)| wrong_header(name))?;
    Ok(Announcement { claim_id: metadata.claim_id, kind: metadata.kind, size_bytes, sha256: metadata.sha256 })
}

fn wrong_header(name: &str) -> Problem {
    Problem::new(Code::MalformedRequest).field(
        format!("header:{name}"),
        "missing_or_wrong",
        Text::made(format!("请检查 {name}"), format!("Check {name}")),
    )
}
