//! Members sign in with a code by SMS.

use huzhu::config::{Config, Environment};
use reqwest::Method;
use serde_json::{Value, json};

use super::bench::{Bench, Device, PHONE};
use crate::support::TestApp;

const STRANGER: &str = "13700137000";

#[actix_web::test]
async fn a_member_signs_in_with_the_code_and_lists_and_ends_their_sessions() {
    let bench = Bench::start().await;
    let first = bench.sign_in(&Device::numbered(1)).await;
    assert_eq!((first.body["token_type"].as_str(), first.body["scope"].as_str()), (Some("Bearer"), Some("member")));
    assert!(first.body["expires_in"].as_i64().unwrap() <= 600);
    bench.clock.advance_secs(61);
    let second = bench.sign_in(&Device::numbered(2)).await;
    let (token, other) = (first.text("access_token"), second.text("access_token"));

    let listed = bench.signed(Method::GET, "/v1/me/sessions", &token).await;
    let items = listed.body["items"].as_array().unwrap();
    let current: Vec<&Value> = items.iter().filter(|item| item["current"] == true).collect();
    assert_eq!((items.len(), current.len()), (2, 1));
    assert_eq!(current[0]["id"], first.body["session_id"]);

    let path = format!("/v1/me/sessions/{}", second.text("session_id"));
    assert_eq!(bench.signed(Method::DELETE, &path, &token).await.status, 204);
    bench.signed(Method::DELETE, &path, &token).await.refused(404, "not_found");
    assert_eq!(bench.status_of(&other).await, 401, "its access token too");
    bench.refresh(&second.text("refresh_token"), &Device::numbered(2)).await.oauth(400, "invalid_grant");
    assert_eq!(bench.status_of(&token).await, 200);
    bench.stop().await;
}

#[actix_web::test]
async fn signing_out_ends_access_and_refresh() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let granted = bench.sign_in(&device).await;
    let token = granted.text("access_token");
    assert_eq!(bench.signed(Method::POST, "/v1/sign-out", &token).await.status, 204);
    bench.signed(Method::GET, "/v1/me/sessions", &token).await.refused(401, "unauthenticated");
    bench.refresh(&granted.text("refresh_token"), &device).await.oauth(400, "invalid_grant");
    bench.stop().await;
}

#[actix_web::test]
async fn an_access_token_ends_after_ten_minutes() {
    let bench = Bench::start().await;
    let token = bench.sign_in(&Device::numbered(1)).await.text("access_token");
    bench.clock.advance_secs(599);
    assert_eq!(bench.status_of(&token).await, 200);
    bench.clock.advance_secs(1);
    let refused = bench.signed(Method::GET, "/v1/me/sessions", &token).await;
    refused.refused(401, "token_expired");
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    bench.stop().await;
}

#[actix_web::test]
async fn an_unknown_number_is_answered_alike_and_costs_the_same_rows() {
    let bench = Bench::start().await;
    let (known, unknown) =
        (bench.ask(PHONE, &Device::numbered(1)).await, bench.ask(STRANGER, &Device::numbered(2)).await);
    let names = |body: &Value| body.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(known.status, unknown.status);
    assert_eq!(names(&known.body), names(&unknown.body));
    assert_eq!(known.body["expires_at"], unknown.body["expires_at"]);
    let headers = |got: &super::bench::Got| got.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(headers(&known), headers(&unknown));
    for table in ["otp_challenge", "sms_outbox", "job where kind = 'identity.send_sms'"] {
        assert_eq!(bench.count(&format!("select count(*) from {table}")).await, 2, "{table}");
    }
    // Asked again too soon: alike as well.
    bench.ask(PHONE, &Device::numbered(1)).await.refused(429, "too_many_requests");
    bench.ask(STRANGER, &Device::numbered(2)).await.refused(429, "too_many_requests");
    // Nothing reaches the stranger, and no guess signs anybody in.
    assert_eq!(bench.count("select count(*) from sms_outbox where deliverable").await, 1);
    let guess = bench.verify(&unknown.text("challenge_id"), "123456", &Device::numbered(2)).await;
    let wrong = bench.verify(&known.text("challenge_id"), "x23456", &Device::numbered(1)).await;
    guess.refused(401, "sign_in_code_refused");
    wrong.refused(422, "validation_failed");
    bench.stop().await;
}

#[actix_web::test]
async fn a_stranger_who_spends_the_numbers_day_does_not_lock_its_owner_out() {
    let bench = Bench::start().await;
    let (own, stranger) = (Device::numbered(1), Device::numbered(9));
    bench.sign_in(&own).await;
    for _ in 0..24 {
        bench.clock.advance_secs(15 * 60);
        bench.ask(PHONE, &stranger).await;
    }
    bench.ask(PHONE, &stranger).await.refused(429, "too_many_requests");
    bench.ask(PHONE, &Device::numbered(2)).await.refused(429, "too_many_requests");
    bench.sign_in(&own).await;
    bench.ask(PHONE, &own).await.refused(429, "too_many_requests");
    // The owner's device is nothing to another number.
    assert_eq!(bench.ask(STRANGER, &own).await.status, 202);
    bench.ask(STRANGER, &stranger).await.refused(429, "too_many_requests");
    bench.stop().await;
}

