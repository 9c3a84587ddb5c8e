//! `GET /v1/documents/{document_id}/content`: the picture itself, through us and never by a link that leaves.

use std::ops::Range;
use std::sync::Arc;

use actix_web::body::SizedStream;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream;
use sea_orm::EntityTrait;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::access;
use super::rows::{Rendition, file};
use super::state::DocumentState;
use super::view::FileBytes;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Caller, Code, Problem, Query};
use crate::storage::{Reading, StoreError};

/// Which file is read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// `reading` when left out.
    #[serde(default)]
    rendition: Option<Rendition>,
}

/// Read a document
///
/// The upright copy for reading, the thumbnail, or the master. One byte range may be asked for. A look of the staff is recorded and
/// visible to the member. 读取材料图片；工作人员每次查看都会记录并对会员可见。
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
        (status = 200, description = "The whole file", content((FileBytes = "image/jpeg"), (FileBytes = "image/png"), (FileBytes = "image/webp"))),
        (status = 206, description = "The range that was asked for", content((FileBytes = "image/jpeg"), (FileBytes = "image/png"), (FileBytes = "image/webp"))),
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
    let file = file::Entity::find_by_id((document.id, rendition))
        .one(app.db.read())
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let size = file.size_bytes.unsigned_abs();
    let etag = format!("\"{}\"", hex::encode(&file.sha256));
    let range = wanted_range(request.headers(), size, &etag)?;
    let what = match rendition {
        Rendition::Master => "document.master",
        Rendition::Reading => "document.reading",
        Rendition::Thumbnail => "document.thumbnail",
    };
    access::record(&app, &caller, &claim, what, document.id).await?;
    let key = file.key().ok_or_else(|| Problem::internal(anyhow::anyhow!("the row names no object of ours")))?;
    let reading = app.storage.get(&key, range.clone()).await.map_err(unavailable)?;
    Ok(answer(reading, &file, size, range, &etag))
}

fn answer(reading: Reading, file: &file::Model, size: u64, range: Option<Range<u64>>, etag: &str) -> HttpResponse {
    let mut response = match &range {
        None => HttpResponse::Ok(),
        Some(_) => HttpResponse::PartialContent(),
    };
    if let Some(range) = range {
        let span = format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1));
        response.insert_header((header::CONTENT_RANGE, span));
    }
    let ending = file.coding().map_or("bin", crate::storage::Coding::extension);
    let body = stream::unfold(reading.body, async |mut body| body.next().await.map(|chunk| (chunk, body)));
    response
        .insert_header((header::CONTENT_TYPE, file.content_type.clone()))
        .insert_header((header::CONTENT_DISPOSITION, format!("inline; filename=\"{}.{ending}\"", file.document_id)))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(SizedStream::new(reading.size_bytes, Box::pin(body)))
}

fn unavailable(error: StoreError) -> Problem {
    match error {
        StoreError::Missing => Problem::internal(anyhow::anyhow!("an object is missing: run huzhu verify")),
        other => Problem::internal(other),
    }
}

/// The one range that was asked for. More than one, another unit or nonsense asks for the whole, as RFC 9110 allows.
fn wanted_range(headers: &HeaderMap, size: u64, etag: &str) -> Result<Option<Range<u64>>, Problem> {
    if headers.get(header::IF_RANGE).is_some_and(|tag| tag.as_bytes() != etag.as_bytes()) {
        return Ok(None);
    }
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|span| span.trim().split_once('-')) else {
        return Ok(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => size.saturating_sub(count)..size,
        _ => return Ok(None),
    };
    if range.start < range.end {
        return Ok(Some(range));
    }
    let problem = Problem::new(Code::RangeNotSatisfiable);
    Err(match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => problem.header(header::CONTENT_RANGE, value),
        Err(_) => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &'static str) -> Result<Option<Range<u64>>, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static(range));
        wanted_range(&headers, 100, "\"x\"").map_err(|problem| problem.code())
    }

    #[test]
    fn one_range_is_read_as_the_standard_says() {
        assert_eq!(asked("bytes=0-9"), Ok(Some(0..10)));
        assert_eq!(asked("bytes=90-"), Ok(Some(90..100)));
        assert_eq!(asked("bytes=-10"), Ok(Some(90..100)));
        assert_eq!(asked("bytes=-1000"), Ok(Some(0..100)));
        assert_eq!(asked("bytes=50-1000"), Ok(Some(50..100)));
        for whole in ["bytes=0-1,3-4", "bytes=9-0", "lines=0-1", "bytes=a-b", "bytes=-0", "bytes="] {
            assert_eq!(asked(whole), Ok(None), "{whole}");
        }
        assert_eq!(asked("bytes=100-"), Err(Code::RangeNotSatisfiable));
        assert_eq!(asked("bytes=18446744073709551615-18446744073709551615"), Err(Code::RangeNotSatisfiable));
    }
}
