//! `DELETE /v1/uploads/{upload_id}`: the member gives an upload up.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, delete, web};
use uuid::Uuid;

use super::offset::own;
use super::patch::locked;
use super::{TUS_RESUMABLE, VERSION, check_version, versioned};
use crate::app::App;
use crate::documents::lease;
use crate::documents::sender::Sender;
use crate::documents::state::DocumentState;
use crate::documents::sweep::forget_spool;
use crate::documents::withdraw::withdraw;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem};

/// Give an upload up
///
/// tus termination, while bytes are on their way; a document that is received is taken back by `withdraw_document`. 终止上传。
#[utoipa::path(
    tag = "member",
    operation_id = "terminate_upload",
    security(("bearer" = ["document:upload"])),
    params(
        ("upload_id" = Uuid, Path, description = "The upload"),
        ("Tus-Resumable" = String, Header, description = "`1.0.0`", example = "1.0.0"),
    ),
    responses(
        (status = 204, description = "Given up"),
        (status = 404, description = "No such upload of yours: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "All bytes are here: `document_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "It ran out of time or was given up before: `upload_gone`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "Another version of tus: `upload_version`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 423, description = "A request that writes does not let go: `upload_locked`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[delete("/v1/uploads/{upload_id}")]
pub(super) async fn terminate_upload(
    app: web::Data<Arc<App>>,
    sender: Sender,
    upload_id: web::Path<Uuid>,
    request: HttpRequest,
) -> Answer {
    terminate(app.get_ref(), sender, *upload_id, &request).await.map_err(versioned)
}

async fn terminate(app: &App, sender: Sender, id: Uuid, request: &HttpRequest) -> Answer {
    check_version(request)?;
    own(app, id, sender).await?;
    lease::settle(app, id).await.map_err(locked)?;
    let txn = app.db.begin().await?;
    let document = crate::documents::find(&txn, id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    if document.state != DocumentState::Receiving {
        return Err(Problem::new(Code::DocumentStateConflict));
    }
    withdraw(app, &txn, &document).await?;
    txn.commit().await?;
    forget_spool(app, id).await;
    Ok(HttpResponse::NoContent().insert_header((TUS_RESUMABLE, VERSION)).finish())
}
