//! Examples: every JSON body of the document, asked, answered or refused, has one that fits its schema.
//!
//! They are made of the schemas themselves: their own examples, enums, formats and bounds. [`word`] has what a name looks like whose
//! schema shows nothing, [`story()`] and [`scene`] what would not fit together otherwise. All of them tell of one claim: a stay in
//! hospital in March 2026 under the free plan. tests/openapi/examples.py holds each against its schema.

mod story;

use serde_json::{Map, Value, json};

use self::story::{scene, story, word};
use super::{Code, Problem};
use crate::kernel::text::{Language, Text};

/// How deep an example goes; no schema of ours is deeper, and one that holds itself must end.
const DEEPEST: u8 = 40;

/// The request that every refusal names.
const INSTANCE: &str = "urn:uuid:0195a3c0-0000-7000-8000-000000000000";

/// Stands where neither the schema nor [`word`] knows better; a test finds it.
const MAKESHIFT: &str = "示例";

/// Things with an identifier. A thing has the same one wherever it comes up.
const THINGS: [&str; 35] = [
    "claim",
    "document",
    "member",
    "session",
    "challenge",
    "notice",
    "access",
    "subject",
    "plan",
    "version",
    "enrolment",
    "decision",
    "supplement",
    "payout",
    "order",
    "batch",
    "break",
    "maker",
    "checker",
    "reviewer",
    "match",
    "run",
    "resolution",
    "answer",
    "recovery",
    "entry",
    "repayment",
    "ending",
    "objection",
    "staff",
    "event",
    "death",
    "heir",
    "booking",
    "tie",
];

/// Gives every body of `document` an example that has none.
pub(super) fn add(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).cloned().unwrap_or_default();
    let maker = Maker { schemas };
    for item in document.get_mut("paths").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
            maker.operation(operation);
        }
    }
}

/// The body of a refusal with `code`, in Chinese; `field` is what it is about when it is about a field.
pub(super) fn refusal(code: Code, field: Option<&str>) -> Value {
    let problem = Problem::new(code);
    let problem = match (code, field) {
        (Code::ClaimIncomplete, _) => problem.field(
            "/settlements",
            "missing",
            Text::fixed("请填写结算单上的自付一金额", "Give self-pay one from the settlement sheet"),
        ),
        (Code::ValidationFailed, Some(field)) => {
            problem.field(field, "wrong_type", Text::fixed("格式不符", "not of the expected form"))
        }
        (Code::ValidationFailed, None) => {
            problem.field("query:limit", "range", Text::fixed("每页 1 到 100 条", "limit is 1 to 100"))
        }
        _ => problem,
    };
    serde_json::to_value(problem.body(Language::Chinese, INSTANCE.to_owned())).unwrap_or_default()
}

/// The codes that a description names between backquotes and that go with `status`; the plainest one when it names none.
fn codes_of(description: &str, status: &str) -> Vec<Code> {
    let fits = |code: &Code| code.status().as_str() == status && *code != Code::RouteNotFound;
    let named: Vec<Code> = description
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|name| Code::ALL.iter().copied().find(|code| fits(code) && code.name() == name))
        .collect();
    if named.is_empty() { Code::ALL.iter().copied().find(fits).into_iter().collect() } else { named }
}

struct Maker {
    schemas: Map<String, Value>,
}

