//! SAFE mode: a database that lost its last seconds sends nothing until the bank was asked about everything.

use huzhu::payouts::safe_mode;
use huzhu::recon;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use super::doubt::sender_dies;
use super::scene::{Booked, Prepared, Scene, statement, states};

/// The bank gets a batch of which the database knows nothing, as after a restore.
async fn sent_in_lost_seconds(scene: &Scene, batch: &Prepared) {
    let shown = scene.app.get(&scene.app.city.maker, &batch.path).await.ok(200);
    let bytes = scene.file_of(batch).await;
    let link = scene.app.app.bank.as_ref().unwrap();
    link.adapter.submit(&shown.text("/batch/batch_ref"), bytes, &batch.sha256).await;
}

async fn missing(scene: &Scene) -> Vec<String> {
    let got = scene.app.get(&scene.app.city.auditor, "/v1/safe-mode").await.ok(200);
    got.body["missing"].as_array().unwrap().iter().map(|text| text["en"].as_str().unwrap().to_owned()).collect()
}

/// What the operator's verb does.
async fn leave(scene: &Scene) {
    let app = &scene.app.app;
    let txn = app.db.begin().await.unwrap();
    let safe = safe_mode::current(&txn).await.unwrap().expect("it is on");
    assert_eq!(safe_mode::missing(&txn, app, &safe).await.unwrap(), []);
    safe_mode::leave(&txn, app, "operator:test", "checked").await.unwrap();
    txn.commit().await.unwrap();
}

#[actix_web::test]
async fn a_restored_database_starts_safe_and_opens_when_nothing_is_missing() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app.app, &scene.app.city);
    safe_mode::on_start(app).await.unwrap();
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    safe_mode::on_start(app).await.unwrap();
    assert_eq!(safe_mode::current(app.db.read()).await.unwrap(), None, "a start is no restore");
    let later = scene.grant(&city.other_member, &[5_000]).await;
    let batch = scene.prepare().await.unwrap();
    // The copy that came back knows less than this machine has seen.
    scene.app.execute("update installation set beat = beat - 2").await.unwrap();
    safe_mode::on_start(app).await.unwrap();
    let shown = scene.app.get(&city.checker, "/v1/safe-mode").await.ok(200);
    assert_eq!((shown.text("/safe"), shown.text("/missing/1/en").contains("2026-03-16")), ("true".into(), true));
    let (path, signed) = (format!("{}/release", batch.path), json!({"sha256": batch.sha256}));
    scene.app.post_at(&city.checker, &path, 1, &signed).await.refused(409, "safe_mode");
    let void = scene.app.ask(&city.maker, Method::POST, &format!("{}/void", batch.path)).await;
    void.fresh_key().if_match(1).send().await.refused(409, "safe_mode");
    scene.app.run_jobs().await;
    // The bank knows nothing of the batch that waits; the statement of the day of the restore is still to come.
    assert_eq!(missing(&scene).await.len(), 1);
    // What is prepared meanwhile is asked about, too.
    scene.grant(&city.member, &[300]).await;
    scene.prepare().await.unwrap();
    assert_eq!(missing(&scene).await.len(), 2);
    scene.advance(61);
    scene.app.run_jobs().await;
    assert_eq!(missing(&scene).await.len(), 1);
    safe_mode::on_start(app).await.unwrap();
    assert_eq!(scene.app.count("select count(*) from safe_mode_event").await, 1, "one restore is told once");
    assert!(scene.app.execute("delete from safe_mode_event").await.is_err(), "the record is append-only");
    scene.close_day().await;
    assert_eq!(missing(&scene).await, [""; 0]);
    leave(&scene).await;
    let void = scene.app.ask(&city.maker, Method::POST, &format!("{}/void", batch.path)).await;
    void.fresh_key().if_match(1).send().await.ok(200);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(later).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.bank.open().payments().len(), 2);
    scene.stop().await;
}

