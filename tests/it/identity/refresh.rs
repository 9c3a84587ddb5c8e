//! Refresh tokens: the lost answer, theft, and two at once.

use reqwest::Method;

use super::bench::{Bench, Device};

#[actix_web::test]
async fn a_lost_answer_can_be_fetched_again_until_the_successor_is_used() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let first = bench.sign_in(&device).await.text("refresh_token");
    let answer = bench.refresh(&first, &device).await;
    let second = answer.text("refresh_token");
    assert_ne!(first, second);
    for wait_secs in [0, 59, 3_600] {
        bench.clock.advance_secs(wait_secs);
        let again = bench.refresh(&first, &device).await;
        assert_eq!((again.status, again.text("refresh_token")), (200, second.clone()), "the same successor");
        assert_eq!(bench.status_of(&again.text("access_token")).await, 200);
    }
    let third = bench.refresh(&second, &device).await;
    assert_eq!(third.status, 200);
    assert_eq!(bench.count("select count(*) from refresh_token where successor_sealed is not null").await, 1);
    bench.stop().await;
}

#[actix_web::test]
async fn a_token_that_comes_back_after_its_successor_was_used_ends_the_session_and_warns_the_member() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let first = bench.sign_in(&device).await.text("refresh_token");
    let second = bench.refresh(&first, &device).await.text("refresh_token");
    let third = bench.refresh(&second, &device).await;
    bench.refresh(&first, &device).await.oauth(400, "invalid_grant");
    bench.refresh(&third.text("refresh_token"), &device).await.oauth(400, "invalid_grant");
    bench.signed(Method::GET, "/v1/me/sessions", &third.text("access_token")).await.refused(401, "unauthenticated");
    let warned = "select count(*) from notice where kind = 'sign_in_reused' and state = 'queued'";
    assert_eq!(bench.count(warned).await, 1);
    bench.refresh(&first, &device).await.oauth(400, "invalid_grant");
    assert_eq!(bench.count(warned).await, 1, "told once");
    bench.stop().await;
}

#[actix_web::test]
async fn a_token_from_another_device_ends_the_session() {
    for rotated in [false, true] {
        let bench = Bench::start().await;
        let device = Device::numbered(1);
        let granted = bench.sign_in(&device).await;
        let token = granted.text("refresh_token");
        if rotated {
            assert_eq!(bench.refresh(&token, &device).await.status, 200);
        }
        let thief = Device { id: device.id.clone(), ..Device::numbered(2) };
        bench.refresh(&token, &thief).await.oauth(400, "invalid_grant");
        bench.refresh(&token, &device).await.oauth(400, "invalid_grant");
        assert_eq!(bench.status_of(&granted.text("access_token")).await, 401);
        assert_eq!(bench.count("select count(*) from session where end_reason = 'token_reused'").await, 1);
        bench.stop().await;
    }
}

#[actix_web::test]
async fn twenty_at_once_make_one_successor() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let first = bench.sign_in(&device).await.text("refresh_token");
    let answers = futures_util::future::join_all((0..20).map(|_| bench.refresh(&first, &device))).await;
    let mut successors: Vec<String> = answers.iter().map(|answer| answer.text("refresh_token")).collect();
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert_eq!(bench.count("select count(*) from refresh_token").await, 2);
    assert_eq!(bench.refresh(&successors[0], &device).await.status, 200);
    bench.stop().await;
}

#[actix_web::test]
async fn what_is_no_refresh_token_is_refused_and_harms_nobody() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let granted = bench.sign_in(&device).await;
    for token in ["x", &granted.text("access_token"), &"A".repeat(43)] {
        bench.refresh(token, &device).await.oauth(400, "invalid_grant");
    }
    let token = granted.text("refresh_token");
    bench.form(&[("grant_type", "refresh_token"), ("refresh_token", &token)]).await.oauth(400, "invalid_request");
    bench.form(&[("grant_type", "password")]).await.oauth(400, "unsupported_grant_type");
    bench.form(&[("grant_type", "refresh_token"), ("grant_type", "refresh_token")]).await.oauth(400, "invalid_request");
    bench.form(&[]).await.oauth(400, "invalid_request");
    let json = bench.post("/v1/oauth/token", &serde_json::json!({ "grant_type": "refresh_token" })).await;
    json.oauth(400, "invalid_request");
    // The refresh token is no access token.
    assert_eq!(bench.status_of(&token).await, 401);
    assert_eq!(bench.refresh(&token, &device).await.status, 200);
    bench.stop().await;
}

#[actix_web::test]
async fn a_session_ends_when_it_is_not_used_and_in_any_case() {
    let bench = Bench::start().await;
    let device = Device::numbered(1);
    let idle = bench.sign_in(&device).await.text("refresh_token");
    bench.clock.advance_secs(30 * 24 * 3_600);
    bench.refresh(&idle, &device).await.oauth(400, "invalid_grant");

    let mut token = bench.sign_in(&device).await.text("refresh_token");
    for _ in 0..8 {
        bench.clock.advance_secs(20 * 24 * 3_600);
        token = bench.refresh(&token, &device).await.text("refresh_token");
    }
    bench.clock.advance_secs(20 * 24 * 3_600);
    bench.refresh(&token, &device).await.oauth(400, "invalid_grant");
    bench.stop().await;
}
