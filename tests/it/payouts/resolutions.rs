//! What the bank leaves in doubt, calls paid and never debits, or cancels: two people resolve it on its written answer.

use huzhu::bank_sim::faults::Fault;
use huzhu::recon::{self, Imported};
use reqwest::Method;
use serde_json::{Value, json};

use super::journey::sql_id;
use super::scene::{Booked, Granted, OPENING_FEN, Scene, statement, states};

fn letter(outcome: &str) -> Value {
    json!({"outcome": outcome, "bank_reference": "函〔2026〕17号", "bank_answer": "经查未扣款"})
}

async fn path_of(scene: &Scene, granted: Granted) -> String {
    let got = scene.app.get(&scene.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
    let id = got.body["orders"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    format!("/v1/payout-orders/{id}/resolution")
}

/// The statement of the day, which shows nothing.
async fn close_without_debit(scene: &Scene) {
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let taken = recon::import(app, link, &statement(1, OPENING_FEN, &[])).await.unwrap();
    assert_eq!(taken, Imported::Taken { seq: 1, entries: 0 });
}

/// Maker proposes, checker confirms.
async fn resolve(scene: &Scene, path: &str, proposal: &Value) {
    let city = &scene.app.city;
    let proposed = scene.app.post(&city.maker, path, proposal).await.ok(201);
    let which = json!({"resolution_id": proposed.text("/id")});
    scene.app.post(&city.checker, &format!("{path}/confirm"), &which).await.ok(200);
}

#[actix_web::test]
async fn an_order_in_doubt_that_the_bank_never_had_is_paid_anew_by_two_people() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000, 1]).await;
    scene.bank.fault(Fault::CutBefore, 1);
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    let first_ref = scene.bank_ref(granted).await;
    let path = path_of(&scene, granted).await;
    scene.app.get(&city.checker, &path).await.refused(404, "not_found");
    scene.app.post(&city.maker, &path, &letter("never_paid")).await.refused(409, "statement_not_closed");
    scene.close_day().await;
    scene.app.post(&city.maker, &path, &letter("cancelled")).await.refused(409, "order_state_conflict");
    let mut odd = letter("never_paid");
    odd["reason_code"] = json!("ac04");
    let refused = scene.app.post(&city.maker, &path, &odd).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/reason_code"]);
    scene.app.post(&city.auditor, &path, &letter("never_paid")).await.refused(403, "forbidden");
    let proposed = scene.app.post(&city.maker, &path, &letter("never_paid")).await.ok(201);
    let which = json!({"resolution_id": proposed.text("/id")});
    scene.app.post(&city.checker, &path, &letter("never_paid")).await.refused(409, "resolution_open");
    // A wrong letter is withdrawn, and says so for ever.
    let withdraw = format!("{path}/withdraw");
    scene.app.post(&city.maker, &withdraw, &which).await.ok(200);
    scene.app.post(&city.maker, &withdraw, &which).await.refused(409, "resolution_closed");
    let confirm = format!("{path}/confirm");
    scene.app.post(&city.checker, &confirm, &which).await.refused(409, "resolution_closed");

    let proposed = scene.app.post(&city.maker, &path, &letter("never_paid")).await.ok(201);
    let which = json!({"resolution_id": proposed.text("/id")});
    scene.app.post(&city.maker, &confirm, &which).await.refused(403, "same_person");
    let sqlite = scene.app.app.db.is_sqlite();
    for sql in [
        "update payout_order set state = 'rejected_confirmed'".to_owned(),
        format!(
            "update payout_resolution set confirmed_by = {}, confirmed_at_ms = 1 where withdrawn_by is null",
            sql_id(sqlite, city.maker.id)
        ),
        "update payout_resolution set bank_answer = 'x'".to_owned(),
    ] {
        assert!(scene.app.execute(&sql).await.is_err(), "{sql}");
    }
    let ask = async || {
        let ask = scene.app.ask(&city.checker, Method::POST, &confirm).await;
        ask.key("confirm-0001").json(&which).send().await.ok(200)
    };
    let confirmed = ask().await;
    assert_eq!(confirmed.text("/order/state"), "rejected_confirmed");
    assert_eq!(ask().await.body, confirmed.body);
    scene.app.post(&city.checker, &confirm, &which).await.refused(409, "resolution_closed");
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    let shown = scene.app.get(&city.auditor, &path).await.ok(200);
    assert_eq!(shown.text("/confirmed_by"), city.checker.id.to_string());
    let positions = scene.app.get(&city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/clearing_fen"), "0");
    scene.verify().await;
    scene.advance(901);
    scene.app.run_jobs().await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert!(scene.bank.truth(&first_ref).is_none());
    assert_eq!(scene.bank.open().payments().len(), 1);
    scene.stop().await;
}

