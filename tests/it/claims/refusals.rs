//! What a claim refuses, and how it says so.

use huzhu::plans::{self, PlanDocument};
use reqwest::Method;
use serde_json::{Value, json};
use time::macros::date;

use super::{start, stay, stay_from, submitted, taken};
use crate::support::TestApp;

#[actix_web::test]
async fn a_declaration_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    for (change, pointer) in [
        (json!({"hospital_name": "a\u{0}b"}), "/declaration/hospital_name"),
        (json!({"hospital_grade": 9}), "/declaration/hospital_grade"),
        (json!({"settlement_serial": "12 34;drop"}), "/declaration/settlement_serial"),
        (json!({"starts_on": "2026-02-30"}), "/declaration/starts_on"),
        (json!({"amount": 1}), "/declaration/amount"),
    ] {
        let mut declaration = stay(&app);
        declaration.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let (_, got) = start(&app, member, &declaration).await;
        let got = got.refused(422, "validation_failed");
        assert_eq!(got.pointers(), [pointer], "{}", got.body);
    }
    app.ask(member, Method::POST, "/v1/claims")
        .await
        .json(&json!({}))
        .send()
        .await
        .refused(400, "idempotency_key_missing");
    let huge = json!({"id": app.app.ids.next(), "declaration": {"diagnosis": "x".repeat(300_000)}});
    app.post(member, "/v1/claims", &huge).await.refused(413, "body_too_large");
    app.stop().await;
}

#[actix_web::test]
async fn a_draft_is_not_submitted_incomplete_or_twice_or_at_an_old_version() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, got) = start(&app, member, &json!({})).await;
    let version = got.ok(201).version();
    let path = format!("/v1/claims/{id}");
    let got =
        app.post_at(member, &format!("{path}/submit"), version, &Value::Null).await.refused(422, "claim_incomplete");
    assert_eq!(got.pointers(), ["/event", "/starts_on", "/ends_on", "/settlements"]);
    let save = app.ask(member, Method::PUT, &format!("{path}/declaration")).await;
    let saved = save.if_match(version).json(&stay(&app)).send().await.ok(200).version();
    let save = app.ask(member, Method::PUT, &format!("{path}/declaration")).await;
    save.if_match(version).json(&stay(&app)).send().await.refused(412, "stale_version");
    let save = app.ask(member, Method::PUT, &format!("{path}/declaration")).await;
    save.json(&stay(&app)).send().await.refused(428, "if_match_missing");
    let got =
        app.post_at(member, &format!("{path}/submit"), saved, &Value::Null).await.refused(422, "claim_incomplete");
    assert_eq!(got.pointers(), ["/documents"]);
    let (id, got) = submitted(&app, member, &stay(&app)).await;
    let version = got.ok(200).version();
    let path = format!("/v1/claims/{id}/submit");
    app.post_at(member, &path, version, &Value::Null).await.refused(409, "claim_state_conflict");
    app.stop().await;
}

#[actix_web::test]
async fn an_event_out_of_cover_out_of_time_or_in_the_future_is_refused() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    // The city's cover begins on 2026-01-01.
    let (_, got) = submitted(&app, member, &stay_from(date!(2025 - 12 - 10))).await;
    let got = got.ok(200);
    assert_eq!(got.text("/state"), "rejected");
    let (id, got) = start(&app, member, &stay_from(date!(2026 - 03 - 10))).await;
    let version = got.ok(201).version();
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    let got = app.post_at(member, &format!("/v1/claims/{id}/submit"), version, &Value::Null).await;
    assert_eq!(got.refused(422, "validation_failed").pointers(), ["/ends_on"]);
    app.stop().await;
}

#[actix_web::test]
async fn somebody_elses_claim_is_not_found() {
    let app = TestApp::start().await;
    let (id, got) = submitted(&app, &app.city.member, &stay(&app)).await;
    let version = got.ok(200).version();
    let stranger = &app.city.other_member;
    for path in ["", "/estimate", "/timeline", "/explanation", "/documents", "/payouts"] {
        app.get(stranger, &format!("/v1/claims/{id}{path}")).await.refused(404, "not_found");
    }
    for verb in ["submit", "withdraw"] {
        let path = format!("/v1/claims/{id}/{verb}");
        app.post_at(stranger, &path, version, &Value::Null).await.refused(404, "not_found");
    }
    let elsewhere = &app.city.elsewhere_reviewer;
    app.get(elsewhere, &format!("/v1/reviews/{id}")).await.refused(404, "not_found");
    app.post_at(elsewhere, &format!("/v1/reviews/{id}/take"), version, &Value::Null).await.refused(404, "not_found");
    assert_eq!(app.get(elsewhere, "/v1/reviews").await.ok(200).body["items"], json!([]));
    app.stop().await;
}

