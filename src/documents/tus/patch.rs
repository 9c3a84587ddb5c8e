//! `PATCH /v1/uploads/{upload_id}`: more bytes.

use std::sync::Arc;

use actix_web::http::header::{CONTENT_LENGTH, HeaderValue, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, patch, web};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::checksum::Checksum;
use super::offset::own;
use super::receive::{Ended, Received, receive};
use super::{
    TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_OFFSET, VERSION, check_type, check_version, expires, number, versioned,
    wrong_offset,
};
use crate::app::App;
use crate::documents::lease;
use crate::documents::rows::upload;
use crate::documents::sender::Sender;
use crate::documents::view::FileBytes;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem};
use crate::kernel::text::Text;

/// Send bytes to an upload
///
/// From `Upload-Offset` on. What came before a connection broke is kept; a wrong offset is told the right one. With `Upload-Checksum` the
/// bytes of this request are kept when all of them came and have that hash, and none of them otherwise. With the last byte the
/// document is received and checked within seconds: see the document. 从 `Upload-Offset` 起续传；带 `Upload-Checksum` 时整段校验，不符则整段丢弃。
#[utoipa::path(
    tag = "member",
    operation_id = "patch_upload",
    security(("bearer" = ["document:upload"])),
    params(
        ("upload_id" = Uuid, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
        ("Upload-Offset" = i64, Header, description = "Where these bytes begin", minimum = 0, maximum = 20_971_520),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1` or `sha256`, a space, and the hash of this request's bytes in Base64", max_length = 64, example = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
    ),
    request_body(content = FileBytes, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "Kept", headers(
            ("Upload-Offset" = i64, description = "Bytes that are safely here"),
            ("Upload-Expires" = String, description = "Until when the next byte must come"),
        )),
        (status = 400, description = "A header is missing or wrong: `malformed_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such upload of yours: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Another offset is due: `upload_offset_mismatch`", body = ProblemBody, content_type = "application/problem+json",
            headers(("Upload-Offset" = i64, description = "Where to go on"))),
        (status = 410, description = "It ran out of time or was taken back: `upload_gone`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "Another version of tus: `upload_version`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "More than was announced: `upload_too_large`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is of another type: `upload_media_type`; or coded: `unsupported_media_type`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, description = "Another request writes and does not let go: `upload_locked`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 460, description = "The bytes are not those of the checksum; none was kept: `upload_checksum_mismatch`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too slow; what came is kept: `upload_too_slow`. Or what came before lies on another server: `upload_elsewhere`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[patch("/v1/uploads/{upload_id}")]
pub(super) async fn patch_upload(
    app: web::Data<Arc<App>>,
    sender: Sender,
    upload_id: web::Path<Uuid>,
    request: HttpRequest,
    body: web::Payload,
) -> Answer {
    append(app.get_ref(), sender, *upload_id, &request, body).await.map_err(versioned)
}

async fn append(app: &Arc<App>, sender: Sender, id: Uuid, request: &HttpRequest, body: web::Payload) -> Answer {
    check_version(request)?;
    check_type(request)?;
    let offset = number(request.headers(), &UPLOAD_OFFSET).ok_or_else(|| {
        Problem::new(Code::MalformedRequest).field(
            "header:Upload-Offset",
            "missing_or_wrong",
            Text::fixed("请给出 Upload-Offset", "Upload-Offset is a number of bytes"),
        )
    })?;
    let checksum = Checksum::of(request.headers())?;
    let upload = own(app, id, sender).await?;
    let length = number(request.headers(), &CONTENT_LENGTH).unwrap_or(0);
    if offset.saturating_add(length) > upload.size() {
        return Err(too_much());
    }
    if upload.expires_at_ms.is_none() {
        // All bytes are here: only the end is a right offset, and there is nothing to add.
        return if offset == upload.size() { Ok(kept(&upload, offset)) } else { Err(wrong_offset(upload.size())) };
    }
    let lease = lease::hold(app, id).await.map_err(locked)?;
    if lease.upload.offset() != offset || lease.upload.expires_at_ms.is_none() {
        lease.release_unchanged().await?;
        return Err(wrong_offset(lease.upload.offset()));
    }
    let received = receive(app.clone(), lease, sender, checksum, body).await?;
    answer(app, id, received).await
}

async fn answer(app: &App, id: Uuid, received: Received) -> Answer {
    match received.ended {
        Ended::Sent | Ended::Cut => {
            let upload = upload::Entity::find_by_id(id).one(app.db.read()).await?;
            let upload = upload.ok_or_else(|| Problem::new(Code::NotFound))?;
            Ok(kept(&upload, received.offset))
        }
        Ended::Displaced => Err(locked(Problem::new(Code::UploadLocked))),
        Ended::TooMuch => Err(too_much()),
        Ended::Mismatch => Err(mismatch(received.offset)),
        Ended::TooSlow => Err(Problem::new(Code::UploadTooSlow).header(RETRY_AFTER, HeaderValue::from_static("1"))),
    }
}

fn kept(upload: &upload::Model, offset: u64) -> HttpResponse {
    let mut response = HttpResponse::NoContent();
    response.insert_header((TUS_RESUMABLE, VERSION)).insert_header((UPLOAD_OFFSET, offset));
    if let Some(date) = expires(upload) {
        response.insert_header((UPLOAD_EXPIRES, date));
    }
    response.finish()
}

/// Tells when to come again.
pub(super) fn locked(problem: Problem) -> Problem {
    match problem.code() {
        Code::UploadLocked => problem.header(RETRY_AFTER, HeaderValue::from_static("1")),
        _ => problem,
    }
}

/// Tells where this piece begins.
pub(super) fn mismatch(offset: u64) -> Problem {
    Problem::new(Code::UploadChecksumMismatch).header(UPLOAD_OFFSET, HeaderValue::from(offset))
}

fn too_much() -> Problem {
    Problem::new(Code::UploadTooLarge)
        .detail(Text::fixed("发送的内容超过了申明的大小", "More bytes were sent than were announced"))
}
