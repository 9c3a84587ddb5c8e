//! A batch that the bank has though nobody here knows of its release: it is signed for, never sent, and its bookings leave suspense.

use huzhu::ledger::accounts::Account;
use huzhu::ledger::balance_of;
use huzhu::recon;
use reqwest::Method;
use serde_json::json;

use super::journey::{replace_card, sql_id};
use super::scene::{Booked, Granted, Prepared, Scene, statement, states};
use crate::support::Got;

const OPENING_FEN: i64 = 500_000;

async fn release(scene: &Scene, batch: &Prepared, version: i64) -> Got {
    let (path, signed) = (format!("{}/release", batch.path), json!({"sha256": batch.sha256}));
    scene.app.post_at(&scene.app.city.checker, &path, version, &signed).await
}

/// The service takes a statement of the bank with these lines.
async fn take(scene: &Scene, seq: u8, opening_fen: i64, lines: &[Booked<'_>]) {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    recon::import(app, link, &statement(seq, opening_fen, lines)).await.unwrap();
}

async fn books(scene: &Scene) -> [i64; 4] {
    let mut found = [0; 4];
    let accounts = [Account::UnknownDebits, Account::UnknownCredits, Account::Recoverable, Account::Clearing];
    for (place, account) in found.iter_mut().zip(accounts) {
        *place = balance_of(scene.app.app.db.read(), account).await.unwrap().get();
    }
    found
}

#[actix_web::test]
async fn it_is_released_whatever_its_day_or_card_and_paid_as_the_bank_says() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let batch = scene.prepare().await.unwrap();
    let file = scene.file_of(&batch).await;
    scene.bank.open().take(&file).unwrap();
    scene.app.post(&city.maker, "/v1/safe-mode", &json!({"reason": "恢复备份"})).await.ok(200);
    scene.app.run_jobs().await;
    release(&scene, &batch, 1).await.refused(409, "safe_mode");
    let leave = async || {
        let txn = scene.app.app.db.begin().await.unwrap();
        huzhu::payouts::safe_mode::leave(&txn, &scene.app.app, "operator:test", "checked").await.unwrap();
        txn.commit().await.unwrap();
    };
    leave().await;
    replace_card(&scene, "6222021234567890136").await;
    scene.advance(3 * 24 * 60 * 60);
    let other_hash = json!({"sha256": "0".repeat(64)});
    let path = format!("{}/release", batch.path);
    scene.app.post_at(&city.checker, &path, 1, &other_hash).await.refused(409, "batch_hash_differs");
    scene.app.post_at(&city.maker, &path, 1, &json!({"sha256": batch.sha256})).await.refused(403, "forbidden");
    // An answer that was lost is given once more.
    let ask = async || {
        let ask = scene.app.ask(&city.checker, Method::POST, &path).await;
        ask.key("lost-release-1").if_match(1).json(&json!({"sha256": batch.sha256})).send().await
    };
    let found = ask().await.ok(200);
    assert_eq!((found.text("/state"), found.text("/at_bank")), ("in_doubt".into(), "true".into()));
    assert_eq!(ask().await.ok(200).body, found.body);
    release(&scene, &batch, found.version()).await.refused(409, "batch_state_conflict");
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    scene.advance(31);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 0, "sent again");
    assert_eq!(scene.bank.open().payments().iter().map(|payment| payment.debits).collect::<Vec<_>>(), [1]);
    scene.stop().await;
}

/// Two orders in one batch that was never released here.
async fn prepared(scene: &Scene) -> (Prepared, [Granted; 2], [String; 2]) {
    let city = &scene.app.city;
    let granted = [scene.grant(&city.member, &[60_000, 10_000]).await, scene.grant(&city.other_member, &[5_000]).await];
    let batch = scene.prepare().await.unwrap();
    let refs = [scene.bank_ref(granted[0]).await, scene.bank_ref(granted[1]).await];
    (batch, granted, refs)
}

