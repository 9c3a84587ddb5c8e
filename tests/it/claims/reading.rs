//! The form filled from photographs: proposed, confirmed by the member, compared with what was typed, and never decided on.

use reqwest::Method;
use serde_json::{Value, json};

use super::{start, stay, verified};
use crate::support::reader::{Reader, line};
use crate::support::{Person, TestApp};

/// A settlement sheet of a stay.
fn sheet(first: &str, last: &str, self_pay_one: &str) -> Vec<Value> {
    vec![
        line("北京市医疗保险住院费用清单", 300, 40),
        line("交易流水号：110102A202603020001", 40, 100),
        line("定点医疗机构：样本市第一医院", 40, 140),
        line(&format!("入院日期：{first}"), 40, 180),
        line(&format!("出院日期：{last}"), 540, 180),
        line("自付一", 40, 280),
        line(self_pay_one, 300, 280),
    ]
}

async fn service(reader: &Reader) -> TestApp {
    TestApp::with(|config| reader.install(&mut config.documents)).await
}

async fn reading(app: &TestApp, person: &Person, claim: uuid::Uuid) -> Value {
    app.get(person, &format!("/v1/claims/{claim}/reading")).await.ok(200).body
}

/// Where each part of the proposal stands: its name and the document.
fn sources(reading: &Value) -> Vec<(&str, &str)> {
    let sources = reading["sources"].as_array().unwrap().iter();
    sources.map(|source| (source["name"].as_str().unwrap(), source["document_id"].as_str().unwrap())).collect()
}

#[actix_web::test]
async fn the_form_is_filled_from_a_photograph_and_saved_as_it_is() {
    let reader = Reader::of(&sheet("2026-03-02", "2026-03-12", "8,000.00"));
    let app = service(&reader).await;
    let member = &app.city.member;
    let (id, _) = start(&app, member, &json!({})).await;
    let empty = reading(&app, member, id).await;
    assert_eq!((&empty["waiting_documents"], &empty["proposal"]["settlements"]), (&json!(0), &json!([])));
    let document = app.upload_photo(member, id, "settlement_sheet", 1).await.to_string();
    assert_eq!(reading(&app, member, id).await["waiting_documents"], 1, "it arrived and is not checked yet");
    app.run_jobs().await;
    let found = reading(&app, member, id).await;
    assert_eq!(found["waiting_documents"], 0);
    let proposal = json!({
        "event": "hospital_stay", "starts_on": "2026-03-02", "ends_on": "2026-03-12", "hospital_name": "样本市第一医院",
        "settlement_serial": "110102A202603020001",
        "settlements": [{"starts_on": "2026-03-02", "ends_on": "2026-03-12", "self_pay_one_fen": 800_000}]
    });
    assert_eq!(found["proposal"], proposal);
    let names = ["starts_on", "ends_on", "hospital_name", "settlement_serial", "self_pay_one_fen"];
    assert_eq!(sources(&found), names.map(|name| (name, document.as_str())));
    let (path, version) = (format!("/v1/claims/{id}"), 1);
    let saved = app.ask(member, Method::PUT, &format!("{path}/declaration")).await.if_match(version).json(&proposal);
    saved.send().await.ok(200);
    let after = reading(&app, member, id).await;
    assert_eq!((&after["differences"], &after["proposal"]), (&json!([]), &proposal));
    app.stop().await;
}

#[actix_web::test]
async fn what_was_typed_stays_and_both_sides_see_where_the_paper_says_something_else() {
    let reader = Reader::of(&sheet("2026-03-02", "2026-03-12", "8,800.00"));
    let app = service(&reader).await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let typed = stay(&app);
    let (id, got) = start(&app, member, &typed).await;
    got.ok(201);
    let sheet = app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.run_jobs().await;
    reader.says(&[]);
    app.upload_photo(member, id, "id_card", 2).await;
    app.run_jobs().await;
    let differences = reading(&app, member, id).await["differences"].clone();
    let names: Vec<&str> = differences.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["settlement_serial", "self_pay_one_fen"]);
    let amount = &differences[1];
    assert_eq!((&amount["typed"], &amount["read"]), (&json!("8,000.00"), &json!("8,800.00")));
    assert_eq!(amount["document_id"], json!(sheet));
    assert_eq!(amount["text"]["zh"], "填写为 8,000.00，材料上是 8,800.00，请核对");

    // The estimate and the assessment are of what was typed.
    let path = format!("/v1/claims/{id}");
    let claim = app.get(member, &path).await.ok(200);
    assert_eq!(claim.body["declaration"]["settlements"], typed["settlements"]);
    app.post_at(member, &format!("{path}/submit"), claim.version(), &Value::Null).await.ok(200);
    app.run_jobs().await;
    let view = app.get(reviewer, &format!("/v1/reviews/{id}")).await.ok(200);
    assert_eq!(view.body["reading"]["differences"], differences);
    assert_eq!(view.body["claim"]["declaration"]["settlements"], typed["settlements"]);
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn several_settlements_of_a_long_stay_are_several_and_two_photographs_of_one_are_one() {
    let reader = Reader::of(&sheet("2026-01-02", "2026-02-28", "3,000.00"));
    let app = service(&reader).await;
    let member = &app.city.member;
    let (id, _) = start(&app, member, &json!({})).await;
    app.upload_photo(member, id, "settlement_sheet", 1).await;
    app.run_jobs().await;
    app.upload_photo(member, id, "settlement_sheet", 2).await;
    app.run_jobs().await;
    reader.says(&sheet("2026-03-01", "2026-03-12", "1,000.00"));
    app.upload_photo(member, id, "settlement_sheet", 3).await;
    app.run_jobs().await;
    let found = reading(&app, member, id).await["proposal"].clone();
    assert_eq!((&found["starts_on"], &found["ends_on"]), (&json!("2026-01-02"), &json!("2026-03-12")));
    let of = |first, last, fen| json!({"starts_on": first, "ends_on": last, "self_pay_one_fen": fen});
    let both = [of("2026-01-02", "2026-02-28", 300_000), of("2026-03-01", "2026-03-12", 100_000)];
    assert_eq!(found["settlements"], json!(both));
    app.stop().await;
}

#[actix_web::test]
async fn another_member_is_told_of_no_claim() {
    let reader = Reader::of(&sheet("2026-03-02", "2026-03-12", "8,000.00"));
    let app = service(&reader).await;
    let (id, _) = start(&app, &app.city.member, &json!({})).await;
    let path = format!("/v1/claims/{id}/reading");
    app.get(&app.city.other_member, &path).await.refused(404, "not_found");
    app.get(&app.city.reviewer, &path).await.refused(403, "forbidden");
    app.anonymous(Method::GET, &path).send().await.refused(401, "unauthenticated");
    app.stop().await;
}