impl Maker {
    fn operation(&self, operation: &mut Value) {
        let id = operation.get("operationId").and_then(Value::as_str).unwrap_or_default().to_owned();
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            self.parameter(parameter);
        }
        for (kind, content) in contents(operation.get_mut("requestBody")) {
            if is_json(kind) || kind == "application/x-www-form-urlencoded" {
                self.show(content, &id, "request");
            }
        }
        let field = self.first_field(operation.get("requestBody"));
        for (status, response) in operation.get_mut("responses").and_then(Value::as_object_mut).into_iter().flatten() {
            let description = response.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
            for (kind, content) in contents(Some(response)) {
                match kind.as_str() {
                    "application/problem+json" => refuse(content, &codes_of(&description, status), field.as_deref()),
                    kind if is_json(kind) => self.show(content, &id, status),
                    _ => {}
                }
            }
        }
    }

    /// A pointer to a field of a request.
    fn first_field(&self, body: Option<&Value>) -> Option<String> {
        let target = body?.pointer("/content/application~1json/schema/$ref")?.as_str()?.rsplit('/').next()?;
        let name = self.schemas.get(target)?.get("properties")?.as_object()?.keys().next()?;
        Some(format!("/{name}"))
    }

    /// What a request can't do without is shown; a filter or a cursor would only be in the way of whoever tries the page.
    fn parameter(&self, parameter: &mut Value) {
        let (Some(name), Some(schema)) = (parameter.get("name").and_then(Value::as_str), parameter.get("schema"))
        else {
            return;
        };
        let shown = ["example", "examples"].iter().any(|key| parameter.get(key).is_some());
        if shown || parameter.get("required") != Some(&Value::Bool(true)) {
            return;
        }
        if let (Some(example), Some(fields)) = (self.value(schema, "", name, 0), parameter.as_object_mut()) {
            fields.insert("example".into(), example);
        }
    }

    fn show(&self, content: &mut Value, operation: &str, status: &str) {
        let Some(fields) = content.as_object_mut() else { return };
        if fields.contains_key("example") || fields.contains_key("examples") {
            return;
        }
        let made = fields.get("schema").and_then(|schema| self.value(schema, operation, "", 0));
        let mut example = made.unwrap_or_else(|| json!({}));
        if let Some(scene) = scene(operation, status) {
            retell(&mut example, &scene);
        }
        fields.insert("example".into(), example);
    }

    /// A value of `schema`, which stands in `owner` as `name`.
    fn value(&self, schema: &Value, owner: &str, name: &str, depth: u8) -> Option<Value> {
        if depth > DEEPEST {
            return None;
        }
        if let Some(own) =
            schema.get("example").or_else(|| schema.pointer("/examples/0")).or_else(|| schema.get("const"))
        {
            return Some(own.clone());
        }
        if let Some(word) = word(owner, name) {
            return Some(word);
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.trim_start_matches("#/components/schemas/");
            let mut made = self.value(self.schemas.get(target)?, target, "", depth + 1)?;
            if let Some(story) = story(target) {
                retell(&mut made, &story);
            }
            return Some(made);
        }
        if let Some(first) = schema.pointer("/enum/0") {
            return Some(first.clone());
        }
        for several in ["oneOf", "anyOf"] {
            let variants = schema.get(several).and_then(Value::as_array).into_iter().flatten();
            if let Some(made) =
                variants.filter(|one| !is_type(one, "null")).find_map(|one| self.value(one, owner, name, depth + 1))
            {
                return Some(made);
            }
        }
        if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            let made =
                |(name, schema): (&String, &Value)| Some((name.clone(), self.value(schema, owner, name, depth + 1)?));
            return Some(Value::Object(properties.iter().filter_map(made).collect()));
        }
        if is_type(schema, "array") {
            let room = schema.get("maxItems").and_then(Value::as_u64) != Some(0);
            let item = schema.get("items").filter(|_| room).and_then(|item| self.value(item, owner, name, depth + 1));
            return Some(Value::Array(item.into_iter().collect()));
        }
        plain(schema, owner, name)
    }
}

/// The media types of a request body or a response.
fn contents(body: Option<&mut Value>) -> impl Iterator<Item = (&String, &mut Value)> {
    body.and_then(|body| body.get_mut("content")).and_then(Value::as_object_mut).into_iter().flatten()
}

fn is_json(kind: &str) -> bool {
    kind == "application/json" || kind.ends_with("+json")
}

fn is_type(schema: &Value, name: &str) -> bool {
    let types = schema.get("type");
    types.is_some_and(|one| one == name || one.as_array().is_some_and(|all| all.iter().any(|one| one == name)))
}

/// One code is an example; several are a choice of examples by name.
fn refuse(content: &mut Value, codes: &[Code], field: Option<&str>) {
    let Some(fields) = content.as_object_mut() else { return };
    if fields.contains_key("example") || fields.contains_key("examples") {
        return;
    }
    if let [code] = codes {
        fields.insert("example".into(), refusal(*code, field));
        return;
    }
    let example = |code: &Code| {
        let title = code.title();
        (code.name(), json!({ "summary": format!("{} · {}", title.zh, title.en), "value": refusal(*code, field) }))
    };
    fields.insert("examples".into(), Value::Object(codes.iter().map(example).collect()));
}

/// A value that only its type and format are known of.
fn plain(schema: &Value, owner: &str, name: &str) -> Option<Value> {
    if is_type(schema, "boolean") {
        return Some(json!(false));
    }
    if is_type(schema, "integer") {
        let least = schema.get("minimum").and_then(Value::as_i64).unwrap_or_default();
        return Some(json!(least.max(0)));
    }
    if !is_type(schema, "string") {
        return None;
    }
    Some(match schema.get("format").and_then(Value::as_str) {
        Some("uuid") => json!(id_of(owner, name)),
        Some("date") => json!("2026-03-23"),
        Some("date-time") => json!("2026-03-16T09:30:00.000+08:00"),
        _ => json!(MAKESHIFT),
    })
}

/// The identifier of the thing that `name` names: `claim_id`, or `id` in a `ClaimView`.
fn id_of(owner: &str, name: &str) -> String {
    let word = match name.strip_suffix("_id") {
        Some(word) => word.rsplit('_').next().unwrap_or_default().to_owned(),
        None => last_word(owner.trim_end_matches("View").trim_end_matches("Item")),
    };
    let word = match word.as_str() {
        "me" => "member",
        "upload" => "document",
        word => word,
    };
    let place = THINGS.iter().position(|thing| *thing == word).unwrap_or(THINGS.len());
    format!("0195a3c0-0000-7000-8000-{place:012x}")
}

