//! Files of the bank: kept before anybody looks into them, taken once, shown to whoever asks.

use huzhu::jobs::{self, JobSpec};
use huzhu::recon::documents::{
    self, BankDocumentKind as Kind, BankDocumentSource as Source, BankDocumentState as State, Incoming,
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::scene::{ACCOUNT, Booked, Scene, statement, states};

/// Takes a file and applies it.
async fn bring(scene: &Scene, kind: Kind, bytes: &[u8]) -> documents::Outcome {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let taken = documents::take(app, link, Incoming::new(kind, Source::Upload), bytes).await.unwrap();
    documents::apply(app, link, taken.id).await.unwrap()
}

#[actix_web::test]
async fn a_file_is_one_document_however_often_it_comes() {
    let scene = Scene::start().await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let file = statement(1, 500_000, &[]);
    let incoming = || Incoming { name: Some("a\n.txt"), ..Incoming::new(Kind::CnStatement, Source::Upload) };
    let taken = documents::take(app, link, incoming(), &file[..]).await.unwrap();
    assert!(taken.is_new);
    assert_eq!(taken.state, State::Received);
    // Nothing happens before somebody applies it; the job does, should whoever took it have died.
    assert_eq!(scene.app.count("select count(*) from statement").await, 0);
    let txn = app.db.begin().await.unwrap();
    jobs::enqueue(&txn, app, JobSpec::new(documents::KIND, json!({}))).await.unwrap();
    txn.commit().await.unwrap();
    scene.app.run_jobs().await;
    assert_eq!(scene.app.count("select count(*) from statement").await, 1);
    let again = documents::take(app, link, incoming(), &file[..]).await.unwrap();
    assert_eq!((again.id, again.state, again.is_new), (taken.id, State::Applied, false));
    let view = documents::show(app.db.read(), ACCOUNT, taken.id).await.unwrap().unwrap();
    assert_eq!((view.seq, view.items, view.name.as_deref()), (Some(1), 0, Some("a.txt")));
    assert_eq!(view.sha256, hex::encode(Sha256::digest(&file)));
    assert!(documents::show(app.db.read(), "OTHER", taken.id).await.unwrap().is_none());
    // The same number with other bytes is kept, too, and says nothing.
    let other = Incoming { seq: Some(1), ..incoming() };
    let other = documents::take(app, link, other, &statement(1, 500_001, &[])[..]).await.unwrap();
    assert_eq!(other.state, State::Quarantined);
    assert_eq!(scene.breaks().await, ["B08"]);
    assert_eq!(documents::list(app.db.read(), 10).await.unwrap().len(), 2);
    scene.stop().await;
}

#[actix_web::test]
async fn what_is_fetched_counts_though_a_copy_of_it_without_a_signature_came_first() {
    let (scene, _) = Scene::sealed(|_| huzhu::config::Bank::simulator("http://127.0.0.1:9".to_owned())).await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let file = statement(1, 500_000, &[]);
    let outcome = bring(&scene, Kind::CnStatement, &file).await;
    assert_eq!(outcome.state, State::Rejected, "{outcome:?}");
    assert_eq!(scene.breaks().await, ["B13"]);
    // Again by the same road it is no better.
    assert_eq!(bring(&scene, Kind::CnStatement, &file).await.state, State::Rejected);
    let fetched =
        documents::take(app, link, Incoming::new(Kind::CnStatement, Source::Adapter), &file[..]).await.unwrap();
    assert!(!fetched.is_new);
    assert!(scene.app.execute("update bank_document set fetched = false").await.is_err(), "it was fetched");
    assert_eq!(documents::apply(app, link, fetched.id).await.unwrap().state, State::Applied);
    assert_eq!(scene.app.count("select count(*) from statement").await, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_large_file_lies_in_pieces_and_an_altered_one_says_nothing() {
    let scene = Scene::start().await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    // Longer than a piece, and no statement.
    let file: Vec<u8> = (0..5_000_000_u32).map(|at| u8::try_from(at % 251).unwrap()).collect();
    let kind = Kind::CnStatement;
    let taken = documents::take(app, link, Incoming::new(kind, Source::Transport), &file[..]).await.unwrap();
    assert_eq!(scene.app.count("select count(*) from bank_document_bytes").await, 0);
    assert_eq!(scene.app.count("select cast(part_count as bigint) from bank_document").await, 2);
    let outcome = documents::apply(app, link, taken.id).await.unwrap();
    assert_eq!(outcome.state, State::Rejected, "{outcome:?}");
    let first = huzhu::storage::StorageKey::BankDocumentPart { document_id: taken.id, part_no: 1 };
    app.storage.delete(&first).await.unwrap();
    let outcome = documents::apply(app, link, taken.id).await.unwrap();
    assert_eq!(outcome.state, State::Quarantined, "{outcome:?}");
    assert_eq!(scene.breaks().await, ["B08", "B13"]);
    scene.stop().await;
}

#[actix_web::test]
async fn results_that_come_by_themselves_count_for_the_batch_that_was_signed() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.bank.fault(huzhu::bank_sim::faults::Fault::AnswerLost, 1);
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await.0, "in_doubt");
    let bank_ref = scene.bank_ref(granted).await;
    let file = String::from_utf8(scene.file_of(&batch).await).unwrap();
    let batch_ref = file.split('|').nth(2).unwrap();
    let results = |sha256: &str| {
        let line = format!("R|000001|{bank_ref}|70000|S|S1||ok|2026-03-16T10:00:00.000+08:00\n");
        let digest = hex::encode(Sha256::digest(line.as_bytes()));
        format!("H|CNRES1|{batch_ref}|{sha256}|1|\n{line}T|1|sha256:{digest}\n")
    };
    let other = bring(&scene, Kind::CnResult, results(&"0".repeat(64)).as_bytes()).await;
    assert_eq!((other.state, scene.breaks().await), (State::Quarantined, vec!["B13".to_owned()]));
    let taken = bring(&scene, Kind::CnResult, results(&batch.sha256).as_bytes()).await;
    assert_eq!((taken.state, taken.items), (State::Applied, 1));
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.app.count("select count(*) from payout_batch where state = 'finished'").await, 1);
    assert_eq!(bring(&scene, Kind::CnResult, results(&batch.sha256).as_bytes()).await.state, State::Applied);
    assert_eq!(bring(&scene, Kind::CnResult, b"R|\n").await.state, State::Rejected);
    let settled = statement(1, 500_000, &[Booked { bank_ref: &bank_ref, ..Booked::debit(70_000, "S1") }]);
    assert_eq!(bring(&scene, Kind::CnStatement, &settled).await.state, State::Applied);
    assert_eq!(scene.states(granted).await.0, "settled");
    scene.stop().await;
}

