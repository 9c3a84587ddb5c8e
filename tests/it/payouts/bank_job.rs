//! The bank's own job: it fetches batches, says what arrived, reads what changed, answers breaks, and may do nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use huzhu::gm::{self, Certificate, Own};
use huzhu::kernel::chance::SystemChance;
use huzhu::recon;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::scene::{ACCOUNT, Scene, states};
use crate::coverage::permissions::{bank_client, bank_token_of};
use crate::support::Got;

/// The job, signed in.
struct Job<'a> {
    scene: &'a Scene,
    client_id: uuid::Uuid,
}

impl<'a> Job<'a> {
    async fn of(scene: &'a Scene) -> Self {
        Self { scene, client_id: bank_client(&scene.app).await }
    }

    fn token(&self) -> String {
        bank_token_of(&self.scene.app, self.client_id)
    }

    async fn get(&self, path: &str) -> Got {
        let ask = self.scene.app.anonymous(Method::GET, path);
        ask.header("authorization", &format!("Bearer {}", self.token())).send().await
    }

    async fn post(&self, path: &str, body: &Value) -> Got {
        let key = self.scene.app.app.ids.next().to_string();
        self.post_with(path, &key, body).await
    }

    async fn post_with(&self, path: &str, key: &str, body: &Value) -> Got {
        let ask = self.scene.app.anonymous(Method::POST, path).key(key).json(body);
        ask.header("authorization", &format!("Bearer {}", self.token())).send().await
    }

    /// The only batch that waits to be taken.
    async fn waiting(&self) -> Value {
        let got = self.get("/v1/recon/payout-batches?state=released").await.ok(200);
        got.body["items"][0].clone()
    }

    async fn put(&self, path: &str, bytes: Vec<u8>) -> Got {
        let ask = self.scene.app.anonymous(Method::PUT, path).header("content-type", "application/octet-stream");
        ask.header("authorization", &format!("Bearer {}", self.token())).body(bytes).send().await
    }

    /// What announces `bytes`, signed by `own`.
    fn announce(&self, kind: &str, seq: Option<i64>, bytes: &[u8], own: &Own) -> Value {
        json!({
            "kind": kind,
            "account": ACCOUNT,
            "business_date": "2026-03-16",
            "seq": seq,
            "size_bytes": bytes.len(),
            "sha256": hex::encode(Sha256::digest(bytes)),
            "signature": STANDARD.encode(gm::sign(bytes, own, self.scene.app.app.clock.now()).unwrap()),
        })
    }

    /// Announces a file of the bank, sends it and completes it.
    async fn bring(&self, kind: &str, seq: Option<i64>, bytes: &[u8], bank: &Own) -> Got {
        let announced = self.announce(kind, seq, bytes, bank);
        let upload = self.post("/v1/recon/uploads", &announced).await.ok(201);
        let path = format!("/v1/recon/uploads/{}", upload.text("/upload_id"));
        self.put(&format!("{path}/content"), bytes.to_vec()).await.ok(202);
        self.post(&format!("{path}/complete"), &json!({})).await.ok(202)
    }

    async fn receive(&self, batch: &Value) -> Got {
        let path = format!("/v1/recon/payout-batches/{}/receipts", batch["batch_ref"].as_str().unwrap());
        self.post(&path, &receipt_of(batch)).await
    }
}

fn receipt_of(batch: &Value) -> Value {
    json!({
        "sha256": batch["sha256"],
        "order_count": batch["order_count"],
        "total_fen": batch["total_fen"],
        "received_at": "2026-03-16T09:30:00+08:00",
    })
}

