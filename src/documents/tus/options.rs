//! `OPTIONS`: what this server speaks.

use actix_web::{HttpResponse, options};

use super::checksum::{ALGORITHMS, TUS_CHECKSUM_ALGORITHM};
use super::{EXTENSIONS, TUS_EXTENSION, TUS_MAX_SIZE, TUS_RESUMABLE, TUS_VERSION, VERSION};
use crate::documents::limits::MAX_FILE_BYTES;
use crate::http::Answer;

/// What uploads speak
///
/// Versions, extensions and the largest file. 上传协议的版本与扩展。
#[utoipa::path(
    tag = "member",
    operation_id = "uploads_options",
    security(()),
    responses((status = 204, description = "tus 1.0", headers(
        ("Tus-Version" = String, description = "`1.0.0`"),
        ("Tus-Extension" = String, description = "`creation,creation-with-upload,expiration,checksum,termination`"),
        ("Tus-Checksum-Algorithm" = String, description = "`sha1,sha256`"),
        ("Tus-Max-Size" = i64, description = "20971520"),
    )))
)]
#[options("/v1/uploads")]
pub(super) async fn uploads_options() -> Answer {
    Ok(answer())
}

/// What an upload speaks
///
/// The same as for all uploads. 上传协议的版本与扩展。
#[utoipa::path(
    tag = "member",
    operation_id = "upload_options",
    security(()),
    params(("upload_id" = uuid::Uuid, Path, description = "The upload")),
    responses((status = 204, description = "tus 1.0", headers(
        ("Tus-Version" = String, description = "`1.0.0`"),
        ("Tus-Extension" = String, description = "`creation,creation-with-upload,expiration,checksum,termination`"),
        ("Tus-Checksum-Algorithm" = String, description = "`sha1,sha256`"),
        ("Tus-Max-Size" = i64, description = "20971520"),
    )))
)]
#[options("/v1/uploads/{upload_id}")]
pub(super) async fn upload_options(_upload_id: actix_web::web::Path<uuid::Uuid>) -> Answer {
    Ok(answer())
}

fn answer() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((TUS_RESUMABLE, VERSION))
        .insert_header((TUS_VERSION, VERSION))
        .insert_header((TUS_EXTENSION, EXTENSIONS))
        .insert_header((TUS_CHECKSUM_ALGORITHM, ALGORITHMS))
        .insert_header((TUS_MAX_SIZE, MAX_FILE_BYTES))
        .finish()
}
