//! The demo's city: seeded once, signed in to with what the file says, refused in production.

use std::os::unix::fs::PermissionsExt;

use huzhu::config::Environment;
use huzhu::demo::{Credentials, Seeded, seed};
use huzhu::identity::totp;
use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn the_city_is_seeded_once() {
    let test = TestApp::start().await;
    let members_before = test.count("select count(*) from member").await;
    assert_eq!(seed(&test.app).await.unwrap(), Seeded::Founded { members: 400 });
    assert_eq!(test.count("select count(*) from member").await, members_before + 400);
    assert_eq!(test.count("select count(*) from service_card where state = 'active'").await, members_before + 400);
    assert_eq!(test.count("select count(*) from plan_version").await, 6);
    assert_eq!(test.count("select count(*) from plan").await, 3);
    assert!(test.count("select count(*) from enrolment").await > 800);
    assert_eq!(test.count("select count(distinct level) from organisation").await, 3);
    let file = Credentials::path(&test.app.config.data_dir);
    let first = std::fs::read(&file).unwrap();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let enrolments = test.count("select count(*) from enrolment").await;
    assert_eq!(seed(&test.app).await.unwrap(), Seeded::Present);
    assert_eq!(test.count("select count(*) from enrolment").await, enrolments);
    assert_eq!(std::fs::read(&file).unwrap(), first);

    std::fs::remove_file(&file).unwrap();
    assert_eq!(seed(&test.app).await.unwrap(), Seeded::NewCredentials);
    assert_ne!(std::fs::read(&file).unwrap(), first);
    assert_eq!(test.count("select count(*) from machine_client_key where retired_at_ms is null").await, 1);
    assert_eq!(test.count("select count(*) from enrolment").await, enrolments);
    test.stop().await;
}

#[actix_web::test]
async fn the_staff_sign_in_with_what_the_file_says() {
    let test = TestApp::with(|_| {}).await;
    seed(&test.app).await.unwrap();
    let credentials = Credentials::read(&test.app.config.data_dir).unwrap();
    let roles: std::collections::BTreeSet<_> = credentials.staff.iter().map(|person| person.role.as_str()).collect();
    assert_eq!(roles.len(), 6, "{roles:?}");
    let checker = credentials.staff("payout-checker").unwrap();
    let step = huzhu::kernel::clock::Clock::now(test.clock.as_ref()).as_secs() / 30;
    let body = json!({
        "login": checker.login,
        "password": checker.password,
        "totp_code": totp::code_at(&checker.totp_secret, step).unwrap(),
        "device_id": "demo-device-0001",
        "device_secret": "0".repeat(43),
    });
    let got = test.anonymous(Method::POST, "/v1/sign-in/staff").fresh_key().json(&body).send().await.ok(200);
    assert!(!got.text("/access_token").is_empty());
    test.stop().await;
}

#[actix_web::test]
async fn production_refuses_the_city() {
    let test = TestApp::with(|config| config.environment = Environment::Production).await;
    assert!(seed(&test.app).await.unwrap_err().to_string().contains("production"));
    assert_eq!(test.count("select count(*) from member").await, 2, "only the people of the test's own city");
    test.stop().await;
}
