//! Breaks: what to do about them, and how many people it takes to close one.

use huzhu::kernel::money::Fen;
use huzhu::recon::{self, BreakKind, Seen};
use reqwest::Method;
use sea_orm::Iterable;
use serde_json::json;

use super::journey::sql_id;
use super::scene::{ACCOUNT, Scene};

async fn raise(scene: &Scene, kind: BreakKind) -> String {
    let app = &scene.app.app;
    let seen = Seen { amount_fen: Fen::new(100), ..Seen::new(kind, ACCOUNT, "test", "for a test") };
    recon::raise(app.db.write(), app, seen).await.unwrap();
    let got = scene.app.get(&scene.app.city.auditor, "/v1/recon/breaks?state=open").await.ok(200);
    format!("/v1/recon/breaks/{}", got.text("/items/0/id"))
}

#[actix_web::test]
async fn a_break_that_stops_sending_is_closed_by_two_people() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let path = raise(&scene, BreakKind::B04).await;
    let (proposal, resolve) = (format!("{path}/proposal"), format!("{path}/resolve"));
    let shown = scene.app.get(&city.auditor, &path).await.ok(200);
    assert_eq!((shown.text("/takes_two"), shown.text("/age_bucket")), ("true".into(), "0-1".into()));
    let closing = json!({"resolution": "退款已入账"});
    scene.app.post(&city.checker, &resolve, &closing).await.refused(409, "break_needs_proposal");
    scene.app.post(&city.auditor, &resolve, &closing).await.refused(403, "forbidden");
    let words = json!({"proposal": "银行已退回多扣款项"});
    let proposed = scene.app.post(&city.checker, &proposal, &words).await.ok(200);
    let read = |at: &serde_json::Value| json!({"resolution": "退款已入账", "proposed_at": at});
    let first = read(&proposed.body["proposed_at"]);
    scene.app.post(&city.checker, &resolve, &first).await.refused(403, "same_person");
    scene.app.post(&city.maker, &resolve, &closing).await.refused(409, "conflict");
    // Another proposal since is not closed unseen.
    scene.advance(60);
    let again = scene.app.post(&city.checker, &proposal, &json!({"proposal": "另有说明"})).await.ok(200);
    scene.app.post(&city.maker, &resolve, &first).await.refused(409, "conflict");
    // The database insists, too.
    let checker = sql_id(scene.app.app.db.is_sqlite(), city.checker.id);
    for who in [checker.as_str(), "null"] {
        let bypass = format!(
            "update recon_break set state = 'resolved', resolution = 'x', resolved_at_ms = 1, resolved_by = {who}"
        );
        assert!(scene.app.execute(&bypass).await.is_err(), "{who}");
    }
    let ask = async || {
        let ask = scene.app.ask(&city.maker, Method::POST, &resolve).await;
        ask.key("close-break-1").json(&read(&again.body["proposed_at"])).send().await.ok(200)
    };
    let closed = ask().await;
    assert_eq!((closed.text("/state"), closed.text("/resolved_by")), ("resolved".into(), city.maker.id.to_string()));
    assert_eq!(closed.text("/proposed_by"), city.checker.id.to_string());
    assert_eq!(ask().await.body, closed.body);
    scene.app.post(&city.checker, &resolve, &closing).await.refused(409, "break_closed");
    scene.app.post(&city.checker, &proposal, &words).await.refused(409, "break_closed");
    scene.stop().await;
}

#[actix_web::test]
async fn another_break_is_closed_by_one_person_and_ages_until_then() {
    let scene = Scene::start().await;
    let city = &scene.app.city;
    let path = raise(&scene, BreakKind::B07).await;
    let resolve = format!("{path}/resolve");
    scene
        .app
        .post(&city.maker, &format!("{path}/proposal"), &json!({"proposal": "x"}))
        .await
        .refused(409, "break_takes_one");
    let refused = scene.app.post(&city.maker, &resolve, &json!({"resolution": ""})).await;
    assert_eq!(refused.refused(422, "validation_failed").pointers(), ["/resolution"]);
    for (days, bucket) in [(2, "2-3"), (2, "4-7"), (4, "8-30"), (23, ">30")] {
        scene.advance(days * 24 * 60 * 60);
        assert_eq!(scene.app.get(&city.auditor, &path).await.ok(200).text("/age_bucket"), bucket);
    }
    let closed = scene.app.post(&city.maker, &resolve, &json!({"resolution": "银行确认为利息"})).await.ok(200);
    assert_eq!(closed.text("/resolution"), "银行确认为利息");
    let nothing = format!("/v1/recon/breaks/{}/resolve", scene.app.app.ids.next());
    scene.app.post(&city.maker, &nothing, &json!({"resolution": "x"})).await.refused(404, "not_found");
    scene.stop().await;
}

#[test]
fn every_kind_says_what_to_do_in_both_languages() {
    let kinds: Vec<BreakKind> = BreakKind::iter().collect();
    assert_eq!(kinds.len(), 18);
    let two: Vec<BreakKind> = kinds.iter().copied().filter(|kind| kind.takes_two()).collect();
    assert_eq!(two, [BreakKind::B02, BreakKind::B04, BreakKind::B05, BreakKind::B08, BreakKind::B13]);
    for kind in &kinds {
        let text = kind.playbook();
        assert!(text.zh.chars().count() > 25 && text.en.chars().count() > 80, "{kind:?}");
        assert!(text.zh.chars().count() < 2_000 && text.en.chars().count() < 2_000, "{kind:?}");
        assert!(kinds.iter().filter(|other| other.playbook() == text).count() == 1, "{kind:?}");
    }
}
