//! What comes of a check, and how long it holds.

use huzhu::bill_sim::platform::Fault;
use huzhu::kernel::money::Fen;
use reqwest::Method;
use serde_json::{Value, json};

use super::scene::{Scene, bill, priced};

const DAY: i64 = 24 * 60 * 60;

#[actix_web::test]
async fn a_bill_that_the_platform_has_is_true_for_good() {
    let scene = Scene::start().await;
    let taken = scene.taken(&bill("0000420117")).await;
    let seen = scene.seen(taken).await;
    assert_eq!(
        (&seen["verdict"], &seen["source"], &seen["bill_number"]),
        (&json!("true"), &json!("qr"), &json!("0000420117"))
    );
    assert_eq!((&seen["checked_at"], &seen["reason"]), (&json!("2026-03-16T09:00:00.000+08:00"), &Value::Null));
    assert_eq!((&seen["asks_again_at"], scene.platform.asked()), (&Value::Null, vec![1]));
    scene.approve(taken, None).await.ok(200);
    scene.later(30 * DAY).await;
    assert_eq!(scene.platform.asked(), [0; 0]);
    scene.stop().await;
}

#[actix_web::test]
async fn granting_money_on_a_false_bill_takes_a_word() {
    let scene = Scene::start().await;
    let taken = scene.taken(&bill("0000420119")).await;
    let seen = scene.seen(taken).await;
    assert_eq!((&seen["verdict"], &seen["reason"], scene.platform.asked()), (&json!("false"), &Value::Null, vec![1]));
    assert!(seen["text"]["zh"].as_str().unwrap().contains("理由"));
    let refused = scene.approve(taken, None).await;
    assert_eq!(
        (refused.pointers(), &refused.body["errors"][0]["reason"]),
        (vec!["/remark".to_owned()], &json!("bill_is_false"))
    );
    refused.refused(422, "decision_refused");
    scene.approve(taken, Some("已向医院核实")).await.ok(200);
    scene.stop().await;
}

#[actix_web::test]
async fn whatever_is_no_answer_is_not_false_blocks_nothing_and_is_asked_again() {
    let scene = Scene::with(|config| config.bill_checks.as_mut().unwrap().answer_timeout_ms = 1_500).await;
    let faults = [
        (Fault::Down, "platform_unavailable"),
        (Fault::Slow, "platform_unavailable"),
        (Fault::Elsewhere, "platform_unavailable"),
        (Fault::Endless, "platform_unavailable"),
        (Fault::Nonsense, "answer_not_understood"),
        (Fault::OtherBill, "answer_not_understood"),
    ];
    for (number, (fault, reason)) in (0..).zip(faults) {
        // Without a fault this one would be false.
        scene.platform.fault(fault, 1);
        let (claim, document) = scene.told(&bill(&format!("000042{number}109"))).await;
        let expected = format!("cannot_be_checked:{reason}");
        assert_eq!(scene.verdicts().await.last(), Some(&expected), "{fault:?}");
        let own = scene.app.get(&scene.app.city.member, &format!("/v1/documents/{document}")).await.ok(200);
        assert_eq!(own.body["bill_checked"], false, "{fault:?}");
        scene.app.get(&scene.app.city.member, &format!("/v1/claims/{claim}")).await.ok(200);
    }
    assert_eq!(scene.platform.asked(), [1; 6]);
    scene.later(29 * 60).await;
    assert_eq!(scene.platform.asked(), [1; 6], "not yet");
    scene.later(60).await;
    assert_eq!((scene.platform.asked(), scene.verdicts().await), (vec![2; 6], vec!["false".to_owned(); 6]));

    scene.platform.fault(Fault::Down, 1);
    let taken = scene.taken(&bill("0000420219")).await;
    let seen = scene.seen(taken).await;
    assert_eq!((&seen["verdict"], &seen["reason"]), (&json!("cannot_be_checked"), &json!("platform_unavailable")));
    assert_eq!(seen["asks_again_at"], "2026-03-16T10:00:00.000+08:00");
    assert!(seen["text"]["zh"].as_str().unwrap().contains("不表示票据有问题"));
    scene.approve(taken, None).await.ok(200);
    scene.stop().await;
}

