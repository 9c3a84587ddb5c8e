//! Sums that lie with the fund: how old they are, whom they wait for, and what the member is told.

use huzhu::jobs::{self, JobSpec};
use reqwest::Method;
use serde_json::json;

use super::scene::{Scene, states};
use crate::support::Got;

const DAY_SECS: i64 = 24 * 60 * 60;

async fn list(scene: &Scene, query: &str) -> Got {
    scene.app.get(&scene.app.city.auditor, &format!("/v1/unclaimed-payouts{query}")).await.ok(200)
}

/// The hourly job, and what it causes.
async fn remind(scene: &Scene) {
    let app = &scene.app.app;
    jobs::enqueue(app.db.write(), app, JobSpec::new("payouts.remind", json!({}))).await.unwrap();
    scene.app.run_jobs().await;
}

async fn reminders(scene: &Scene) -> i64 {
    scene.app.count("select count(*) from notice where kind = 'unclaimed_reminder'").await
}

#[actix_web::test]
async fn what_nobody_claims_ages_and_the_member_is_reminded_once_at_each_age() {
    let scene = Scene::start().await;
    let (app, city) = (&scene.app, &scene.app.city);
    scene.bank.open().mark_card(&city.member.card_number, Some("AC04".to_owned())).unwrap();
    let refused = scene.grant(&city.member, &[70_000]).await;
    let returned = scene.grant(&city.other_member, &[50_000, 1]).await;
    assert_eq!(list(&scene, "").await.body["items"], json!([]));
    scene.pay().await;
    scene.settle_down().await;
    let bank_ref = scene.bank_ref(returned).await;
    scene.close_day().await;
    assert!(scene.bank.open().send_back(&bank_ref, None, "AC07".to_owned()).unwrap());
    scene.close_day().await;
    assert_eq!(scene.states(refused).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    assert_eq!(scene.states(returned).await, states("returned", "failed", "PayoutFailed"));

    let listed = list(&scene, "").await;
    let first =
        (listed.text("/items/0/payout_id"), listed.text("/items/0/came_back"), listed.text("/items/0/waits_for"));
    assert_eq!(first, (refused.payout_id.to_string(), "false".into(), "member".into()), "the oldest first");
    assert_eq!(
        (listed.text("/items/1/came_back"), listed.text("/items/1/amount_fen")),
        ("true".into(), "50001".into())
    );
    assert_eq!(listed.text("/items/0/last_notice/kind"), "payout_failed");
    assert_eq!((listed.text("/totals/0/payouts"), listed.text("/totals/0/total_fen")), ("2".into(), "120001".into()));
    let page = list(&scene, "?limit=1").await;
    let next = list(&scene, &format!("?limit=1&cursor={}", page.text("/next_cursor"))).await;
    assert_eq!(next.text("/items/0/payout_id"), returned.payout_id.to_string());
    assert!(next.body.get("next_cursor").is_none());
    app.get(&city.auditor, "/v1/unclaimed-payouts?bucket=0-7").await.refused(422, "validation_failed");
    app.get(&city.member, "/v1/unclaimed-payouts").await.refused(403, "forbidden");

    remind(&scene).await;
    assert_eq!(reminders(&scene).await, 0, "they have just heard of it");
    scene.advance(7 * DAY_SECS);
    remind(&scene).await;
    assert_eq!(reminders(&scene).await, 2);
    remind(&scene).await;
    assert_eq!(reminders(&scene).await, 2, "each age once");
    assert_eq!(list(&scene, "").await.text("/items/0/last_notice/kind"), "unclaimed_reminder");
    // Nobody looked for months: the member hears of the longest age alone.
    scene.advance(95 * DAY_SECS);
    remind(&scene).await;
    assert_eq!(reminders(&scene).await, 4);
    let old = list(&scene, "?bucket=91-365").await;
    assert_eq!((old.text("/totals/2/payouts"), old.text("/items/1/age_bucket")), ("2".into(), "91-365".into()));
    assert_eq!(list(&scene, "?bucket=0-30").await.body["items"], json!([]));

    // A new card: nothing waits for the member any more, and once it is released it is off the list.
    let ask = app.ask(&city.other_member, Method::PUT, "/v1/me/card").await;
    ask.if_match(1).json(&json!({"number": "6222021234567890201"})).send().await.ok(200);
    assert_eq!(list(&scene, "").await.text("/items/1/waits_for"), "next_batch");
    scene.advance(100 * DAY_SECS);
    remind(&scene).await;
    assert_eq!(reminders(&scene).await, 5, "only whoever must act");
    scene.pay().await;
    assert_eq!(list(&scene, "").await.text("/totals/2/payouts"), "1");
    scene.settle_down().await;
    assert_eq!(scene.states(returned).await, states("paid", "paid", "Paid"));
    assert_eq!(app.count("select count(*) from payout where unclaimed_since_ms is not null").await, 1);
    scene.stop().await;
}