#[actix_web::test]
async fn the_job_sees_what_was_released_and_nothing_of_a_person() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let prepared = scene.prepare().await.unwrap();
    assert_eq!(job.waiting().await, Value::Null, "a batch that no checker released is shown");
    let bank_ref = scene.bank_ref(granted).await;
    job.get(&format!("/v1/recon/orders/{bank_ref}")).await.refused(404, "not_found");
    scene.release(&prepared).await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"), "it waits to be taken");
    let batch = job.waiting().await;
    assert_eq!((&batch["order_count"], &batch["total_fen"]), (&json!(1), &json!(70_000)));
    assert_eq!(batch["sha256"], json!(prepared.sha256));
    let other_day = job.get("/v1/recon/payout-batches?date=2026-03-17").await.ok(200);
    assert_eq!(other_day.body["items"], json!([]));

    let order = job.get(&format!("/v1/recon/orders/{bank_ref}")).await.ok(200);
    assert_eq!((order.text("/state"), order.text("/card")), ("approved".into(), "**** 0128".into()));
    let asked = json!({"bank_refs": [bank_ref, "NOTOURS"]});
    let found = job.post("/v1/recon/orders:lookup", &asked).await.ok(200);
    assert_eq!((found.text("/items/0/bank_ref"), &found.body["unknown"]), (bank_ref, &json!(["NOTOURS"])));
    for bank_refs in [json!([]), json!([""]), json!(["9".repeat(65)]), json!(vec!["9"; 501])] {
        job.post("/v1/recon/orders:lookup", &json!({ "bank_refs": bank_refs })).await.refused(422, "validation_failed");
    }
    for got in [&order, &found] {
        let text = got.body.to_string();
        assert!(!text.contains("622202123456") && !text.contains("claim") && !text.contains("payout_id"), "{text}");
    }
    for (method, path) in [
        (Method::POST, "/v1/payout-batches".to_owned()),
        (Method::POST, format!("{}/release", prepared.path)),
        (Method::POST, format!("{}/void", prepared.path)),
        (Method::GET, prepared.path.clone()),
        (Method::GET, format!("/v1/payouts/{}", granted.payout_id)),
    ] {
        let ask = scene.app.anonymous(method, &path).fresh_key().if_match(1).json(&json!({}));
        ask.header("authorization", &format!("Bearer {}", job.token())).send().await.refused(403, "forbidden");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn the_job_takes_a_batch_the_bank_opens_it_and_what_it_brings_settles_it() {
    let (scene, bank) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let prepared = scene.pay().await;
    let batch = job.waiting().await;
    let path = format!("/v1/recon/payout-batches/{}", batch["batch_ref"].as_str().unwrap());
    job.get(&format!("{path}/file.p7s")).await.refused(409, "batch_state_conflict");
    let file = job.get(&format!("{path}/file")).await.ok(200);
    assert_eq!(scene.states(granted).await, states("dispatching", "paying", "Paying"));
    let text = String::from_utf8_lossy(&file.bytes);
    assert!(!text.contains("622202123456"), "a card number goes out in clear");
    let bytes = gm::open(&file.bytes, &bank).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&bytes)), prepared.sha256);
    assert_eq!(bytes, scene.file_of(&prepared).await);
    let signature = job.get(&format!("{path}/file.p7s")).await.ok(200).bytes;
    let fund = Certificate::read(&std::fs::read(scene.app.app.config.data_dir.join("fund.crt")).unwrap()).unwrap();
    let now = scene.app.app.clock.now();
    assert_eq!(gm::verify(&bytes, &signature, &[fund], now).unwrap().subject, "CN=fund,C=CN");

    // A bad line: the rest comes as a part, of the very same envelope.
    let part = scene.app.anonymous(Method::GET, &format!("{path}/file"));
    let part = part
        .header("authorization", &format!("Bearer {}", job.token()))
        .header("range", "bytes=10-")
        .send()
        .await
        .ok(206);
    assert_eq!((&part.headers["etag"], &part.bytes[..]), (&file.headers["etag"], &file.bytes[10..]));

    let receipt = job.receive(&batch).await.ok(200);
    assert_eq!(receipt.text("/state"), "accepted");
    assert_eq!(job.receive(&batch).await.ok(200).text("/state"), "accepted");
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    scene.verify().await;

    let (results, statement) = {
        let mut open = scene.bank.open();
        open.take(&bytes).unwrap();
        let results = open.results(batch["batch_ref"].as_str().unwrap()).unwrap().into_bytes();
        open.close_day().unwrap();
        (results, open.statement(ACCOUNT, 1).unwrap())
    };
    job.bring("cn-result", None, &results, &bank).await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    scene.advance(24 * 60 * 60);
    let upload = job.bring("cn-statement", Some(1), &statement, &bank).await;
    scene.app.run_jobs().await;
    let upload = job.get(&format!("/v1/recon/uploads/{}", upload.text("/upload_id"))).await.ok(200);
    assert_eq!((upload.text("/document/state"), upload.text("/document/items")), ("applied".into(), "2".into()));
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, [""; 0]);
    let positions = job.get("/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/difference_fen"), "0");
    scene.stop().await;
}