#[actix_web::test]
async fn what_was_called_paid_and_never_debited_is_owed_again() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    let path = path_of(&scene, granted).await;
    let mut proposal = letter("never_paid");
    proposal["reason_code"] = json!("AC04");
    // Some banks book a day late: what it reported as paid is missing two days later.
    close_without_debit(&scene).await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    for seq in [2, 3] {
        scene.app.post(&city.maker, &path, &proposal).await.refused(409, "statement_not_closed");
        recon::import(app, link, &statement(seq, OPENING_FEN, &[])).await.unwrap();
    }
    assert_eq!(scene.breaks().await, ["B01"]);
    resolve(&scene, &path, &proposal).await;
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    let view = scene.app.get(&city.member, &format!("/v1/claims/{}/payouts", granted.claim_id)).await.ok(200);
    assert_eq!(view.text("/items/0/needs_new_card"), "true");
    assert_eq!(scene.app.count("select count(*) from notice where kind = 'payout_failed'").await, 1);
    scene.verify().await;
    // Should the debit come all the same, it is no order's any more, and stops sending.
    let bank_ref = scene.bank_ref(granted).await;
    let late = Booked { bank_ref: &bank_ref, day: 19, ..Booked::debit(70_000, "S9") };
    recon::import(app, link, &statement(4, OPENING_FEN, &[late])).await.unwrap();
    assert_eq!(scene.breaks().await, ["B01", "B02"]);
    assert!(recon::stops_dispatch(app.db.read(), &link.account).await.unwrap());
    scene.stop().await;
}

#[actix_web::test]
async fn what_the_bank_accepted_and_cancelled_is_paid_anew_and_a_debit_forbids_it() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let debited = scene.grant(&city.other_member, &[5_000]).await;
    scene.bank.fault(Fault::DelayedResult, 1_000);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    let path = path_of(&scene, granted).await;
    scene.app.post(&city.maker, &path, &letter("cancelled")).await.refused(409, "statement_not_closed");
    let bank_ref = scene.bank_ref(debited).await;
    let line = Booked { bank_ref: &bank_ref, ..Booked::debit(4_000, "S1") };
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    recon::import(app, link, &statement(1, OPENING_FEN, &[line])).await.unwrap();
    // Debited short of the amount: whatever the bank writes, that is for the books to sort out.
    let other = path_of(&scene, debited).await;
    scene.app.post(&city.maker, &other, &letter("cancelled")).await.refused(409, "order_debited");
    scene.app.post(&city.maker, &path, &letter("never_paid")).await.refused(409, "order_state_conflict");
    resolve(&scene, &path, &letter("cancelled")).await;
    assert_eq!(scene.states(granted).await, states("cancelled", "failed", "PayoutFailed"));
    scene.verify().await;
    let batch = scene.prepare().await.unwrap();
    assert_eq!(scene.app.get(&city.maker, &batch.path).await.ok(200).text("/batch/total_fen"), "70000");
    scene.stop().await;
}

#[actix_web::test]
async fn nothing_is_called_never_paid_while_a_debit_that_nobody_can_explain_may_be_its_own() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.bank.fault(Fault::CutBefore, 1);
    scene.pay().await;
    scene.app.run_jobs().await;
    let path = path_of(&scene, granted).await;
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let file = statement(1, OPENING_FEN, &[Booked::debit(90_000, "S1")]);
    assert_eq!(recon::import(app, link, &file).await.unwrap(), Imported::Taken { seq: 1, entries: 1 });
    assert_eq!(scene.breaks().await, ["B02"]);
    scene.app.post(&city.maker, &path, &letter("never_paid")).await.refused(409, "order_debited");
    scene.resolve_breaks().await;
    scene.app.post(&city.maker, &path, &letter("never_paid")).await.ok(201);
    scene.stop().await;
}
