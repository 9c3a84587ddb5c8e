//! Object by object: what belongs to somebody else is answered as if it did not exist.

use huzhu::http::server;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Person, TestApp};

/// The operations whose path holds `parameter`, by method and path.
fn operations_on(parameter: &str) -> Vec<(Method, String)> {
    let document = serde_json::to_value(server::document()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if let Ok(method) = method.to_uppercase().parse()
                && operation.is_object()
                && path.contains(parameter)
            {
                found.push((method, path.clone()));
            }
        }
    }
    assert!(!found.is_empty(), "no operation on {parameter}");
    found
}

async fn answer(app: &TestApp, person: &Person, method: &Method, path: &str) -> (u16, Value) {
    let mut ask = app.ask(person, method.clone(), path).await;
    if *method != Method::GET {
        ask = ask.fresh_key().if_match(1).json(&json!({}));
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
    for (method, path) in operations_on(parameter) {
        let on = |id: Uuid| path.replace(parameter, &id.to_string());
        let real = answer(app, person, &method, &on(id)).await;
        let nothing = answer(app, person, &method, &on(app.app.ids.next())).await;
        assert_eq!(real, nothing, "{:?}: {method} {path}", person.roles);
        assert!(real.0 >= 400, "{method} {path}");
        // With the permission, a read is a plain 404.
        assert!(method != Method::GET || matches!(real.0, 403 | 404), "{method} {path}: {}", real.0);
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
