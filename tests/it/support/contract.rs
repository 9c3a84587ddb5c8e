//! The contract: whatever any test is answered is held against the OpenAPI document.
//!
//! The answer's status is documented, its JSON is of the documented shape, the promised headers are there, and an entity tag, a place
//! or a range is nowhere that the document does not say. Patterns and formats are schemathesis' to check.

use std::sync::LazyLock;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// The document as it is committed, which is what is served: a test says so. To make it anew takes longer than many a test.
pub static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::from_slice(COMMITTED).unwrap());

const COMMITTED: &[u8] = include_bytes!("../../../openapi/huzhu.json");

/// Headers that mean something to a client and are never sent unsaid.
const SAID: [&str; 4] = ["ETag", "Location", "Content-Range", "Idempotent-Replay"];

/// Panics when the answer is not what the document says. What the document does not know (the demo's outbox, a wrong address) passes.
#[track_caller]
pub fn check(method: &Method, path: &str, status: u16, headers: &HeaderMap, body: &Value) {
    let Some(operation) = operation(method, path) else { return };
    let at = format!("{method} {path} {status}");
    let response = &operation["responses"][status.to_string()];
    assert!(response.is_object(), "{at} is not documented");
    let response = resolve(response);
    let documented = response["headers"].as_object().unwrap_or_else(|| panic!("{at} documents no headers"));
    for (name, header) in documented {
        assert!(resolve(header)["required"] != true || headers.contains_key(name), "{at}: {name} is promised");
    }
    for name in SAID {
        assert!(!headers.contains_key(name) || documented.contains_key(name), "{at}: {name} is not documented");
    }
    let kind = headers.get("content-type").map_or("", |kind| kind.to_str().unwrap());
    if kind.contains("json") && *body != Value::Null {
        let schema = &response["content"][kind]["schema"];
        assert!(schema.is_object(), "{at}: {kind} is not documented");
        assert_eq!(misfit(schema, body, String::new()), None, "{at}: {body}");
    }
}

/// The operation that answers `method path`: a template with fewer parameters goes first.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let path: Vec<&str> = path.split('?').next()?.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == path.len() && parts.iter().zip(&path).all(|(part, own)| part.starts_with('{') || part == own)
    };
    let paths = DOCUMENT["paths"].as_object()?.iter().filter(|(template, _)| fits(template));
    paths.min_by_key(|(template, _)| template.matches('{').count())?.1.get(method.as_str().to_lowercase())
}

fn resolve(value: &'static Value) -> &'static Value {
    let Some(target) = value["$ref"].as_str() else { return value };
    DOCUMENT.pointer(target.trim_start_matches('#')).unwrap_or_else(|| panic!("{target} is nowhere"))
}

/// The first place of `value` that `schema` does not allow.
fn misfit(schema: &'static Value, value: &Value, at: String) -> Option<String> {
    let schema = resolve(schema);
    if let Some(variants) = schema["oneOf"].as_array() {
        let fitting = variants.iter().filter(|variant| misfit(variant, value, at.clone()).is_none()).count();
        return (fitting != 1).then(|| format!("{at}: fits {fitting} variants"));
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let types = &schema["type"];
    if !(types.is_null() || types == kind || types.as_array().is_some_and(|all| all.iter().any(|one| one == kind))) {
        return Some(format!("{at}: {kind} where {types} is due"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Some(format!("{at}: {value} is none of {}", schema["enum"]));
    }
    let (least, most) = match value {
        Value::Number(_) => ("minimum", "maximum"),
        Value::String(_) => ("minLength", "maxLength"),
        Value::Array(_) => ("minItems", "maxItems"),
        _ => ("", ""),
    };
    let size = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => i64::try_from(text.chars().count()).ok(),
        Value::Array(items) => i64::try_from(items.len()).ok(),
        _ => None,
    };
    if size.is_some_and(|size| schema[least].as_i64().is_some_and(|least| size < least))
        || size.is_some_and(|size| schema[most].as_i64().is_some_and(|most| size > most))
    {
        return Some(format!("{at}: {value} is out of bounds"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.get(name).is_none() {
            return Some(format!("{at}/{name} is missing"));
        }
    }
    if let Some(items) = value.as_array() {
        return items.iter().enumerate().find_map(|(n, item)| misfit(&schema["items"], item, format!("{at}/{n}")));
    }
    value.as_object().filter(|_| schema["properties"].is_object()).into_iter().flatten().find_map(|(name, item)| {
        match schema["properties"].get(name) {
            Some(property) => misfit(property, item, format!("{at}/{name}")),
            None => Some(format!("{at}/{name} is not documented")),
        }
    })
}

#[test]
fn the_contract_finds_what_is_wrong() {
    let schema = &DOCUMENT["components"]["schemas"]["CardView"];
    let good =
        serde_json::json!({ "number": "**** 0128", "usable_from": "2026-03-02T09:30:00.000+08:00", "version": 1 });
    assert_eq!(misfit(schema, &good, String::new()), None);
    for (name, value, found) in [
        ("number", Value::Null, "/number: null where \"string\" is due"),
        ("version", serde_json::json!(0), "/version: 0 is out of bounds"),
        ("more", Value::Null, "/more is not documented"),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert_eq!(misfit(schema, &bad, String::new()).as_deref(), Some(found));
    }
    let bare = serde_json::json!({ "number": "**** 0128" });
    assert_eq!(misfit(schema, &bare, String::new()).as_deref(), Some("/usable_from is missing"));
}
