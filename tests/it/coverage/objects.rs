//! Object by object: what belongs to somebody else is answered as if it did not exist.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::permissions::{Operation, operations};
use crate::support::{Person, TestApp, contract};

/// The operations whose path holds `parameter`.
fn operations_on(parameter: &str) -> Vec<Operation> {
    let mut found = operations();
    found.retain(|operation| operation.path.contains(parameter));
    assert!(!found.is_empty(), "no operation on {parameter}");
    found
}

/// What the document says by example that `operation` is sent, so that nothing is refused before the object is looked for.
fn example(operation: &Operation) -> Option<&'static Value> {
    let body = &contract::DOCUMENT["paths"][&operation.path][operation.method.as_str().to_lowercase()]["requestBody"];
    let example = body.pointer("/content/application~1json/example");
    assert!(body.is_null() || example.is_some(), "{} has no example", operation.name());
    example
}

async fn answer(app: &TestApp, person: &Person, operation: &Operation, id: Uuid, parameter: &str) -> (u16, Value) {
    let path = operation.path.replace(parameter, &id.to_string());
    let mut ask = app.ask(person, operation.method.clone(), &path).await;
    if operation.method != Method::GET {
        ask = ask.fresh_key().if_match(1);
    }
    if let Some(example) = example(operation) {
        ask = ask.json(example);
    }
    let got = ask.send().await;
    (got.status, got.body["code"].clone())
}

/// A draft of the member.
async fn draft(app: &TestApp) -> Uuid {
    let declaration = json!({
        "event": "hospital_stay", "starts_on": "2026-03-02", "ends_on": "2026-03-12", "hospital_name": "样本市第一医院",
        "hospital_grade": 3, "diagnosis_class": "general", "diagnosis": "肺炎",
        "settlements": [{"starts_on": "2026-03-02", "ends_on": "2026-03-12", "self_pay_one_fen": 800_000}]
    });
    let id = app.app.ids.next();
    app.post(&app.city.member, "/v1/claims", &json!({"id": id, "declaration": declaration})).await.ok(201);
    id
}

/// `person` must not be able to tell `id` from an identifier that nothing has.
async fn cannot_see(app: &TestApp, person: &Person, parameter: &str, id: Uuid) {
    for operation in operations_on(parameter) {
        let real = answer(app, person, &operation, id, parameter).await;
        let nothing = answer(app, person, &operation, app.app.ids.next(), parameter).await;
        let asked = format!("{:?}: {}", person.roles, operation.name());
        assert_eq!(real, nothing, "{asked}");
        let open = person.roles.iter().any(|role| operation.is_open_to(*role));
        let refusal = if open { (404, json!("not_found")) } else { (403, json!("forbidden")) };
        assert_eq!(real, refusal, "{asked}");
    }
}

#[actix_web::test]
async fn another_members_claim_does_not_exist() {
    let app = TestApp::start().await;
    let claim_id = draft(&app).await;
    cannot_see(&app, &app.city.other_member, "{claim_id}", claim_id).await;
    let path = format!("/v1/claims/{claim_id}");
    app.get(&app.city.other_member, &path).await.refused(404, "not_found");
    app.get(&app.city.member, &path).await.ok(200);
    let listed = app.get(&app.city.other_member, "/v1/claims").await.ok(200);
    assert!(!listed.body.to_string().contains(&claim_id.to_string()));
    app.stop().await;
}

#[actix_web::test]
async fn a_claim_outside_the_subtree_does_not_exist() {
    let app = TestApp::start().await;
    let claim_id = draft(&app).await;
    let path = format!("/v1/reviews/{claim_id}");
    app.get(&app.city.reviewer, &path).await.refused(404, "not_found");
    let some_bytes = if app.app.db.is_sqlite() { "x'01'" } else { "'\\x01'::bytea" };
    let submit =
        format!("update claim set state = 'checking', submitted_at_ms = created_at_ms, event_lookup = {some_bytes}");
    app.execute(&submit).await.unwrap();
    cannot_see(&app, &app.city.elsewhere_reviewer, "{claim_id}", claim_id).await;
    app.get(&app.city.elsewhere_reviewer, &path).await.refused(404, "not_found");
    let listed = app.get(&app.city.elsewhere_reviewer, "/v1/reviews").await.ok(200);
    assert!(!listed.body.to_string().contains(&claim_id.to_string()));
    app.get(&app.city.reviewer, &path).await.ok(200);
    app.stop().await;
}

#[actix_web::test]
async fn another_members_document_does_not_exist() {
    let app = TestApp::start().await;
    let claim_id = draft(&app).await;
    let path = format!("/v1/claims/{claim_id}/documents");
    let intent = json!({ "kind": "bill", "size_bytes": 4, "sha256": "ab".repeat(32) });
    app.post(&app.city.member, &path, &intent).await.ok(201);
    let listed = app.get(&app.city.member, &path).await.ok(200);
    let document_id: Uuid = listed.text("/items/0/id").parse().unwrap();
    for stranger in [&app.city.other_member, &app.city.elsewhere_reviewer] {
        cannot_see(&app, stranger, "{document_id}", document_id).await;
    }
    app.get(&app.city.member, &format!("/v1/documents/{document_id}")).await.ok(200);
    app.stop().await;
}

#[actix_web::test]
async fn another_persons_session_does_not_exist() {
    let app = TestApp::start().await;
    let own = app.get(&app.city.member, "/v1/me/sessions").await.ok(200);
    let session_id: Uuid = own.text("/items/0/id").parse().unwrap();
    for stranger in [&app.city.other_member, &app.city.auditor] {
        cannot_see(&app, stranger, "{session_id}", session_id).await;
    }
    let after = app.get(&app.city.member, "/v1/me/sessions").await.ok(200);
    assert!(after.body.to_string().contains(&session_id.to_string()), "still open");
    app.stop().await;
}
