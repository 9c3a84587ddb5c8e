//! `GET /v1/reviews/{claim_id}/matches/{match_id}/picture`: both pages in one picture.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use uuid::Uuid;

use super::{is_within_reach, other_claim};
use crate::app::App;
use crate::audit::record_access;
use crate::claims::find;
use crate::documents::matches;
use crate::documents::{FileBytes, marks};
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, StaffCaller};

/// What the access record says, on both members' files: their document was looked at, as in any other look at it.
const WHAT: &str = "document.reading";

/// Look at both documents of a match
///
/// 并排查看疑似重复的两份材料（同一方向、带水印）；两位会员的查看记录都会增加一条。Side by side, both as the first stands, with who looks and when all over
/// them; the look is recorded on both members' files.
#[utoipa::path(tag = "staff", operation_id = "show_match", params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("match_id" = Uuid, Path, description = "The match")),
    security(("bearer" = ["review:document"])), responses(
        (status = 200, description = "This claim's page on the left, the other on the right", content((FileBytes = "image/jpeg"))),
        (status = 404, description = "No such match whose both sides you may see: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
    ))]
#[get("/v1/reviews/{claim_id}/matches/{match_id}/picture")]
pub(in crate::reviews) async fn show_match(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    path: web::Path<(Uuid, Uuid)>,
) -> Answer {
    let (claim_id, match_id) = *path;
    let not_found = || Problem::new(Code::NotFound);
    let claim = find::of_staff(app.db.read(), &caller, claim_id).await?;
    let found = matches::one_of_claim(app.db.read(), claim.id, match_id).await?.ok_or_else(not_found)?;
    let other = other_claim(app.db.read(), &found).await?.ok_or_else(not_found)?;
    if !is_within_reach(&other, &caller) {
        return Err(not_found());
    }
    record_access(app.db.write(), &app, &caller, claim.member_id, WHAT, found.document_id).await?;
    record_access(app.db.write(), &app, &caller, other.member_id, WHAT, found.other_document_id).await?;
    let picture = matches::side_by_side(&app, &found, marks(&app, &caller)?).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "image/jpeg"))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{match_id}.jpg\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(picture))
}