#[actix_web::test]
async fn what_was_debited_twice_too_much_and_given_back_is_taken_from_suspense_as_it_would_have_been() {
    let scene = Scene::start().await;
    let (batch, granted, [twice, more]) = prepared(&scene).await;
    let debit = |fen, serial, bank_ref| Booked { bank_ref, ..Booked::debit(fen, serial) };
    let lines = [debit(70_000, "S1", &twice), debit(70_000, "S2", &twice), debit(5_300, "S3", &more)];
    take(&scene, 1, OPENING_FEN, &lines).await;
    assert_eq!(scene.breaks().await, ["B02", "B02", "B02"]);
    assert_eq!(books(&scene).await, [145_300, 0, 0, 0]);
    let back = Booked { bank_ref: &twice, day: 17, ..Booked::credit(70_000, "S4") };
    take(&scene, 2, OPENING_FEN - 145_300, &[back]).await;
    assert_eq!(scene.breaks().await, ["B02", "B02", "B02", "B10"]);
    release(&scene, &batch, 1).await.ok(200);
    for granted in granted {
        assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    }
    // What was debited beyond the order stays in suspense, with its break.
    assert_eq!(books(&scene).await, [300, 0, 0, 0]);
    assert_eq!(scene.breaks().await, ["B02", "B02", "B02", "B04", "B06"]);
    scene.resolve_breaks().await;
    scene.verify().await;
    // A third debit is one more, and not the order's.
    let third = Booked { day: 18, ..debit(70_000, "S5", &twice) };
    take(&scene, 3, OPENING_FEN - 75_300, &[third]).await;
    assert_eq!(books(&scene).await, [300, 0, 70_000, 0]);
    assert_eq!(scene.breaks().await, ["B04"]);
    let taken =
        "insert into statement_entry_taken select id, 'settled', 1 from statement_entry where bank_serial = 'S5'";
    assert!(scene.app.execute(taken).await.is_err(), "it never waited");
    assert!(scene.app.execute("delete from statement_entry_taken").await.is_err(), "it is append-only");
    assert!(scene.app.execute("update statement_entry_taken set treatment = 'returned'").await.is_err());
    scene.stop().await;
}

#[actix_web::test]
async fn what_came_back_meanwhile_is_returned_and_what_fell_short_waits_for_the_rest() {
    let scene = Scene::start().await;
    let (batch, granted, [back, short]) = prepared(&scene).await;
    let lines = [
        Booked { bank_ref: &back, ..Booked::debit(70_000, "S1") },
        Booked { bank_ref: &short, ..Booked::debit(4_000, "S2") },
        Booked { bank_ref: &back, ..Booked::credit(70_000, "S3") },
    ];
    take(&scene, 1, OPENING_FEN, &lines).await;
    release(&scene, &batch, 1).await.ok(200);
    assert_eq!(scene.states(granted[0]).await, states("returned", "failed", "PayoutFailed"));
    assert_eq!(scene.states(granted[1]).await, states("in_doubt", "paying", "Paying"));
    assert_eq!(books(&scene).await, [0, 0, 0, -1_000]);
    assert_eq!(scene.breaks().await, ["B02", "B02", "B06"]);
    scene.verify().await;
    // The member's new card is paid by a new order; the short one is not made up for by itself.
    replace_card(&scene, "6222021234567890136").await;
    scene.advance(25 * 60 * 60);
    assert!(scene.prepare().await.is_some());
    let id = sql_id(scene.app.app.db.is_sqlite(), granted[1].payout_id);
    let orders = scene.app.count(&format!("select count(*) from payout_order where payout_id = {id}")).await;
    assert_eq!(orders, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_second_debit_that_waited_is_owed_by_the_bank() {
    let scene = Scene::start().await;
    let (batch, granted, [twice, _]) = prepared(&scene).await;
    let debit = |serial| Booked { bank_ref: &twice, ..Booked::debit(70_000, serial) };
    take(&scene, 1, OPENING_FEN, &[debit("S1"), debit("S2")]).await;
    release(&scene, &batch, 1).await.ok(200);
    assert_eq!(scene.states(granted[0]).await, states("settled", "settled", "Paid"));
    assert_eq!(books(&scene).await, [0, 0, 70_000, -5_000]);
    let findings = huzhu::recoveries::verify::check(scene.app.app.db.read()).await.unwrap();
    assert_eq!(findings, []);
    scene.stop().await;
}
