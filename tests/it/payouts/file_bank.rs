//! A bank that takes orders as ISO 20022 files and answers with files, through a directory.

use std::fs;
use std::path::Path;

use huzhu::config;
use huzhu::payouts::safe_mode;
use huzhu::recon;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::iso_documents::{camt053, detail, entry};
use super::scene::{Scene, states};

pub fn files(directory: &Path) -> config::BankFiles {
    config::BankFiles {
        debtor_name: "互助保障会".to_owned(),
        cnaps: "313100000013".to_owned(),
        sftp: None,
        charset: None,
        max_name_bytes: None,
        remark: None,
        funding_text: None,
        charge_text: None,
        directory: Some(directory.to_owned()),
        bucket: None,
        prefix: String::new(),
        endpoint: None,
        region: "us-east-1".to_owned(),
        access_key_id: None,
        secret_access_key: None,
        secret_access_key_file: None,
    }
}

/// The bank leaves a file, complete with its digest.
fn leave(directory: &Path, name: &str, text: &str) {
    let from = directory.join("in");
    fs::create_dir_all(&from).unwrap();
    fs::write(from.join(name), text).unwrap();
    fs::write(from.join(format!("{name}.ok")), hex::encode(Sha256::digest(text.as_bytes()))).unwrap();
}

async fn take(scene: &Scene) -> usize {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    recon::take_all(app, link, link.transport.as_deref().unwrap()).await.unwrap()
}