#[actix_web::test]
async fn without_a_receipt_the_batch_is_in_doubt_and_a_late_receipt_finds_it() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let batch = job.waiting().await;
    let path = format!("/v1/recon/payout-batches/{}/file", batch["batch_ref"].as_str().unwrap());
    let first = job.get(&path).await.ok(200);
    scene.advance(61 * 60);
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    assert_eq!(job.get(&path).await.ok(200).bytes, first.bytes, "another envelope");
    assert_eq!(job.receive(&batch).await.ok(200).text("/state"), "accepted");
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    scene.stop().await;
}

#[actix_web::test]
async fn a_batch_whose_card_changed_is_not_handed_over() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let batch = job.waiting().await;
    scene.app.execute("update service_card set card_version = card_version + 1").await.unwrap();
    let path = format!("/v1/recon/payout-batches/{}/file", batch["batch_ref"].as_str().unwrap());
    job.get(&path).await.refused(409, "batch_state_conflict");
    assert_eq!(scene.states(granted).await, states("queued", "failed", "PayoutFailed"));
    job.get(&path).await.refused(409, "batch_state_conflict");
    scene.stop().await;
}

#[actix_web::test]
async fn a_file_counts_only_with_its_digest_and_the_banks_signature() {
    let (scene, bank) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    let statement = {
        let mut open = scene.bank.open();
        open.close_day().unwrap();
        open.statement(ACCOUNT, 1).unwrap()
    };
    let announced = job.announce("cn-statement", Some(1), &statement, &bank);
    let created = job.post("/v1/recon/uploads", &announced).await.ok(201);
    let again = job.post("/v1/recon/uploads", &announced).await.ok(200);
    assert_eq!((again.text("/upload_id"), again.text("/duplicate")), (created.text("/upload_id"), "true".into()));
    let path = format!("/v1/recon/uploads/{}", created.text("/upload_id"));
    job.post(&format!("{path}/complete"), &json!({})).await.refused(409, "conflict");
    let mut short = statement.clone();
    short.pop();
    job.put(&format!("{path}/content"), short.clone()).await.refused(422, "bank_upload_differs");
    short.push(b'x');
    let differs = job.put(&format!("{path}/content"), short).await.refused(422, "bank_upload_differs");
    assert_eq!(differs.pointers(), ["/sha256"]);
    assert_eq!(job.get(&path).await.ok(200).body.get("document"), None, "bytes that differ were kept");
    assert_eq!(scene.breaks().await, [""; 0]);
    job.put(&format!("{path}/content"), statement.clone()).await.ok(202);
    job.put(&format!("{path}/content"), b"anything".to_vec()).await.ok(202);
    let done = job.post(&format!("{path}/complete"), &json!({})).await.ok(202);
    assert_eq!(done.text("/document/state"), "received");

    // The number is taken: other bytes under it are refused, and somebody must look.
    let mut other = statement.clone();
    other.push(b'\n');
    let taken = job.announce("cn-statement", Some(1), &other, &bank);
    job.post("/v1/recon/uploads", &taken).await.refused(409, "bank_upload_number_taken");
    assert_eq!(scene.breaks().await, ["B08"]);

    // Somebody else's signature.
    let stranger = Own::self_signed("CN=bank,C=CN", scene.app.app.clock.now(), 30, &SystemChance).unwrap();
    let forged = job.announce("cn-statement", Some(2), b"forged", &stranger);
    let forged = job.post("/v1/recon/uploads", &forged).await.ok(201);
    let path = format!("/v1/recon/uploads/{}", forged.text("/upload_id"));
    job.put(&format!("{path}/content"), b"forged".to_vec()).await.refused(422, "bank_signature_refused");
    assert_eq!(scene.breaks().await, ["B08", "B13"]);
    let mut bad = announced.clone();
    for (field, value) in [
        ("account", json!("1")),
        ("sha256", json!("z".repeat(64))),
        ("size_bytes", json!(0)),
        ("seq", json!(0)),
        ("signature", json!("not base64")),
        ("signature", Value::Null),
    ] {
        let before = std::mem::replace(&mut bad[field], value);
        let refused = job.post("/v1/recon/uploads", &bad).await.refused(422, "validation_failed");
        assert_eq!(refused.pointers(), [format!("/{field}")]);
        bad[field] = before;
    }
    for person in [&scene.app.city.maker, &scene.app.city.auditor, &scene.app.city.member] {
        scene.app.post(person, "/v1/recon/uploads", &announced).await.refused(403, "forbidden");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_receipt_counts_only_for_bytes_that_were_fetched() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let batch = job.waiting().await;
    job.receive(&batch).await.refused(409, "batch_state_conflict");
    let nobody = "/v1/recon/payout-batches/NOTOURS/receipts";
    job.post(nobody, &receipt_of(&batch)).await.refused(404, "not_found");
    scene.stop().await;
}

#[actix_web::test]
async fn a_receipt_of_something_else_moves_nothing_and_stops_sending() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let batch = job.waiting().await;
    let path = format!("/v1/recon/payout-batches/{}/receipts", batch["batch_ref"].as_str().unwrap());
    let mut other = receipt_of(&batch);
    other["total_fen"] = json!(70_001);
    other["order_count"] = json!(2);
    let refused = job.post(&path, &other).await.refused(422, "receipt_differs");
    assert_eq!(refused.pointers(), ["/order_count", "/total_fen"]);
    assert_eq!(scene.breaks().await, ["B13"]);
    assert_eq!(job.waiting().await["batch_ref"], batch["batch_ref"]);
    scene.stop().await;
}

