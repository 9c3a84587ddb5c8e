//! `GET /v1/documents/{document_id}/content`: the picture itself, through us and never by a link that leaves.

use std::ops::Range;
use std::sync::Arc;

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, get, web};
use futures_util::stream;
use sea_orm::EntityTrait;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use utoipa::IntoParams;
use uuid::Uuid;

use super::access;
use super::rows::{Rendition, file};
use super::state::DocumentState;
use super::view::FileBytes;
use super::watermark;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::range::wanted_range;
use crate::http::{Actor, Answer, Caller, Code, Problem, Query, StaffCaller};
use crate::kernel::text::Text;
use crate::storage::{StorageKey, StoreError};

const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]");

/// Which file is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `reading` when left out.
    #[serde(default)]
    rendition: Option<Rendition>,
    /// Which page of a PDF, counted from one; the first when left out.
    #[serde(default)]
    #[param(minimum = 1, maximum = 30)]
    page: Option<i32>,
}

/// Read a document
///
/// The upright copy of a page for reading, the thumbnail, or, for the member alone, the master. One byte range may be asked for. What the
/// staff see carries who looked and when; each look is recorded and visible to the member. 读取材料图片；工作人员所见带水印，每次查看都会记录并对会员可见。
#[utoipa::path(
    tag = "member",
    operation_id = "read_document",
    security(("bearer" = ["document:read", "review:document"])),
    params(
        ("document_id" = Uuid, Path, description = "The document"),
        Which,
        ("Range" = Option<String>, Header, description = "One range of bytes", example = "bytes=0-1023"),
    ),
    responses(
        (status = 200, description = "The whole file", content((FileBytes = "image/jpeg"), (FileBytes = "image/png"), (FileBytes = "image/webp"), (FileBytes = "image/heic"), (FileBytes = "application/pdf"))),
        (status = 206, description = "The range that was asked for", content((FileBytes = "image/jpeg"), (FileBytes = "image/png"), (FileBytes = "image/webp"), (FileBytes = "image/heic"), (FileBytes = "application/pdf"))),
        (status = 403, description = "The master is the member's alone: `forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such document that you may see: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Not checked yet, or refused: `document_not_ready`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "The range lies behind the end: `range_not_satisfiable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
#[get("/v1/documents/{document_id}/content")]
pub(super) async fn read_document(
    app: web::Data<Arc<App>>,
    caller: Caller,
    document_id: web::Path<Uuid>,
    which: Query<Which>,
    request: HttpRequest,
) -> Answer {
    let (document, claim) = access::document_for(&app, &caller, *document_id).await?;
    if document.state != DocumentState::Clean {
        return Err(Problem::new(Code::DocumentNotReady).detail(document.state.text()));
    }
    let rendition = which.0.rendition.unwrap_or(Rendition::Reading);
    let file = file::Entity::find_by_id((document.id, rendition, which.0.page.unwrap_or(1)))
        .one(app.db.read())
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let what = match rendition {
        Rendition::Master => "document.master",
        Rendition::Reading => "document.reading",
        Rendition::Thumbnail => "document.thumbnail",
    };
    if let Actor::Staff(staff) = &caller.actor {
        if rendition == Rendition::Master {
            return Err(Problem::new(Code::Forbidden)
                .detail(Text::fixed("工作人员只能查看带水印的阅读件", "The staff read the copy that is marked")));
        }
        access::record(&app, &caller, &claim, what, document.id).await?;
        return marked(&app, staff, &file, request.headers()).await;
    }
    let size = file.size_bytes.unsigned_abs();
    let etag = format!("\"{}\"", hex::encode(&file.sha256));
    let range = wanted_range(request.headers(), size, &etag)?;
    let reading = app.storage.get(&key(&file)?, range.clone()).await.map_err(unavailable)?;
    let body = stream::unfold(reading.body, async |mut body| body.next().await.map(|chunk| (chunk, body)));
    Ok(answer(&file, size, range, &etag).body(SizedStream::new(reading.size_bytes, Box::pin(body))))
}

/// The copy with the name of who looks and the minute: within it, parts of it fit together.
async fn marked(app: &App, staff: &StaffCaller, file: &file::Model, headers: &HeaderMap) -> Answer {
    let lines = marks(app, staff)?;
    let tag = Sha256::new().chain_update(&file.sha256).chain_update(lines.concat()).finalize();
    let etag = format!("\"{}\"", hex::encode(tag));
    let copy = app.storage.get(&key(file)?, None).await.map_err(unavailable)?;
    let copy = copy.body.collect().await.map_err(Problem::internal)?.into_bytes();
    let marking = web::block(move || watermark::mark(&copy, &lines)).await.map_err(Problem::internal)?;
    let bytes = Bytes::from(marking.map_err(Problem::internal)?);
    let size = bytes.len() as u64;
    let range = wanted_range(headers, size, &etag)?;
    let (from, to) = range.as_ref().map_or((0, size), |range| (range.start, range.end));
    let part = bytes.slice(usize::try_from(from).unwrap_or(0)..usize::try_from(to).unwrap_or(0));
    Ok(answer(file, size, range, &etag).body(part))
}

/// What stands all over a picture that `staff` looks at: who, and the minute.
///
/// # Errors
/// When the minute can't be written.
pub fn marks(app: &App, staff: &StaffCaller) -> Result<Vec<String>, Problem> {
    let minute = app.clock.now().in_shanghai().format(MINUTE).map_err(Problem::internal)?;
    Ok(vec![staff.staff_id.to_string(), minute])
}

fn key(file: &file::Model) -> Result<StorageKey, Problem> {
    file.key().ok_or_else(|| Problem::internal(anyhow::anyhow!("the row names no object of ours")))
}

fn answer(file: &file::Model, size: u64, range: Option<Range<u64>>, etag: &str) -> HttpResponseBuilder {
    let mut response = match &range {
        None => HttpResponse::Ok(),
        Some(_) => HttpResponse::PartialContent(),
    };
    if let Some(range) = range {
        let span = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        response.insert_header((header::CONTENT_RANGE, span));
    }
    let ending = file.coding().map_or("bin", crate::storage::Coding::extension);
    response
        .insert_header((header::CONTENT_TYPE, file.content_type.clone()))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}.{ending}\"", file.document_id)))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response
}

fn unavailable(error: StoreError) -> Problem {
    match error {
        StoreError::Missing => Problem::internal(anyhow::anyhow!("an object is missing: run huzhu verify")),
        other => Problem::internal(other),
    }
}
