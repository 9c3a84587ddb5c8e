//! `HEAD /v1/uploads/{upload_id}`: how far an upload came.

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, head, web};
use sea_orm::EntityTrait;
use uuid::Uuid;

use super::patch::locked;
use super::{TUS_RESUMABLE, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_OFFSET, VERSION, check_version, expires, versioned};
use crate::app::App;
use crate::documents::lease;
use crate::documents::rows::upload;
use crate::documents::sender::Sender;
use crate::documents::state::DocumentState;
use crate::http::{Answer, Code, Problem};
/// Ask an upload's offset
///
/// The bytes that are safely on the disk. A request that still writes is asked to save what it has and end. 查询上传进度。
#[utoipa::path(
    tag = "member",
    operation_id = "upload_offset",
    security(("bearer" = ["document:upload"])),
    params(
        ("upload_id" = Uuid, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
    ),
    responses(
        (status = 200, description = "The offset", headers(
            ("Upload-Offset" = i64, description = "Bytes that are safely here"),
            ("Upload-Length" = i64, description = "Bytes of the file"),
            ("Upload-Expires" = String, description = "Until when the next byte must come"),
            ("Cache-Control" = String, description = "`no-store`"),
        )),
        (status = 404, description = "No such upload of yours: `not_found`"),
        (status = 410, description = "It ran out of time or was taken back: `upload_gone`"),
        (status = 412, description = "Another version of tus: `upload_version`"),
        (status = 423, description = "The request that writes does not let go: `upload_locked`"),
    )
)]
#[head("/v1/uploads/{upload_id}")]
pub(super) async fn upload_offset(
    app: web::Data<Arc<App>>,
    sender: Sender,
    upload_id: web::Path<Uuid>,
    request: HttpRequest,
) -> Answer {
    tell(app.get_ref(), sender, *upload_id, &request).await.map_err(versioned)
}

async fn tell(app: &App, sender: Sender, id: Uuid, request: &HttpRequest) -> Answer {
    check_version(request)?;
    own(app, id, sender).await?;
    let upload = lease::settle(app, id).await.map_err(locked)?;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((TUS_RESUMABLE, VERSION))
        .insert_header((UPLOAD_OFFSET, upload.offset()))
        .insert_header((UPLOAD_LENGTH, upload.size()))
        .insert_header((CACHE_CONTROL, "no-store"));
    if let Some(date) = expires(&upload) {
        response.insert_header((UPLOAD_EXPIRES, date));
    }
    Ok(response.finish())
}

/// The upload of a sender.
///
/// # Errors
/// `not_found` when it is not theirs, `upload_gone` when it expired or was taken back.
pub(super) async fn own(app: &App, id: Uuid, sender: Sender) -> Result<upload::Model, Problem> {
    let not_found = || Problem::new(Code::NotFound);
    let upload = upload::Entity::find_by_id(id).one(app.db.read()).await?;
    let upload = upload.filter(|upload| upload.sender_id == sender.id()).ok_or_else(not_found)?;
    let document = crate::documents::find(app.db.read(), id).await?.ok_or_else(not_found)?;
    let ran_out = upload.expires_at_ms.is_some_and(|expires| expires <= app.clock.now());
    if ran_out || matches!(document.state, DocumentState::Expired | DocumentState::Withdrawn) {
        return Err(Problem::new(Code::UploadGone));
    }
    Ok(upload)
}
