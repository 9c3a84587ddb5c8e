//! The same receipt twice: a signal for reviewers, judged before money is granted, and nothing that a member could learn.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, imageops};
use qrcode::{Color, QrCode};
use reqwest::Method;
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use super::{start, stay, stay_from, verified};
use crate::support::reader::{Reader, line};
use crate::support::{Got, Person, TestApp};

const BILL: &str = "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35";

/// Looks at the file of one whose claim is judged: in the words of any other look.
const LOOKS: &str = "select count(*) from access_record where what = 'claim'";

/// A sheet of paper on a dark table with lines of words on it, other words for another `number`.
fn page(number: u32) -> GrayImage {
    GrayImage::from_fn(1_000, 1_300, |x, y| {
        let on_paper = (80..920).contains(&x) && (70..1_230).contains(&y);
        let in_line = (140..860).contains(&x) && (140..1_160).contains(&y) && y % 32 < 14;
        let word = (x / 9).wrapping_mul(2_654_435_761)
            ^ (y / 32).wrapping_mul(2_246_822_519)
            ^ number.wrapping_mul(3_266_489_917);
        let inked = x % 9 % 4 == 1 && word.wrapping_mul(668_265_263) >> 29 < 4;
        Luma([match (on_paper, in_line && inked) {
            (false, _) => 50,
            (true, true) => 40,
            (true, false) => 225,
        }])
    })
}

fn jpeg(picture: &GrayImage, quality: u8) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut file, quality);
    DynamicImage::from(picture.clone()).write_with_encoder(encoder).unwrap();
    file.into_inner()
}

/// A page with a code on it.
fn coded(number: u32, text: &str) -> Vec<u8> {
    let code = QrCode::new(text).unwrap();
    let (modules, width) = (code.to_colors(), u32::try_from(code.width()).unwrap());
    let drawn = GrayImage::from_fn((width + 8) * 5, (width + 8) * 5, |x, y| {
        let at = |pixel: u32| (pixel / 5).checked_sub(4).filter(|module| *module < width);
        let module = at(x).zip(at(y)).map(|(x, y)| modules[(y * width + x) as usize]);
        Luma([if module == Some(Color::Dark) { 20 } else { 235 }])
    });
    let mut sheet = page(number);
    imageops::replace(&mut sheet, &drawn, 600, 150);
    jpeg(&sheet, 90)
}

/// Begins a claim with `sheet` as its settlement sheet and `more`, has all checked, and submits.
async fn submitted(app: &TestApp, member: &Person, sheet: Vec<u8>, more: &[(&str, Vec<u8>)]) -> (Uuid, Uuid, Got) {
    // Two members have not been in one bed, and their stays have days in common.
    let days_before = if member.id == app.city.other_member.id { 3 } else { 0 };
    let today = huzhu::kernel::clock::Clock::now(app.clock.as_ref()).date();
    let (id, got) = start(app, member, &stay_from(today - Duration::days(14 + days_before))).await;
    got.ok(201);
    let document = app.upload(member, id, "settlement_sheet", sheet).await;
    app.upload_photo(member, id, "id_card", 2).await;
    for (kind, file) in more {
        app.upload(member, id, kind, file.clone()).await;
    }
    app.run_jobs().await;
    let version = app.get(member, &format!("/v1/claims/{id}")).await.ok(200).version();
    let got = app.post_at(member, &format!("/v1/claims/{id}/submit"), version, &Value::Null).await.ok(200);
    (id, document, got)
}

async fn take(app: &TestApp, reviewer: &Person, id: Uuid) -> Got {
    let version = app.get(reviewer, &format!("/v1/reviews/{id}")).await.ok(200).version();
    app.post_at(reviewer, &format!("/v1/reviews/{id}/take"), version, &Value::Null).await.ok(200)
}

async fn decide(app: &TestApp, reviewer: &Person, id: Uuid, version: i64, outcome: &str) -> Got {
    let decision = json!({"outcome": outcome, "reason_code": "as_assessed", "remark": "已核对"});
    app.post_at(reviewer, &format!("/v1/reviews/{id}/decide"), version, &decision).await
}

fn only_match(review: &Got) -> &Value {
    let [one] = review.body["matches"].as_array().unwrap().as_slice() else { panic!("{}", review.body["matches"]) };
    one
}