#[actix_web::test]
async fn an_order_goes_out_as_a_file_and_its_fate_comes_as_files() {
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::with(|bank| {
        bank.kind = config::BankKind::Iso20022Files;
        bank.files = Some(files(directory.path()));
    })
    .await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    // Handed over, and nobody has said that they have it.
    assert_eq!(scene.states(granted).await.0, "in_doubt");
    let out: Vec<String> = fs::read_dir(directory.path().join("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(out.len(), 2, "{out:?}");
    let name = out.iter().find(|name| name.ends_with(".xml")).unwrap();
    let sent = fs::read(directory.path().join("out").join(name)).unwrap();
    assert_eq!(hex::encode(Sha256::digest(&sent)), batch.sha256);
    let batch_ref = name.strip_suffix(".xml").unwrap();
    for _ in 0..10 {
        scene.advance(901);
        scene.settle_down().await;
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "sent again");
    scene.resolve_breaks().await;
    // Half a file is not read; a complete one is taken, once.
    let accepted = format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'><CstmrPmtStsRpt><OrgnlGrpInfAndSts>\
         <OrgnlMsgId>{batch_ref}</OrgnlMsgId><GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    );
    fs::create_dir_all(directory.path().join("in")).unwrap();
    fs::write(directory.path().join("in/half.xml"), &accepted[..80]).unwrap();
    assert_eq!(take(&scene).await, 0);
    leave(directory.path(), "status.xml", &accepted);
    assert_eq!((take(&scene).await, take(&scene).await), (1, 0));
    assert_eq!(scene.states(granted).await.0, "accepted");
    let bank_ref = scene.bank_ref(granted).await;
    let debit = entry("700.00", "DBIT", "X1", "PMNT/ICDT/DMCT", &detail(&bank_ref));
    let statement = camt053(1, "5000.00", "4300.00", &debit);
    // Another digest than its .ok says; then changed after it.
    leave(directory.path(), "statement.xml", &statement);
    fs::write(directory.path().join("in/statement.xml"), statement.replace("X1", "X2")).unwrap();
    assert_eq!(take(&scene).await, 0);
    assert_eq!(scene.breaks().await, ["B13"]);
    assert_eq!(scene.states(granted).await.0, "accepted");
    leave(directory.path(), "statement.xml", &statement);
    assert_eq!(take(&scene).await, 1);
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    // The same name once more, with another content.
    leave(directory.path(), "statement.xml", &camt053(2, "4300.00", "4300.00", ""));
    assert_eq!(take(&scene).await, 0);
    assert_eq!(scene.breaks().await, ["B13", "B13"]);
    assert!(directory.path().join("archive/status.xml.ok").exists());
    scene.stop().await;
}

#[actix_web::test]
async fn in_safe_mode_letters_and_files_of_the_bank_are_its_answers() {
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::with(|bank| {
        bank.kind = config::BankKind::Iso20022Files;
        bank.files = Some(files(directory.path()));
    })
    .await;
    let (app, city) = (&scene.app.app, &scene.app.city);
    let paid = scene.grant(&city.member, &[70_000]).await;
    let sent = scene.pay().await;
    scene.app.run_jobs().await;
    scene.grant(&city.other_member, &[5_000]).await;
    let unsent = scene.prepare().await.unwrap();
    let path = format!("{}/bank-answer", unsent.path);
    let letter = json!({"at_bank": false, "bank_reference": "函〔2026〕21号", "bank_answer": "未收到该批次"});
    scene.app.post(&city.maker, &path, &letter).await.refused(409, "batch_state_conflict");
    scene.app.post(&city.maker, "/v1/safe-mode", &json!({"reason": "恢复备份"})).await.ok(200);
    scene.app.run_jobs().await;
    let missing = async || {
        let safe = safe_mode::current(app.db.read()).await.unwrap().unwrap();
        let missing = safe_mode::missing(app.db.read(), app, &safe).await.unwrap();
        missing.iter().map(|text| text.en.to_string()).collect::<Vec<_>>()
    };
    assert!(missing().await[0].contains("1 batches that were sent and 1 that were not"), "{:?}", missing().await);
    // Of the batch that waits the bank writes a letter: one person records it, another confirms it.
    scene.app.get(&city.maker, &path).await.refused(404, "not_found");
    let mut odd = letter.clone();
    odd["bank_reference"] = json!("");
    let refused = scene.app.post(&city.maker, &path, &odd).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/bank_reference"]);
    scene.app.post(&city.auditor, &path, &letter).await.refused(403, "forbidden");
    let confirm = format!("{path}/confirm");
    let first = scene.app.post(&city.maker, &path, &letter).await.ok(201);
    let which = json!({"answer_id": first.text("/id")});
    scene.app.post(&city.maker, &confirm, &which).await.refused(403, "same_person");
    let insert = "update payout_batch_answer set confirmed_by = recorded_by, confirmed_at_ms = 1";
    assert!(scene.app.execute(insert).await.is_err(), "the database refuses one person for two");
    let second = scene.app.post(&city.maker, &path, &letter).await.ok(201);
    scene.app.post(&city.checker, &confirm, &which).await.refused(409, "resolution_closed");
    let which = json!({"answer_id": second.text("/id")});
    let confirmed = scene.app.post(&city.checker, &confirm, &which).await.ok(200);
    assert_eq!(confirmed.text("/confirmed_by"), city.checker.id.to_string());
    scene.app.post(&city.checker, &confirm, &which).await.refused(409, "batch_state_conflict");
    assert!(scene.app.execute("update payout_batch_answer set at_bank = true").await.is_err(), "it never changes");
    assert_eq!(scene.app.get(&city.auditor, &path).await.ok(200).text("/id"), second.text("/id"));
    assert!(missing().await[0].contains("1 batches that were sent and 0 that were not"), "{:?}", missing().await);
    // Of the one that was sent a report comes.
    let shown = scene.app.get(&city.maker, &sent.path).await.ok(200);
    let accepted = format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'><CstmrPmtStsRpt><OrgnlGrpInfAndSts>\
         <OrgnlMsgId>{}</OrgnlMsgId><GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>",
        shown.text("/batch/batch_ref")
    );
    leave(directory.path(), "status.xml", &accepted);
    assert_eq!(take(&scene).await, 1);
    assert_eq!(scene.states(paid).await.0, "accepted");
    let left = missing().await;
    assert!(left.len() == 1 && left[0].contains("statement"), "{left:?}");
    let day = camt053(1, "5000.00", "5000.00", "").replace("2026-03-16", "2026-03-15");
    leave(directory.path(), "statement.xml", &day);
    assert_eq!(take(&scene).await, 1);
    assert_eq!(missing().await, [""; 0]);
    let txn = app.db.begin().await.unwrap();
    safe_mode::leave(&txn, app, "operator:test", "checked").await.unwrap();
    txn.commit().await.unwrap();
    scene.release(&unsent).await;
    scene.stop().await;
}

#[actix_web::test]
async fn a_report_on_a_batch_whose_release_was_lost_keeps_it_from_being_sent() {
    let directory = tempfile::tempdir().unwrap();
    let scene = Scene::with(|bank| {
        bank.kind = config::BankKind::Iso20022Files;
        bank.files = Some(files(directory.path()));
    })
    .await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    let shown = scene.app.get(&city.maker, &batch.path).await.ok(200);
    let accepted = format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pain.002.001.10'><CstmrPmtStsRpt><OrgnlGrpInfAndSts>\
         <OrgnlMsgId>{}</OrgnlMsgId><GrpSts>ACCP</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>",
        shown.text("/batch/batch_ref")
    );
    leave(directory.path(), "status.xml", &accepted);
    take(&scene).await;
    assert_eq!(scene.breaks().await, ["B11", "B13"]);
    scene.resolve_breaks().await;
    let (path, signed) = (format!("{}/release", batch.path), json!({"sha256": batch.sha256}));
    assert_eq!(scene.states(granted).await.0, "batched");
    // A SAFE mode that begins now has nothing to ask about it, and can be left.
    scene.advance(60);
    let safe = scene.app.post(&city.maker, "/v1/safe-mode", &json!({"reason": "恢复备份"})).await.ok(200);
    assert_eq!(safe.body["missing"], json!([]));
    let app = &scene.app.app;
    let txn = app.db.begin().await.unwrap();
    safe_mode::leave(&txn, app, "operator:test", "checked").await.unwrap();
    txn.commit().await.unwrap();
    let found = scene.app.post_at(&city.checker, &path, 1, &signed).await.ok(200);
    assert_eq!((found.text("/state"), found.text("/at_bank")), ("in_doubt".into(), "true".into()));
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 0);
    scene.stop().await;
}

