//! What the print on a document says: read after its check, shown with its place, sealed, and gone with the document.

use huzhu::{jobs, work};
use reqwest::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::bench::{Bench, photo};
use crate::support::reader::{Reader, SAY, line};

/// The demo's bill; its code says 35,991.35 and number 0000420117.
const BILL: &[u8] = include_bytes!("../../../samples/e-bill.jpg");

/// A settlement sheet whose sums agree.
fn sheet() -> Vec<Value> {
    vec![
        line("北京市医疗保险住院费用清单", 300, 40),
        line("交易流水号：110102A202610200001", 40, 100),
        line("姓名：王芳", 40, 140),
        line("费用总额", 40, 200),
        line("10,000.00", 300, 200),
        line("统筹基金支付", 40, 240),
        line("7,000.00", 300, 240),
        line("自付一", 40, 280),
        line("1,200.00", 300, 280),
    ]
}

async fn bench(reader: &Reader) -> Bench {
    Bench::checking(|documents| reader.install(documents)).await
}

fn field<'document>(document: &'document Value, name: &str) -> &'document Value {
    let found = document["fields"].as_array().unwrap().iter().find(|field| field["field"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {document}"))
}

fn warnings(document: &Value) -> Vec<&str> {
    document["warnings"].as_array().unwrap().iter().map(|warning| warning["code"].as_str().unwrap()).collect()
}

fn reading(document: &Value) -> &str {
    document["reading"]["state"].as_str().unwrap()
}

#[actix_web::test]
async fn print_becomes_fields_that_say_where_they_stand() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    let document = bench.sent(&photo(60)).await;
    assert_eq!((reading(&document), &document["reading"]["paper"]), ("read", &json!("settlement_sheet")));
    let self_pay_one = field(&document, "self_pay_one_fen");
    assert_eq!(self_pay_one["amount_fen"], 120_000);
    assert_eq!(self_pay_one["place"], json!({"left": 300, "top": 280, "width": 160, "height": 20}));
    assert_eq!((&self_pay_one["source"], &self_pay_one["confidence_percent"]), (&json!("ocr"), &json!(97)));
    assert_eq!((&self_pay_one["printed"], &self_pay_one["page"]), (&json!("1,200.00"), &json!(1)));
    assert_eq!(field(&document, "serial")["text"], "110102A202610200001");
    assert_eq!(warnings(&document), [""; 0]);

    let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
    let stranger = format!("member:{}", bench.stranger.member_id);
    bench.send(bench.request(Method::GET, &path, &stranger)).await.refused(404, "not_found");
    bench.submit().await;
    let reviewer = bench.reviewer(&bench.organisation_path);
    let seen = bench.send(bench.request(Method::GET, &path, &reviewer)).await;
    assert_eq!((seen.status, &seen.body["fields"]), (200, &document["fields"]));
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn what_was_read_is_sealed_and_goes_with_the_document() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    let document = bench.sent(&photo(61)).await;
    let connection = bench.app.db.read();
    let select = "/* test */ select pages_sealed from document_reading";
    let select = Statement::from_string(connection.get_database_backend(), select);
    let kept: Vec<u8> = connection.query_one_raw(select).await.unwrap().unwrap().try_get_by_index(0).unwrap();
    for secret in ["王芳", "120000", "110102A202610200001"] {
        assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
    let version = document["version"].as_i64().unwrap();
    let gone = bench.request(Method::DELETE, &path, &bench.token()).header("if-match", format!("\"{version}\""));
    assert_eq!(bench.send(gone).await.status, 204);
    assert_eq!(bench.count("select count(*) from document_reading").await, 0);
    let left = bench.get(&path).await.body;
    assert_eq!((&left["fields"], &left["reading"]), (&json!([]), &Value::Null));
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn a_code_goes_before_print_and_print_that_says_something_else_is_told() {
    let bill = |total: &str| {
        vec![
            line("北京市医疗住院收费票据（电子）", 300, 40),
            line("票据号码：0000420117", 40, 100),
            line("（小写）", 40, 200),
            line(total, 300, 200),
        ]
    };
    let reader = Reader::of(&bill("35,991.35"));
    let bench = bench(&reader).await;
    let document = bench.sent(BILL).await;
    let total = field(&document, "total_fen");
    assert_eq!((&total["source"], &total["amount_fen"]), (&json!("qr"), &json!(3_599_135)));
    // Announced as a settlement sheet; it says that it is a bill.
    assert_eq!(warnings(&document), ["another_paper"]);
    reader.says(&bill("35,991.85"));
    let file = [BILL, b"\xff\xd9"].concat();
    let document = bench.sent(&file).await;
    assert_eq!(document["state"], "clean", "{document}");
    let total = field(&document, "total_fen");
    assert_eq!((&total["source"], &total["amount_fen"]), (&json!("qr"), &json!(3_599_135)), "the code stands");
    assert_eq!(warnings(&document), ["code_differs_from_print", "another_paper"]);
    bench.stop().await;
}

#[actix_web::test]
async fn amounts_that_do_not_add_up_are_a_warning_and_no_refusal() {
    let mut lines = sheet();
    lines.extend([
        line("大额互助资金支付", 40, 320),
        line("0.00", 300, 320),
        line("个人账户支付", 40, 360),
        line("0.00", 300, 360),
        line("个人现金支付", 40, 400),
        line("2,999.00", 300, 400),
    ]);
    let reader = Reader::of(&lines);
    let bench = bench(&reader).await;
    let document = bench.sent(&photo(62)).await;
    assert_eq!((&document["state"], warnings(&document)), (&json!("clean"), vec!["total_is_not_who_paid"]));
    let text = &document["warnings"][0]["text"];
    assert!(text["zh"].as_str().unwrap().contains("请核对") && text["en"].as_str().unwrap().contains("check"));
    bench.stop().await;
}

#[actix_web::test]
async fn a_page_that_kills_its_reader_is_unreadable_and_the_document_stays() {
    let reader = Reader::of(&[]);
    let bench = bench(&reader).await;
    for (number, what) in (63..).zip([
        "kill -SEGV $$",
        "kill -XCPU $$",
        "exit 101",
        "echo '[{'; exit 0",
        r#"echo '{"turns":4,"lines":[]}'; exit 0"#,
        r#"echo '{"turns":0,"lines":[{"text":"x","confidence_percent":101,"corners":[[0,0],[1,0],[1,1],[0,1]],"at_permille":[0]}]}'; exit 0"#,
    ]) {
        reader.does(what);
        let document = bench.sent(&photo(number)).await;
        assert_eq!((&document["state"], reading(&document)), (&json!("clean"), "unreadable"), "{what}");
        assert_eq!((&document["fields"], &document["warnings"]), (&json!([]), &json!([])));
    }
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn advice_is_given_again_when_the_print_is_read() {
    let advice = |document: &Value| -> Vec<String> {
        let found = document["quality"]["advice"].as_array().unwrap().iter();
        found.map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let reader = Reader::of(&[]);
    let bench = bench(&reader).await;
    for (number, turns, lines, expected) in [
        (80, 0, sheet(), &["too_small"][..]),
        (81, 2, sheet(), &["too_small", "upside_down"]),
        // Noise looks like writing until somebody reads it.
        (82, 2, Vec::new(), &["not_a_document", "too_small"]),
    ] {
        let file = photo(number);
        let id = bench.arrived(&file).await;
        reader.does("kill -KILL $$");
        bench.work().await;
        let first = bench.document(&id).await;
        assert_eq!((reading(&first), advice(&first)), ("waiting", vec!["too_small".to_owned()]));
        reader.does(SAY);
        reader.says_turned(turns, &lines);
        bench.clock.advance_secs(3_600);
        bench.work().await;
        let read = bench.document(&id).await;
        assert_eq!((reading(&read), advice(&read)), ("read", expected.iter().map(ToString::to_string).collect()));
    }
    bench.stop().await;
}

#[actix_web::test]
async fn where_no_reader_is_installed_none_is_waited_for() {
    let bench = Bench::start().await;
    let document = bench.sent(BILL).await;
    assert_eq!(document["reading"], Value::Null);
    assert_eq!(field(&document, "bill_number")["source"], "qr", "a code needs no reader");
    assert_eq!(bench.count("select count(*) from document_reading").await, 0);
    bench.stop().await;
}

#[actix_web::test]
async fn on_a_kind_that_has_no_fields_nothing_is_read() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    let file = photo(70);
    let mut intent = super::bench::intent(&file);
    intent["kind"] = json!("other");
    let announced = bench.announce_as(&bench.token(), bench.member.claim_id, &intent).await;
    let id = announced.body["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.patch(&id, 0, &file).await.status, 204);
    bench.work().await;
    let document = bench.document(&id).await;
    assert_eq!((&document["state"], &document["reading"]), (&json!("clean"), &Value::Null));
    bench.stop().await;
}

#[actix_web::test]
async fn a_process_without_the_models_leaves_the_page_to_one_that_has_them() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    let file = photo(71);
    let id = bench.arrived(&file).await;
    // The check asks for the reading; what reads is killed by somebody.
    reader.does("kill -KILL $$");
    bench.work().await;
    reader.does(SAY);
    bench.clock.advance_secs(3_600);
    let bare = bench.beside(None).await;
    assert_eq!(reading(&bare.document(&id).await), "waiting");
    bare.work().await;
    assert_eq!(reading(&bare.document(&id).await), "waiting");
    assert_eq!(bench.count("select count(*) from job where kind = 'documents.read' and state = 'ready'").await, 1);
    bench.clock.advance_secs(3_600);
    bench.work().await;
    assert_eq!(reading(&bench.document(&id).await), "read");
    bare.stop().await;
    bench.stop().await;
}

#[actix_web::test]
async fn a_reader_that_never_runs_is_given_up_and_an_operator_has_it_tried_again() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    // Killed by somebody else than the page: that is nobody's fault and may pass.
    reader.does("kill -KILL $$");
    let file = photo(72);
    let id = bench.arrived(&file).await;
    for _ in 0..11 {
        bench.work().await;
        assert_eq!(reading(&bench.document(&id).await), "waiting");
        bench.clock.advance_secs(7_200);
    }
    jobs::drain(&bench.app, &work::registry()).await.unwrap();
    assert_eq!(bench.count("select count(*) from job where state = 'dead'").await, 1);
    assert_eq!(reading(&bench.document(&id).await), "unreadable");
    bench.assert_sound().await;
    reader.does(SAY);
    assert_eq!(jobs::retry_dead(&bench.app, None).await.unwrap(), 1);
    bench.work().await;
    assert_eq!(reading(&bench.document(&id).await), "read");
    bench.stop().await;
}

#[actix_web::test]
async fn a_job_that_runs_again_changes_nothing_and_one_too_late_finds_nothing() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    let document = bench.sent(&photo(73)).await;
    let again = "update job set state = 'ready', finished_at_ms = null where kind = 'documents.read'";
    reader.says(&[]);
    bench.sql(again, Vec::new()).await;
    bench.work().await;
    let id = document["id"].as_str().unwrap();
    assert_eq!(bench.document(id).await["fields"], document["fields"]);
    let gone = bench.request(Method::DELETE, &format!("/v1/documents/{id}"), &bench.token());
    let version = document["version"].as_i64().unwrap();
    assert_eq!(bench.send(gone.header("if-match", format!("\"{version}\""))).await.status, 204);
    bench.sql(again, Vec::new()).await;
    bench.work().await;
    assert_eq!(bench.count("select count(*) from document_reading").await, 0);
    bench.stop().await;
}

#[actix_web::test]
async fn verify_finds_a_reading_that_was_changed_or_left() {
    let reader = Reader::of(&sheet());
    let bench = bench(&reader).await;
    bench.sent(&photo(74)).await;
    bench.sql("update document_reading set pages_sealed = $1", vec![vec![1_u8; 60].into()]).await;
    let kinds = async || {
        let findings = huzhu::documents::verify::check(&bench.app).await.unwrap();
        findings.into_iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds().await, ["document.reading_does_not_open"]);
    bench.sql("update document set state = 'withdrawn', codes_sealed = null", Vec::new()).await;
    assert!(kinds().await.contains(&"document.reading_left"));
    bench.stop().await;
}
