//! Two people, one hash, one release: refused by the service, and by the database itself.

use huzhu::bank_sim::faults::Fault;
use huzhu::recon::{self, BreakKind, Seen};
use reqwest::Method;
use serde_json::json;

use super::journey::{replace_card, sql_id};
use super::scene::{ACCOUNT, Prepared, Scene, states};

#[actix_web::test]
async fn whoever_prepared_a_batch_may_not_release_it() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    scene.grant(&city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    let path = format!("{}/release", batch.path);
    let signed = json!({"sha256": batch.sha256});
    // A maker has no right to release at all.
    scene.app.post_at(&city.maker, &path, 1, &signed).await.refused(403, "forbidden");
    // Even a person who has both rights is refused for a batch of their own.
    let sqlite = scene.app.app.db.is_sqlite();
    let grant = format!(
        "insert into staff_role (staff_id, role, granted_at_ms) values ({}, 'payout_checker', 0)",
        sql_id(sqlite, city.maker.id)
    );
    scene.app.execute(&grant).await.unwrap();
    let mut both = city.maker.clone();
    both.roles.push(huzhu::http::Role::PayoutChecker);
    scene.app.post_at(&both, &path, 1, &signed).await.refused(403, "same_person");
    // And so does the database, should the handler ever forget.
    let bypass = "update payout_batch set state = 'released', checker_id = maker_id, released_at_ms = 1, released_sha256 = sha256";
    assert!(scene.app.execute(bypass).await.is_err());
    let nobody = "update payout_batch set state = 'released'";
    assert!(scene.app.execute(nobody).await.is_err());
    scene.stop().await;
}

#[actix_web::test]
async fn only_the_right_hash_and_version_release_and_only_once() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    let path = format!("{}/release", batch.path);
    let signed = json!({"sha256": batch.sha256});
    scene
        .app
        .post_at(&city.checker, &path, 1, &json!({"sha256": "0".repeat(64)}))
        .await
        .refused(409, "batch_hash_differs");
    scene.app.post_at(&city.checker, &path, 1, &json!({"sha256": "0"})).await.refused(422, "validation_failed");
    scene.app.post_at(&city.checker, &path, 7, &signed).await.refused(412, "stale_version");
    scene.app.post(&city.checker, &path, &signed).await.refused(428, "if_match_missing");
    let ask = async |key: &str| {
        let ask = scene.app.ask(&city.checker, Method::POST, &path).await;
        ask.key(key).if_match(1).json(&signed).send().await
    };
    let first = ask("release-0001").await.ok(200);
    let replayed = ask("release-0001").await.ok(200);
    assert_eq!(first.body, replayed.body);
    assert_eq!(replayed.headers["idempotent-replay"], "true");
    ask("release-0002").await.refused(412, "stale_version");
    let version = first.version();
    scene.app.post_at(&city.checker, &path, version, &signed).await.refused(409, "batch_state_conflict");
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1);
    assert_eq!(scene.app.count("select count(*) from ledger_transaction where kind = 'reserved'").await, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_card_that_changed_since_the_batch_was_prepared_stops_its_release() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    let first_ref = scene.bank_ref(granted).await;
    replace_card(&scene, "6222021234567890136").await;
    let path = format!("{}/release", batch.path);
    let signed = json!({"sha256": batch.sha256});
    scene.app.post_at(&city.checker, &path, 1, &signed).await.refused(409, "batch_card_changed");
    let void = format!("{}/void", batch.path);
    scene.app.ask(&city.maker, Method::POST, &void).await.fresh_key().if_match(1).send().await.ok(200);
    scene.pay().await;
    scene.settle_down().await;
    assert_ne!(scene.bank_ref(granted).await, first_ref, "a reference was used for two cards");
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert!(scene.bank.truth(&first_ref).is_none());
    scene.stop().await;
}

#[actix_web::test]
async fn a_card_that_changed_after_the_release_gets_nothing() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let (granted, other) =
        (scene.grant(&city.member, &[70_000]).await, scene.grant(&city.other_member, &[5_000]).await);
    let app = &scene.app.app;
    // Something holds the sending back, and meanwhile the member gets another card.
    recon::raise(app.db.write(), app, Seen::new(BreakKind::B04, ACCOUNT, "test", "for a test")).await.unwrap();
    let batch = scene.pay().await;
    scene.settle_down().await;
    let refs = [scene.bank_ref(granted).await, scene.bank_ref(other).await];
    replace_card(&scene, "6222021234567890136").await;
    scene.resolve_breaks().await;
    scene.advance(301);
    scene.settle_down().await;
    assert_eq!(scene.bank.open().payments(), [], "paid to a card that the member no longer has");
    assert_eq!(scene.app.get(&city.maker, &batch.path).await.ok(200).text("/batch/state"), "void");
    for granted in [granted, other] {
        assert_eq!(scene.states(granted).await, states("queued", "failed", "PayoutFailed"));
    }
    scene.verify().await;
    scene.pay().await;
    scene.settle_down().await;
    for granted in [granted, other] {
        assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
        assert!(!refs.contains(&scene.bank_ref(granted).await), "a reference was used for two files");
    }
    assert_eq!(scene.bank.truth(&scene.bank_ref(granted).await).unwrap().card_tail, "0136");
    scene.stop().await;
}

