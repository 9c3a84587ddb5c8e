//! A bank that is called directly, in JSON: a day without trouble, and every way in which it leaves us in doubt.

use huzhu::bank_sim::faults::Fault;
use huzhu::payouts::bank::direct::Direct;
use huzhu::recon::documents::{
    self, BankDocumentKind as Kind, BankDocumentSource as Source, BankDocumentState as State, Incoming,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::scene::{Granted, Prepared, Scene, states};

/// One member's money is released to a bank that misbehaves as told.
async fn released_with(fault: Fault, window: Option<i64>) -> (Scene, Granted) {
    let scene = Scene::direct(|bank| bank.resend_window_secs = window).await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.bank.fault(fault, 1);
    scene.pay().await;
    scene.app.run_jobs().await;
    (scene, granted)
}

/// Some minutes pass.
async fn minutes(scene: &Scene, count: usize) {
    for _ in 0..count {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
}

async fn dispatches(scene: &Scene) -> i64 {
    scene.app.count("select count(*) from dispatch").await
}

async fn ends_paid_once(scene: Scene, granted: Granted) {
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    let truth = scene.bank.open().payments();
    assert_eq!((truth.len(), truth[0].debits), (1, 1));
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.stop().await;
}

async fn sent(scene: &Scene, batch: &Prepared) -> Value {
    let bytes = scene.file_of(batch).await;
    assert_eq!(hex::encode(Sha256::digest(&bytes)), batch.sha256);
    serde_json::from_slice(&bytes).unwrap()
}

#[actix_web::test]
async fn a_day_from_the_release_to_the_statement() {
    let scene = Scene::direct(|_| {}).await;
    let city = &scene.app.city;
    let granted = scene.grant(&city.member, &[100_000, 34_000]).await;
    let refused = scene.grant(&city.other_member, &[5_000]).await;
    scene.bank.open().mark_card(&city.other_member.card_number, Some("AC04".to_owned())).unwrap();
    let batch = scene.pay().await;
    let order = sent(&scene, &batch).await;
    assert_eq!((order["count"].as_u64(), order["total_fen"].as_i64()), (Some(2), Some(139_000)));
    assert_eq!((&order["currency"], &order["value_date"]), (&json!("CNY"), &json!("2026-03-16")));
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    assert_eq!(
        scene.app.count("select count(*) from dispatch where outcome = 'accepted' and bank_id like 'BSIM-%'").await,
        1
    );
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.states(refused).await, states("rejected", "paying", "Paying"));
    assert_eq!(scene.bank.truth(&scene.bank_ref(granted).await).unwrap().debits, 1);
    // What the bank said is kept like every file of the bank.
    let kept = documents::list(scene.app.app.db.read(), 10).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|document| (document.kind, document.state, document.items)).collect();
    assert_eq!(kept, [(Kind::CnResult, State::Applied, 2)]);
    scene.verify().await;
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    assert_eq!(scene.states(refused).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    assert_eq!(scene.breaks().await, [""; 0]);
    let positions = scene.app.get(&city.auditor, "/v1/recon/positions").await.ok(200);
    assert_eq!(
        (positions.text("/items/0/difference_fen"), positions.text("/items/0/clearing_fen")),
        ("0".into(), "0".into())
    );
    scene.stop().await;
}

#[actix_web::test]
async fn an_answer_that_proves_nothing_is_asked_about_and_paid_once() {
    for fault in [Fault::AnswerLost, Fault::ServerErrorAfter, Fault::WrongHash, Fault::SaysDuplicate] {
        let (scene, granted) = released_with(fault, None).await;
        assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"), "{fault:?}");
        scene.advance(31);
        scene.settle_down().await;
        assert_eq!(dispatches(&scene).await, 1, "{fault:?}");
        ends_paid_once(scene, granted).await;
    }
}

#[actix_web::test]
async fn without_a_promise_of_the_bank_nothing_goes_out_twice_whatever_it_does_not_find() {
    let (scene, granted) = released_with(Fault::CutBefore, None).await;
    minutes(&scene, 60).await;
    assert_eq!(dispatches(&scene).await, 1);
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    assert!(scene.app.count("select cast(not_found_count as bigint) from payout_batch").await >= 2);
    assert_eq!(scene.bank.open().payments(), []);
    assert_eq!(scene.breaks().await, ["B03"]);
    scene.stop().await;
}

#[actix_web::test]
async fn with_its_promise_the_same_bytes_go_out_once_more() {
    let (scene, granted) = released_with(Fault::CutBefore, Some(86_400)).await;
    minutes(&scene, 9).await;
    assert_eq!(dispatches(&scene).await, 1, "sent again after too short a time");
    minutes(&scene, 20).await;
    assert_eq!(dispatches(&scene).await, 2);
    scene.settle_down().await;
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn what_the_bank_declares_not_taken_goes_again_and_what_it_refuses_waits_for_the_statement() {
    let (scene, granted) = released_with(Fault::NotAccepted, None).await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    minutes(&scene, 20).await;
    assert_eq!(dispatches(&scene).await, 2);
    ends_paid_once(scene, granted).await;

    let (scene, granted) = released_with(Fault::RejectFile, None).await;
    assert_eq!(scene.states(granted).await, states("rejected", "paying", "Paying"));
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    scene.stop().await;
}

#[actix_web::test]
async fn results_that_say_nothing_are_asked_for_one_by_one() {
    for fault in [Fault::EmptyResults, Fault::PartialResults, Fault::RepeatedResults] {
        let scene = Scene::direct(|_| {}).await;
        let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
        scene.pay().await;
        scene.app.run_jobs().await;
        scene.bank.fault(fault, 1);
        scene.advance(2);
        scene.app.run_jobs().await;
        assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"), "{fault:?}");
        ends_paid_once(scene, granted).await;
    }
}

#[actix_web::test]
async fn results_that_cannot_be_read_or_are_anothers_move_nothing() {
    for (fault, raised) in [(Fault::OddAmount, None), (Fault::EnquiryError, None), (Fault::OtherAmount, Some("B06"))] {
        let scene = Scene::direct(|_| {}).await;
        let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
        scene.pay().await;
        scene.app.run_jobs().await;
        scene.bank.fault(fault, 1);
        scene.advance(2);
        scene.app.run_jobs().await;
        assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"), "{fault:?}");
        assert_eq!(scene.breaks().await, raised.map_or(vec![], |kind: &str| vec![kind.to_owned()]), "{fault:?}");
        minutes(&scene, 3).await;
        scene.resolve_breaks().await;
        ends_paid_once(scene, granted).await;
    }
    // The first batch is refused whole; its results come as the answer to a question about the second.
    let (scene, refused) = released_with(Fault::RejectFile, None).await;
    let granted = scene.grant(&scene.app.city.other_member, &[5_000]).await;
    scene.pay().await;
    scene.app.run_jobs().await;
    scene.bank.fault(Fault::OtherResults, 1);
    scene.advance(2);
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"), "refused by another's results");
    assert_eq!(scene.breaks().await, ["B13"]);
    scene.advance(61);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    assert_eq!(scene.states(refused).await, states("rejected", "paying", "Paying"));
    scene.stop().await;
}

#[actix_web::test]
async fn a_word_that_nobody_knows_is_in_progress_and_a_break() {
    let (scene, granted) = released_with(Fault::AnswerLost, None).await;
    let bank_ref = scene.bank_ref(granted).await;
    let order = scene.app.get(&scene.app.city.maker, "/v1/payout-batches").await.ok(200);
    let (batch_ref, sha256) = (order.text("/items/0/batch_ref"), order.text("/items/0/sha256"));
    let said = json!({
        "batch_ref": batch_ref, "sha256": sha256, "state": "FINISHED",
        "results": [{"bank_ref": bank_ref, "amount_fen": 70_000, "status": "SUCCESS?", "posted_at": "2026-03-16T10:00:00+08:00"}],
    });
    let (app, link) = (&scene.app.app, scene.app.app.bank.as_ref().unwrap());
    let incoming = Incoming::new(Kind::CnResult, Source::Adapter);
    let taken = documents::take(app, link, incoming, said.to_string().as_bytes()).await.unwrap();
    assert_eq!(documents::apply(app, link, taken.id).await.unwrap().state, State::Applied);
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    assert_eq!(scene.breaks().await, ["B16"]);
    minutes(&scene, 3).await;
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn the_answer_about_another_order_says_nothing() {
    use async_trait::async_trait;
    use huzhu::http_client::{Answer, Silence};
    use huzhu::payouts::bank::carrier::Carrier;
    use huzhu::payouts::bank::{Adapter, Enquired};

    /// Answers everything with this.
    struct Says(u16, &'static str);

    #[async_trait]
    impl Carrier for Says {
        async fn get(&self, _: &str) -> Result<Answer, Silence> {
            Ok(Answer { status: self.0, body: self.1.as_bytes().to_vec() })
        }

        async fn post(&self, _: &str, _: &[(&str, &str)], _: Vec<u8>) -> Result<Answer, Silence> {
            Err(Silence::Lost("cut"))
        }
    }

    let about = |answer| Direct::new(answer, "http://bank", 1);
    let day = time::macros::date!(2026 - 03 - 16);
    let unavailable = |why| Enquired::Unavailable { why };
    let other = about(Says(200, r#"{"bank_ref":"R2","amount_fen":1,"status":"P"}"#));
    assert_eq!(other.enquire_order("R1", day).await, unavailable("other_order"));
    let other = about(Says(404, r#"{"code":"not_found","asked":"R2"}"#));
    assert_eq!(other.enquire_order("R1", day).await, unavailable("status"));
    assert_eq!(other.enquire_order("R2", day).await, Enquired::NotFound);
    assert_eq!(about(Says(404, "")).enquire_batch("B1").await, unavailable("status"));
    assert_eq!(about(Says(200, "<html>")).enquire_batch("B1").await, unavailable("unreadable"));
    assert_eq!(
        about(Says(500, r#"{"code":"not_found","asked":"B1"}"#)).enquire_batch("B1").await,
        unavailable("status")
    );
}
