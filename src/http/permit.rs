//! Who may do what: read from the OpenAPI document, so that what is declared, shown and enforced is one thing.
//!
//! An operation declares `security(("bearer" = ["claim:declare"]))`, or `security(())` when it is public. The table is built at
//! start; an operation without a declaration stops the start. A request for which the table has no entry never reaches a handler.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CONTENT_ENCODING, HeaderValue, WWW_AUTHENTICATE};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, PathItem};

use super::caller::{Authenticator, Caller};
use super::limits::{Left, Limits};
use super::request_log::Route;
use super::{Code, Problem, Source};
use crate::kernel::text::Text;

/// What one operation asks of its caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Nothing.
    Public,
    /// A signed-in caller with one of these permissions.
    OneOf(Vec<String>),
}

/// The permissions of all operations, by path template (parameter names left out) and method.
#[derive(Clone, Debug, Default)]
pub struct Permits(HashMap<String, HashMap<&'static str, Permission>>);

impl Permits {
    /// Reads the table from `document`.
    ///
    /// # Errors
    /// Names the first operation that declares nothing.
    pub fn from_document(document: &OpenApi) -> anyhow::Result<Self> {
        let mut table: HashMap<String, HashMap<&'static str, Permission>> = HashMap::new();
        for (path, item) in &document.paths.paths {
            for (method, operation) in operations(item) {
                let Some(operation) = operation else { continue };
                let permission = declared(operation)?
                    .ok_or_else(|| anyhow::anyhow!("{method} {path} declares no permission: add security(…) to it"))?;
                table.entry(template(path)).or_default().insert(method, permission);
            }
        }
        Ok(Self(table))
    }

    fn find(&self, pattern: &str, method: &str) -> Result<&Permission, Problem> {
        let methods = self.0.get(&template(pattern)).ok_or_else(|| Problem::new(Code::RouteNotFound))?;
        methods.get(method).ok_or_else(|| {
            let mut allowed: Vec<&str> = methods.keys().copied().collect();
            allowed.sort_unstable();
            let problem = Problem::new(Code::MethodNotAllowed);
            match HeaderValue::from_str(&allowed.join(", ")) {
                Ok(value) => problem.header(ALLOW, value),
                Err(_) => problem,
            }
        })
    }
}

/// What `operation` asks of its caller; none when it says nothing of it.
fn declared(operation: &Operation) -> anyhow::Result<Option<Permission>> {
    let mut names = Vec::new();
    for requirement in operation.security.iter().flatten() {
        // Its field is private: what it says is read as it is written.
        let scopes: BTreeMap<String, Vec<String>> = serde_json::from_value(serde_json::to_value(requirement)?)?;
        if scopes.is_empty() {
            return Ok(Some(Permission::Public));
        }
        names.extend(scopes.into_values().flatten());
    }
    Ok((!names.is_empty()).then_some(Permission::OneOf(names)))
}

fn operations(item: &PathItem) -> [(&'static str, Option<&Operation>); 8] {
    [
        ("GET", item.get.as_ref()),
        ("POST", item.post.as_ref()),
        ("PUT", item.put.as_ref()),
        ("PATCH", item.patch.as_ref()),
        ("DELETE", item.delete.as_ref()),
        ("HEAD", item.head.as_ref()),
        ("OPTIONS", item.options.as_ref()),
        ("TRACE", item.trace.as_ref()),
    ]
}

/// `/v1/claims/{claim_id}` as `/v1/claims/{}`.
fn template(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push('{');
            }
            '}' => {
                inside = false;
                out.push('}');
            }
            _ if inside => {}
            _ => out.push(c),
        }
    }
    out
}

/// What the middleware needs, made once for each worker.
pub struct Gate {
    /// The table.
    pub permits: Permits,
    /// Reads tokens.
    pub authenticator: std::sync::Arc<dyn Authenticator>,
    /// The budgets.
    pub limits: std::sync::Arc<Limits>,
    /// Our own proxies, which are believed about where a request comes from.
    pub trusted_proxies: Vec<std::net::IpAddr>,
}