#[actix_web::test]
async fn a_platform_that_nobody_reaches_is_asked_less_and_less_and_given_up_after_two_weeks() {
    let scene = Scene::start().await;
    scene.platform.hang_up().await;
    scene.told(&bill("0000420117")).await;
    let tries = async || scene.app.count("select cast(tries as bigint) from bill_check").await;
    assert_eq!(tries().await, 1);
    for (pause, count) in [(30 * 60, 2), (3 * 60 * 60, 3), (12 * 60 * 60, 4), (DAY, 5), (DAY, 6)] {
        scene.later(pause - 1).await;
        assert_eq!(tries().await, count - 1, "{pause}");
        scene.later(1).await;
        assert_eq!(tries().await, count, "{pause}");
    }
    for _ in 0..30 {
        scene.later(DAY).await;
    }
    let given_up = tries().await;
    assert!((12..=18).contains(&given_up), "{given_up}");
    assert_eq!(scene.app.count("select count(*) from bill_check where next_ask_at_ms is not null").await, 0);
    assert_eq!(scene.verdicts().await, ["cannot_be_checked:platform_unavailable"]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_bill_that_is_not_there_yet_is_new_before_it_is_false() {
    let scene = Scene::start().await;
    scene.told("ebill,11010126,0000420118,hz7q2m,2026-03-14,120.00").await;
    assert_eq!(scene.verdicts().await, ["cannot_be_checked:bill_too_new"]);
    for _ in 0..5 {
        scene.later(DAY).await;
        assert_eq!(scene.verdicts().await, ["cannot_be_checked:bill_too_new"]);
    }
    scene.later(DAY).await;
    assert_eq!(scene.verdicts().await, ["false"]);
    scene.stop().await;
}

#[actix_web::test]
async fn a_bill_of_long_ago_is_not_asked_about() {
    let scene = Scene::start().await;
    scene.told("ebill,11010126,0000420117,hz7q2m,2025-03-14,120.00").await;
    assert_eq!(scene.verdicts().await, ["cannot_be_checked:bill_too_old"]);
    scene.told("ebill,11010126,0000420117,hz7q2m,2025-03-15,120.00").await;
    assert_eq!((scene.verdicts().await[1].as_str(), scene.platform.asked()), ("true", vec![1]));
    scene.stop().await;
}

#[actix_web::test]
async fn a_second_claim_with_the_same_bill_asks_nothing() {
    let scene = Scene::start().await;
    scene.told(&bill("0000420117")).await;
    scene.later(100 * DAY).await;
    scene.told(&bill("0000420117")).await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec!["true".to_owned(); 2], vec![]));
    // A bill with another amount is another question.
    scene.told(&priced("0000420117", Fen::new(3_599_136))).await;
    assert_eq!((scene.verdicts().await.len(), scene.platform.asked()), (3, vec![1]));
    scene.stop().await;
}

#[actix_web::test]
async fn false_holds_for_a_day() {
    let scene = Scene::start().await;
    scene.told(&bill("0000420119")).await;
    scene.later(DAY - 1).await;
    scene.told(&bill("0000420119")).await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec!["false".to_owned(); 2], vec![]));
    scene.later(1).await;
    scene.told(&bill("0000420119")).await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec!["false".to_owned(); 3], vec![1]));
    scene.stop().await;
}

#[actix_web::test]
async fn the_member_learns_that_a_bill_was_looked_up_and_not_what_came_of_it() {
    let scene = Scene::start().await;
    let mut own = Vec::new();
    for number in ["0000420117", "0000420119"] {
        let (claim, bill) = scene.told(&bill(number)).await;
        let member = &scene.app.city.member;
        let mut document = scene.app.get(member, &format!("/v1/documents/{bill}")).await.ok(200).body;
        assert_eq!(document["bill_checked"], true);
        for part in ["id", "claim_id", "codes", "fields", "renditions", "size_bytes", "received_bytes", "quality"] {
            document[part] = Value::Null;
        }
        own.push(document);
        for path in ["", "/documents", "/reading", "/timeline", "/explanation"] {
            let got = scene.app.get(member, &format!("/v1/claims/{claim}{path}")).await;
            let text = got.body.to_string();
            assert!(!text.contains("verdict") && !text.contains("bill_checks"), "{path}: {text}");
        }
        let ask = scene.app.ask(member, Method::POST, &super::scene::review(claim, "bill-checks")).await;
        ask.fresh_key().json(&json!({"document_id": bill})).send().await.refused(403, "forbidden");
    }
    assert_eq!(own[0], own[1], "a true bill looks like a false one");
    scene.stop().await;
}

#[actix_web::test]
async fn a_tax_invoice_and_a_photo_without_a_bill_are_not_asked_about() {
    let scene = Scene::start().await;
    let (_, document) = scene.told("01,10,11010126,0000420117,35991.35,20260302,528043,A1F0,").await;
    scene.told("https://wx.example.cn/r/123456789").await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec![], vec![]));
    let own = scene.app.get(&scene.app.city.member, &format!("/v1/documents/{document}")).await.ok(200);
    assert_eq!(own.body.get("bill_checked"), None);
    scene.stop().await;
}

#[actix_web::test]
async fn without_a_platform_no_bill_can_be_checked_and_nothing_is_blocked() {
    let scene = Scene::with(|config| config.bill_checks = None).await;
    let taken = scene.taken(&bill("0000420119")).await;
    let seen = scene.seen(taken).await;
    assert_eq!((&seen["verdict"], &seen["reason"]), (&json!("cannot_be_checked"), &json!("no_platform_configured")));
    let refused = scene.again(&scene.app.city.reviewer, taken).await;
    assert_eq!(refused.body["errors"][0]["reason"], "no_platform_configured");
    refused.refused(409, "bill_check_refused");
    scene.later(30 * DAY).await;
    assert_eq!(scene.app.count("select count(*) from bill_check_day").await, 0);
    assert_eq!(
        scene.app.count("select count(*) from job where kind = 'bill_checks.check' and state <> 'done'").await,
        0
    );
    assert_eq!(scene.platform.asked(), [0; 0]);
    scene.stop().await;
}

#[actix_web::test]
async fn an_answer_that_a_simulator_gives_is_not_believed_of_a_gateway() {
    let scene = Scene::with(|config| {
        config.bill_checks.as_mut().unwrap().kind = huzhu::config::BillChecksKind::Gateway;
    })
    .await;
    scene.told(&bill("0000420117")).await;
    assert_eq!(scene.verdicts().await, ["cannot_be_checked:answer_not_understood"]);
    scene.stop().await;
}
