//! Claims by the front door: declared, checked, reviewed, decided.

mod answers;
mod edges;
mod journey;
mod looks;
mod matches;
mod order;
mod reading;
mod refusals;

use huzhu::kernel::clock::iso_date;
use huzhu::plans::rows::{enrolment, plan};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use time::{Date, Duration};
use uuid::Uuid;

use crate::support::{Got, Person, TestApp, logs};

/// What no log may say of anybody.
const DIAGNOSIS: &str = "肺炎";

/// A stay of ten days that ended four days ago, 8,000 yuan self-pay one.
pub fn stay(app: &TestApp) -> Value {
    let today = huzhu::kernel::clock::Clock::now(app.clock.as_ref()).date();
    stay_from(today - Duration::days(14))
}

/// A stay of ten days from `first`.
pub fn stay_from(first: Date) -> Value {
    logs::mark(&[DIAGNOSIS]);
    let (first, last) = (iso_date::text(first), iso_date::text(first + Duration::days(10)));
    json!({
        "event": "hospital_stay", "starts_on": first, "ends_on": last, "hospital_name": "样本市第一医院", "hospital_grade": 3,
        "diagnosis_class": "general", "diagnosis": DIAGNOSIS, "settlement_serial": format!("1101{}", first.replace('-', "")),
        "settlements": [{"starts_on": first, "ends_on": last, "self_pay_one_fen": 800_000}]
    })
}

/// Begins a claim; answers its id and the answer.
pub async fn start(app: &TestApp, member: &Person, declaration: &Value) -> (Uuid, Got) {
    let id = app.app.ids.next();
    let got = app.post(member, "/v1/claims", &json!({"id": id, "declaration": declaration})).await;
    (id, got)
}

/// Begins a claim, uploads a settlement sheet and an identity card, has both checked, and submits.
pub async fn submitted(app: &TestApp, member: &Person, declaration: &Value) -> (Uuid, Got) {
    let (id, got) = start(app, member, declaration).await;
    got.ok(201);
    let got = submit(app, member, id).await;
    (id, got)
}

/// Uploads a settlement sheet and an identity card for a claim that was begun, has all of its documents checked, and submits it.
pub async fn submit(app: &TestApp, member: &Person, id: Uuid) -> Got {
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.upload_photo(member, id, "id_card", 2).await;
    app.run_jobs().await;
    let version = app.get(member, &format!("/v1/claims/{id}")).await.ok(200).version();
    app.post_at(member, &format!("/v1/claims/{id}/submit"), version, &Value::Null).await
}

/// A claim that `reviewer` has taken; answers its id and version.
pub async fn taken(app: &TestApp, member: &Person, reviewer: &Person) -> (Uuid, i64) {
    let (id, got) = submitted(app, member, &stay(app)).await;
    let version = got.ok(200).version();
    let got = app.post_at(reviewer, &format!("/v1/reviews/{id}/take"), version, &Value::Null).await.ok(200);
    (id, got.version())
}

/// `huzhu verify` finds nothing.
pub async fn verified(app: &TestApp) {
    let report = huzhu::verify::run(&app.app).await.unwrap();
    assert!(report.clean, "{:?}", report.findings);
}

/// Enrols the member with one share of the plan; answers the enrolment.
pub async fn enrol(app: &TestApp, member: &Person, code: &str, starts_on: Date, ends_on: Option<Date>) -> Uuid {
    let found = plan::Entity::find().filter(plan::Column::Code.eq(code)).one(app.app.db.read()).await;
    let id = app.app.ids.next();
    let row = enrolment::ActiveModel {
        id: Set(id),
        member_id: Set(member.id),
        plan_id: Set(found.unwrap().unwrap().id),
        plan_version_id: Set(None),
        unit_id: Set(None),
        shares: Set(1),
        starts_on: Set(starts_on),
        ends_on: Set(ends_on),
        renewal: Set(true),
        created_at_ms: Set(app.app.clock.now()),
    };
    enrolment::Entity::insert(row).exec_without_returning(app.app.db.write()).await.unwrap();
    id
}
