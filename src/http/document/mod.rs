//! Completes the OpenAPI document: what the rim does for every operation is said for every operation, once, here.
//!
//! Refusals, budgets and request ids on every answer; bounds on every string, number and list. Handlers describe only what is
//! theirs; whatever they say stays.

use serde_json::{Map, Value, json};
use utoipa::openapi::OpenApi;

use self::schemas::{bound, drop_unused, name_items, name_variants, settle_nulls};
use super::{Code, examples};

mod schemas;

/// The document as it is served and committed.
///
/// # Errors
/// When `document` does not serialise.
pub fn complete(document: &OpenApi) -> serde_json::Result<Value> {
    let mut document = serde_json::to_value(document)?;
    if let Some(root) = document.as_object_mut() {
        let server =
            json!({ "url": "https://huzhu.example.org", "description": "Production: put your own address here" });
        root.insert("servers".into(), json!([server]));
    }
    for (path, item) in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flatten() {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            complete_operation(path, method, operation);
        }
    }
    add_components(&mut document);
    name_items(&mut document);
    name_variants(&mut document);
    list_codes(&mut document);
    settle_nulls(&mut document);
    say_headers(&mut document);
    drop_unused(&mut document);
    bound(&mut document);
    examples::add(&mut document);
    Ok(document)
}

fn complete_operation(path: &str, method: &str, operation: &mut Value) {
    let has_body = operation.get("requestBody").is_some();
    let signed_in =
        operation.get("security").and_then(Value::as_array).is_some_and(|all| all.iter().all(|one| one != &json!({})));
    say_permissions(operation);
    let has_query = operation
        .get("parameters")
        .and_then(Value::as_array)
        .is_some_and(|all| all.iter().any(|parameter| parameter.get("in").is_some_and(|place| place == "query")));
    let parameters: Vec<String> = operation
        .get("parameters")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|parameter| parameter.get("name").and_then(Value::as_str).map(str::to_ascii_lowercase))
        .collect();
    let has = |name: &str| parameters.iter().any(|parameter| parameter == name);
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    let mut refuse = |status: &str, name: &str| {
        responses.entry(status).or_insert_with(|| json!({ "$ref": format!("#/components/responses/{name}") }));
    };
    refuse("400", "Malformed");
    refuse("429", "TooManyRequests");
    refuse("500", "Internal");
    refuse("503", "Unavailable");
    refuse("401", "Unauthenticated");
    refuse("415", "UnsupportedMediaType");
    if signed_in {
        refuse("403", "Forbidden");
    }
    if path.contains('{') {
        refuse("404", "NotFound");
    }
    if has_query {
        refuse("422", "ValidationFailed");
    }
    if has_body {
        refuse("413", "BodyTooLarge");
        refuse("422", "ValidationFailed");
        if !path.starts_with("/v1/uploads") {
            refuse("408", "BodyTooSlow");
        }
    }
    if signed_in && method != "get" {
        refuse("409", "Conflict");
    }
    if has("if-match") {
        refuse("412", "StaleVersion");
        refuse("428", "IfMatchMissing");
    }
    if has("idempotency-key") {
        refuse("422", "IdempotencyKeyReused");
    }
    for (status, response) in responses.iter_mut() {
        complete_response(status, response);
    }
}

/// A bearer scheme has no scopes in OpenAPI, so what [`super::permit`] reads there is published as `x-permissions`.
fn say_permissions(operation: &mut Value) {
    let mut permissions = Vec::new();
    for scheme in operation.get_mut("security").and_then(Value::as_array_mut).into_iter().flatten() {
        for names in scheme.as_object_mut().into_iter().flat_map(Map::values_mut).filter_map(Value::as_array_mut) {
            permissions.append(names);
        }
    }
    if let Some(fields) = operation.as_object_mut() {
        fields.insert("x-permissions".into(), permissions.into());
    }
}