fn of_match(id: Uuid, found: &Value, verb: &str) -> String {
    format!("/v1/reviews/{id}/matches/{}/{verb}", found["id"].as_str().unwrap())
}

#[actix_web::test]
async fn one_file_of_two_members_is_looked_at_judged_and_only_then_paid_for() {
    let app = TestApp::start().await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    let sheet = jpeg(&page(1), 90);
    let (first, first_document, _) = submitted(&app, other, sheet.clone(), &[]).await;
    let (second, document, _) = submitted(&app, member, sheet, &[]).await;
    let taken = take(&app, reviewer, second).await;
    let exact: Vec<&Value> =
        taken.body["matches"].as_array().unwrap().iter().filter(|one| one["how"] == "exact").collect();
    let [found] = exact.as_slice() else { panic!("{}", taken.body["matches"]) };
    assert_eq!((&found["document_id"], &found["within_claim"]), (&json!(document), &json!(false)));
    let side = json!({
        "document_id": first_document, "page": 1, "claim_id": first, "member_id": other.id, "state": "accepted",
        "same_member": false, "same_days": true, "same_plan": true
    });
    assert_eq!((&found["other"], &found["must_be_judged"]), (&side, &json!(true)));

    decide(&app, reviewer, second, taken.version(), "approved").await.refused(409, "match_not_judged");
    let picture = app.get(reviewer, &of_match(second, found, "picture")).await.ok(200);
    assert_eq!(picture.headers["content-type"], "image/jpeg");
    assert_eq!(picture.headers["cache-control"], "no-store");
    let both = image::load_from_memory_with_format(&picture.bytes, ImageFormat::Jpeg).unwrap();
    assert!(both.width() > both.height(), "two upright pages beside each other");
    // Each member sees that their own document was looked at, in the words of any other look.
    for (person, theirs) in [(member, document), (other, first_document)] {
        let records = app.get(person, "/v1/me/access-records").await.ok(200).body;
        let looks = records["items"].as_array().unwrap().iter().filter(|one| one["subject_id"] == json!(theirs));
        assert_eq!(looks.map(|one| one["what"].as_str().unwrap()).collect::<Vec<_>>(), ["document.reading"]);
        assert!(!records.to_string().contains("match"), "{records}");
    }

    assert!(taken.body["matches"].as_array().unwrap().len() > 1, "the same bytes, and the same page");
    let (version, path) = (taken.version(), of_match(second, found, "judge"));
    let said = json!({"judgement": "same", "remark": "同一张"});
    app.post_at(&app.city.district_reviewer, &path, version, &said).await.refused(409, "not_your_review");
    let (before, key) = (app.count(LOOKS).await, app.app.ids.next().to_string());
    let judge =
        async || app.ask(reviewer, Method::POST, &path).await.key(&key).if_match(version).json(&said).send().await;
    let judged = judge().await.ok(200);
    assert_eq!(judge().await.ok(200).body, judged.body);
    assert_eq!(app.count(LOOKS).await, before + 2, "each answer is a look at the claim");
    // What is said of two documents is said of all that was found between them, once.
    for found in judged.body["matches"].as_array().unwrap() {
        assert_eq!((&found["judgement"], &found["must_be_judged"]), (&json!("same"), &json!(false)));
        let path = of_match(second, found, "judge");
        app.post_at(reviewer, &path, version, &json!({"judgement": "different"})).await.refused(409, "match_judged");
    }
    assert_eq!(judged.version(), version, "the member's claim did not change by it");
    decide(&app, reviewer, second, version, "approved").await.ok(200);
    let review = app.get(reviewer, &format!("/v1/reviews/{first}")).await.ok(200);
    assert!(review.body["matches"].as_array().unwrap().iter().all(|one| one["judgement"] == "same"), "{}", review.body);
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn a_photo_that_was_made_smaller_and_turned_is_near_and_another_page_is_not() {
    let app = TestApp::start().await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    let sheet = page(2);
    let (_, _, _) = submitted(&app, other, jpeg(&sheet, 90), &[("charge_list", jpeg(&page(3), 90))]).await;
    let smaller = imageops::resize(&imageops::rotate90(&sheet), 1_040, 800, imageops::FilterType::Triangle);
    let (id, _, _) = submitted(&app, member, jpeg(&smaller, 60), &[("charge_list", jpeg(&page(4), 90))]).await;
    let taken = take(&app, reviewer, id).await;
    let found = only_match(&taken);
    assert_eq!((&found["how"], &found["must_be_judged"]), (&json!("near"), &json!(true)));
    assert!(found["distance"].as_i64().unwrap() <= 45, "{found}");
    // The other page is turned as this one lies: both are wide.
    let picture = app.get(reviewer, &of_match(id, found, "picture")).await.ok(200);
    let both = image::load_from_memory(&picture.bytes).unwrap();
    assert!(both.width() > 2 * both.height(), "{} x {}", both.width(), both.height());
    decide(&app, reviewer, id, taken.version(), "rejected").await.ok(200);
    verified(&app).await;
    app.stop().await;
}

#[actix_web::test]
async fn one_bill_on_two_pictures_is_found_by_its_code() {
    let app = TestApp::start().await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    submitted(&app, other, jpeg(&page(5), 90), &[("bill", coded(6, BILL))]).await;
    let again = "https://fapiao.example.cn/?c=11010126&n=0000420117&k=HZ7Q2M&d=20261020&m=1.00";
    let (id, _, _) = submitted(&app, member, jpeg(&page(7), 90), &[("bill", coded(8, again))]).await;
    let taken = take(&app, reviewer, id).await;
    assert_eq!(only_match(&taken)["how"], "bill_key");
    assert_eq!(app.count("select count(*) from document_bill_key").await, 2);
    app.stop().await;
}

#[actix_web::test]
async fn one_bill_on_two_pictures_is_found_by_its_print() {
    let reader = Reader::of(&[
        line("北京市医疗住院收费票据（电子）", 300, 40),
        line("票据代码：11010126", 40, 100),
        line("票据号码：0000420117", 40, 140),
        line("校验码：hz7q2m", 40, 180),
    ]);
    let app = TestApp::with(|config| reader.install(&mut config.documents)).await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    submitted(&app, other, jpeg(&page(9), 90), &[]).await;
    reader.says(&[line("票据代码：11010126", 40, 100), line("票据号码：0000420117", 40, 140)]);
    let (without, _, _) = submitted(&app, member, jpeg(&page(10), 90), &[("bill", coded(11, BILL))]).await;
    let taken = take(&app, reviewer, without).await;
    let hows: Vec<&Value> = taken.body["matches"].as_array().unwrap().iter().map(|one| &one["how"]).collect();
    assert_eq!(hows, ["bill_key"], "the code's bill is the print's, and two words of three are no bill");
    app.stop().await;
}

#[actix_web::test]
async fn a_page_twice_in_one_claim_is_told_and_holds_nothing_up() {
    let app = TestApp::start().await;
    let (member, reviewer) = (&app.city.member, &app.city.reviewer);
    let sheet = jpeg(&page(12), 90);
    let (id, _, _) = submitted(&app, member, sheet.clone(), &[("charge_list", sheet)]).await;
    let taken = take(&app, reviewer, id).await;
    let found = taken.body["matches"].as_array().unwrap();
    assert!(!found.is_empty() && found.iter().all(|one| one["within_claim"] == true && one["must_be_judged"] == false));
    decide(&app, reviewer, id, taken.version(), "approved").await.ok(200);
    app.stop().await;
}

#[actix_web::test]
async fn the_other_side_is_for_those_who_may_see_it() {
    let app = TestApp::start().await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    let (first, first_document, _) = submitted(&app, other, jpeg(&page(13), 90), &[]).await;
    let (second, _, _) = submitted(&app, member, jpeg(&page(13), 70), &[]).await;
    let elsewhere = "/* test */ update claim set organisation_path = (select path from organisation where name = '西区总工会') \
                     where id = (select id from claim order by id limit 1)";
    app.execute(elsewhere).await.unwrap();
    let taken = take(&app, reviewer, second).await;
    let found = only_match(&taken);
    assert_eq!((found.get("other"), &found["must_be_judged"]), (None, &json!(true)));
    let said = taken.body.to_string();
    assert!(!said.contains(&first.to_string()) && !said.contains(&first_document.to_string()), "{said}");
    app.get(reviewer, &of_match(second, found, "picture")).await.refused(404, "not_found");
    let judge = of_match(second, found, "judge");
    app.post_at(reviewer, &judge, taken.version(), &json!({"judgement": "different"})).await.refused(403, "forbidden");
    decide(&app, reviewer, second, taken.version(), "approved").await.refused(409, "match_not_judged");
    // A match of another claim is none of this one.
    app.get(&app.city.elsewhere_reviewer, &of_match(first, found, "picture")).await.refused(404, "not_found");
    app.get(&app.city.auditor, &of_match(first, found, "picture")).await.ok(200);
    app.stop().await;
}

#[actix_web::test]
async fn a_draft_is_nobodys_twin_and_what_is_taken_back_leaves_nothing() {
    let app = TestApp::start().await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    let (draft, _) = start(&app, other, &stay(&app)).await;
    let document = app.upload(other, draft, "settlement_sheet", coded(14, BILL)).await;
    app.run_jobs().await;
    let (id, _, _) = submitted(&app, member, coded(14, BILL), &[]).await;
    assert_eq!(app.count("select count(*) from document_match where judgement is null").await, 3);
    let taken = take(&app, reviewer, id).await;
    assert_eq!(taken.body["matches"], json!([]), "nobody handed the other in");
    let path = format!("/v1/documents/{document}");
    let version = app.get(other, &path).await.ok(200).version();
    app.ask(other, Method::DELETE, &path).await.if_match(version).send().await.ok(204);
    for (table, left) in [("document_match", 0), ("document_bill_key", 1)] {
        assert_eq!(app.count(&format!("select count(*) from {table}")).await, left, "{table}");
    }
    let kept =
        "select count(*) from document_print_key where document_id not in (select document_id from document_print)";
    assert_eq!(app.count(kept).await, 0);
    decide(&app, reviewer, id, taken.version(), "approved").await.ok(200);
    verified(&app).await;
    app.stop().await;
}

/// What a member is told of a claim whose sheet somebody else handed in before, or did not.
async fn told(others: u32) -> Value {
    let app = TestApp::start().await;
    let (member, other, reviewer) = (&app.city.member, &app.city.other_member, &app.city.reviewer);
    submitted(&app, other, jpeg(&page(others), 90), &[]).await;
    let (id, _, got) = submitted(&app, member, jpeg(&page(20), 90), &[]).await;
    let taken = take(&app, reviewer, id).await;
    let matches = taken.body["matches"].as_array().unwrap();
    assert_eq!(!matches.is_empty(), others == 20);
    if let Some(found) = matches.first() {
        let said = json!({"judgement": "different"});
        app.post_at(reviewer, &of_match(id, found, "judge"), taken.version(), &said).await.ok(200);
    }
    let mut all = vec![got.body];
    for path in ["", "/documents", "/reading", "/timeline", "/explanation"] {
        let got = app.get(member, &format!("/v1/claims/{id}{path}")).await;
        all.push(json!([got.status, got.headers.get("etag").map(|tag| tag.to_str().unwrap()), got.body]));
    }
    all.push(app.get(member, "/v1/me/notices").await.body);
    decide(&app, reviewer, id, taken.version(), "approved").await.ok(200);
    all.push(app.get(member, &format!("/v1/claims/{id}")).await.ok(200).body);
    app.stop().await;
    without_ids(&mut Value::Array(all))
}

/// Without what no two claims have in common.
fn without_ids(value: &mut Value) -> Value {
    match value {
        Value::String(text) if text.parse::<Uuid>().is_ok() => Value::String("an id".into()),
        Value::Array(all) => Value::Array(all.iter_mut().map(without_ids).collect()),
        Value::Object(all) => {
            let kept = all.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "instance" | "request_id"));
            Value::Object(kept.map(|(name, value)| (name.clone(), without_ids(value))).collect())
        }
        other => other.clone(),
    }
}

#[actix_web::test]
async fn a_member_is_told_the_same_with_and_without_a_match() {
    let (with, without) = (told(20).await, told(21).await);
    assert_eq!(with, without);
    assert!(with.to_string().contains("settlement_sheet") && !with.to_string().contains("match"), "{with}");
}