#[actix_web::test]
async fn a_prefix_of_a_bucket_serves_as_a_directory_does() {
    use huzhu::kernel::chance::SeededChance;
    use huzhu::payouts::bank::transport::{self, Put};
    use huzhu::storage::EmbeddedS3;
    use tokio::io::AsyncReadExt;

    let root = tempfile::tempdir().unwrap();
    let server = EmbeddedS3::start(root.path(), &SeededChance::new(1)).await.unwrap();
    fs::create_dir_all(root.path().join("bank")).unwrap();
    let (id, secret) = server.access_key();
    let place = transport::open(&config::BankFiles {
        directory: None,
        bucket: Some("bank".to_owned()),
        prefix: "/huzhu/".to_owned(),
        endpoint: Some(server.endpoint()),
        access_key_id: Some(id.to_owned()),
        secret_access_key: Some(secret.clone()),
        ..files(root.path())
    });
    place.ready().await.unwrap();
    assert_eq!(place.put("B1.xml", b"one".to_vec(), "aa", None).await, Put::Done);
    assert_eq!(place.put("B1.xml", b"one".to_vec(), "aa", None).await, Put::Done);
    assert_eq!(place.put("B1.xml", b"two".to_vec(), "bb", None).await, Put::Unknown { why: "other_content" });
    let bucket = root.path().join("bank/huzhu");
    assert_eq!(fs::read(bucket.join("out/B1.xml")).unwrap(), b"one");
    assert_eq!(fs::read(bucket.join("out/B1.xml.ok")).unwrap(), b"aa\n");
    leave(&bucket, "a.xml", "from the bank");
    fs::write(bucket.join("in/half.xml"), "half").unwrap();
    let offered = place.list().await.unwrap();
    let digest = hex::encode(Sha256::digest(b"from the bank"));
    assert_eq!(
        (offered.len(), offered[0].name.as_str(), offered[0].sha256.as_deref()),
        (1, "a.xml", Some(digest.as_str()))
    );
    let mut text = String::new();
    place.get("a.xml").await.unwrap().read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "from the bank");
    server.stop().await;
    assert!(place.ready().await.is_err());
    // Nobody can tell what is there.
    assert!(matches!(place.put("B2.xml", b"one".to_vec(), "aa", None).await, Put::Unknown { .. }));
}
