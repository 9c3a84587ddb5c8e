//! The main road and its side roads.

use reqwest::Method;
use serde_json::{Value, json};

use super::{start, stay, submitted, taken};
use crate::support::TestApp;

#[actix_web::test]
async fn a_claim_goes_from_draft_to_decision_and_says_at_each_step_who_has_the_ball() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, got) = start(&app, member, &json!({"event": "hospital_stay"})).await;
    let got = got.ok(201);
    assert_eq!((got.text("/state"), got.text("/holder")), ("draft".into(), "member".into()));

    // Another device reads the draft and goes on with it.
    let path = format!("/v1/claims/{id}");
    let version = app.get(member, &path).await.ok(200).version();
    let save = app.ask(member, Method::PUT, &format!("{path}/declaration")).await;
    let got = save.if_match(version).json(&stay(&app)).send().await.ok(200);
    let estimate = app.get(member, &format!("{path}/estimate")).await.ok(200);
    assert_eq!(estimate.body["plans"][0]["assessment"]["amount_fen"], 134_000, "{}", estimate.body);

    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.upload_photo(member, id, "id_card", 2).await;
    app.run_jobs().await;
    let got = app.post_at(member, &format!("{path}/submit"), got.version(), &Value::Null).await.ok(200);
    assert_eq!((got.text("/state"), got.text("/holder")), ("accepted".into(), "office".into()));
    assert_eq!((got.body["promise"]["day"].as_u64(), got.body["promise"]["of_days"].as_u64()), (Some(0), Some(10)));
    assert_eq!(got.text("/promise/expected_pay_date"), "2026-03-30");

    let queue = app.get(reviewer, "/v1/reviews").await.ok(200);
    assert_eq!(queue.text("/items/0/claim_id"), id.to_string());
    let review = format!("/v1/reviews/{id}");
    let got = app.get(reviewer, &review).await.ok(200);
    let got = app.post_at(reviewer, &format!("{review}/take"), got.version(), &Value::Null).await.ok(200);
    let decision = json!({"outcome": "approved", "reason_code": "as_assessed"});
    let got = app.post_at(reviewer, &format!("{review}/decide"), got.version(), &decision).await.ok(200);
    assert_eq!((got.text("/claim/state"), got.text("/claim/holder")), ("approved".into(), "payout_office".into()));

    let explained = app.get(member, &format!("{path}/explanation")).await.ok(200);
    let line = &explained.body["plans"][0]["assessment"]["lines"][0];
    assert!(line["sentence"]["zh"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
    assert!(line["sentence"]["en"].as_str().is_some_and(|text| !text.is_empty()), "{line}");
    assert_eq!(explained.body["decision"]["outcome"], "approved");
    assert_eq!(app.count("select count(*) from payout").await, 1);

    let steps = app.get(member, &format!("{path}/timeline")).await.ok(200);
    let states: Vec<&str> =
        steps.body["items"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["draft", "checking", "accepted", "in_review", "approved"]);
    let looks = app.get(member, "/v1/me/access-records").await.ok(200);
    assert_eq!(looks.text("/items/0/organisation"), "样本厂工会");
    app.run_jobs().await;
    let notices = app.get(member, "/v1/me/notices").await.ok(200);
    assert_eq!(notices.text("/items/0/kind"), "claim_decided");
    app.stop().await;
}

#[actix_web::test]
async fn the_same_claim_sent_again_is_the_same_claim() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, got) = start(&app, member, &stay(&app)).await;
    let first = got.ok(201);
    let body = json!({"id": id, "declaration": stay(&app)});
    let again = app.post(member, "/v1/claims", &body).await.ok(200);
    assert_eq!(again.body, first.body);
    let key = "0195a3c0-0000-7000-8000-000000000001";
    let other = json!({"id": app.app.ids.next(), "declaration": stay(&app)});
    let made = app.ask(member, Method::POST, "/v1/claims").await.key(key).json(&other).send().await.ok(201);
    let replay = app.ask(member, Method::POST, "/v1/claims").await.key(key).json(&other).send().await.ok(201);
    assert_eq!((replay.headers["idempotent-replay"].to_str().unwrap(), &replay.body), ("true", &made.body));
    app.ask(member, Method::POST, "/v1/claims")
        .await
        .key(key)
        .json(&body)
        .send()
        .await
        .refused(422, "idempotency_key_reused");
    app.post(&app.city.other_member, "/v1/claims", &body).await.refused(409, "claim_id_taken");
    assert_eq!(app.count("select count(*) from claim").await, 2);
    app.stop().await;
}

