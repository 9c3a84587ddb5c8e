//! What every request passes through.

use reqwest::Method;

use crate::support::TestApp;

#[actix_web::test]
async fn a_refusal_is_a_problem_in_the_language_asked_for() {
    let app = TestApp::start().await;
    let got = app.anonymous(Method::GET, "/v1/nowhere").english().send().await.refused(404, "route_not_found");
    assert_eq!(got.headers["content-language"], "en");
    assert_eq!(got.text("/title"), "There is no such address");
    let id = got.headers["x-request-id"].to_str().unwrap();
    assert_eq!(got.text("/instance"), format!("urn:uuid:{id}"));
    let got = app.anonymous(Method::GET, "/v1/nowhere").send().await.refused(404, "route_not_found");
    assert_eq!(
        (got.text("/title").as_str(), &got.headers["content-language"]),
        ("没有这个地址", &"zh-CN".parse().unwrap())
    );
    let got = app.anonymous(Method::DELETE, "/healthz").send().await.refused(405, "method_not_allowed");
    assert_eq!(got.headers["allow"], "GET");
    app.stop().await;
}

#[actix_web::test]
async fn a_caller_has_a_budget() {
    let app = TestApp::with(|config| config.limits.requests_per_minute = 3).await;
    for left in [2, 1, 0] {
        let got = app.anonymous(Method::GET, "/healthz").send().await.ok(200);
        assert_eq!(got.headers["ratelimit"], format!("\"minute\";r={left};t=60"));
    }
    let got = app.anonymous(Method::GET, "/healthz").send().await.refused(429, "too_many_requests");
    assert!(got.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 21);
    app.stop().await;
}