/// Headers on every answer; a problem body on a refusal that describes none.
fn complete_response(status: &str, response: &mut Value) {
    if response.get("$ref").is_some() {
        return;
    }
    let Some(fields) = response.as_object_mut() else { return };
    if fields.get("description").and_then(Value::as_str).is_none_or(str::is_empty) {
        fields.insert("description".into(), json!("Done"));
    }
    let refusal = status.starts_with('4') || status.starts_with('5');
    if refusal && !fields.contains_key("content") {
        fields.insert("content".into(), json!({ "application/problem+json": { "schema": problem_schema() } }));
    }
    let headers = fields.entry("headers").or_insert_with(|| json!({}));
    if let Some(headers) = headers.as_object_mut() {
        for name in ["X-Request-Id", "RateLimit", "RateLimit-Policy", "Access-Control-Allow-Origin"] {
            headers.entry(name).or_insert_with(|| json!({ "$ref": format!("#/components/headers/{name}") }));
        }
        if status == "429" {
            headers.entry("Retry-After").or_insert_with(|| json!({ "$ref": "#/components/headers/Retry-After" }));
        }
    }
}

fn problem_schema() -> Value {
    json!({ "$ref": "#/components/schemas/Problem" })
}

fn add_components(document: &mut Value) {
    let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) else { return };
    let headers = json!({
        "X-Request-Id": header("Names this request in every log; say it when asking for help.", &json!({
            "type": "string", "format": "uuid", "maxLength": 36, "examples": ["0195a3c0-0000-7000-8000-000000000000"]
        })),
        "RateLimit": header("What is left of the caller's budget (draft-ietf-httpapi-ratelimit-headers).", &json!({
            "type": "string", "maxLength": 100, "pattern": r#"^"minute";r=[0-9]+;t=[0-9]+$"#, "examples": ["\"minute\";r=599;t=60"]
        })),
        "RateLimit-Policy": header("The caller's budget: requests and the window in seconds.", &json!({
            "type": "string", "maxLength": 100, "pattern": r#"^"minute";q=[0-9]+;w=[0-9]+$"#, "examples": ["\"minute\";q=600;w=60"]
        })),
        "Retry-After": header("Seconds to wait before trying again.", &json!({
            "type": "integer", "format": "int32", "minimum": 0, "maximum": 86400, "examples": [7]
        })),
        "ETag": promised("What `If-Match` takes: the version, or for the bytes of a file their SHA-256.", &json!({
            "type": "string", "maxLength": 70, "pattern": r#"^"[0-9a-f]+"$"#, "examples": ["\"3\""]
        })),
        "Location": promised("Where the thing that was made can be read, or sent on.", &json!({
            "type": "string", "maxLength": 200, "pattern": "^/v1(/[a-z-]+|/[0-9a-f-]{36})+$",
            "examples": ["/v1/claims/0195a3c0-0000-7000-8000-000000000000"]
        })),
        "Content-Range": promised("Which bytes these are and of how many; after a refusal, how many there are.", &json!({
            "type": "string", "maxLength": 60, "pattern": r"^bytes ([0-9]+-[0-9]+|\*)/[0-9]+$", "examples": ["bytes 0-1023/477000"]
        })),
        "Accept-Ranges": promised("Parts can be asked for.", &json!({ "type": "string", "enum": ["bytes"] })),
        "Idempotent-Replay": header("Set when this answer was given before to the same key.", &json!({
            "type": "string", "enum": ["true"]
        })),
        "Access-Control-Allow-Origin": header("The one origin whose pages may read the answer: the service's own.", &json!({
            "type": "string", "maxLength": 200, "pattern": "^https?://[^/]+$", "examples": ["https://huzhu.example.org"]
        })),
    });
    let responses = [
        ("Malformed", Code::MalformedRequest),
        ("Unauthenticated", Code::Unauthenticated),
        ("Forbidden", Code::Forbidden),
        ("NotFound", Code::NotFound),
        ("Conflict", Code::Conflict),
        ("StaleVersion", Code::StaleVersion),
        ("BodyTooSlow", Code::BodyTooSlow),
        ("BodyTooLarge", Code::BodyTooLarge),
        ("UnsupportedMediaType", Code::UnsupportedMediaType),
        ("ValidationFailed", Code::ValidationFailed),
        ("IdempotencyKeyReused", Code::IdempotencyKeyReused),
        ("IfMatchMissing", Code::IfMatchMissing),
        ("TooManyRequests", Code::TooManyRequests),
        ("Internal", Code::Internal),
        ("Unavailable", Code::Unavailable),
    ];
    let responses: Map<_, _> = responses.into_iter().map(|(name, code)| (name.to_owned(), refusal(code))).collect();
    components.insert("headers".into(), headers);
    components.insert("responses".into(), responses.into());
}