#[actix_web::test]
async fn a_long_statement_is_taken_in_steps_and_gone_on_with() {
    let scene = Scene::start().await;
    let lines: String = (1..=6_000).map(|number| format!("L|{number}|20260316|C|1|S{number}||0001|FUND\n")).collect();
    let digest = hex::encode(Sha256::digest(lines.as_bytes()));
    let file = format!("H|CNSTM1|{ACCOUNT}|20260316|1|CNY|0|6000|UTF-8\n{lines}T|6000|0|6000|sha256:{digest}\n");
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let incoming = Incoming::new(Kind::CnStatement, Source::Cli);
    let taken = documents::take(app, link, incoming, file.as_bytes()).await.unwrap();
    // Whoever is at it dies, again and again, wherever they are.
    let mut tries = 0_u64;
    loop {
        tries += 1;
        let patience = std::time::Duration::from_millis(700 * tries);
        match tokio::time::timeout(patience, documents::apply(app, link, taken.id)).await {
            Ok(done) => break assert_eq!(done.unwrap().state, State::Applied),
            Err(_) => scene.verify().await,
        }
    }
    assert_eq!(scene.app.count("select count(*) from statement_entry").await, 6_000);
    assert_eq!(scene.app.count("select count(*) from statement where taking_count is null").await, 1);
    let positions = scene.app.get(&scene.app.city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/ledger_fen"), "6000");
    scene.stop().await;
}
