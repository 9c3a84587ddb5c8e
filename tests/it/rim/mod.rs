//! What every request passes through.

mod dropped;
mod plans;

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

#[actix_web::test]
async fn what_leads_nowhere_costs_as_much() {
    let app = TestApp::with(|config| config.limits.requests_per_minute = 3).await;
    app.anonymous(Method::GET, "/v1/nowhere").send().await.refused(404, "route_not_found");
    app.anonymous(Method::DELETE, "/healthz").send().await.refused(405, "method_not_allowed");
    let made_up = Method::from_bytes(b"HUZHU").unwrap();
    app.anonymous(made_up.clone(), "/healthz").send().await.refused(405, "method_not_allowed");
    for (method, path) in [(Method::GET, "/v1/nowhere"), (made_up, "/healthz"), (Method::GET, "/healthz")] {
        app.anonymous(method, path).send().await.refused(429, "too_many_requests");
    }
    let token = app.token(&app.city.member).await;
    let review = async || {
        let ask = app.anonymous(Method::GET, "/v1/reviews").header("authorization", &format!("Bearer {token}"));
        ask.send().await
    };
    for _ in 0..3 {
        review().await.refused(403, "forbidden");
    }
    review().await.refused(429, "too_many_requests");
    app.stop().await;
}

#[actix_web::test]
async fn who_sends_half_a_body_is_told_and_let_go() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let app = TestApp::with(|config| config.limits.body_timeout_ms = 200).await;
    for (path, kind) in
        [("/v1/sign-in/otp", "application/json"), ("/v1/oauth/token", "application/x-www-form-urlencoded")]
    {
        let mut line = tokio::net::TcpStream::connect(app.base.strip_prefix("http://").unwrap()).await.unwrap();
        let half = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: 99\r\n\r\n{{");
        line.write_all(half.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The end of the stream comes from the service: this side says nothing more.
        let read = tokio::time::timeout(std::time::Duration::from_secs(30), line.read_to_end(&mut answer)).await;
        let answer = String::from_utf8_lossy(&answer);
        assert!(read.is_ok(), "still open: {answer}");
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_too_slow"), "{answer}");
    }
    app.stop().await;
}

/// 64 MiB of zeros in some ten kilobytes.
fn gzipped_zeros() -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(64 * 1024 * 1024).unwrap();
    std::process::Command::new("gzip").arg("-c").arg(file.path()).output().unwrap().stdout
}

#[actix_web::test]
async fn a_coded_body_is_refused_before_anybody_unfolds_it() {
    let app = TestApp::start().await;
    let bomb = gzipped_zeros();
    assert!((1_000..200_000).contains(&bomb.len()));
    for (path, kind) in [
        ("/v1/sign-in/otp", "application/json"),
        ("/v1/oauth/token", "application/x-www-form-urlencoded"),
        ("/v1/claims", "application/json"),
    ] {
        for coding in ["gzip", "x-gzip", "br", "identity, gzip"] {
            let ask = app.ask(&app.city.member, Method::POST, path).await.fresh_key();
            let ask = ask.header("content-type", kind).header("content-encoding", coding).body(bomb.clone());
            let got = ask.send().await.refused(415, "unsupported_media_type");
            assert_eq!(got.headers["accept-encoding"], "identity");
        }
    }
    let plain = serde_json::json!({ "phone": "13800138000", "device_id": "device-0001" });
    let ask = app.anonymous(Method::POST, "/v1/sign-in/otp").header("content-encoding", "identity").json(&plain);
    ask.send().await.ok(202);
    app.stop().await;
}