#[actix_web::test]
async fn a_decision_must_hold() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, version) = taken(&app, member, reviewer).await;
    let path = format!("/v1/reviews/{id}/decide");
    let plan = app.get(reviewer, &format!("/v1/reviews/{id}")).await.ok(200).text("/explanation/plans/0/plan_id");
    for (decision, pointer) in [
        (json!({"outcome": "rejected", "reason_code": "not_covered"}), "/remark"),
        (json!({"outcome": "partly_approved", "reason_code": "cut", "remark": "x"}), "/lines"),
        (
            json!({"outcome": "partly_approved", "reason_code": "cut", "remark": "x",
                "lines": [{"plan_id": plan, "granted_fen": 99_999_999, "reason_code": "cut"}]}),
            "/lines/0/granted_fen",
        ),
        (
            json!({"outcome": "partly_approved", "reason_code": "cut", "remark": "x",
                "lines": [{"plan_id": app.app.ids.next(), "granted_fen": 1, "reason_code": "cut"}]}),
            "/lines/0/plan_id",
        ),
    ] {
        let got = app.post_at(reviewer, &path, version, &decision).await.refused(422, "decision_refused");
        assert_eq!(got.pointers(), [pointer], "{}", got.body);
    }
    let decision = json!({"outcome": "approved", "reason_code": "as_assessed"});
    app.post_at(&app.city.district_reviewer, &path, version, &decision).await.refused(409, "not_your_review");
    app.post_at(reviewer, &path, version + 1, &decision).await.refused(412, "stale_version");
    app.post_at(reviewer, &path, version, &decision).await.ok(200);
    assert!(app.execute("update decision set granted_fen = 1").await.is_err(), "a decision is never changed");
    assert!(app.execute("delete from claim_timeline").await.is_err(), "nor is the timeline");
    app.stop().await;
}

#[actix_web::test]
async fn a_claim_that_was_passed_up_is_for_the_level_above() {
    let app = TestApp::start().await;
    let reviewer = &app.city.reviewer;
    let (id, version) = taken(&app, &app.city.member, reviewer).await;
    let got = app.post_at(reviewer, &format!("/v1/reviews/{id}/pass-up"), version, &Value::Null).await.ok(200);
    let take = format!("/v1/reviews/{id}/take");
    app.post_at(reviewer, &take, got.version(), &Value::Null).await.refused(403, "forbidden");
    app.post_at(&app.city.district_reviewer, &take, got.version(), &Value::Null).await.ok(200);
    app.stop().await;
}

#[actix_web::test]
async fn a_claim_that_no_plan_pays_for_any_more_can_still_be_rejected() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, _) = taken(&app, member, reviewer).await;
    // A version that is loaded late judges days that lie behind us, and ended before the stay.
    let (file, text) = plans::SAMPLES[1];
    let mut document = PlanDocument::from_toml(file, text).unwrap();
    (document.version, document.starts_on) = ("2026".to_owned(), date!(2026 - 01 - 15));
    document.ends_on = Some(date!(2026 - 01 - 31));
    plans::load(app.app.db.write(), &app.app, &document).await.unwrap();
    let review = format!("/v1/reviews/{id}");
    let version = app.get(reviewer, &review).await.ok(200).version();
    let version = app.post_at(reviewer, &format!("{review}/release"), version, &Value::Null).await.ok(200).version();
    let version = app.post_at(reviewer, &format!("{review}/take"), version, &Value::Null).await.ok(200).version();
    let path = format!("{review}/decide");
    let approve = json!({"outcome": "approved", "reason_code": "as_assessed"});
    let got = app.post_at(reviewer, &path, version, &approve).await.refused(422, "decision_refused");
    assert_eq!(
        (got.pointers(), got.text("/errors/0/reason")),
        (vec!["/outcome".to_owned()], "no_plan_pays".to_owned())
    );
    let reject = json!({"outcome": "rejected", "reason_code": "plan_ended", "remark": "该计划已终止"});
    let got = app.post_at(reviewer, &path, version, &reject).await.ok(200);
    assert_eq!(got.text("/claim/state"), "rejected");
    app.stop().await;
}

#[actix_web::test]
async fn what_is_asked_for_is_five_hundred_characters_at_most_in_each_language() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, version) = taken(&app, member, reviewer).await;
    let path = format!("/v1/reviews/{id}/ask");
    let ask = |zh: usize, en: usize| json!({"items": [{"kind": "other", "detail": {"zh": "补".repeat(zh), "en": "x".repeat(en)}}]});
    for (zh, en) in [(501, 1), (1, 501), (0, 1), (1, 0)] {
        let got = app.post_at(reviewer, &path, version, &ask(zh, en)).await.refused(422, "validation_failed");
        assert_eq!(got.pointers(), ["/items/0/detail"], "{}", got.body);
    }
    app.post_at(reviewer, &path, version, &ask(500, 500)).await.ok(200);
    app.stop().await;
}

#[actix_web::test]
async fn the_twenty_first_draft_waits_until_one_is_withdrawn() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let mut first = None;
    for _ in 0..20 {
        let (id, got) = start(&app, member, &json!({})).await;
        first.get_or_insert((id, got.ok(201).version()));
    }
    let (_, got) = start(&app, member, &json!({})).await;
    got.refused(409, "too_many_drafts");
    start(&app, &app.city.other_member, &json!({})).await.1.ok(201);
    let (id, version) = first.unwrap();
    app.post_at(member, &format!("/v1/claims/{id}/withdraw"), version, &Value::Null).await.ok(200);
    start(&app, member, &json!({})).await.1.ok(201);
    app.stop().await;
}