/// The middleware: finds the operation, authenticates, checks the permission, takes from the budget. A refusal is an answer:
/// `route_not_found`, `method_not_allowed`, `unauthenticated`, `token_expired`, `forbidden`, `too_many_requests`,
/// `unsupported_media_type` for a coded body.
///
/// # Errors
/// None of its own.
pub async fn guard<B: MessageBody + 'static>(
    gate: web::Data<Rc<Gate>>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let peer = request.peer_addr().map(|address| address.ip());
    let source = Source::of(peer, request.headers(), &gate.trusted_proxies);
    let (caller, left) = match admit(&gate, &request, &source).await {
        Ok(admitted) => admitted,
        Err(problem) => return Ok(request.error_response(problem).map_into_right_body()),
    };
    request.extensions_mut().insert(source);
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    let mut response = next.call(request).await?.map_into_left_body();
    if let Some(left) = left {
        left.write(response.headers_mut());
    }
    Ok(response)
}

async fn admit(
    gate: &Gate,
    request: &ServiceRequest,
    source: &Source,
) -> Result<(Option<Caller>, Option<Left>), Problem> {
    let address = || format!("address:{}", source.0);
    let found = match Route::of(request).pattern() {
        Some(pattern) => gate.permits.find(pattern, request.method().as_str()),
        None => Err(Problem::new(Code::RouteNotFound)),
    };
    // Looking for doors costs as much as going through one.
    let permission = match found {
        Ok(permission) => permission,
        Err(problem) => return Err(gate.limits.take(&address()).err().unwrap_or(problem)),
    };
    let caller = match permission {
        Permission::Public => None,
        Permission::OneOf(names) => {
            let caller = match authenticate(gate, request).await {
                Ok(caller) => caller,
                Err(problem) => {
                    // Guessing tokens costs the address; an honest client whose token grew old pays nothing.
                    if problem.code() == Code::Unauthenticated {
                        gate.limits.take(&address())?;
                    }
                    return Err(problem);
                }
            };
            if !names.iter().any(|name| caller.may(name)) {
                gate.limits.take(&caller.subject())?;
                return Err(Problem::new(Code::Forbidden));
            }
            Some(caller)
        }
    };
    let subject = caller.as_ref().map_or_else(address, Caller::subject);
    // An upload in progress is never thrown back: the offset rules slow it down instead.
    let in_upload = request.path().starts_with("/v1/uploads/");
    let left = if in_upload { None } else { Some(gate.limits.take(&subject)?) };
    refuse_coded(request)?;
    Ok((caller, left))
}

/// A body is taken as it is: the extractors would unfold a gzipped one chunk by chunk before any limit is compared.
fn refuse_coded(request: &ServiceRequest) -> Result<(), Problem> {
    let is_plain = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity");
    if request.headers().get_all(CONTENT_ENCODING).all(is_plain) {
        return Ok(());
    }
    Err(Problem::new(Code::UnsupportedMediaType)
        .detail(Text::fixed(
            "请不要压缩请求内容：去掉 Content-Encoding",
            "Send the body uncompressed, without Content-Encoding",
        ))
        .header(ACCEPT_ENCODING, HeaderValue::from_static("identity")))
}

async fn authenticate(gate: &Gate, request: &ServiceRequest) -> Result<Caller, Problem> {
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let outcome = match token {
        Some(token) => gate.authenticator.authenticate(token).await,
        None => Err(Problem::new(Code::Unauthenticated)),
    };
    outcome.map_err(|problem| match problem.code() {
        Code::TokenExpired => {
            problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""))
        }
        Code::Unauthenticated => problem.header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        _ => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameter_names_do_not_matter() {
        assert_eq!(template("/v1/claims/{claim_id}/documents/{id}"), "/v1/claims/{}/documents/{}");
    }

    #[test]
    fn an_operation_that_declares_nothing_stops_the_start() {
        let mut document: OpenApi = serde_json::from_value(serde_json::json!({
            "openapi": "3.1.0", "info": {"title": "t", "version": "1"},
            "paths": {"/a": {"get": {"responses": {}, "security": [{}]}}, "/b": {"post": {"responses": {}, "security": [{"bearer": ["x:y"]}]}}}
        }))
        .unwrap();
        let permits = Permits::from_document(&document).unwrap();
        assert_eq!(permits.find("/a", "GET").unwrap(), &Permission::Public);
        assert_eq!(permits.find("/b", "POST").unwrap(), &Permission::OneOf(vec!["x:y".into()]));
        assert_eq!(permits.find("/b", "GET").unwrap_err().code(), Code::MethodNotAllowed);
        assert_eq!(permits.find("/c", "GET").unwrap_err().code(), Code::RouteNotFound);
        let bare = document.paths.paths.get_mut("/b").and_then(|item| item.post.as_mut()).unwrap();
        bare.security = None;
        assert!(Permits::from_document(&document).unwrap_err().to_string().contains("POST /b"));
    }
}
