//! The OpenAPI document and a page to browse it, whose every file is inside the binary: it works with no network.

use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, get, web};
use utoipa::ToSchema;
use utoipa_swagger_ui::Config;

use super::routes::Routes;
use super::{Answer, Code, Problem, document, server};

/// The page's own files and nothing else; its styles stand in its elements.
const POLICY: &str = "default-src 'none'; connect-src 'self'; font-src 'self'; frame-ancestors 'none'; \
                      img-src 'self' data:; script-src 'self'; style-src 'self' 'unsafe-inline'";

static DOCUMENT: LazyLock<serde_json::Result<Vec<u8>>> =
    LazyLock::new(|| serde_json::to_vec(&document::complete(&server::document())?));

/// The routes of this file.
pub fn routes(config: &mut Routes) {
    config.service(get_openapi).service(browse);
}

/// The OpenAPI document 接口文档
///
/// What this page describes, for machines. 机器可读的接口文档。
#[utoipa::path(
    tag = "public",
    operation_id = "get_openapi",
    security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value))
)]
#[get("/openapi.json")]
async fn get_openapi() -> Answer {
    match &*DOCUMENT {
        Ok(bytes) => Ok(HttpResponse::Ok().content_type("application/json").body(bytes.as_slice())),
        Err(error) => Err(Problem::internal(anyhow::anyhow!("the document can't be written: {error}"))),
    }
}

/// A text of the page: its frame, its styles or its program.
#[derive(ToSchema)]
#[schema(value_type = String, max_length = 20_971_520)]
pub struct PageText(pub String);

/// A picture of the page, as it is.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary, max_length = 20_971_520)]
pub struct PagePicture(pub Vec<u8>);

/// A page to browse the document 浏览接口文档
///
/// Begin at `/docs/index.html`. 从 `/docs/index.html` 开始。
#[utoipa::path(
    tag = "public",
    operation_id = "browse_openapi",
    security(()),
    params(("file" = String, Path, description = "A file of the page", max_length = 100, pattern = "^[A-Za-z0-9._-]+$", example = "index.html")),
    responses((status = 200, description = "The file", content(
        (PageText = "text/html"),
        (PageText = "text/css"),
        (PageText = "text/javascript"),
        (serde_json::Value = "application/json"),
        (PagePicture = "image/png")
    )))
)]
#[get("/docs/{file}")]
async fn browse(file: web::Path<String>) -> Answer {
    let found = utoipa_swagger_ui::serve(&file, Arc::new(Config::from("/openapi.json")));
    let file = found
        .map_err(|error| Problem::internal(anyhow::anyhow!("the page can't be read: {error}")))?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    let mut response = HttpResponse::Ok();
    response
        .content_type(file.content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY));
    if file.gzpipped {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(response.body(file.bytes.into_owned()))
}
