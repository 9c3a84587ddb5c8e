//! Every answer of the staff's side that shows a claim is a row that its member can see, replays included.

use std::collections::BTreeSet;

use huzhu::config::BillChecks;
use huzhu::http::server;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{start, stay, submit, submitted, taken};
use crate::support::photo::qr;
use crate::support::{Person, TestApp};

const ROWS: &str = "select count(*) from access_record";

fn ask_body() -> Value {
    json!({"items": [{"kind": "diagnosis", "detail": {"zh": "请补充诊断证明", "en": "Send the diagnosis"}}]})
}

/// Does `verb` twice with one key; both answers show the file, and each is one look of that name.
async fn twice(app: &TestApp, person: &Person, id: Uuid, verb: &str, version: i64, body: &Value) -> i64 {
    let path = format!("/v1/reviews/{id}/{verb}");
    let (what, key) = (format!("claim.{}", verb.replace('-', "_")), app.app.ids.next().to_string());
    let before = app.count(ROWS).await;
    let send = async || app.ask(person, Method::POST, &path).await.key(&key).if_match(version).json(body).send().await;
    let first = send().await.ok(200);
    assert_eq!(app.count(ROWS).await, before + 1, "{verb}");
    let replay = send().await.ok(200);
    assert_eq!((replay.headers["idempotent-replay"].to_str().unwrap(), &replay.body), ("true", &first.body));
    assert_eq!(app.count(ROWS).await, before + 2, "{verb} again");
    assert_eq!(app.count(&format!("{ROWS} where what = '{what}'")).await % 2, 0, "{verb}");
    first.version()
}

#[actix_web::test]
async fn each_verb_of_a_review_is_a_look_also_when_its_answer_comes_again() {
    // Nobody listens there: the bill can't be checked, and can be asked about again.
    let platform = || Some(BillChecks::simulator("http://127.0.0.1:1"));
    let app = TestApp::with(|config| config.bill_checks = platform()).await;
    let (member, low, high) = (&app.city.member, &app.city.reviewer, &app.city.district_reviewer);
    let (id, got) = start(&app, member, &stay(&app)).await;
    got.ok(201);
    let bill = app.upload(member, id, "bill", qr("ebill,11010126,0000420117,hz7q2m,2026-03-12,35991.35")).await;
    let version = submit(&app, member, id).await.ok(200).version();
    let before = app.count(ROWS).await;
    app.get(low, &format!("/v1/reviews/{id}")).await.ok(200);
    app.get(low, &format!("/v1/claims/{id}/documents")).await.ok(200);
    assert_eq!(app.count(ROWS).await, before + 2);
    let none = Value::Null;
    let version = twice(&app, low, id, "take", version, &none).await;
    let version = twice(&app, low, id, "release", version, &none).await;
    let version = twice(&app, low, id, "take", version, &none).await;
    let version = twice(&app, low, id, "pass-up", version, &none).await;
    let version = twice(&app, high, id, "take", version, &none).await;
    let version = twice(&app, high, id, "bill-checks", version, &json!({"document_id": bill})).await;
    let version = twice(&app, high, id, "ask", version, &ask_body()).await;
    let answers = json!({"answers": [{"item": 0, "given": false}]});
    let answered = app.post_at(member, &format!("/v1/claims/{id}/answer"), version, &answers).await.ok(200);
    let version = twice(&app, high, id, "take", answered.version(), &none).await;
    let decision = json!({"outcome": "rejected", "reason_code": "not_covered", "remark": "不在保障范围"});
    twice(&app, high, id, "decide", version, &decision).await;

    let mut declaration = stay(&app);
    declaration["settlement_serial"] = json!("110199998888");
    let (other, got) = submitted(&app, &app.city.other_member, &declaration).await;
    let version = twice(&app, low, other, "take", got.ok(200).version(), &none).await;
    let version = twice(&app, low, other, "ask", version, &ask_body()).await;
    app.clock.advance_secs(90 * 24 * 60 * 60);
    twice(&app, low, other, "lapse", version, &none).await;

    let document = serde_json::to_value(server::document()).unwrap();
    let of_reviews =
        document["paths"].as_object().unwrap().keys().filter(|path| path.starts_with("/v1/reviews/{claim_id}"));
    let verbs: BTreeSet<&str> = of_reviews.map(|path| path.rsplit('/').next().unwrap()).collect();
    // A match is looked at and judged in matches.rs.
    let seen =
        ["{claim_id}", "take", "release", "pass-up", "bill-checks", "ask", "lapse", "decide", "judge", "picture"];
    assert_eq!(verbs, BTreeSet::from(seen), "a new route belongs into this test");
    app.stop().await;
}

#[actix_web::test]
async fn a_stored_answer_is_not_given_again_to_whom_may_no_longer_see_the_claim() {
    let app = TestApp::start().await;
    let (id, got) = submitted(&app, &app.city.member, &stay(&app)).await;
    let version = got.ok(200).version();
    let take = async || {
        let ask = app.ask(&app.city.reviewer, Method::POST, &format!("/v1/reviews/{id}/take")).await;
        ask.key("take-once-and-again").if_match(version).send().await
    };
    take().await.ok(200);
    app.execute("update claim set organisation_path = '/elsewhere/'").await.unwrap();
    let before = app.count(ROWS).await;
    take().await.refused(404, "not_found");
    assert_eq!(app.count(ROWS).await, before);
    app.stop().await;
}

#[actix_web::test]
async fn a_lower_level_neither_asks_nor_closes_after_a_claim_was_passed_up() {
    let app = TestApp::start().await;
    let (member, low, high) = (&app.city.member, &app.city.reviewer, &app.city.district_reviewer);
    let (id, version) = taken(&app, member, low).await;
    let path = |verb: &str| format!("/v1/reviews/{id}/{verb}");
    let version = app.post_at(low, &path("pass-up"), version, &Value::Null).await.ok(200).version();
    app.post_at(low, &path("take"), version, &Value::Null).await.refused(403, "forbidden");
    app.post_at(low, &path("ask"), version, &ask_body()).await.refused(403, "forbidden");
    let version = app.post_at(high, &path("ask"), version, &ask_body()).await.ok(200).version();
    app.clock.advance_secs(90 * 24 * 60 * 60);
    app.post_at(low, &path("lapse"), version, &Value::Null).await.refused(403, "forbidden");
    app.post_at(high, &path("lapse"), version, &Value::Null).await.ok(200);
    app.stop().await;
}
