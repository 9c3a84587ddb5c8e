//! The schemas of the document: each has a name, nothing is null that is left out, everything has a bound, and none is there for nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Largest whole number that every client language can hold (2^53 - 1).
const LARGEST: i64 = 9_007_199_254_740_991;

/// How the schema of a [`super::Paged`] begins; its item's name follows.
const PAGED: &str = "Paged_";

/// A list refers to its items by name: utoipa writes them out, and a generated client would have a type of its own for each list.
pub(super) fn name_items(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let pages: Vec<String> = schemas.keys().filter(|name| name.starts_with(PAGED)).cloned().collect();
    for page in pages {
        let name = page.trim_start_matches(PAGED).to_owned();
        let Some(items) = schemas.get_mut(&page).and_then(|page| page.pointer_mut("/properties/items/items")) else {
            continue;
        };
        let item = std::mem::replace(items, json!({ "$ref": format!("#/components/schemas/{name}") }));
        schemas.entry(name).or_insert(item);
    }
}

/// The variants of a choice become schemas with names of their own: a generated client would number them. Where the variants tell
/// themselves apart by a word in one property, that is said too.
pub(super) fn name_variants(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let mut named = Map::new();
    for (parent, schema) in schemas.iter_mut() {
        let Some(variants) = schema.get_mut("oneOf").and_then(Value::as_array_mut) else { continue };
        let mut mapping = Map::new();
        let mut told_by = None;
        for variant in variants.iter_mut() {
            let Some((property, word)) = mark(variant) else { continue };
            let name = format!("{parent}{}", pascal(&word));
            let target = format!("#/components/schemas/{name}");
            if let Some(property) = property {
                told_by = Some(property);
                mapping.insert(word, json!(target));
            }
            named.insert(name, std::mem::replace(variant, json!({ "$ref": target })));
        }
        if let (Some(property), Some(fields)) = (told_by, schema.as_object_mut()) {
            fields.insert("discriminator".into(), json!({ "propertyName": property, "mapping": mapping }));
        }
    }
    schemas.extend(named);
}

/// What a variant is told by: the property and its only word, or the one property that it has.
fn mark(variant: &Value) -> Option<(Option<String>, String)> {
    let properties = variant.get("properties")?.as_object()?;
    let told = properties.iter().find_map(|(name, schema)| match schema.get("enum")?.as_array()?.as_slice() {
        [Value::String(word)] => Some((Some(name.clone()), word.clone())),
        _ => None,
    });
    told.or_else(|| Some((None, properties.keys().next().filter(|_| properties.len() == 1)?.clone())))
}

/// `basis_points` as `BasisPoints`.
fn pascal(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for part in word.split('_') {
        let mut letters = part.chars();
        out.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(letters.as_str());
    }
    out
}

/// In an answer, what is not there is left out and never null: the house's rule for every answer, which utoipa can't know of an
/// `Option`. A field that is always there and may be null says so with `required`. Requests may say null.
pub(super) fn settle_nulls(document: &mut Value) {
    let asked = asked(document);
    let schemas = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut);
    for (_, schema) in schemas.into_iter().flatten().filter(|(name, _)| !asked.contains(*name)) {
        let required: Vec<Value> = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten();
        properties.filter(|(name, _)| !required.contains(&json!(name))).for_each(|(_, property)| drop_null(property));
    }
}

fn drop_null(property: &mut Value) {
    if let Some(types) = property.get_mut("type")
        && let Some(all) = types.as_array_mut()
    {
        all.retain(|one| one != "null");
        if let [only] = all.as_slice() {
            *types = only.clone();
        }
    }
    if let Some(variants) = property.get_mut("oneOf").and_then(Value::as_array_mut) {
        variants.retain(|one| one.get("type").is_none_or(|name| name != "null"));
        if let [only] = variants.as_slice() {
            *property = only.clone();
        }
    }
}

/// The names of all schemas that a request holds.
fn asked(document: &Value) -> BTreeSet<String> {
    let items = document.get("paths").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let operations = items.filter_map(Value::as_object).flat_map(Map::values);
    let mut found = BTreeSet::new();
    let mut waiting: Vec<&Value> = operations.filter_map(|operation| operation.get("requestBody")).collect();
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                let target = fields.get("$ref").and_then(Value::as_str);
                let name = target.and_then(|target| target.strip_prefix("#/components/schemas/"));
                if let Some(name) = name
                    && found.insert(name.to_owned())
                {
                    waiting.extend(document.pointer(&format!("/components/schemas/{name}")));
                }
                waiting.extend(fields.values());
            }
            Value::Array(items) => waiting.extend(items),
            _ => {}
        }
    }
    found
}

