//! The outermost layer: request ids, languages, problem bodies, security headers, one log line and one metric a request.

use std::sync::Arc;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{
    ACCEPT_LANGUAGE, ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, HeaderMap, HeaderName,
    HeaderValue, VARY,
};
use actix_web::http::{ConnectionType, Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use tracing_actix_web::RequestId;

use super::request_log::Route;
use super::{Code, Problem, language};
use crate::app::App;
use crate::kernel::text::Language;

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The middleware.
///
/// # Errors
/// None of its own: handlers, extractors and [`super::permit`] answer with responses, whose problems get their body here.
pub async fn wrap<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let accepted = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let language = language::of(accepted);
    let request_id = request.extensions().get::<RequestId>().map(|id| id.to_string()).unwrap_or_default();
    let method = method_label(request.method());
    let route = Route::of(&request).label().to_owned();
    let own_origin = request.app_data::<web::Data<Arc<App>>>().and_then(|app| origin(&app.config.public_url()));
    let mut response = with_problem_body(next.call(request).await?, language, &request_id);
    write_headers(response.headers_mut(), language, &request_id);
    if let Some(own_origin) = own_origin {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, own_origin);
    }
    let status = response.status().as_u16().to_string();
    metrics::counter!("huzhu_http_requests_total", "method" => method, "route" => route, "status" => status)
        .increment(1);
    Ok(response)
}

fn with_problem_body<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    language: Language,
    request_id: &str,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let Some(error) = response.response().error() else { return response.map_into_left_body() };
    let status = response.status();
    let translated;
    let problem = if let Some(problem) = error.as_error::<Problem>() {
        problem
    } else {
        translated = Problem::new(foreign(status));
        &translated
    };
    if let Some(cause) = problem.cause() {
        tracing::error!(problem.code = %problem, error = format!("{cause:#}"), "request.failed");
    }
    let code = problem.code();
    let body = problem.body(language, format!("urn:uuid:{request_id}"));
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let (request, old) = response.into_parts();
    let mut new = actix_web::HttpResponse::build(code.status()).body(bytes);
    *new.headers_mut() = old.headers().clone();
    new.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if code == Code::BodyTooSlow {
        new.head_mut().set_connection_type(ConnectionType::Close);
    }
    ServiceResponse::new(request, new.map_into_right_body())
}

/// The method as metrics and logs name it: whatever a stranger makes up is one word, or each would be a series for ever.
pub(super) fn method_label(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    known.into_iter().find(|name| *name == method.as_str()).unwrap_or("other")
}

/// The code for an error that came from the framework and not from us.
fn foreign(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::RouteNotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    }
}

/// Scheme, host and port of `url`: pages from elsewhere may not read our answers.
fn origin(url: &str) -> Option<HeaderValue> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().unwrap_or_default();
    HeaderValue::from_str(&format!("{scheme}://{host}")).ok()
}

fn write_headers(headers: &mut HeaderMap, language: Language, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    if !headers.contains_key(CONTENT_LANGUAGE) {
        headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    }
    headers.append(VARY, HeaderValue::from_static("accept-language"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-frame-options", "DENY"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let csp = HeaderName::from_static("content-security-policy");
    if !headers.contains_key(&csp) {
        headers.insert(csp, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_made_up_method_makes_no_series_of_its_own() {
        assert_eq!([Method::GET, Method::PATCH].map(|method| method_label(&method)), ["GET", "PATCH"]);
        for made_up in ["get", "AAAA", "TRACE", "CONNECT"] {
            assert_eq!(method_label(&Method::from_bytes(made_up.as_bytes()).unwrap()), "other");
        }
    }
}
