//! Staff sign in with password and one-time password.

use huzhu::http::Role;
use huzhu::identity::staff_accounts;
use reqwest::Method;

use super::bench::{Bench, Device, PASSWORD};

#[actix_web::test]
async fn staff_sign_in_with_both_and_a_role_taken_away_counts_at_once() {
    let bench = Bench::start().await;
    let secret = bench.add_staff("Li.Na", &[Role::Reviewer, Role::Auditor]).await;
    let granted = bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await;
    assert_eq!(granted.status, 200, "{}", granted.body);
    assert_eq!(granted.body["scope"], "auditor reviewer");
    let token = granted.text("access_token");
    assert_eq!(bench.status_of(&token).await, 200);
    let everybody = "delete from staff_role where staff_id in (select id from staff where login = 'li.na')";
    bench.sql(everybody, vec![]).await;
    bench.signed(Method::GET, "/v1/me/sessions", &token).await.refused(403, "forbidden");
    bench.stop().await;
}

#[actix_web::test]
async fn whatever_is_wrong_the_answer_is_the_same() {
    let bench = Bench::start().await;
    let secret = bench.add_staff("li.na", &[Role::Reviewer]).await;
    let right = bench.totp(&secret);
    let wrong_code = if right == "000000" { "000001" } else { "000000" };
    let bodies = [
        bench.staff("li.na", "wrong horse battery", &right).await,
        bench.staff("li.na", PASSWORD, wrong_code).await,
        bench.staff("nobody", PASSWORD, &right).await,
    ];
    for refused in &bodies {
        refused.refused(401, "sign_in_refused");
        assert_eq!(refused.body["title"], bodies[0].body["title"]);
        assert_eq!(refused.body["detail"], bodies[0].body["detail"]);
    }
    bench.stop().await;
}

#[actix_web::test]
async fn a_one_time_password_is_used_once() {
    let bench = Bench::start().await;
    let secret = bench.add_staff("li.na", &[Role::Reviewer]).await;
    let code = bench.totp(&secret);
    assert_eq!(bench.staff("li.na", PASSWORD, &code).await.status, 200);
    bench.staff("li.na", PASSWORD, &code).await.refused(401, "sign_in_refused");
    bench.clock.advance_secs(30);
    bench.staff("li.na", PASSWORD, &code).await.refused(401, "sign_in_refused");
    bench.clock.advance_secs(30);
    assert_eq!(bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await.status, 200, "the next step's");
    bench.stop().await;
}

#[actix_web::test]
async fn two_with_one_code_at_once_are_one_sign_in() {
    let bench = Bench::start().await;
    let secret = bench.add_staff("li.na", &[Role::Reviewer]).await;
    let code = bench.totp(&secret);
    let both = futures_util::future::join_all((0..2).map(|_| bench.staff("li.na", PASSWORD, &code))).await;
    assert_eq!(both.iter().filter(|got| got.status == 200).count(), 1);
    bench.stop().await;
}

#[actix_web::test]
async fn five_failures_lock_a_login_known_or_not_until_an_administrator_releases_it() {
    let bench = Bench::start().await;
    let secret = bench.add_staff("li.na", &[Role::Reviewer]).await;
    for login in ["li.na", "nobody"] {
        for _ in 0..5 {
            bench.staff(login, "wrong horse battery", "000000").await.refused(401, "sign_in_refused");
            bench.clock.advance_secs(5);
        }
        bench.staff(login, PASSWORD, &bench.totp(&secret)).await.refused(403, "sign_in_locked");
    }
    bench.clock.advance_secs(365 * 24 * 3_600);
    huzhu::identity::sweep::run(&bench.app).await.unwrap();
    for login in ["li.na", "nobody"] {
        bench.staff(login, PASSWORD, &bench.totp(&secret)).await.refused(403, "sign_in_locked");
    }
    let locked: Vec<_> =
        staff_accounts::list(&bench.app).await.unwrap().into_iter().filter(|account| account.locked).collect();
    assert_eq!(locked.iter().map(|account| account.login.as_str()).collect::<Vec<_>>(), ["li.na"]);
    assert!(staff_accounts::unlock(&bench.app, "Li.Na").await.unwrap());
    assert_eq!(bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await.status, 200);
    bench.stop().await;
}

#[actix_web::test]
async fn each_failure_makes_the_next_try_wait_longer() {
    let bench = Bench::start().await;
    bench.add_staff("li.na", &[Role::Reviewer]).await;
    let wrong = || bench.staff("li.na", "wrong horse battery", "000000");
    wrong().await.refused(401, "sign_in_refused");
    wrong().await.refused(401, "sign_in_refused");
    for wait_secs in [1, 2, 4] {
        bench.clock.advance_secs(wait_secs - 1);
        wrong().await.refused(429, "too_many_requests");
        bench.clock.advance_secs(1);
        wrong().await.refused(401, "sign_in_refused");
    }
    wrong().await.refused(403, "sign_in_locked");
    bench.stop().await;
}

#[actix_web::test]
async fn a_staff_session_ends_after_fifteen_minutes_idle_and_eight_hours() {
    let bench = Bench::start().await;
    let device = Device::numbered(200);
    let secret = bench.add_staff("li.na", &[Role::Reviewer]).await;
    let idle = bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await.text("refresh_token");
    bench.clock.advance_secs(15 * 60);
    bench.refresh(&idle, &device).await.oauth(400, "invalid_grant");

    let mut granted = bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await;
    for _ in 0..47 {
        bench.clock.advance_secs(10 * 60);
        granted = bench.refresh(&granted.text("refresh_token"), &device).await;
        assert_eq!(granted.status, 200);
    }
    bench.clock.advance_secs(10 * 60);
    bench.refresh(&granted.text("refresh_token"), &device).await.oauth(400, "invalid_grant");
    bench.stop().await;
}

#[actix_web::test]
async fn a_disabled_login_is_out_at_once() {
    let bench = Bench::start().await;
    let secret = bench.add_staff("li.na", &[Role::Auditor]).await;
    let granted = bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await;
    assert_eq!(staff_accounts::disable(&bench.app, "li.na").await.unwrap(), 1);
    assert_eq!(bench.status_of(&granted.text("access_token")).await, 401);
    bench.refresh(&granted.text("refresh_token"), &Device::numbered(200)).await.oauth(400, "invalid_grant");
    bench.clock.advance_secs(30);
    bench.staff("li.na", PASSWORD, &bench.totp(&secret)).await.refused(401, "sign_in_refused");
    bench.stop().await;
}