#[actix_web::test]
async fn what_was_sent_in_lost_seconds_is_found_and_not_sent_again() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let released = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.pay().await;
    let unreleased = scene.grant(&city.other_member, &[5_000]).await;
    let prepared = scene.prepare().await.unwrap();
    sent_in_lost_seconds(&scene, &batch).await;
    sent_in_lost_seconds(&scene, &prepared).await;
    let why = json!({"reason": "恢复备份"});
    scene.app.post(&city.auditor, "/v1/safe-mode", &why).await.refused(403, "forbidden");
    scene.app.post(&city.maker, "/v1/safe-mode", &why).await.ok(200);
    scene.app.run_jobs().await;
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 0, "sent in SAFE mode");
    assert_eq!(scene.states(released).await, states("in_doubt", "paying", "Paying"));
    assert_eq!(scene.breaks().await, ["B13", "B13"]);
    scene.advance(31);
    scene.settle_down().await;
    assert_eq!(scene.states(released).await, states("paid", "paid", "Paid"));
    scene.close_day().await;
    assert_eq!(scene.states(released).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, ["B02", "B13", "B13"]);
    scene.resolve_breaks().await;
    leave(&scene).await;
    // Of the batch whose release was lost nothing is paid, or queued anew, by itself.
    let void = scene.app.ask(&city.maker, Method::POST, &format!("{}/void", prepared.path)).await;
    void.fresh_key().if_match(1).send().await.refused(409, "batch_state_conflict");
    for change in ["state = 'void'", "state = 'dispatching'", "at_bank = false"] {
        let changed = scene.app.execute(&format!("update payout_batch set {change} where at_bank")).await;
        assert!(changed.is_err(), "{change}");
    }
    assert_eq!(scene.states(unreleased).await.0, "batched");
    // Released once more it is not sent, and what was debited for it is known now.
    let (path, signed) = (format!("{}/release", prepared.path), json!({"sha256": prepared.sha256}));
    let found = scene.app.post_at(&city.checker, &path, 1, &signed).await.ok(200);
    assert_eq!((found.text("/state"), found.text("/at_bank")), ("in_doubt".into(), "true".into()));
    assert_eq!(scene.states(unreleased).await, states("settled", "settled", "Paid"));
    scene.advance(31);
    scene.settle_down().await;
    let shown = scene.app.get(&city.auditor, &prepared.path).await.ok(200);
    assert_eq!(shown.text("/batch/state"), "finished");
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 0, "sent again");
    for payment in scene.bank.open().payments() {
        assert_eq!(payment.debits, 1);
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_database_that_goes_back_under_a_running_process_sends_nothing() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app.app, &scene.app.city);
    safe_mode::on_start(app).await.unwrap();
    scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.grant(&city.other_member, &[5_000]).await;
    scene.pay().await;
    scene.app.execute("update installation set beat = beat - 1").await.unwrap();
    scene.app.run_jobs().await;
    assert_eq!(scene.bank.open().payments().len(), 1);
    assert!(safe_mode::current(app.db.read()).await.unwrap().is_some());
    // Another database under the same directory is one, too.
    scene.close_day().await;
    leave(&scene).await;
    let other = other_epoch(app.db.is_sqlite());
    scene.app.execute(&format!("update installation set epoch = {other}")).await.unwrap();
    safe_mode::on_start(app).await.unwrap();
    assert!(safe_mode::current(app.db.read()).await.unwrap().is_some());
    scene.bank.hang_up().await;
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_sending_that_was_under_way_at_the_backup_is_asked_about_and_lets_safe_mode_end() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.pay().await;
    sender_dies(&scene, &batch).await;
    scene.app.post(&city.maker, "/v1/safe-mode", &json!({"reason": "恢复备份"})).await.ok(200);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await.0, "dispatching", "its lease may still run elsewhere");
    scene.advance(130);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    for _ in 0..25 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "sent in SAFE mode");
    scene.close_day().await;
    assert_eq!(missing(&scene).await, [""; 0]);
    leave(&scene).await;
    assert_eq!(scene.bank.open().payments().len(), 0);
    scene.stop().await;
}

#[actix_web::test]
async fn a_sender_that_died_is_asked_about_while_a_break_stops_sending() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.pay().await;
    sender_dies(&scene, &batch).await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let stranger = statement(1, 500_000, &[Booked::debit(90_000, "S1")]);
    recon::import(app, link, &stranger).await.unwrap();
    assert_eq!(scene.breaks().await, ["B02"]);
    scene.advance(130);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    scene.stop().await;
}

fn other_epoch(sqlite: bool) -> String {
    super::journey::sql_id(sqlite, Uuid::from_u128(7))
}