#[actix_web::test]
async fn two_submissions_at_once_make_one() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, got) = start(&app, member, &stay(&app)).await;
    let version = got.ok(201).version();
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.upload_photo(member, id, "id_card", 2).await;
    app.run_jobs().await;
    let path = format!("/v1/claims/{id}/submit");
    let asks = (0..4).map(|_| app.post_at(member, &path, version, &Value::Null));
    let got = futures_util::future::join_all(asks).await;
    let mut statuses: Vec<u16> = got.iter().map(|got| got.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.first(), Some(&200), "{statuses:?}");
    assert!(statuses.iter().skip(1).all(|status| matches!(status, 409 | 412)), "{statuses:?}");
    assert_eq!(app.count("select count(*) from claim_timeline where command = 'submit'").await, 1);
    app.stop().await;
}

#[actix_web::test]
async fn what_is_missing_is_asked_for_once_and_the_answer_goes_on() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, got) = start(&app, member, &stay(&app)).await;
    let version = got.ok(201).version();
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.run_jobs().await;
    let path = format!("/v1/claims/{id}");
    let got = app.post_at(member, &format!("{path}/submit"), version, &Value::Null).await.ok(200);
    assert_eq!(got.text("/state"), "waiting_for_member");
    assert_eq!(got.text("/supplement/items/0/kind"), "id_card");
    app.upload_photo(member, id, "id_card", 2).await;
    app.run_jobs().await;
    let answers = json!({"answers": [{"item": 0, "given": true}]});
    let got = app.post_at(member, &format!("{path}/answer"), got.version(), &answers).await.ok(200);
    assert_eq!(got.text("/state"), "accepted");
    app.stop().await;
}

#[actix_web::test]
async fn a_reviewer_asks_and_the_promise_waits() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, version) = taken(&app, member, reviewer).await;
    let ask = json!({"items": [{"kind": "diagnosis", "detail": {"zh": "请补充诊断证明", "en": "Send the diagnosis"}}]});
    app.post_at(reviewer, &format!("/v1/reviews/{id}/ask"), version, &ask).await.ok(200);
    let path = format!("/v1/claims/{id}");
    let got = app.get(member, &path).await.ok(200);
    assert_eq!((got.text("/holder"), got.text("/promise/state")), ("member".into(), "paused".into()));
    let answers = json!({"answers": [{"item": 0, "given": false, "remark": "医院不再提供"}]});
    let got = app.post_at(member, &format!("{path}/answer"), got.version(), &answers).await.ok(200);
    assert_eq!((got.text("/state"), got.text("/promise/state")), ("accepted".into(), "running".into()));
    let queue = app.get(reviewer, "/v1/reviews").await.ok(200);
    assert_eq!(queue.body["items"][0]["mine_before"], true);
    app.stop().await;
}

#[actix_web::test]
async fn a_part_is_granted_with_a_reason() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, version) = taken(&app, member, reviewer).await;
    let review = app.get(reviewer, &format!("/v1/reviews/{id}")).await.ok(200);
    let plan_id = review.text("/explanation/plans/0/plan_id");
    let decision = json!({"outcome": "partly_approved", "reason_code": "bill_not_legible", "remark": "一张票据无法辨认",
        "lines": [{"plan_id": plan_id, "granted_fen": 100, "reason_code": "bill_not_legible"}]});
    let got = app.post_at(reviewer, &format!("/v1/reviews/{id}/decide"), version, &decision).await.ok(200);
    assert_eq!(got.text("/claim/state"), "partly_approved");
    let explained = app.get(member, &format!("/v1/claims/{id}/explanation")).await.ok(200);
    assert_eq!(explained.text("/decision/remark"), "一张票据无法辨认");
    app.stop().await;
}

#[actix_web::test]
async fn a_withdrawn_event_may_be_claimed_again_and_a_live_one_not() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, got) = submitted(&app, member, &stay(&app)).await;
    let version = got.ok(200).version();
    let (_, twin) = submitted(&app, member, &stay(&app)).await;
    assert_eq!(twin.ok(200).text("/state"), "rejected");
    app.post_at(member, &format!("/v1/claims/{id}/withdraw"), version, &Value::Null).await.ok(200);
    let (_, third) = submitted(&app, member, &stay(&app)).await;
    assert_eq!(third.ok(200).text("/state"), "accepted");
    app.stop().await;
}
