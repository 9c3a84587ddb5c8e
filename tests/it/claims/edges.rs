//! The edges of cover and time, and what happens at the same moment.

use futures_util::future::{join, join_all};
use huzhu::kernel::clock::Moment;
use huzhu::plans::rows::enrolment;
use huzhu::plans::{self, PlanDocument, SAMPLES};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, Statement};
use serde_json::{Value, json};
use time::Date;
use time::macros::{date, datetime};
use uuid::Uuid;

use super::{start, stay, stay_from, submitted, taken, verified};
use crate::support::{Person, TestApp};

/// State, reason and sentence of the last step of a claim.
async fn last_step(app: &TestApp, member: &Person, id: Uuid) -> (String, String, String) {
    let steps = app.get(member, &format!("/v1/claims/{id}/timeline")).await.ok(200);
    let last = steps.body["items"].as_array().unwrap().last().unwrap().clone();
    let text = |pointer: &str| last.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("/state"), text("/reason_code"), text("/text/en"))
}

async fn outcome(app: &TestApp, first_day: Date) -> (String, String, String) {
    let member = &app.city.member;
    let (id, got) = submitted(app, member, &stay_from(first_day)).await;
    got.ok(200);
    last_step(app, member, id).await
}

fn refused(reason: &str, sentence: &str) -> (String, String, String) {
    ("rejected".to_owned(), reason.to_owned(), sentence.to_owned())
}

#[actix_web::test]
async fn an_event_before_or_after_cover_is_not_covered_and_the_member_is_told_why() {
    let app = TestApp::start().await;
    app.execute("update enrolment set ends_on = '2026-02-10'").await.unwrap();
    let not_covered = refused("not_covered", "No plan covered you on the day of the event");
    assert_eq!(outcome(&app, date!(2025 - 12 - 31)).await, not_covered);
    assert_eq!(outcome(&app, date!(2026 - 02 - 11)).await, not_covered);
    assert_eq!(outcome(&app, date!(2026 - 01 - 01)).await.0, "accepted", "the first day counts");
    assert_eq!(outcome(&app, date!(2026 - 02 - 10)).await.0, "accepted", "and so does the last");
    app.run_jobs().await;
    let notices = app.get(&app.city.member, "/v1/me/notices").await.ok(200);
    let told = notices.body["items"].as_array().unwrap().iter().any(|notice| {
        notice["kind"] == "claim_rejected" && notice["text"]["zh"].as_str().unwrap().contains("没有可赔付的保障计划")
    });
    assert!(told, "{}", notices.body);
    app.stop().await;
}

#[actix_web::test]
async fn a_plan_that_ended_pays_for_what_happened_before_its_end_and_for_nothing_after() {
    let app = TestApp::start().await;
    app.execute("delete from enrolment").await.unwrap();
    let (file, text) = SAMPLES[1];
    let text = text
        .replace("plan = \"second_reimbursement\"", "plan = \"short_lived\"")
        .replace("starts_on = ", "ends_on = \"2026-01-31\"\nstarts_on = ");
    let document = PlanDocument::from_toml(file, &text).unwrap();
    plans::load(app.app.db.write(), &app.app, &document).await.unwrap();
    let plan = plans::rows::plan::Entity::find().all(app.app.db.read()).await.unwrap();
    let plan_id = plan.iter().find(|plan| plan.code == "short_lived").unwrap().id;
    let row = enrolment::ActiveModel {
        id: Set(app.app.ids.next()),
        member_id: Set(app.city.member.id),
        plan_id: Set(plan_id),
        plan_version_id: Set(None),
        unit_id: Set(None),
        shares: Set(1),
        starts_on: Set(date!(2026 - 01 - 01)),
        ends_on: Set(None),
        renewal: Set(true),
        created_at_ms: Set(Moment::EPOCH),
    };
    enrolment::Entity::insert(row).exec_without_returning(app.app.db.write()).await.unwrap();
    assert_eq!(outcome(&app, date!(2026 - 01 - 31)).await.0, "accepted");
    assert_eq!(outcome(&app, date!(2026 - 02 - 01)).await.1, "not_covered");
    app.stop().await;
}

