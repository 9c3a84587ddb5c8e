//! Whose clock runs when a payment fails: the member's while another card is needed, the fund's otherwise.

use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Granted, Scene};

/// State, holder and promise as the member sees them.
async fn seen(scene: &Scene, granted: Granted) -> (String, String, String) {
    let got = scene.app.get(&scene.app.city.member, &format!("/v1/claims/{}", granted.claim_id)).await.ok(200);
    (got.text("/state"), got.text("/holder"), got.text("/promise/state"))
}

fn is(state: &str, holder: &str, promise: &str) -> (String, String, String) {
    (state.to_owned(), holder.to_owned(), promise.to_owned())
}

/// The member changes the card.
async fn change_card(scene: &Scene, number: &str) {
    let member = &scene.app.city.member;
    let version = scene.app.get(member, "/v1/me/card").await.ok(200).version();
    let put = scene.app.ask(member, Method::PUT, "/v1/me/card").await;
    put.if_match(version).json(&json!({ "number": number })).send().await.ok(200);
}

/// What happened to the clock, oldest first.
async fn clock(scene: &Scene, granted: Granted) -> Vec<String> {
    use huzhu::claims::rows::timeline::{Column, Entity};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
    let rows = Entity::find().filter(Column::ClaimId.eq(granted.claim_id)).order_by_asc(Column::Seq);
    rows.all(scene.app.app.db.read()).await.unwrap().into_iter().filter_map(|row| row.promise).collect()
}

#[actix_web::test]
async fn a_refused_card_pauses_the_promise_until_the_member_gives_another() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    scene.bank.open().mark_card(&member.card_number, Some("AC04".to_owned())).unwrap();
    let granted = scene.grant(&member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(seen(&scene, granted).await, is("paying", "bank", "running"));
    scene.close_day().await;
    assert_eq!(seen(&scene, granted).await, is("payout_failed", "member", "paused"));
    let list = scene.app.get(&member, "/v1/claims").await.ok(200);
    assert_eq!(list.text("/items/0/holder"), "member");
    // Nobody but the member can do anything: days go by and none is used.
    let day = |got: &Value| got["promise"]["day"].as_u64().unwrap();
    let path = format!("/v1/claims/{}", granted.claim_id);
    let before = day(&scene.app.get(&member, &path).await.ok(200).body);
    scene.advance(7 * 24 * 60 * 60);
    assert!(scene.prepare().await.is_none());
    assert_eq!(day(&scene.app.get(&member, &path).await.ok(200).body), before);

    change_card(&scene, "6222021234567890136").await;
    assert_eq!(seen(&scene, granted).await, is("payout_failed", "payout_office", "running"));
    scene.advance(24 * 60 * 60);
    scene.pay().await;
    assert_eq!(seen(&scene, granted).await, is("paying", "bank", "running"));
    scene.settle_down().await;
    assert_eq!(seen(&scene, granted).await, is("paid", "nobody", "stopped"));
    assert_eq!(clock(&scene, granted).await, ["start", "pause", "resume", "stop"]);
    scene.close_day().await;
    scene.stop().await;
}

#[actix_web::test]
async fn money_that_came_back_runs_again_and_waits_for_the_card() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(granted).await;
    scene.close_day().await;
    assert!(scene.bank.open().send_back(&bank_ref, None, "AC07".to_owned()).unwrap());
    scene.close_day().await;
    assert_eq!(seen(&scene, granted).await, is("payout_failed", "member", "paused"));
    // The card is changed behind the member's back: the next order says so, too.
    super::journey::replace_card(&scene, "6222021234567890136").await;
    scene.pay().await;
    scene.settle_down().await;
    assert_eq!(clock(&scene, granted).await, ["start", "stop", "restart", "pause", "resume", "stop"]);
    assert_eq!(seen(&scene, granted).await, is("paid", "nobody", "stopped"));
    scene.close_day().await;
    scene.stop().await;
}

#[actix_web::test]
async fn the_promise_runs_on_when_the_fault_is_not_the_members() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    scene.bank.open().mark_card(&member.card_number, Some("AM04".to_owned())).unwrap();
    let granted = scene.grant(&member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    scene.close_day().await;
    assert_eq!(seen(&scene, granted).await, is("payout_failed", "payout_office", "running"));
    scene.stop().await;
}

#[actix_web::test]
async fn a_card_that_was_changed_on_the_way_need_not_be_changed_again() {
    let scene = Scene::start().await;
    let member = scene.app.city.member.clone();
    scene.bank.open().mark_card(&member.card_number, Some("AC04".to_owned())).unwrap();
    let granted = scene.grant(&member, &[70_000]).await;
    scene.pay().await;
    scene.settle_down().await;
    change_card(&scene, "6222021234567890136").await;
    scene.close_day().await;
    assert_eq!(seen(&scene, granted).await, is("payout_failed", "payout_office", "running"));
    scene.stop().await;
}