#[actix_web::test]
async fn the_bank_explains_a_break_and_cannot_close_it() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let mut other = receipt_of(&job.waiting().await);
    other["order_count"] = json!(2);
    let batch_ref = job.waiting().await["batch_ref"].as_str().unwrap().to_owned();
    job.post(&format!("/v1/recon/payout-batches/{batch_ref}/receipts"), &other).await.refused(422, "receipt_differs");
    let open = job.get("/v1/recon/breaks?state=open").await.ok(200);
    let id = open.text("/items/0/id");
    let path = format!("/v1/recon/breaks/{id}/answers");
    let answer = json!({"answer": "计数程序已更正", "bank_serial": "S1"});
    let kept = job.post_with(&path, "answer-0001", &answer).await.ok(201);
    let again = job.post_with(&path, "answer-0001", &answer).await.ok(201);
    assert_eq!(kept.body, again.body);
    job.post_with(&path, "answer-0001", &json!({"answer": "其他"})).await.refused(422, "idempotency_key_reused");
    let with_card = json!({"answer": "卡号 6222 0212 3456 7890 128 已退"});
    assert_eq!(job.post(&path, &with_card).await.refused(422, "validation_failed").pointers(), ["/answer"]);
    let unknown = format!("/v1/recon/breaks/{}/answers", scene.app.app.ids.next());
    job.post(&unknown, &answer).await.refused(404, "not_found");

    let read = scene.app.get(&scene.app.city.checker, &path).await.ok(200);
    assert_eq!(
        (read.body["items"].as_array().unwrap().len(), read.text("/items/0/answer")),
        (1, "计数程序已更正".into())
    );
    assert_eq!(scene.breaks().await, ["B13"], "an answer closed the break");
    scene.resolve_breaks().await;
    job.post(&path, &answer).await.refused(409, "conflict");
    scene.stop().await;
}