/// Lists the codes that there are. They are no `enum`: a new one would then break every generated client that reads it, and a client
/// that does not know a code can go by the status.
fn list_codes(document: &mut Value) {
    let code = document.pointer_mut("/components/schemas/Problem/properties/code").and_then(Value::as_object_mut);
    let Some(code) = code else { return };
    let mut table = String::from(
        "Stable: act on this. The list may grow; go by the status when a code is new to you.\n\n| code | status | |\n| --- | --- | --- |",
    );
    for known in Code::ALL {
        let title = known.title();
        table.push_str(&format!(
            "\n| `{}` | {} | {} · {} |",
            known.name(),
            known.status().as_u16(),
            title.zh,
            title.en
        ));
    }
    code.insert("description".into(), table.into());
    code.insert("x-extensible-enum".into(), Code::ALL.iter().map(|known| known.name()).collect());
}

/// The headers that answers carry: an entity tag with every version and every file, the place of what was made, the part of a file.
fn say_headers(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    let items = document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut);
    for operation in items.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let replays = has_parameter(operation, "idempotency-key");
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        let in_parts = responses.contains_key("206");
        for (status, response) in responses.iter_mut().filter(|(_, response)| response.get("$ref").is_none()) {
            let done = status.starts_with('2');
            let versioned = response
                .pointer("/content/application~1json/schema")
                .is_some_and(|schema| carries_version(&schemas, schema, true));
            let tagged = response.pointer("/headers/ETag").is_some();
            let names = [
                ("ETag", done && (versioned || in_parts || tagged)),
                ("Location", status == "201"),
                ("Content-Range", in_parts && (status == "206" || status == "416")),
                ("Accept-Ranges", done && in_parts),
                ("Idempotent-Replay", done && replays),
            ];
            let Some(headers) = response.get_mut("headers").and_then(Value::as_object_mut) else { continue };
            for (name, _) in names.into_iter().filter(|(_, carried)| *carried) {
                headers.insert(name.into(), json!({ "$ref": format!("#/components/headers/{name}") }));
            }
        }
    }
}

/// True for a schema that always holds a whole number `version`, itself or in a part one level down: such an answer has an entity tag.
fn carries_version(schemas: &Value, schema: &Value, deeper: bool) -> bool {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
    let schema = target.and_then(|name| schemas.get(name)).unwrap_or(schema);
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    properties.filter(|(name, _)| required.contains(&json!(name))).any(|(name, property)| {
        (name == "version" && property.get("type").is_some_and(|kind| kind == "integer"))
            || (deeper && property.get("$ref").is_some() && carries_version(schemas, property, false))
    })
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let mut names = parameters.filter_map(|parameter| parameter.get("name").and_then(Value::as_str));
    names.any(|known| known.eq_ignore_ascii_case(name))
}

fn header(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "schema": schema })
}

/// A header that is always there.
fn promised(description: &str, schema: &Value) -> Value {
    json!({ "description": description, "required": true, "schema": schema })
}