#[actix_web::test]
async fn a_claim_after_its_time_is_late_and_one_for_the_same_event_a_duplicate() {
    let app = TestApp::start().await;
    assert_eq!(outcome(&app, date!(2026 - 02 - 02)).await.0, "accepted");
    let duplicate = refused("duplicate", "This event has been claimed under the same plan already");
    assert_eq!(outcome(&app, date!(2026 - 02 - 02)).await, duplicate);
    // Two years and a day after the event.
    app.clock.set(Moment::from(datetime!(2028-02-04 09:00 +8)));
    assert_eq!(outcome(&app, date!(2026 - 02 - 03)).await, refused("late", "The time for claiming is over"));
    assert_eq!(outcome(&app, date!(2026 - 02 - 04)).await.0, "accepted");
    app.stop().await;
}

#[actix_web::test]
async fn the_day_is_the_day_in_shanghai_wherever_the_machine_stands() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    // Half past midnight in Shanghai; in UTC, and west of it, still the day before.
    app.clock.set(Moment::from(datetime!(2026-03-17 00:30 +8)));
    let mut today = stay(&app);
    assert_eq!(today["ends_on"], "2026-03-13");
    today["ends_on"] = json!("2026-03-17");
    today["settlements"][0]["ends_on"] = json!("2026-03-17");
    let (_, got) = submitted(&app, member, &today).await;
    let got = got.ok(200);
    assert_eq!(got.text("/state"), "accepted");
    assert!(got.text("/accepted_at").starts_with("2026-03-17T00:30:00"), "{}", got.body);
    assert_eq!(got.text("/promise/expected_pay_date"), "2026-03-31", "ten working days after the 17th");
    let mut tomorrow = stay_from(date!(2026 - 02 - 20));
    tomorrow["ends_on"] = json!("2026-03-18");
    let (id, got) = start(&app, member, &tomorrow).await;
    let version = got.ok(201).version();
    app.upload_photo(member, id, "settlement_sheet", 9).await;
    let got = app.post_at(member, &format!("/v1/claims/{id}/submit"), version, &Value::Null).await;
    assert_eq!(got.refused(422, "validation_failed").pointers(), ["/ends_on"]);
    app.stop().await;
}

/// A claim with both documents clean, ready to be handed in; answers its id and version.
async fn ready(app: &TestApp, member: &Person, declaration: &Value) -> (Uuid, i64) {
    let (id, got) = start(app, member, declaration).await;
    got.ok(201);
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.upload_photo(member, id, "id_card", 2).await;
    app.run_jobs().await;
    (id, app.get(member, &format!("/v1/claims/{id}")).await.ok(200).version())
}

#[actix_web::test]
async fn of_two_members_with_one_serial_at_the_same_moment_one_is_the_duplicate() {
    let app = TestApp::start().await;
    for month in 1..=3 {
        let first_day = Date::from_calendar_date(2026, time::Month::try_from(month).unwrap(), 2).unwrap();
        let declaration = stay_from(first_day);
        let (mine, my_version) = ready(&app, &app.city.member, &declaration).await;
        let (theirs, their_version) = ready(&app, &app.city.other_member, &declaration).await;
        let (my_path, their_path) = (format!("/v1/claims/{mine}/submit"), format!("/v1/claims/{theirs}/submit"));
        let (one, other) = join(
            app.post_at(&app.city.member, &my_path, my_version, &Value::Null),
            app.post_at(&app.city.other_member, &their_path, their_version, &Value::Null),
        )
        .await;
        let mut states = [one.ok(200).text("/state"), other.ok(200).text("/state")];
        states.sort();
        assert_eq!(states, ["accepted", "rejected"]);
    }
    app.stop().await;
}

#[actix_web::test]
async fn a_claim_handed_in_while_its_documents_are_checked_is_never_forgotten() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    for day in 2..8 {
        let first_day = Date::from_calendar_date(2026, time::Month::February, day).unwrap();
        let (id, got) = start(&app, member, &stay_from(first_day)).await;
        let version = got.ok(201).version();
        app.upload_photo(member, id, "settlement_sheet", 1).await;
        app.upload_photo(member, id, "id_card", 2).await;
        let path = format!("/v1/claims/{id}/submit");
        let (_, got) = join(app.run_jobs(), app.post_at(member, &path, version, &Value::Null)).await;
        got.ok(200);
        app.run_jobs().await;
        let claim = app.get(member, &format!("/v1/claims/{id}")).await.ok(200);
        assert_eq!(claim.text("/state"), "accepted", "{}", claim.body);
    }
    app.stop().await;
}

