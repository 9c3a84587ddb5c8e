//! Every operation of the document × every role, no token, and tokens that are no good: 401, 403 or neither, as the table says.

use std::collections::BTreeSet;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use huzhu::http::{Role, server};
use huzhu::identity::jwt::{AccessClaims, Actor};
use huzhu::identity::{clients, permissions};
use huzhu::kernel::clock::Clock;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Got, Person, TestApp};

/// What anybody may call. Opening a route to the world is a line here.
const PUBLIC: &[&str] = &[
    "GET /.well-known/jwks.json",
    "GET /.well-known/oauth-authorization-server",
    "GET /docs/{file}",
    "GET /healthz",
    "GET /readyz",
    "GET /openapi.json",
    "GET /v1/calendar/{year}",
    "GET /v1/plans",
    "OPTIONS /v1/uploads",
    "OPTIONS /v1/uploads/{upload_id}",
    "GET /v1/plans/{plan_code}",
    "POST /v1/oauth/token",
    "POST /v1/sign-in/otp",
    "POST /v1/sign-in/otp/verify",
    "POST /v1/sign-in/staff",
];

/// An operation of the document, with the permissions that open it; none means public.
pub(super) struct Operation {
    pub method: Method,
    pub path: String,
    wants: Vec<String>,
}

impl Operation {
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_public(&self) -> bool {
        self.wants.is_empty()
    }

    pub fn is_open_to(&self, role: Role) -> bool {
        self.wants.iter().any(|permission| permissions::may(role, permission))
    }
}

pub(super) fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(server::document()).unwrap();
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let Ok(method) = method.to_uppercase().parse::<Method>() else { continue };
            if !operation.is_object() {
                continue;
            }
            let declared = operation.get("security").and_then(Value::as_array);
            let declared = declared.unwrap_or_else(|| panic!("{method} {path} declares no permission"));
            let wants = declared.iter().flat_map(|scheme| scheme.as_object().unwrap().values());
            let wants = wants.flat_map(|names| names.as_array().unwrap()).map(|name| name.as_str().unwrap().to_owned());
            operations.push(Operation { method, path: path.clone(), wants: wants.collect() });
        }
    }
    operations
}

async fn knock(service: &TestApp, operation: &Operation, token: Option<&str>) -> Got {
    let mut path = operation.path.clone();
    while let (Some(start), Some(end)) = (path.find('{'), path.find('}')) {
        path.replace_range(start..=end, &service.app.ids.next().to_string());
    }
    let mut ask = service.anonymous(operation.method.clone(), &path);
    if let Some(token) = token {
        ask = ask.header("authorization", &format!("Bearer {token}"));
    }
    if operation.method != Method::GET {
        ask = ask.fresh_key().if_match(1).header("tus-resumable", "1.0.0").json(&json!({}));
    }
    ask.send().await
}

/// A refusal; the answer to HEAD has no body to say which.
#[track_caller]
fn refused(operation: &Operation, got: Got, status: u16, code: &str) {
    if operation.method == Method::HEAD {
        assert_eq!(got.status, status, "{}", operation.name());
    } else {
        got.refused(status, code);
    }
}

#[test]
fn every_operation_declares_a_permission_that_exists_or_is_public_on_purpose() {
    for operation in operations() {
        assert_eq!(operation.is_public(), PUBLIC.contains(&operation.name().as_str()), "{}", operation.name());
        for permission in &operation.wants {
            assert!(permissions::exists(permission), "{} wants {permission}", operation.name());
        }
    }
}

#[test]
fn every_operation_that_is_not_public_is_closed_to_somebody_and_open_to_somebody() {
    for operation in operations().iter().filter(|operation| !operation.is_public()) {
        let open = permissions::ROLES.into_iter().filter(|role| operation.is_open_to(*role)).count();
        assert!((1..permissions::ROLES.len()).contains(&open), "{} is open to {open} roles", operation.name());
    }
}

#[actix_web::test]
async fn every_operation_answers_every_role_as_the_table_says() {
    let service = TestApp::start().await;
    let bank = bank_token(&service).await;
    let mut asked = 0;
    for operation in operations() {
        for role in permissions::ROLES {
            let token = match role {
                Role::CardBank => bank.clone(),
                _ => service.token(person(&service, role)).await,
            };
            let got = knock(&service, &operation, Some(&token)).await;
            let name = operation.name();
            if operation.is_public() || operation.is_open_to(role) {
                assert!(got.status != 403 && got.status != 401, "{role:?} may {name}, got {}", got.body);
            } else {
                refused(&operation, got, 403, "forbidden");
            }
            asked += 1;
        }
    }
    println!("{asked} requests");
    service.stop().await;
}

