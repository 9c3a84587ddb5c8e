//! The document is the route table: what it names is served, and what it does not name is not.

use std::collections::BTreeSet;

use huzhu::http::{Role, document, server};
use huzhu::identity::permissions;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::permissions::{bank_token, person};
use crate::support::TestApp;
use crate::support::contract::DOCUMENT;

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

/// Every documented path, filled in with the examples of its parameters, and its operations by method.
fn paths() -> Vec<(String, &'static Map<String, Value>)> {
    let fill = |template: &String, item: &'static Value| {
        let operations = item.as_object().unwrap();
        let parameters = operations.values().next().unwrap()["parameters"].as_array().into_iter().flatten();
        let mut path = template.clone();
        for parameter in parameters.filter(|parameter| parameter["in"] == "path") {
            let example = &parameter["example"];
            let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
            path = path.replace(&format!("{{{}}}", parameter["name"].as_str().unwrap()), &example);
        }
        assert!(!path.contains('{') && !path.contains("null"), "a parameter of {template} has no example");
        (path, operations)
    };
    DOCUMENT["paths"].as_object().unwrap().iter().map(|(template, item)| fill(template, item)).collect()
}

/// A token of somebody who may ask `operation`; none when anybody may.
async fn token(service: &TestApp, bank: &str, operation: &Value) -> Option<String> {
    let wants = operation["x-permissions"].as_array().unwrap();
    let may = |role: &Role| wants.iter().any(|permission| permissions::may(*role, permission.as_str().unwrap()));
    match permissions::ROLES.into_iter().find(may)? {
        Role::CardBank => Some(bank.to_owned()),
        role => Some(service.token(person(service, role)).await),
    }
}

#[test]
fn the_committed_document_is_what_the_code_says() {
    let written = document::complete(&server::document()).unwrap();
    assert!(written == *DOCUMENT, "openapi/huzhu.json is old: make openapi; git diff shows what is new");
}

#[actix_web::test]
async fn every_documented_operation_is_served() {
    let service = TestApp::start().await;
    let bank = bank_token(&service).await;
    let mut asked = 0;
    for (path, operations) in paths() {
        for (method, operation) in operations {
            let method: Method = method.to_uppercase().parse().unwrap();
            let mut ask = service.anonymous(method.clone(), &path).header("tus-resumable", "1.0.0");
            if let Some(token) = token(&service, &bank, operation).await {
                ask = ask.header("authorization", &format!("Bearer {token}"));
            }
            if operation["requestBody"].is_object() {
                ask = ask.json(&json!({}));
            }
            let got = ask.fresh_key().if_match(1).send().await;
            let code = got.body["code"].as_str().unwrap_or_default();
            assert!(!["route_not_found", "method_not_allowed"].contains(&code), "{method} {path}: {code}");
            // The answer to HEAD names no code: the handler signs it.
            assert!(
                method != Method::HEAD || got.headers.contains_key("tus-resumable"),
                "{method} {path}: {}",
                got.status
            );
            asked += 1;
        }
    }
    assert!(asked > 50, "{asked}");
    service.stop().await;
}

#[actix_web::test]
async fn no_other_method_of_a_documented_path_is_served() {
    let service = TestApp::start().await;
    for (path, operations) in paths() {
        let documented: BTreeSet<String> = operations.keys().map(|method| method.to_uppercase()).collect();
        for method in METHODS.into_iter().filter(|method| !documented.contains(*method)) {
            let got = service.anonymous(method.parse().unwrap(), &path).send().await.ok(405);
            let allowed = got.headers["allow"].to_str().unwrap();
            assert_eq!(allowed.split(", ").map(str::to_owned).collect::<BTreeSet<_>>(), documented, "{method} {path}");
            assert!(method == "HEAD" || got.body["code"] == "method_not_allowed", "{method} {path}: {}", got.body);
        }
    }
    service.anonymous(Method::GET, "/v1/nowhere").send().await.refused(404, "route_not_found");
    service.stop().await;
}
