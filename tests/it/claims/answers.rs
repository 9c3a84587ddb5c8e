//! What the member answers: the checks run again, what can't be had is asked for once, the promise goes on and never starts twice.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{start, stay, taken, verified};
use crate::support::{Got, Person, TestApp};

/// The member says of the one item that was asked for whether it was given.
async fn answered(app: &TestApp, member: &Person, id: Uuid, given: bool) -> Got {
    let path = format!("/v1/claims/{id}");
    let version = app.get(member, &path).await.ok(200).version();
    let answers = json!({"answers": [{"item": 0, "given": given}]});
    app.post_at(member, &format!("{path}/answer"), version, &answers).await.ok(200)
}

/// A claim that was submitted with a settlement sheet alone: it waits for the identity card.
async fn without_id_card(app: &TestApp, member: &Person) -> Uuid {
    let (id, got) = start(app, member, &stay(app)).await;
    let version = got.ok(201).version();
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.run_jobs().await;
    let got = app.post_at(member, &format!("/v1/claims/{id}/submit"), version, &Value::Null).await.ok(200);
    assert_eq!(got.text("/supplement/items/0/kind"), "id_card");
    id
}

/// The reviewer takes an accepted claim and asks for a document of `kind`.
async fn asked(app: &TestApp, id: Uuid, kind: &str) {
    let (reviewer, review) = (&app.city.reviewer, format!("/v1/reviews/{id}"));
    let version = app.get(reviewer, &review).await.ok(200).version();
    let version = app.post_at(reviewer, &format!("{review}/take"), version, &Value::Null).await.ok(200).version();
    let ask = json!({"items": [{"kind": kind, "detail": {"zh": "请补充", "en": "Please send it"}}]});
    app.post_at(reviewer, &format!("{review}/ask"), version, &ask).await.ok(200);
}

#[actix_web::test]
async fn what_the_member_cannot_get_is_not_asked_for_again_when_another_document_is_checked() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let id = without_id_card(&app, member).await;
    app.upload_photo(member, id, "charge_list", 3).await;
    let got = answered(&app, member, id, false).await;
    assert_eq!((got.text("/state"), got.text("/holder")), ("checking".into(), "system".into()));
    app.run_jobs().await;
    let got = app.get(member, &format!("/v1/claims/{id}")).await.ok(200);
    assert_eq!(got.text("/state"), "accepted", "it was asked for again");
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn only_what_cannot_be_had_is_done_without() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, got) = start(&app, member, &stay(&app)).await;
    let version = got.ok(201).version();
    app.upload_photo(member, id, "charge_list", 1).await;
    app.run_jobs().await;
    let path = format!("/v1/claims/{id}");
    let got = app.post_at(member, &format!("{path}/submit"), version, &Value::Null).await.ok(200);
    assert_eq!(got.text("/supplement/items/1/kind"), "id_card");
    // The settlement sheet was said to be there and is not.
    let answers = json!({"answers": [{"item": 0, "given": true}, {"item": 1, "given": false}]});
    let got = app.post_at(member, &format!("{path}/answer"), got.version(), &answers).await.ok(200);
    assert_eq!(got.text("/state"), "waiting_for_member");
    assert_eq!(got.body["supplement"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(got.text("/supplement/items/0/kind"), "settlement_sheet");
    app.stop().await;
}

#[actix_web::test]
async fn an_accepted_claim_is_checked_again_and_its_promise_goes_on() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let (id, version) = taken(&app, member, reviewer).await;
    let path = format!("/v1/claims/{id}");
    let accepted_at = app.get(member, &path).await.ok(200).text("/accepted_at");
    let ask = json!({"items": [{"kind": "diagnosis", "detail": {"zh": "请补充", "en": "Please send it"}}]});
    app.post_at(reviewer, &format!("/v1/reviews/{id}/ask"), version, &ask).await.ok(200);
    app.clock.advance_secs(3 * 24 * 60 * 60);
    app.upload_photo(member, id, "diagnosis", 3).await;
    let got = answered(&app, member, id, true).await;
    assert_eq!((got.text("/state"), got.text("/promise/state")), ("checking".into(), "running".into()));
    assert_eq!(app.get(reviewer, "/v1/reviews").await.ok(200).body["items"], json!([]));
    app.run_jobs().await;
    let got = app.get(member, &path).await.ok(200);
    assert_eq!((got.text("/state"), got.text("/accepted_at")), ("accepted".into(), accepted_at));
    assert_eq!(got.text("/promise/expected_pay_date"), "2026-04-01", "two working days stood still");
    assert_eq!(app.get(reviewer, "/v1/reviews").await.ok(200).body["items"][0]["mine_before"], true);
    assert_eq!(app.count("select count(*) from claim_timeline where promise = 'start'").await, 1);
    assert_eq!(app.count("select count(*) from notice where kind = 'claim_accepted'").await, 1);
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn an_accepted_claim_that_lacks_what_was_given_is_asked_again_and_never_refused_by_the_system() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let id = without_id_card(&app, member).await;
    assert_eq!(answered(&app, member, id, false).await.text("/state"), "accepted");
    asked(&app, id, "id_card").await;
    let got = answered(&app, member, id, true).await;
    assert_eq!((got.text("/state"), got.text("/promise/state")), ("waiting_for_member".into(), "paused".into()));
    assert_eq!(answered(&app, member, id, false).await.text("/state"), "accepted");
    // Years later the time for claiming is over; this claim was handed in when it was not.
    asked(&app, id, "diagnosis").await;
    app.clock.advance_secs(3 * 366 * 24 * 60 * 60);
    let got = answered(&app, member, id, false).await;
    assert_eq!((got.text("/state"), got.text("/promise/state")), ("accepted".into(), "running".into()));
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_claim_that_nobody_checks_any_more_is_found() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let id = without_id_card(&app, member).await;
    let document = app.upload_photo(member, id, "charge_list", 3).await;
    assert_eq!(answered(&app, member, id, false).await.text("/state"), "checking");
    verified(&app).await;
    // The document is settled behind the claim's back: no check is written for it.
    let sql = "update document set state = 'rejected', reason_code = 'upload_lost' where state = 'received'";
    app.execute(sql).await.unwrap();
    let report = huzhu::verify::run(&app.app).await.unwrap();
    let subjects: Vec<&str> = report.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, [format!("claim {id}")], "{:?}", report.findings);
    assert!(report.findings[0].what.contains("pending"), "{document}");
    app.stop().await;
}

#[actix_web::test]
async fn a_snapshot_sees_nothing_that_comes_after_it() {
    use huzhu::claims::rows::claim::Entity;
    use sea_orm::{EntityTrait, PaginatorTrait};
    let app = TestApp::start().await;
    let member = &app.city.member;
    start(&app, member, &stay(&app)).await.1.ok(201);
    let snapshot = app.app.db.snapshot().await.unwrap();
    assert_eq!(Entity::find().count(&snapshot).await.unwrap(), 1);
    start(&app, member, &stay(&app)).await.1.ok(201);
    assert_eq!(Entity::find().count(&snapshot).await.unwrap(), 1, "a row of later");
    snapshot.rollback().await.unwrap();
    assert_eq!(Entity::find().count(app.app.db.read()).await.unwrap(), 2);
    app.stop().await;
}
