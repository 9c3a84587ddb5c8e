//! Money in suspense that names no order: candidates are shown, two people say whose it is.

use huzhu::bank_sim::faults::Fault;
use huzhu::ledger::accounts::Account;
use huzhu::ledger::balance_of;
use huzhu::recon;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{ACCOUNT, Booked, Granted, OPENING_FEN, Scene, statement, states};
use crate::support::Got;

/// The service takes a statement of the bank with these lines.
async fn take(scene: &Scene, seq: u8, opening_fen: i64, lines: &[Booked<'_>]) {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    recon::import(app, link, &statement(seq, opening_fen, lines)).await.unwrap();
}

/// Where the booking is that the open break of this kind is about.
async fn booking_of(scene: &Scene, kind: &str) -> String {
    let got = scene.app.get(&scene.app.city.auditor, "/v1/recon/breaks?state=open").await.ok(200);
    let items = got.body["items"].as_array().unwrap();
    let found = items.iter().find(|item| item["kind"] == kind).expect("a break");
    format!("/v1/suspense-bookings/{}", found["entry_id"].as_str().unwrap())
}

async fn order_id(scene: &Scene, granted: Granted) -> String {
    let got = scene.app.get(&scene.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
    got.body["orders"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
}

fn said(order_id: &str) -> Value {
    json!({"order_id": order_id, "reason": "银行来电确认"})
}

/// Maker proposes, checker confirms.
async fn tie(scene: &Scene, path: &str, order_id: &str) -> Got {
    let city = &scene.app.city;
    let proposed = scene.app.post(&city.maker, &format!("{path}/order"), &said(order_id)).await.ok(201);
    let which = json!({"tie_id": proposed.text("/tie/id")});
    scene.app.post(&city.checker, &format!("{path}/order/confirm"), &which).await
}

async fn books(scene: &Scene, account: Account) -> i64 {
    balance_of(scene.app.app.db.read(), account).await.unwrap().get()
}

/// Two settled payments of 700 yuan and one of 50 to two members, and how much the account holds then.
async fn settled(scene: &Scene) -> ([Granted; 3], i64) {
    let city = &scene.app.city;
    let granted = [
        scene.grant(&city.member, &[70_000]).await,
        scene.grant(&city.other_member, &[70_000]).await,
        scene.grant(&city.member, &[5_000]).await,
    ];
    scene.pay().await;
    scene.settle_down().await;
    let refs = [scene.bank_ref(granted[0]).await, scene.bank_ref(granted[1]).await, scene.bank_ref(granted[2]).await];
    let debit = |bank_ref, fen, serial| Booked { bank_ref, ..Booked::debit(fen, serial) };
    let lines = [debit(&refs[0], 70_000, "S1"), debit(&refs[1], 70_000, "S2"), debit(&refs[2], 5_000, "S3")];
    take(scene, 1, OPENING_FEN, &lines).await;
    for granted in granted {
        assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    }
    (granted, OPENING_FEN - 145_000)
}

#[actix_web::test]
async fn a_return_without_a_reference_is_tied_to_its_order_by_two_people() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let ([first, second, small], held_fen) = settled(&scene).await;
    let back = Booked { day: 17, ..Booked::credit(70_000, "R1") };
    take(&scene, 2, held_fen, &[back]).await;
    assert_eq!(scene.breaks().await, ["B07"]);
    assert_eq!(scene.states(second).await.0, "settled", "tied by its amount");
    let path = booking_of(&scene, "B07").await;
    let shown = scene.app.get(&city.auditor, &path).await.ok(200);
    assert_eq!((shown.text("/waits"), shown.text("/credit")), ("true".into(), "true".into()));
    let candidates = shown.body["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 2, "{candidates:?}");
    let (first_id, second_id) = (order_id(&scene, first).await, order_id(&scene, second).await);
    // The statement names the card of one of them.
    assert_eq!(candidates.iter().filter(|candidate| candidate["same_card"] == true).count(), 1);
    assert_eq!(candidates[0]["same_card"], true);
    assert!([&first_id, &second_id].iter().any(|id| candidates[0]["order_id"] == id.as_str()));
    assert!(candidates[0]["card"].as_str().unwrap().starts_with("**** "));
    // Whoever may not, another amount, nobody's order.
    let propose = format!("{path}/order");
    scene.app.post(&city.auditor, &propose, &said(&first_id)).await.refused(403, "forbidden");
    scene.app.post(&city.member, &propose, &said(&first_id)).await.refused(403, "forbidden");
    let small_id = order_id(&scene, small).await;
    scene.app.post(&city.maker, &propose, &said(&small_id)).await.refused(409, "booking_does_not_fit");
    let nobodys = said("0195a3c0-0000-7000-8000-000000000009");
    let refused = scene.app.post(&city.maker, &propose, &nobodys).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/order_id"]);
    let elsewhere = "/v1/suspense-bookings/0195a3c0-0000-7000-8000-000000000009";
    scene.app.get(&city.maker, elsewhere).await.refused(404, "not_found");
    // What nobody confirmed is replaced; the person who said it does not confirm it.
    let old = scene.app.post(&city.maker, &propose, &said(&first_id)).await.ok(201);
    let new = scene.app.post(&city.maker, &propose, &said(&second_id)).await.ok(201);
    let confirm = format!("{path}/order/confirm");
    let which = |got: &Got| json!({"tie_id": got.text("/tie/id")});
    scene.app.post(&city.checker, &confirm, &which(&old)).await.refused(409, "resolution_closed");
    scene.app.post(&city.maker, &confirm, &which(&new)).await.refused(403, "same_person");
    assert_eq!(books(&scene, Account::UnknownCredits).await, -70_000);
    // An answer that was lost is given once more, and nothing happens twice.
    let ask = async || {
        let ask = scene.app.ask(&city.checker, Method::POST, &confirm).await;
        ask.key("suspense-tie-1").json(&which(&new)).send().await
    };
    let done = ask().await.ok(200);
    assert_eq!((done.text("/waits"), done.text("/order_id")), ("false".into(), second_id.clone()));
    assert_eq!(done.body["candidates"], json!([]));
    assert_eq!(ask().await.ok(200).body, done.body);
    scene.app.post(&city.checker, &confirm, &which(&new)).await.refused(409, "booking_not_in_suspense");
    scene.app.post(&city.maker, &propose, &said(&first_id)).await.refused(409, "booking_not_in_suspense");
    assert_eq!(scene.states(second).await, states("returned", "failed", "PayoutFailed"));
    assert_eq!(scene.states(first).await, states("settled", "settled", "Paid"));
    assert_eq!([books(&scene, Account::UnknownCredits).await, books(&scene, Account::Returned).await], [0, -70_000]);
    assert_eq!(scene.breaks().await, [""; 0]);
    scene.verify().await;
    // It is in no list of what waits any more, and nothing said of it changes.
    let waiting = scene.app.get(&city.auditor, "/v1/suspense-credits").await.ok(200);
    assert_eq!(waiting.body["items"], json!([]));
    for sql in [
        "update suspense_tie set reason = 'x'",
        "delete from suspense_tie",
        "update statement_entry set order_id = null where order_id is not null",
        "update statement_entry set amount_fen = 1",
        "insert into suspense_tie select id, entry_id, order_id, reason, proposed_by, 1, proposed_by, 1 from suspense_tie",
    ] {
        assert!(scene.app.execute(sql).await.is_err(), "{sql}");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_debit_without_a_reference_settles_the_order_that_two_people_name() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.bank.fault(Fault::AnswerLost, 1);
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    take(&scene, 1, OPENING_FEN, &[Booked::debit(70_000, "S9")]).await;
    assert_eq!(scene.breaks().await, ["B02"]);
    let path = booking_of(&scene, "B02").await;
    let shown = scene.app.get(&city.checker, &path).await.ok(200);
    let id = order_id(&scene, granted).await;
    assert_eq!(shown.text("/candidates/0/order_id"), id);
    tie(&scene, &path, &id).await.ok(200);
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!([books(&scene, Account::UnknownDebits).await, books(&scene, Account::Clearing).await], [0, 0]);
    // What stops sending is closed by two people, too.
    assert_eq!(scene.breaks().await, ["B02"]);
    scene.resolve_breaks().await;
    scene.stop().await;
}

#[actix_web::test]
async fn what_repays_a_recovery_is_no_return_and_a_return_repays_nothing() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let ([first, second, small], held_fen) = settled(&scene).await;
    let credit = |serial| Booked { day: 17, ..Booked::credit(70_000, serial) };
    take(&scene, 2, held_fen, &[credit("R1"), credit("R2")]).await;
    let waiting = async || scene.app.get(&city.auditor, "/v1/suspense-credits").await.ok(200);
    let path = |got: &Got, at: usize| format!("/v1/suspense-bookings/{}", got.text(&format!("/items/{at}/entry_id")));
    let listed = waiting().await;
    let (repaying, returned) = (path(&listed, 0), path(&listed, 1));
    let (first_id, second_id) = (order_id(&scene, first).await, order_id(&scene, second).await);
    // What was proposed before a recovery took some of it is not confirmed any more.
    let early = scene.app.post(&city.maker, &format!("{repaying}/order"), &said(&second_id)).await.ok(201);
    let asked = json!({
        "payout_id": small.payout_id, "reason": "settlement_cancelled", "amount_fen": 5_000, "explanation": "医院撤销了结算"
    });
    let opened = scene.app.post(&city.maker, "/v1/recoveries", &asked).await.ok(201);
    let recovery = format!("/v1/recoveries/{}", opened.text("/id"));
    let confirm = format!("{recovery}/confirm");
    scene.app.post_at(&city.checker, &confirm, opened.version(), &Value::Null).await.ok(200);
    let entry_of = |path: &str| json!({"entry_id": path.rsplit('/').next().unwrap()});
    scene.app.post(&city.maker, &format!("{recovery}/repayments"), &entry_of(&repaying)).await.ok(201);
    let which = json!({"tie_id": early.text("/tie/id")});
    let confirm = format!("{repaying}/order/confirm");
    scene.app.post(&city.checker, &confirm, &which).await.refused(409, "booking_not_in_suspense");
    let again = scene.app.post(&city.maker, &format!("{repaying}/order"), &said(&second_id)).await;
    again.refused(409, "booking_not_in_suspense");
    // The other is tied, and then repays nothing: not here, and not in the database.
    tie(&scene, &returned, &first_id).await.ok(200);
    assert_eq!(scene.states(first).await.0, "returned");
    let refused = scene.app.post(&city.maker, &format!("{recovery}/repayments"), &entry_of(&returned)).await;
    refused.refused(409, "credit_not_in_suspense");
    let bypass = "insert into recovery_repayment (id, recovery_id, entry_id, amount_fen, proposed_by, proposed_at_ms) \
                  select entry_id, (select id from recovery), entry_id, 1, (select opened_by from recovery), 1 from statement_entry_taken";
    assert!(scene.app.execute(bypass).await.is_err(), "a return repaid a recovery");
    let bypass = "insert into statement_entry_taken select entry_id, 'returned', 1 from recovery_repayment";
    assert!(scene.app.execute(bypass).await.is_err(), "a repayment was taken for a return");
    let listed = waiting().await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_booking_is_tied_once_and_to_an_order_of_its_own_account() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let ([first, second, _], held_fen) = settled(&scene).await;
    let credit = |serial| Booked { day: 17, ..Booked::credit(70_000, serial) };
    take(&scene, 2, held_fen, &[credit("R1"), credit("R2")]).await;
    let listed = scene.app.get(&city.auditor, "/v1/suspense-credits").await.ok(200);
    let path = |at: usize| format!("/v1/suspense-bookings/{}", listed.text(&format!("/items/{at}/entry_id")));
    let (first_id, second_id) = (order_id(&scene, first).await, order_id(&scene, second).await);
    tie(&scene, &path(0), &first_id).await.ok(200);
    // A second return of an order that came back does not fit.
    let propose = format!("{}/order", path(1));
    scene.app.post(&city.maker, &propose, &said(&first_id)).await.refused(409, "booking_does_not_fit");
    // Nor does an order that another account is debited for.
    scene.app.execute("update payout_batch set debit_account = 'OTHER'").await.unwrap();
    let shown = scene.app.get(&city.maker, &path(1)).await.ok(200);
    assert_eq!(shown.body["candidates"], json!([]));
    scene.app.post(&city.maker, &propose, &said(&second_id)).await.refused(409, "booking_does_not_fit");
    scene.app.execute(&format!("update payout_batch set debit_account = '{ACCOUNT}'")).await.unwrap();
    tie(&scene, &path(1), &second_id).await.ok(200);
    assert_eq!(scene.states(second).await.0, "returned");
    scene.stop().await;
}