fn refusal(code: Code) -> Value {
    let status = code.status().as_u16();
    let mut response = json!({
        "description": format!("{} · {}", code.title().zh, code.title().en),
        "content": { "application/problem+json": { "schema": problem_schema(), "example": examples::refusal(code, None) } }
    });
    complete_response(&status.to_string(), &mut response);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn completed() -> Value {
        complete(&crate::http::server::document()).unwrap()
    }

    #[test]
    fn every_operation_names_its_refusals_and_every_answer_its_headers() {
        let document = completed();
        let mut seen = 0;
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values().filter(|one| one.get("responses").is_some()) {
                let responses = operation["responses"].as_object().unwrap();
                assert!(["400", "429", "500"].iter().all(|status| responses.contains_key(*status)), "{operation}");
                for response in responses.values().filter(|response| response.get("$ref").is_none()) {
                    assert!(response["headers"].get("RateLimit").is_some(), "{response}");
                }
                seen += 1;
            }
        }
        assert!(seen >= 2);
    }

    #[test]
    fn every_code_is_listed_and_none_is_promised_to_be_the_last() {
        let document = completed();
        let code = &document["components"]["schemas"]["Problem"]["properties"]["code"];
        assert!(code.get("enum").is_none());
        let listed = code["x-extensible-enum"].as_array().unwrap();
        assert_eq!(listed.len(), Code::ALL.len());
        for known in Code::ALL {
            assert!(listed.contains(&json!(known.name())));
            assert!(code["description"].as_str().unwrap().contains(&format!("| `{}` |", known.name())));
        }
    }

    #[test]
    fn the_files_of_the_page_are_as_long_as_they_are() {
        let document = completed();
        let content = &document["paths"]["/docs/{file}"]["get"]["responses"]["200"]["content"];
        assert_eq!(content["image/png"]["schema"]["$ref"], "#/components/schemas/PagePicture");
        for name in ["PagePicture", "PageText"] {
            assert!(document["components"]["schemas"][name]["maxLength"].as_i64() > Some(2_000_000), "{name}");
        }
    }

    #[test]
    fn headers_stand_where_they_are_sent() {
        let document = completed();
        let headers = |method: &str, path: &str, status: &str| {
            let headers = document["paths"][path][method]["responses"][status]["headers"].as_object().unwrap();
            let own = |name: &&str| headers.contains_key(*name);
            ["ETag", "Location", "Content-Range", "Idempotent-Replay"].into_iter().filter(own).collect::<Vec<_>>()
        };
        for (method, path, status, sent) in [
            ("get", "/v1/claims/{claim_id}", "200", vec!["ETag"]),
            ("get", "/v1/claims/{claim_id}/timeline", "200", vec![]),
            ("get", "/v1/claims", "200", vec![]),
            ("get", "/v1/plans/{plan_code}", "200", vec![]),
            ("get", "/v1/me", "200", vec!["ETag"]),
            ("put", "/v1/me/card", "200", vec!["ETag"]),
            ("post", "/v1/claims", "201", vec!["ETag", "Location", "Idempotent-Replay"]),
            ("post", "/v1/reviews/{claim_id}/decide", "200", vec!["ETag", "Idempotent-Replay"]),
            ("get", "/v1/payout-batches/{batch_id}", "200", vec!["ETag"]),
            ("post", "/v1/payout-batches", "201", vec!["ETag", "Location", "Idempotent-Replay"]),
            ("post", "/v1/payout-batches", "200", vec!["Idempotent-Replay"]),
            ("post", "/v1/uploads", "201", vec!["Location"]),
            ("get", "/v1/documents/{document_id}/content", "206", vec!["ETag", "Content-Range"]),
            ("get", "/v1/documents/{document_id}/content", "416", vec!["Content-Range"]),
        ] {
            assert_eq!(headers(method, path, status), sent, "{method} {path} {status}");
        }
    }
}