#[actix_web::test]
async fn the_feed_numbers_changes_without_gaps_and_goes_on_where_it_was_left() {
    let (scene, _) = Scene::pulled().await;
    let job = Job::of(&scene).await;
    let empty = job.get("/v1/recon/events").await.ok(200);
    assert_eq!((&empty.body["items"], &empty.body["last_seq"]), (&json!([]), &json!(0)));
    scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    let batch = job.waiting().await;
    let mut other = receipt_of(&batch);
    other["order_count"] = json!(2);
    let path = format!("/v1/recon/payout-batches/{}/receipts", batch["batch_ref"].as_str().unwrap());
    job.post(&path, &other).await.refused(422, "receipt_differs");
    assert_eq!(
        job.get("/v1/recon/events").await.ok(200).body["items"],
        json!([]),
        "a change without a number is shown"
    );
    assert_eq!(recon::number_changes(&scene.app.app).await.unwrap(), 2);
    assert_eq!(recon::number_changes(&scene.app.app).await.unwrap(), 0);
    let first = job.get("/v1/recon/events?after=0&limit=1").await.ok(200);
    assert_eq!(first.text("/items/0/batch_ref"), batch["batch_ref"].as_str().unwrap());
    assert_eq!((first.text("/items/0/subject"), first.text("/items/0/state")), ("batch".into(), "released".into()));
    let rest = job.get(&format!("/v1/recon/events?after={}", first.text("/last_seq"))).await.ok(200);
    let seqs: Vec<i64> =
        rest.body["items"].as_array().unwrap().iter().map(|item| item["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, [2]);
    assert_eq!((rest.text("/items/0/subject"), rest.text("/items/0/state")), ("break".into(), "open".into()));
    let end = job.get(&format!("/v1/recon/events?after={}", rest.text("/last_seq"))).await.ok(200);
    assert_eq!((&end.body["items"], &end.body["last_seq"]), (&json!([]), &rest.body["last_seq"]));
    for query in ["after=-1", "limit=0", "limit=501", "after=x"] {
        job.get(&format!("/v1/recon/events?{query}")).await.refused(422, "validation_failed");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_run_says_how_the_day_stands_and_the_day_can_be_read_again_later() {
    let scene = Scene::start().await;
    let job = Job::of(&scene).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.bank.open().close_day().unwrap();
    scene.advance(24 * 60 * 60);
    let asked = json!({"account": "6222020000001", "business_date": "2026-03-16"});
    let run = job.post_with("/v1/recon/runs", "run-00000001", &asked).await.ok(202);
    assert_eq!(job.post_with("/v1/recon/runs", "run-00000001", &asked).await.ok(202).body, run.body);
    let path = format!("/v1/recon/runs/{}", run.text("/id"));
    assert_eq!(job.get(&path).await.ok(200).text("/state"), "queued");
    let nothing = job.get(&format!("{path}/matches")).await.ok(200);
    assert_eq!(nothing.body["items"], json!([]));
    scene.app.run_jobs().await;
    let done = job.get(&path).await.ok(200);
    assert_eq!((done.text("/state"), done.text("/statement_seq")), ("done".into(), "1".into()));
    assert_eq!((done.text("/statements_taken"), done.text("/breaks_open")), ("1".into(), "0".into()));
    let first = job.get(&format!("{path}/matches?limit=1")).await.ok(200);
    assert_eq!(first.text("/items/0/treatment"), "funded");
    let cursor = first.text("/next_cursor");
    let second = job.get(&format!("{path}/matches?limit=1&cursor={cursor}")).await.ok(200);
    assert_eq!(second.text("/items/0/treatment"), "settled");
    assert_eq!(second.text("/items/0/bank_ref"), scene.bank_ref(granted).await);
    assert_eq!(job.get(&format!("{path}/breaks")).await.ok(200).body["items"], json!([]));

    scene.grant(&scene.app.city.member, &[5_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    let then = job.get("/v1/recon/positions?account=6222020000001&date=2026-03-16").await.ok(200);
    assert_eq!(
        (then.text("/items/0/ledger_fen"), then.text("/items/0/difference_fen")),
        ("99930000".into(), "0".into())
    );
    let now = job.get("/v1/recon/positions").await.ok(200);
    assert_eq!(now.text("/items/0/ledger_fen"), "99925000");
    for nothing in ["account=1", "date=2026-03-01"] {
        let got = job.get(&format!("/v1/recon/positions?{nothing}")).await.ok(200);
        assert_eq!(got.body["items"], json!([]), "{nothing}");
    }
    let other = json!({"account": "1"});
    assert_eq!(job.post("/v1/recon/runs", &other).await.refused(422, "validation_failed").pointers(), ["/account"]);
    scene.stop().await;
}