#[actix_web::test]
async fn a_number_has_one_code_a_minute_five_an_hour_and_ten_a_day() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let mut granted = 0;
    for _ in 0..24 * 60 {
        granted += usize::from(bench.ask(PHONE, &device).await.status == 202);
        let again = bench.ask(PHONE, &device).await;
        again.refused(429, "too_many_requests");
        assert!(again.headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap() >= 1);
        bench.clock.advance_secs(60 * 10);
        if granted == 10 {
            break;
        }
    }
    assert_eq!(granted, 10);
    bench.ask(PHONE, &device).await.refused(429, "too_many_requests");
    bench.clock.advance_secs(24 * 60 * 60);
    assert_eq!(bench.ask(PHONE, &device).await.status, 202, "the next day");
    bench.stop().await;
}

#[actix_web::test]
async fn one_source_cannot_ask_for_every_number() {
    let bench = Bench::start().await;
    let limit = bench.app.config.sign_in.otp_per_source_per_hour;
    for number in 0..limit {
        assert_eq!(bench.ask(&format!("138{number:08}"), &Device::numbered(1)).await.status, 202);
    }
    bench.ask(PHONE, &Device::numbered(1)).await.refused(429, "too_many_requests");
    bench.stop().await;
}

#[actix_web::test]
async fn a_code_has_five_tries_also_when_they_come_at_once() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let challenge = bench.ask(PHONE, &device).await.text("challenge_id");
    let right = bench.code(PHONE).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let tries = (0..20).map(|_| bench.verify(&challenge, wrong, &device));
    for refused in futures_util::future::join_all(tries).await {
        refused.refused(401, "sign_in_code_refused");
    }
    assert_eq!(bench.count("select cast(max(tries) as bigint) from otp_challenge").await, 5);
    bench.verify(&challenge, &right, &device).await.refused(401, "sign_in_code_refused");
    bench.stop().await;
}

#[actix_web::test]
async fn a_code_is_for_one_request_one_device_once_and_five_minutes() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let challenge = bench.ask(PHONE, &device).await.text("challenge_id");
    let code = bench.code(PHONE).await;
    bench.verify(&challenge, &code, &Device::numbered(2)).await.refused(401, "sign_in_code_refused");
    let other = bench.app.ids.next().to_string();
    bench.verify(&other, &code, &device).await.refused(401, "sign_in_code_refused");
    let at_once = futures_util::future::join_all((0..5).map(|_| bench.verify(&challenge, &code, &device))).await;
    assert_eq!(at_once.iter().filter(|got| got.status == 200).count(), 1, "used once");
    bench.verify(&challenge, &code, &device).await.refused(401, "sign_in_code_refused");

    bench.clock.advance_secs(61);
    let late = bench.ask(PHONE, &device).await.text("challenge_id");
    let code = bench.code(PHONE).await;
    bench.clock.advance_secs(300);
    bench.verify(&late, &code, &device).await.refused(401, "sign_in_code_refused");
    bench.stop().await;
}

#[actix_web::test]
async fn what_is_not_of_the_shape_is_named() {
    let bench = Bench::start().await;
    let pointer = |got: &super::bench::Got| got.body["errors"][0]["pointer"].clone();
    let got = bench.post("/v1/sign-in/otp", &json!({ "phone": "12345", "device_id": "device-0001" })).await;
    got.refused(422, "validation_failed");
    assert_eq!(pointer(&got), "/phone");
    assert!(!got.body.to_string().contains("12345"), "what was sent is not repeated");
    let got = bench.post("/v1/sign-in/otp", &json!({ "phone": PHONE, "device_id": "x" })).await;
    assert_eq!(pointer(&got), "/device_id");
    let got =
        bench.post("/v1/sign-in/otp", &json!({ "phone": PHONE, "device_id": "device-0001", "role": "auditor" })).await;
    got.refused(422, "validation_failed");
    bench.stop().await;
}

#[actix_web::test]
async fn codes_and_messages_are_gone_when_they_are_over() {
    let bench = Bench::start().await;
    bench.sign_in(&Device::numbered(1)).await;
    bench.clock.advance_secs(2 * 24 * 60 * 60);
    huzhu::identity::sweep::run(&bench.app).await.unwrap();
    for table in ["otp_challenge", "sms_outbox", "sign_in_budget"] {
        assert_eq!(bench.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    assert_eq!(bench.count("select count(*) from session").await, 1, "a session stays");
    bench.stop().await;
}

#[actix_web::test]
async fn the_outbox_can_be_read_in_the_demo_alone() {
    let demo = TestApp::with(|config| config.demo = true).await;
    let path = format!("/v1/demo/sms-outbox?phone={PHONE}");
    let asked = json!({ "phone": PHONE, "device_id": "device-0001" });
    demo.anonymous(Method::POST, "/v1/sign-in/otp").json(&asked).send().await.ok(202);
    let read = demo.anonymous(Method::GET, &path).send().await.ok(200);
    assert_eq!(read.body["items"].as_array().unwrap().len(), 1);
    assert!(read.text("/items/0").contains("验证码"));
    demo.stop().await;

    let trial = TestApp::start().await;
    trial.anonymous(Method::GET, &path).send().await.refused(404, "route_not_found");
    trial.stop().await;
    let production = |config: &mut Config| {
        config.demo = true;
        config.environment = Environment::Production;
    };
    let real = TestApp::with(production).await;
    real.anonymous(Method::GET, &path).send().await.refused(404, "route_not_found");
    real.stop().await;
}