#[actix_web::test]
async fn no_operation_that_is_not_public_opens_without_a_good_token() {
    let service = TestApp::start().await;
    let expired = expired_token(&service);
    let good = service.token(&service.city.auditor).await;
    let unsigned = good.rsplit_once('.').unwrap().0.to_owned() + ".";
    for operation in operations() {
        for (token, code) in [
            (None, "unauthenticated"),
            (Some(expired.as_str()), "token_expired"),
            (Some(unsigned.as_str()), "unauthenticated"),
            (Some("nonsense"), "unauthenticated"),
        ] {
            let got = knock(&service, &operation, token).await;
            if operation.is_public() {
                assert!(got.status != 401, "{} asks for a token: {}", operation.name(), got.body);
                continue;
            }
            let challenge = got.headers["www-authenticate"].to_str().unwrap().to_owned();
            refused(&operation, got, 401, code);
            assert!(challenge.starts_with("Bearer"), "{}", operation.name());
        }
    }
    service.stop().await;
}

#[actix_web::test]
async fn two_roles_together_may_what_each_may() {
    let service = TestApp::start().await;
    let person = Person { roles: vec![Role::Reviewer, Role::Auditor], ..service.city.reviewer.clone() };
    service
        .execute("insert into staff_role (staff_id, role, granted_at_ms) select id, 'auditor', 0 from staff where login = 'reviewer'")
        .await
        .unwrap();
    for operation in operations().iter().filter(|operation| !operation.is_public()) {
        // One of the operations ends the session.
        let token = service.token(&person).await;
        let open = person.roles.iter().any(|role| operation.is_open_to(*role));
        let got = knock(&service, operation, Some(&token)).await;
        assert_eq!(got.status != 403, open, "{}: {}", operation.name(), got.body);
    }
    service.stop().await;
}

#[test]
fn the_document_names_no_operation_twice() {
    let names: Vec<String> = operations().iter().map(Operation::name).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len());
    assert!(names.len() > 10);
}

pub(super) fn person(service: &TestApp, role: Role) -> &Person {
    let city = &service.city;
    match role {
        Role::Member | Role::CardBank => &city.member,
        Role::Liaison => &city.liaison,
        Role::Reviewer => &city.reviewer,
        Role::PayoutMaker => &city.maker,
        Role::PayoutChecker => &city.checker,
        Role::PlanEditor => &city.plan_editor,
        Role::Auditor => &city.auditor,
    }
}

pub(super) async fn bank_token(service: &TestApp) -> String {
    let client_id = bank_client(service).await;
    bank_token_of(service, client_id)
}

/// The bank's job, registered.
pub async fn bank_client(service: &TestApp) -> uuid::Uuid {
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "bank-1", "x": B64.encode(key.to_bytes()) });
    let jwk = serde_json::from_value(jwk).unwrap();
    let app = &service.app;
    clients::register(app.db.write(), app, "card-bank", "京卡银行", Role::CardBank, &jwk).await.unwrap().id
}

/// A fresh token of the bank's job.
pub fn bank_token_of(service: &TestApp, client_id: uuid::Uuid) -> String {
    let claims = AccessClaims { sub: client_id, actor: Actor::Machine, sid: None, ..claims(service) };
    service.app.identity.tokens.mint(&claims).unwrap()
}

fn claims(service: &TestApp) -> AccessClaims {
    let now = service.clock.now().as_secs();
    AccessClaims {
        iss: service.app.identity.tokens.issuer().to_owned(),
        aud: service.app.identity.tokens.audience().to_owned(),
        sub: service.city.member.id,
        client_id: "test".to_owned(),
        iat: now,
        nbf: None,
        exp: now + 600,
        jti: service.app.ids.next(),
        scope: "member".to_owned(),
        auth_time: now,
        acr: "test".to_owned(),
        actor: Actor::Member,
        sid: Some(service.app.ids.next()),
    }
}

fn expired_token(service: &TestApp) -> String {
    let fresh = claims(service);
    let old = AccessClaims { iat: fresh.iat - 700, exp: fresh.iat - 100, ..fresh };
    service.app.identity.tokens.mint(&old).unwrap()
}