#[actix_web::test]
async fn two_submissions_at_once_are_one() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, version) = ready(&app, member, &stay(&app)).await;
    let path = format!("/v1/claims/{id}/submit");
    let (one, other) =
        join(app.post_at(member, &path, version, &Value::Null), app.post_at(member, &path, version, &Value::Null))
            .await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 409 | 412]), "{statuses:?}");
    assert_eq!(app.count("select count(*) from claim_timeline where command = 'submit'").await, 1);
    app.stop().await;
}

/// Waits until somebody waits for a row that a transaction holds. On SQLite a second writer waits before its first statement.
async fn somebody_waits(app: &TestApp) {
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while !app.app.db.is_sqlite() && app.count(waiting).await == 0 {
        tokio::task::yield_now().await;
    }
}

#[actix_web::test]
async fn a_document_that_is_settled_while_its_claim_is_submitted_is_not_waited_for() {
    let app = TestApp::start().await;
    let member = &app.city.member;
    let (id, version) = ready(&app, member, &stay(&app)).await;
    let set_id = app.app.ids.next();
    app.execute("update document set state = 'checking', set_id = null where kind = 'id_card'").await.unwrap();
    let txn = app.app.db.begin().await.unwrap();
    assert!(!huzhu::claims::waits_for_documents(&txn, id).await.unwrap());
    let settle = Statement::from_sql_and_values(
        txn.get_database_backend(),
        "/* test */ update document set state = 'clean', set_id = $1 where kind = 'id_card'",
        [set_id.into()],
    );
    txn.execute_raw(settle).await.unwrap();
    let path = format!("/v1/claims/{id}/submit");
    let (got, ()) = join(app.post_at(member, &path, version, &Value::Null), async {
        somebody_waits(&app).await;
        txn.commit().await.unwrap();
    })
    .await;
    assert_eq!(got.ok(200).text("/state"), "accepted");
    app.stop().await;
}

#[actix_web::test]
async fn of_two_decisions_at_once_the_second_is_told_that_it_is_late() {
    let app = TestApp::start().await;
    let (id, version) = taken(&app, &app.city.member, &app.city.reviewer).await;
    let path = format!("/v1/reviews/{id}/decide");
    let decisions = [
        json!({"outcome": "approved", "reason_code": "as_assessed"}),
        json!({"outcome": "rejected", "reason_code": "not_covered", "remark": "不在保障范围内"}),
        json!({"outcome": "approved", "reason_code": "as_assessed"}),
    ];
    let asks = decisions.iter().map(|decision| app.post_at(&app.city.reviewer, &path, version, decision));
    let mut statuses: Vec<u16> = join_all(asks).await.iter().map(|got| got.status).collect();
    statuses.sort_unstable();
    assert!(matches!(statuses[..], [200, 409 | 412, 409 | 412]), "{statuses:?}");
    assert_eq!(app.count("select count(*) from decision").await, 1);
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn one_id_at_once_is_one_claim_and_taken_for_anybody_else() {
    let app = TestApp::start().await;
    let (member, other) = (&app.city.member, &app.city.other_member);
    let body = json!({"id": app.app.ids.next(), "declaration": stay(&app)});
    let asks = (0..3).map(|_| app.post(member, "/v1/claims", &body));
    let mut statuses: Vec<u16> = join_all(asks).await.iter().map(|got| got.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 201]);

    let body = json!({"id": app.app.ids.next(), "declaration": stay(&app)});
    let (one, two) = join(app.post(member, "/v1/claims", &body), app.post(other, "/v1/claims", &body)).await;
    let (first, second) = if one.status == 201 { (one, two) } else { (two, one) };
    first.ok(201);
    second.refused(409, "claim_id_taken");
    assert_eq!(app.count("select count(*) from claim").await, 2);
    app.stop().await;
}
