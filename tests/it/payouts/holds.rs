//! Orders that a person holds back, and the day that a changed card rests.

use reqwest::Method;
use serde_json::json;

use super::scene::{Granted, Scene, states};

async fn order_id(scene: &Scene, granted: Granted) -> String {
    let got = scene.app.get(&scene.app.city.maker, &format!("/v1/payouts/{}", granted.payout_id)).await.ok(200);
    got.body["orders"].as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn no_batch_takes_an_order_that_a_person_holds() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let path = format!("/v1/payout-orders/{}", order_id(&scene, granted).await);
    let (hold, release) = (format!("{path}/hold"), format!("{path}/release-hold"));
    let why = json!({"reason": "会员来电，待核实"});
    scene.app.post(&city.maker, &release, &why).await.refused(409, "order_state_conflict");
    let refused = scene.app.post(&city.maker, &hold, &json!({"reason": ""})).await.refused(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/reason"]);
    let nothing = format!("/v1/payout-orders/{}/hold", scene.app.app.ids.next());
    scene.app.post(&city.maker, &nothing, &why).await.refused(404, "not_found");
    let ask = async || {
        let ask = scene.app.ask(&city.checker, Method::POST, &hold).await;
        ask.key("hold-order-1").json(&why).send().await.ok(200)
    };
    let held = ask().await;
    assert_eq!((held.text("/state"), held.text("/hold_reason")), ("held".into(), "by_person".into()));
    assert_eq!(ask().await.body, held.body);
    assert_eq!(scene.app.count("select count(*) from payout_hold").await, 1);
    scene.app.post(&city.maker, &hold, &why).await.refused(409, "order_state_conflict");
    assert!(scene.prepare().await.is_none());
    assert_eq!(scene.start_run().await.1.text("/run/state"), "void");
    let bypass = "update payout_order set state = 'queued', hold_reason = null";
    assert!(scene.app.execute(bypass).await.is_err(), "the database let a held order out");
    assert_eq!(scene.states(granted).await, states("held", "approved", "Approved"));
    let free = scene.app.post(&city.maker, &release, &why).await.ok(200);
    assert_eq!(free.text("/state"), "queued");
    scene.app.post(&city.maker, &release, &why).await.refused(409, "order_state_conflict");
    scene.prepare().await.unwrap();
    scene.app.post(&city.maker, &hold, &why).await.refused(409, "order_state_conflict");
    scene.stop().await;
}

#[actix_web::test]
async fn a_changed_card_rests_for_a_day_and_the_member_is_told() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[70_000]).await;
    let ask = scene.app.ask(&city.member, Method::PUT, "/v1/me/card").await;
    let card = ask.if_match(1).json(&json!({"number": "6222021234567890201"})).send().await.ok(200);
    assert!(card.text("/usable_from").starts_with("2026-03-17T09:00"), "{}", card.body);
    let told = "select count(*) from notice where kind = 'card_changed'";
    assert_eq!(scene.app.count(told).await, 1);
    let got = scene.app.post(&city.maker, "/v1/payout-batches", &json!({})).await.ok(200);
    assert_eq!(got.text("/held/0/reason"), "card_resting");
    // What a person holds besides is not let out by the day alone.
    let path = format!("/v1/payout-orders/{}", order_id(&scene, granted).await);
    scene.app.post(&city.maker, &format!("{path}/hold"), &json!({"reason": "待核实"})).await.ok(200);
    scene.advance(24 * 60 * 60 - 1);
    assert!(scene.prepare().await.is_none());
    scene.advance(1);
    assert!(scene.prepare().await.is_none());
    scene.app.post(&city.maker, &format!("{path}/release-hold"), &json!({"reason": "已核实"})).await.ok(200);
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.bank.truth(&scene.bank_ref(granted).await).unwrap().card_tail, "0201");
    scene.stop().await;
}