/// Drops components that nothing refers to, and then those that only they referred to.
pub(super) fn drop_unused(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        references(document, &mut used);
        let mut dropped = false;
        for kind in ["headers", "responses", "schemas"] {
            let Some(components) = document.pointer_mut(&format!("/components/{kind}")).and_then(Value::as_object_mut)
            else {
                continue;
            };
            let before = components.len();
            components.retain(|name, _| used.contains(&format!("#/components/{kind}/{name}")));
            dropped |= components.len() < before;
        }
        if !dropped {
            return;
        }
    }
}

/// Every component that is named anywhere in `value`.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.starts_with("#/components/") && !found.contains(text) => {
            found.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| references(field, found)),
        _ => {}
    }
}

/// Walks every schema and gives strings, numbers and lists a bound where their type has none of its own.
pub(super) fn bound(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Object(fields) => {
            let types = fields.get("type").cloned().unwrap_or_default();
            let is =
                |name: &str| types == name || types.as_array().is_some_and(|all| all.iter().any(|one| one == name));
            if is("string") && !fields.contains_key("enum") && !fields.contains_key("const") {
                bound_string(fields);
            }
            if is("integer") {
                fields.entry("format").or_insert_with(|| json!("int64"));
                fields.entry("minimum").or_insert_with(|| json!(-LARGEST));
                fields.entry("maximum").or_insert_with(|| json!(LARGEST));
            }
            if is("array") {
                fields.entry("maxItems").or_insert_with(|| json!(1000));
            }
            // What stands under these names is data, not schemas.
            let data = ["example", "examples", "enum", "const", "default"];
            fields.iter_mut().filter(|(name, _)| !data.contains(&name.as_str())).for_each(|(_, field)| bound(field));
        }
        _ => {}
    }
}

fn bound_string(fields: &mut Map<String, Value>) {
    let longest = match fields.get("format").and_then(Value::as_str) {
        Some("uuid") => 36,
        Some("date") => 10,
        Some("date-time") => 35,
        Some("binary") => return,
        _ => 2000,
    };
    fields.entry("maxLength").or_insert_with(|| json!(longest));
    if !fields.contains_key("format") {
        // The rim refuses U+0000 in every body; no text of ours holds one.
        fields.entry("pattern").or_insert_with(|| json!(r"^[^\u0000]*$"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::completed;
    use super::*;

    #[test]
    fn a_list_names_what_it_holds() {
        let document = completed();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let mut seen = 0;
        for (page, schema) in schemas {
            let Some(name) = page.strip_prefix(PAGED) else { continue };
            let items = &schema["properties"]["items"]["items"];
            assert_eq!(*items, json!({ "$ref": format!("#/components/schemas/{name}") }));
            assert!(schemas.contains_key(name), "{name}");
            seen += 1;
        }
        assert!(seen >= 2);
    }

    #[test]
    fn what_a_handler_says_stays() {
        let mut schema = json!({ "type": ["string", "null"], "maxLength": 3, "example": { "type": "string" } });
        bound(&mut schema);
        assert_eq!(
            schema,
            json!({ "type": ["string", "null"], "maxLength": 3, "pattern": r"^[^\u0000]*$", "example": { "type": "string" } })
        );
    }

    #[test]
    fn the_variants_of_a_choice_have_names_and_say_how_they_are_told_apart() {
        let document = completed();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for (name, schema) in schemas {
            for variant in schema["oneOf"].as_array().into_iter().flatten() {
                let target = variant["$ref"].as_str().unwrap_or_else(|| panic!("a variant of {name} has no name"));
                assert!(schemas.contains_key(target.rsplit('/').next().unwrap()), "{target}");
            }
        }
        assert_eq!(schemas["Quantity"]["discriminator"]["propertyName"], "unit");
        assert_eq!(
            schemas["Quantity"]["discriminator"]["mapping"]["basis_points"],
            "#/components/schemas/QuantityBasisPoints"
        );
        assert!(schemas.contains_key("BenefitDailyAllowance"));
    }

    #[test]
    fn in_an_answer_what_is_not_there_is_left_out() {
        let document = completed();
        let asked = asked(&document);
        assert!(asked.contains("Declaration") && !asked.contains("ClaimView"));
        let mut seen = 0;
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let properties = schema["properties"].as_object().into_iter().flatten();
            for (property, schema) in properties.filter(|(property, _)| !required.contains(&json!(property))) {
                let nullable = schema["type"].is_array() || schema["oneOf"].to_string().contains("\"null\"");
                assert!(!nullable || asked.contains(name), "{name}.{property} is optional and may be null");
                seen += 1;
            }
        }
        assert!(seen > 60, "{seen}");
        let reason = &document["components"]["schemas"]["Line"];
        assert!(reason["required"].as_array().unwrap().contains(&json!("reason")), "always there");
    }
}
