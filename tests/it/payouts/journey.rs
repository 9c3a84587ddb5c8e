//! The road without trouble, and the roads that lead back.

use huzhu::bank_sim::faults::Fault;
use reqwest::Method;
use serde_json::json;

use super::scene::{Scene, states};

#[actix_web::test]
async fn a_decision_is_paid_and_settled() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[100_000, 34_000]).await;
    let other = scene.grant(&city.other_member, &[5_000]).await;
    assert_eq!(scene.states(granted).await, states("queued", "approved", "Approved"));

    let batch = scene.prepare().await.unwrap();
    let shown = scene.app.get(&city.checker, &batch.path).await.ok(200);
    assert_eq!((shown.text("/batch/order_count"), shown.text("/batch/total_fen")), ("2".into(), "139000".into()));
    assert_eq!(shown.text("/orders/0/card"), "**** 0128");
    assert!(!shown.body.to_string().contains("622202123456"), "a card number is shown");
    assert!(scene.prepare().await.is_none(), "the same orders went into a second batch");

    scene.release(&batch).await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    scene.verify().await;
    scene.settle_down().await;
    for granted in [granted, other] {
        assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
        let bank_ref = scene.bank_ref(granted).await;
        assert_eq!(scene.bank.truth(&bank_ref).unwrap().debits, 1);
    }
    scene.verify().await;
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.breaks().await, [""; 0]);

    let view = scene.app.get(&city.member, &format!("/v1/claims/{}/payouts", granted.claim_id)).await.ok(200);
    let steps = view.body["items"][0]["steps"].as_array().unwrap();
    let kinds: Vec<&str> = steps.iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["approved", "released", "paid", "settled"]);
    assert_eq!(view.text("/items/0/card"), "**** 0128");
    let path = format!("/v1/claims/{}/payouts", granted.claim_id);
    scene.app.get(&city.other_member, &path).await.refused(404, "not_found");

    let positions = scene.app.get(&city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(positions.text("/items/0/difference_fen"), "0");
    assert_eq!(positions.text("/items/0/ledger_fen"), "99861000");
    assert_eq!(positions.text("/items/0/clearing_fen"), "0");
    let list = scene.app.get(&city.maker, "/v1/payouts?state=settled").await.ok(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
    let list = scene.app.get(&city.maker, "/v1/payout-batches?state=finished").await.ok(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_rejected_card_fails_after_the_statement_and_is_paid_to_the_next_card() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    scene.bank.open().mark_card(&member.card_number, Some("AC04".to_owned())).unwrap();
    let granted = scene.grant(&member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    // The bank's word alone frees nothing.
    assert_eq!(scene.states(granted).await, states("rejected", "paying", "Paying"));
    assert!(scene.prepare().await.is_none());
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    let path = format!("/v1/claims/{}/payouts", granted.claim_id);
    let view = scene.app.get(&member, &path).await.ok(200);
    assert_eq!(view.text("/items/0/needs_new_card"), "true");
    scene.verify().await;
    assert!(scene.prepare().await.is_none(), "the same card is tried again");

    replace_card(&scene, "6222021234567890136").await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    let paid: Vec<u8> = scene.bank.open().payments().iter().map(|payment| payment.debits).collect();
    assert_eq!(paid.iter().sum::<u8>(), 1);
    assert_eq!(scene.breaks().await, [""; 0]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_rejection_that_comes_after_the_statement_of_its_day_waits_for_no_other() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    scene.bank.open().mark_card(&member.card_number, Some("AC04".to_owned())).unwrap();
    let refused = scene.grant(&member, &[70_000]).await;
    let granted = scene.grant(&scene.app.city.other_member, &[500]).await;
    scene.bank.fault(Fault::DelayedResult, 1_000);
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(scene.states(refused).await, states("accepted", "paying", "Paying"));
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"), "the statement shows it");
    scene.bank.fault(Fault::DelayedResult, 0);
    scene.advance(901);
    scene.app.run_jobs().await;
    assert_eq!(scene.states(refused).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    replace_card(&scene, "6222021234567890136").await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(scene.states(refused).await, states("settled", "settled", "Paid"));
    scene.verify().await;
    scene.stop().await;
}

#[actix_web::test]
async fn money_that_comes_back_is_owed_again() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    let granted = scene.grant(&member, &[70_000, 1]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    scene.close_day().await;
    assert!(scene.bank.open().send_back(&bank_ref, None, "AC07".to_owned()).unwrap());
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("returned", "failed", "PayoutFailed"));
    scene.verify().await;
    replace_card(&scene, "6222021234567890136").await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.app.count("select count(*) from payout_order where source_code = 2030").await, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn many_payouts_that_nobody_mends_do_not_hold_back_one_that_is_mended() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    for member in [&city.member, &city.other_member] {
        scene.bank.open().mark_card(&member.card_number, Some("AC04".to_owned())).unwrap();
    }
    for _ in 0..100 {
        scene.grant(&city.other_member, &[100]).await;
    }
    let granted = scene.grant(&city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(scene.app.count("select count(*) from payout where state = 'failed'").await, 101);
    assert!(scene.prepare().await.is_none());
    replace_card(&scene, "6222021234567890201").await;
    let batch = scene.prepare().await.expect("a batch of the one that is mended");
    let shown = scene.app.get(&city.maker, &batch.path).await.ok(200);
    assert_eq!((shown.text("/batch/order_count"), shown.text("/batch/total_fen")), ("1".into(), "70000".into()));
    scene.release(&batch).await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    scene.stop().await;
}

#[actix_web::test]
async fn an_order_without_a_usable_card_is_held_and_goes_later() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let sql = "update service_card set usable_from_ms = usable_from_ms + 1773709200000";
    scene.app.execute(sql).await.unwrap();
    let got = scene.app.post(&city.maker, "/v1/payout-batches", &json!({})).await.ok(200);
    assert_eq!(got.text("/held/0/reason"), "card_resting");
    assert_eq!(scene.states(granted).await, states("held", "approved", "Approved"));
    scene.advance(24 * 60 * 60);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await.0, "paid");
    scene.stop().await;
}

#[actix_web::test]
async fn without_a_bank_nothing_is_prepared_or_sent() {
    let app = crate::support::TestApp::start().await;
    app.post(&app.city.maker, "/v1/payout-batches", &json!({})).await.refused(503, "bank_not_configured");
    let machine = json!({"account": "6222020000001"});
    app.ask(&app.city.maker, Method::POST, "/v1/recon/runs").await.fresh_key().json(&machine).send().await.ok(403);
    app.stop().await;
}

/// The member has another card now.
pub async fn replace_card(scene: &Scene, number: &str) {
    use huzhu::kernel::seal::Field;
    use huzhu::members::rows::service_card;
    use sea_orm::{ActiveValue::Set, EntityTrait};
    let app = &scene.app.app;
    let member_id = scene.app.city.member.id;
    let sql = format!("update service_card set state = 'replaced' where number_tail <> '{}'", "0000");
    scene.app.execute(&format!("{sql} and member_id = {}", sql_id(app.db.is_sqlite(), member_id))).await.unwrap();
    let row = service_card::ActiveModel {
        id: Set(app.ids.next()),
        member_id: Set(member_id),
        card_version: Set(2),
        number_sealed: Set(app.sealer.seal(Field::CardNumber, number).unwrap()),
        number_lookup: Set(app.sealer.lookup(Field::CardNumber, number)),
        number_tail: Set(number[number.len() - 4..].to_owned()),
        holder_name_sealed: Set(app.sealer.seal(Field::Name, "王芳").unwrap()),
        state: Set(service_card::CardState::Active),
        usable_from_ms: Set(app.clock.now()),
        created_at_ms: Set(app.clock.now()),
    };
    service_card::Entity::insert(row).exec_without_returning(app.db.write()).await.unwrap();
}

/// An identifier as a literal of the database at hand.
pub fn sql_id(sqlite: bool, id: uuid::Uuid) -> String {
    if sqlite { format!("x'{}'", id.simple()) } else { format!("'{id}'") }
}
