//! Claims of one member in any order: ceilings hold, ordinals differ, one cover is chosen.

use huzhu::claims::rows::claim_plan;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use time::macros::date;
use uuid::Uuid;

use super::{enrol, stay_from, submitted};
use crate::support::{Person, TestApp};

/// The reviewer takes the claim and approves all of it.
async fn approved(app: &TestApp, id: Uuid) {
    let reviewer = &app.city.reviewer;
    let review = format!("/v1/reviews/{id}");
    let version = app.get(reviewer, &review).await.ok(200).version();
    let version = app.post_at(reviewer, &format!("{review}/take"), version, &Value::Null).await.ok(200).version();
    let decision = json!({"outcome": "approved", "reason_code": "as_assessed"});
    app.post_at(reviewer, &format!("{review}/decide"), version, &decision).await.ok(200);
}

/// What the claim's only plan gives, and the first line of it.
async fn explained(app: &TestApp, member: &Person, id: Uuid) -> (i64, Value) {
    let got = app.get(member, &format!("/v1/claims/{id}/explanation")).await.ok(200);
    let plans = got.body["plans"].as_array().unwrap();
    assert_eq!(plans.len(), 1, "{}", got.body);
    (got.body["assessed_fen"].as_i64().unwrap(), plans[0]["assessment"]["lines"][0].clone())
}

fn long_stay(first: &str, last: &str) -> Value {
    json!({
        "event": "hospital_stay", "starts_on": first, "ends_on": last, "hospital_name": "样本市第一医院", "hospital_grade": 3,
        "diagnosis_class": "general", "diagnosis": "肺炎",
        "settlements": [{"starts_on": first, "ends_on": last, "self_pay_one_fen": 800_000}]
    })
}

#[actix_web::test]
async fn a_term_pays_no_more_when_the_later_stay_is_decided_first() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    enrol(&app, member, "hospital_allowance", date!(2025 - 01 - 01), Some(date!(2025 - 12 - 31))).await;
    let (later, got) = submitted(&app, member, &long_stay("2025-06-01", "2025-12-01")).await;
    got.ok(200);
    approved(&app, later).await;
    let (earlier, got) = submitted(&app, member, &long_stay("2025-02-01", "2025-03-03")).await;
    assert_eq!(got.ok(200).text("/state"), "accepted");
    let estimate = app.get(member, &format!("/v1/claims/{earlier}/estimate")).await.ok(200);
    assert_eq!(estimate.body["total_fen"], 0, "{}", estimate.body);
    let (assessed, line) = explained(&app, member, earlier).await;
    assert_eq!((assessed, line["reason"].as_str()), (0, Some("days_used_up")), "{line}");
    assert_eq!(app.count("select cast(sum(granted_fen) as bigint) from claim_plan").await, 720_000);
    assert_eq!(app.count("select cast(sum(days) as bigint) from claim_plan").await, 180);
    app.stop().await;
}

#[actix_web::test]
async fn an_earlier_stay_that_is_claimed_later_is_the_second_of_the_year() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (later, got) = submitted(&app, member, &stay_from(date!(2026 - 02 - 10))).await;
    got.ok(200);
    approved(&app, later).await;
    let (earlier, got) = submitted(&app, member, &stay_from(date!(2026 - 01 - 10))).await;
    got.ok(200);
    let (assessed, line) = explained(&app, member, earlier).await;
    assert_eq!((assessed, &line["inputs"][0]["value"]), (147_000, &json!({"unit": "count", "value": 2})), "{line}");
    approved(&app, earlier).await;
    app.stop().await;
}

#[actix_web::test]
async fn of_two_open_stays_the_earlier_stays_the_first_whoever_is_decided_first() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (earlier, got) = submitted(&app, member, &stay_from(date!(2026 - 01 - 10))).await;
    got.ok(200);
    let (later, got) = submitted(&app, member, &stay_from(date!(2026 - 02 - 10))).await;
    got.ok(200);
    approved(&app, later).await;
    approved(&app, earlier).await;
    assert_eq!(explained(&app, member, later).await.0, 147_000);
    assert_eq!(explained(&app, member, earlier).await.0, 134_000);
    app.stop().await;
}

#[actix_web::test]
async fn of_two_enrolments_of_one_plan_the_one_that_started_last_pays() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let later = enrol(&app, member, "second_reimbursement", date!(2026 - 02 - 01), None).await;
    let (id, got) = submitted(&app, member, &stay_from(date!(2026 - 03 - 02))).await;
    assert_eq!(got.ok(200).text("/state"), "accepted");
    assert_eq!(explained(&app, member, id).await.0, 134_000);
    let chosen = claim_plan::Entity::find().one(app.app.db.read()).await.unwrap().unwrap();
    assert_eq!(chosen.enrolment_id, later);
    let too_much = "update claim_plan set granted_fen = assessed_fen + 1";
    assert!(app.execute(too_much).await.is_err(), "more was granted than assessed");
    app.stop().await;
}