#[actix_web::test]
async fn altered_bytes_are_never_sent() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    scene.release(&batch).await;
    let app = &scene.app.app;
    assert!(scene.app.execute("update payout_file set size_bytes = 1").await.is_err(), "files are append-only");
    // Somebody with a file editor: the triggers are gone for a moment.
    let drop = if app.db.is_sqlite() {
        "drop trigger payout_file_never_changes"
    } else {
        "drop trigger payout_file_never_changes on payout_file"
    };
    scene.app.execute(drop).await.unwrap();
    let other = app.sealer.seal(huzhu::kernel::seal::Field::PayoutFile, "H|CNPAY1|altered").unwrap();
    let hex: String = other.iter().map(|byte| format!("{byte:02x}")).collect();
    let literal = if app.db.is_sqlite() { format!("x'{hex}'") } else { format!("'\\x{hex}'") };
    scene.app.execute(&format!("update payout_file set bytes_sealed = {literal}")).await.unwrap();
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    assert_eq!(scene.breaks().await, ["B13"]);
    assert_eq!(scene.bank.open().payments(), []);
    let findings = huzhu::payouts::verify::check(app).await.unwrap();
    assert!(findings.iter().any(|finding| finding.what.contains("hash")), "{findings:?}");
    scene.bank.hang_up().await;
    scene.app.stop().await;
}

#[actix_web::test]
async fn a_checker_who_lost_the_right_has_released_nothing() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.pay().await;
    let first_ref = scene.bank_ref(granted).await;
    scene.app.execute("delete from staff_role where role = 'payout_checker'").await.unwrap();
    scene.settle_down().await;
    assert_eq!(scene.breaks().await, ["B13"]);
    assert_eq!(scene.bank.open().payments(), []);
    // The batch is voided, what was reserved goes back, and another checker's release is sent.
    let void = format!("{}/void", batch.path);
    let got = scene.app.ask(&city.maker, Method::POST, &void).await.fresh_key().if_match(2).send().await.ok(200);
    assert_eq!(got.text("/state"), "void");
    assert_eq!(scene.states(granted).await, states("queued", "failed", "PayoutFailed"));
    let view = scene.app.get(&city.member, &format!("/v1/claims/{}/payouts", granted.claim_id)).await.ok(200);
    assert_eq!(view.text("/items/0/needs_new_card"), "false");
    assert_eq!(scene.app.count("select count(*) from notice").await, 0, "the member hears of what is nothing to them");
    let positions = scene.app.get(&city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/clearing_fen"), "0");
    scene.verify().await;
    let sqlite = scene.app.app.db.is_sqlite();
    let (auditor, at) = (sql_id(sqlite, city.auditor.id), scene.app.app.clock.now().as_ms());
    let role =
        format!("insert into staff_role (staff_id, role, granted_at_ms) values ({auditor}, 'payout_checker', {at})");
    scene.app.execute(&role).await.unwrap();
    let mut other = city.auditor.clone();
    other.roles.push(huzhu::http::Role::PayoutChecker);
    scene.resolve_breaks_with(&other).await;
    let batch = scene.prepare().await.unwrap();
    let path = format!("{}/release", batch.path);
    scene.app.post_at(&other, &path, 1, &json!({"sha256": batch.sha256})).await.ok(200);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert!(scene.bank.truth(&first_ref).is_none());
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.stop().await;
}

#[actix_web::test]
async fn a_released_batch_is_voided_only_while_no_byte_of_it_was_sent() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let void = async |batch: &Prepared| {
        let version = scene.app.get(&city.maker, &batch.path).await.ok(200).version();
        let path = format!("{}/void", batch.path);
        scene.app.ask(&city.maker, Method::POST, &path).await.fresh_key().if_match(version).send().await
    };
    // The bank said that it took nothing: that proves it.
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.bank.fault(Fault::NotAccepted, 1);
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.app.count("select count(*) from dispatch where outcome = 'not_sent'").await, 1);
    void(&batch).await.ok(200);
    void(&batch).await.refused(409, "batch_state_conflict");
    scene.verify().await;
    // No answer proves nothing, nor does an answer.
    scene.bank.fault(Fault::CutBefore, 1);
    let batch = scene.pay().await;
    scene.app.run_jobs().await;
    void(&batch).await.refused(409, "batch_state_conflict");
    for _ in 0..30 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    void(&batch).await.refused(409, "batch_state_conflict");
    assert_eq!(scene.bank.open().payments().len(), 1);
    scene.stop().await;
}

#[actix_web::test]
async fn the_database_keeps_what_must_not_change() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    for sql in [
        "update payout set amount_fen = amount_fen + 1",
        "update payout_plan set amount_fen = amount_fen + 1",
        "update payout_order set bank_ref = 'X'",
        "update payout_order set amount_fen = 1",
        "update payout_order set card_version = 9",
        "update payout_batch set sha256 = released_at_ms || sha256",
        "update payout_batch set total_fen = 1",
        "delete from payout_file",
        "update ledger_posting set amount_fen = amount_fen + 1",
        "delete from ledger_posting",
        "update ledger_transaction set kind = 'x'",
        "delete from statement_entry",
        "update statement set closing_fen = 1",
        "update bank_fact set status = 'x'",
        "insert into payout_order (id, payout_id, try_no, bank_ref, amount_fen, source_code, state, created_at_ms, changed_at_ms) \
         select maker_id, (select id from payout), 2, 'SECOND', 1, 2010, 'queued', 1, 1 from payout_batch",
        "update ledger_part set settled_fen = settled_fen + 1",
        "update ledger_part set settled_fen = settled_fen + 1, clearing_fen = clearing_fen - 1",
        "insert into ledger_posting select transaction_id, line_no + 9, account_id, amount_fen from ledger_posting",
        "insert into ledger_transaction (id, idempotency_key, kind, posted_at_ms) select id, 'k', 'x', 1 from payout",
    ] {
        assert!(scene.app.execute(sql).await.is_err(), "{sql}");
    }
    scene.stop().await;
}