/// `PayoutOrder` as `order`.
fn last_word(name: &str) -> String {
    let start = name.rfind(|c: char| c.is_ascii_uppercase()).unwrap_or_default();
    name.get(start..).unwrap_or_default().to_ascii_lowercase()
}

/// Changes `told` where `change` says something else, and in every item of a list; null leaves a field out.
fn retell(told: &mut Value, change: &Value) {
    match (told, change) {
        (Value::Object(fields), Value::Object(changes)) => {
            for (name, change) in changes {
                match fields.get_mut(name) {
                    _ if change.is_null() => drop(fields.remove(name)),
                    Some(field) => retell(field, change),
                    None => drop(fields.insert(name.clone(), change.clone())),
                }
            }
        }
        (Value::Array(items), Value::Object(_)) => items.iter_mut().for_each(|item| retell(item, change)),
        (told, change) => *told = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed() -> Value {
        crate::http::document::complete(&crate::http::server::document()).unwrap()
    }

    /// Every JSON body with where it stands and its response's description.
    fn bodies(document: &Value) -> Vec<(String, String, Value)> {
        let mut found = Vec::new();
        let mut add = |at: &str, body: &Value| {
            let description = body["description"].as_str().unwrap_or_default().to_owned();
            for (kind, content) in body["content"].as_object().into_iter().flatten() {
                if kind.contains("json") || kind.contains("form") {
                    found.push((at.to_owned(), description.clone(), content.clone()));
                }
            }
        };
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let at = format!("{method} {path}");
                add(&at, &operation["requestBody"]);
                for (status, response) in operation["responses"].as_object().unwrap() {
                    add(&format!("{at} {status}"), response);
                }
            }
        }
        for response in document["components"]["responses"].as_object().unwrap().values() {
            add("components", response);
        }
        found
    }

    fn shown(content: &Value) -> Vec<&Value> {
        let several = content["examples"].as_object().into_iter().flatten().map(|(_, example)| &example["value"]);
        content.get("example").into_iter().chain(several).collect()
    }

    #[test]
    fn every_json_body_has_an_example_and_none_is_makeshift() {
        let document = completed();
        let bodies = bodies(&document);
        for (at, _, content) in &bodies {
            let shown = shown(content);
            assert!(!shown.is_empty(), "{at} shows nothing");
            for example in shown {
                assert!(!example.to_string().contains(MAKESHIFT), "{at}: give the schema an example: {example}");
                assert!(example.as_object().is_some_and(|fields| !fields.is_empty()), "{at}: {example}");
                let stranger = format!("{:012x}", THINGS.len());
                assert!(!example.to_string().contains(&stranger), "{at}: a thing is not in THINGS: {example}");
            }
        }
        assert!(bodies.len() > 150, "{}", bodies.len());
    }

    #[test]
    fn a_refusal_shows_the_codes_that_its_description_names() {
        let document = completed();
        let mut seen = 0;
        for (at, description, content) in bodies(&document) {
            let refusals = shown(&content).into_iter().filter(|example| example.get("instance").is_some());
            let codes: Vec<String> = refusals.map(|example| example["code"].as_str().unwrap().to_owned()).collect();
            let status = at.rsplit(' ').next().unwrap();
            for code in &codes {
                let known = Code::ALL.iter().find(|known| known.name() == *code).unwrap();
                assert!(status == "components" || known.status().as_str() == status, "{at}: {code}");
            }
            for name in description.split('`').skip(1).step_by(2).filter(|_| !codes.is_empty()) {
                assert!(codes.iter().any(|code| code == name), "{at} names {name} and shows {codes:?}");
                seen += 1;
            }
        }
        assert!(seen > 40, "{seen}");
    }

    #[test]
    fn a_retelling_changes_what_it_names_and_leaves_out_what_is_null() {
        let mut told = json!({ "a": { "b": 1, "c": 2 }, "items": [{ "x": 1, "y": 2 }, { "x": 3 }], "gone": 1 });
        retell(&mut told, &json!({ "a": { "b": 9 }, "items": { "x": 7, "y": null }, "gone": null, "new": [1] }));
        assert_eq!(told, json!({ "a": { "b": 9, "c": 2 }, "items": [{ "x": 7 }, { "x": 7 }], "new": [1] }));
    }

    #[test]
    fn a_thing_has_one_identifier() {
        assert_eq!(id_of("", "claim_id"), id_of("ClaimView", "id"));
        assert_eq!(id_of("PayoutOrder", "id"), id_of("HeldOrder", "order_id"));
        assert_ne!(id_of("ClaimPayout", "id"), id_of("ClaimItem", "id"));
    }
}
