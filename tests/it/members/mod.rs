//! The member's own affairs: their masked file and their card.

use reqwest::Method;
use serde_json::json;

use crate::support::TestApp;

#[actix_web::test]
async fn a_member_sees_themselves_masked() {
    let app = TestApp::start().await;
    let got = app.get(&app.city.member, "/v1/me").await.ok(200);
    assert_eq!((got.text("/name"), got.text("/phone")), ("王*".into(), "138****8000".into()));
    assert_eq!(got.text("/national_id"), "110105********002X");
    app.get(&app.city.reviewer, "/v1/me").await.refused(403, "forbidden");
    app.stop().await;
}

#[actix_web::test]
async fn a_card_is_changed_once_checked_and_held_for_a_day() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let shown = app.get(member, "/v1/me/card").await.ok(200);
    assert_eq!(shown.text("/number"), "**** 0128");
    let change = async |number: &str, version: i64| {
        let ask = app.ask(member, Method::PUT, "/v1/me/card").await;
        ask.if_match(version).json(&json!({ "number": number })).send().await
    };
    for wrong in ["6222021234567890129", "622202123456789", "62220212345678901280000", "6222 0212 3456 7890"] {
        let got = change(wrong, shown.version()).await.refused(422, "validation_failed");
        assert_eq!(got.pointers(), ["/number"]);
        assert!(!got.body.to_string().contains(wrong), "the number is not repeated");
    }
    let got = change("6222021234567890136", shown.version()).await.ok(200);
    assert_eq!((got.text("/number"), got.version()), ("**** 0136".into(), 2));
    assert_eq!(got.text("/usable_from"), "2026-03-17T09:00:00.000+08:00");
    change("6222021234567890128", shown.version()).await.refused(412, "stale_version");
    app.run_jobs().await;
    assert_eq!(app.get(member, "/v1/me/notices").await.ok(200).text("/items/0/kind"), "card_changed");
    assert_eq!(app.count("select count(*) from service_card where state = 'active'").await, 2);
    app.stop().await;
}
