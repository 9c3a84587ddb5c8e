//! A reviewer has a bill checked again.

use huzhu::bill_sim::platform::Fault;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, bill, review};

#[actix_web::test]
async fn the_reviewer_who_has_the_claim_asks_again_once_a_key() {
    let scene = Scene::start().await;
    scene.platform.fault(Fault::Down, 1);
    let taken = scene.taken(&bill("0000420117")).await;
    let ask = async || {
        let ask = scene.app.ask(&scene.app.city.reviewer, Method::POST, &review(taken.claim, "bill-checks")).await;
        ask.key("check-it-again").json(&json!({"document_id": taken.bill})).send().await.ok(200)
    };
    let first = ask().await;
    assert_eq!(first.body["bill_checks"][0]["asks_again_at"], "2026-03-16T09:00:00.000+08:00");
    let replay = ask().await;
    assert_eq!((replay.headers["idempotent-replay"].to_str().unwrap(), &replay.body), ("true", &first.body));
    scene.app.run_jobs().await;
    assert_eq!((scene.platform.asked(), &scene.seen(taken).await["verdict"]), (vec![2], &json!("true")));
    // The pause that was to come finds nothing to ask.
    scene.later(24 * 60 * 60).await;
    assert_eq!(scene.platform.asked(), [0; 0]);
    let refused = scene.again(&scene.app.city.reviewer, taken).await;
    assert_eq!(refused.body["errors"][0]["reason"], "already_checked");
    refused.refused(409, "bill_check_refused");
    scene.stop().await;
}

#[actix_web::test]
async fn nobody_else_does() {
    let scene = Scene::start().await;
    scene.platform.fault(Fault::Down, 1);
    let taken = scene.taken(&bill("0000420117")).await;
    let city = &scene.app.city;
    scene.again(&city.elsewhere_reviewer, taken).await.refused(404, "not_found");
    scene.again(&city.district_reviewer, taken).await.refused(409, "not_your_review");
    scene.again(&city.auditor, taken).await.refused(403, "forbidden");
    scene.again(&city.member, taken).await.refused(403, "forbidden");
    let unseen = scene.app.get(&city.elsewhere_reviewer, &format!("/v1/reviews/{}", taken.claim)).await;
    unseen.refused(404, "not_found");
    let released =
        scene.app.post_at(&city.reviewer, &review(taken.claim, "release"), taken.version, &Value::Null).await;
    released.ok(200);
    scene.again(&city.reviewer, taken).await.refused(409, "claim_state_conflict");
    scene.app.run_jobs().await;
    assert_eq!(scene.platform.asked(), [1]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_document_without_a_bill_and_one_of_another_claim_are_refused_alike() {
    let scene = Scene::start().await;
    let (_, elsewhere) = scene.told(&bill("0000420118")).await;
    let taken = scene.taken(&bill("0000420117")).await;
    let other = scene.app.app.ids.next();
    for document in [elsewhere, other] {
        let refused = scene.again(&scene.app.city.reviewer, super::scene::Taken { bill: document, ..taken }).await;
        assert_eq!(
            (refused.pointers(), &refused.body["errors"][0]["reason"]),
            (vec!["/document_id".to_owned()], &json!("no_bill"))
        );
        refused.refused(409, "bill_check_refused");
    }
    scene.stop().await;
}

#[actix_web::test]
async fn a_false_bill_is_asked_about_again_after_a_day_and_stays_false_while_nobody_answers() {
    let scene = Scene::start().await;
    let taken = scene.taken(&bill("0000420119")).await;
    let reviewer = &scene.app.city.reviewer;
    scene.again(reviewer, taken).await.refused(409, "bill_check_refused");
    scene.advance(24 * 60 * 60);
    scene.platform.fault(Fault::Down, 1);
    scene.again(reviewer, taken).await.ok(200);
    scene.app.run_jobs().await;
    let seen = scene.seen(taken).await;
    assert_eq!((&seen["verdict"], &seen["reason"], scene.platform.asked()), (&json!("false"), &Value::Null, vec![1]));
    assert_eq!(seen["checked_at"], "2026-03-16T09:00:00.000+08:00", "the platform's last word");
    // Asked twice by now: the next pause is the longer one.
    scene.later(3 * 60 * 60).await;
    let seen = scene.seen(taken).await;
    assert_eq!(
        (&seen["verdict"], &seen["asks_again_at"], scene.platform.asked()),
        (&json!("false"), &Value::Null, vec![2])
    );
    assert_eq!(seen["checked_at"], "2026-03-17T12:00:00.000+08:00");
    scene.stop().await;
}
