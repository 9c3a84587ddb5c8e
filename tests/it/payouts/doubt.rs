//! A bank that does not answer: nothing is sent twice, everything is found out.

use std::sync::Arc;

use huzhu::bank_sim::faults::Fault;
use huzhu::recon::{self, BreakKind, Seen};
use huzhu::{jobs, work};

use super::scene::{ACCOUNT, Granted, Prepared, Scene, states};

/// One member's money is released, the bank misbehaves as told.
async fn released_with(fault: Fault, times: u32) -> (Scene, Granted) {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.bank.fault(fault, times);
    scene.pay().await;
    scene.app.run_jobs().await;
    (scene, granted)
}

/// It ends paid, once, whatever happened.
async fn ends_paid_once(scene: Scene, granted: Granted) {
    assert_eq!(scene.states(granted).await, states("paid", "paid", "Paid"));
    let truth = scene.bank.open().payments();
    assert_eq!(truth.len(), 1);
    assert_eq!(truth[0].debits, 1);
    scene.verify().await;
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.stop().await;
}

#[actix_web::test]
async fn an_answer_lost_after_execution_is_found_by_asking() {
    for fault in [Fault::AnswerLost, Fault::ServerErrorAfter, Fault::WrongHash] {
        let (scene, granted) = released_with(fault, 1).await;
        assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"), "{fault:?}");
        scene.advance(31);
        scene.settle_down().await;
        assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "{fault:?}");
        ends_paid_once(scene, granted).await;
    }
}

#[actix_web::test]
async fn the_same_bytes_go_again_only_after_two_not_founds_far_enough_apart() {
    for fault in [Fault::CutBefore, Fault::ServerError] {
        let (scene, granted) = released_with(fault, 1).await;
        assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"), "{fault:?}");
        // Ten minutes of "not found" are not enough, whatever the number.
        for _ in 0..9 {
            scene.advance(61);
            scene.app.run_jobs().await;
        }
        assert_eq!(scene.app.count("select count(*) from dispatch").await, 1);
        for _ in 0..20 {
            scene.advance(61);
            scene.app.run_jobs().await;
        }
        assert_eq!(scene.app.count("select count(*) from dispatch").await, 2);
        assert_eq!(scene.app.count("select count(*) from dispatch where resend").await, 1);
        scene.settle_down().await;
        ends_paid_once(scene, granted).await;
    }
}

/// A break that stops sending is open while the bank says twice that it knows nothing: the resend is written, and waits.
async fn resend_that_waits(fault: Fault) -> (Scene, Granted) {
    let (scene, granted) = released_with(fault, 1).await;
    scene.bank.fault(Fault::NotFound, 100);
    let app = &scene.app.app;
    recon::raise(app.db.write(), app, Seen::new(BreakKind::B04, ACCOUNT, "test", "for a test")).await.unwrap();
    for _ in 0..20 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    let waiting = "select count(*) from job where kind = 'payouts.dispatch' and state = 'ready'";
    assert_eq!(scene.app.count(waiting).await, 1);
    (scene, granted)
}

#[actix_web::test]
async fn a_resend_that_waited_for_a_day_is_not_sent() {
    let (scene, granted) = resend_that_waits(Fault::CutBefore).await;
    scene.advance(25 * 60 * 60);
    scene.resolve_breaks().await;
    scene.settle_down().await;
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "sent outside the window");
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    assert_eq!(scene.bank.open().payments(), []);
    // It is still asked about.
    let asking = "select count(*) from job where kind = 'payouts.enquire' and state = 'ready'";
    assert_eq!(scene.app.count(asking).await, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_resend_whose_orders_the_statement_settled_is_not_sent() {
    let (scene, granted) = resend_that_waits(Fault::AnswerLost).await;
    scene.bank.open().close_day().unwrap();
    scene.take_statements().await;
    assert_eq!(scene.states(granted).await, states("settled", "settled", "Paid"));
    scene.resolve_breaks().await;
    for _ in 0..20 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1, "sent again after it was settled");
    assert_eq!(scene.app.count("select count(*) from payout_batch where state = 'finished'").await, 1);
    scene.stop().await;
}

#[actix_web::test]
async fn a_resend_that_ended_in_doubt_is_not_sent_again_by_its_old_job() {
    let (scene, granted) = released_with(Fault::CutBefore, 2).await;
    while scene.app.count("select count(*) from dispatch").await < 2 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    assert_eq!(scene.states(granted).await, states("in_doubt", "paying", "Paying"));
    // Its worker died between the answer and the end of the job; another takes it, at once and again after the first "not found".
    let undone = "update job set state = 'ready', finished_at_ms = null where kind = 'payouts.dispatch' and unique_key like '%:resend'";
    for _ in 0..4 {
        scene.app.execute(undone).await.unwrap();
        scene.app.run_jobs().await;
        scene.advance(61);
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 2, "sent blindly");
    for _ in 0..20 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 3);
    scene.settle_down().await;
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn a_bank_that_finds_nothing_at_first_and_has_paid_is_not_sent_to_twice_in_vain() {
    let (scene, granted) = released_with(Fault::AnswerLost, 1).await;
    scene.bank.fault(Fault::NotFound, 4);
    for _ in 0..30 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    scene.settle_down().await;
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn nobody_listening_is_proof_that_nothing_was_sent() {
    let mut scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    scene.bank.hang_up().await;
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    assert_eq!(scene.app.count("select count(*) from dispatch where outcome = 'not_sent'").await, 1);
    scene.bank.restart();
    scene.advance(31);
    scene.settle_down().await;
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 2);
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn a_bank_that_says_it_took_nothing_is_tried_again_with_the_same_bytes() {
    let (scene, granted) = released_with(Fault::NotAccepted, 2).await;
    assert_eq!(scene.states(granted).await, states("approved", "paying", "Paying"));
    for _ in 0..3 {
        scene.advance(61);
        scene.settle_down().await;
    }
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn results_that_take_their_time_are_waited_for() {
    let (scene, granted) = released_with(Fault::DelayedResult, 3).await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
    scene.bank.fault(Fault::EnquiryError, 1);
    for _ in 0..10 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn a_refused_file_waits_for_the_statement_and_is_sent_as_new_orders() {
    let (scene, granted) = released_with(Fault::RejectFile, 1).await;
    assert_eq!(scene.states(granted).await, states("rejected", "paying", "Paying"));
    assert!(scene.prepare().await.is_none());
    scene.close_day().await;
    assert_eq!(scene.states(granted).await, states("rejected_confirmed", "failed", "PayoutFailed"));
    let batch = scene.prepare().await.unwrap();
    let path = format!("/v1/claims/{}/payouts", granted.claim_id);
    let view = scene.app.get(&scene.app.city.member, &path).await.ok(200);
    let text = "The last payment did not go through; it will be paid again";
    assert_eq!((view.text("/items/0/text/en"), view.text("/items/0/needs_new_card")), (text.into(), "false".into()));
    scene.release(&batch).await;
    scene.settle_down().await;
    ends_paid_once(scene, granted).await;
}

#[actix_web::test]
async fn the_results_of_another_batch_say_nothing_about_this_one() {
    // The first batch is refused whole; its file comes as the answer to a question about the second.
    let (scene, refused) = released_with(Fault::RejectFile, 1).await;
    let granted = scene.grant(&scene.app.city.other_member, &[5_000]).await;
    scene.pay().await;
    scene.app.run_jobs().await;
    assert_eq!(scene.states(granted).await, states("accepted", "paying", "Paying"));
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
async fn a_long_doubt_is_a_break() {
    let (scene, _) = released_with(Fault::AnswerLost, 1).await;
    scene.bank.fault(Fault::EnquiryError, 1_000);
    for _ in 0..40 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    assert_eq!(scene.breaks().await, ["B03"]);
    scene.stop().await;
}

#[actix_web::test]
async fn two_workers_at_once_send_once() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.pay().await;
    // A second job for the same batch, as if a worker's lease on the first had run out.
    let app = &scene.app.app;
    let id = batch.path.rsplit('/').next().unwrap();
    let payload = serde_json::json!({"batch_id": id});
    let txn = app.db.begin().await.unwrap();
    jobs::enqueue(&txn, app, jobs::JobSpec::new("payouts.dispatch", payload).unique("second")).await.unwrap();
    txn.commit().await.unwrap();
    let registry = Arc::new(work::registry());
    let (one, two) = tokio::join!(jobs::drain(app, &registry), jobs::drain(app, &registry));
    one.unwrap();
    two.unwrap();
    scene.settle_down().await;
    assert_eq!(scene.app.count("select count(*) from dispatch").await, 1);
    ends_paid_once(scene, granted).await;
}

/// The sender of a released batch dies after its lease of two minutes was committed: the job table forgets it, the batch does not.
pub(super) async fn sender_dies(scene: &Scene, batch: &Prepared) {
    let app = &scene.app.app;
    let sqlite = app.db.is_sqlite();
    let id: uuid::Uuid = batch.path.rsplit('/').next().unwrap().parse().unwrap();
    let id = super::journey::sql_id(sqlite, id);
    let now = app.clock.now().as_ms();
    scene.app.execute("update payout_batch set state = 'dispatching', version = version + 1").await.unwrap();
    scene.app.execute("update payout_order set state = 'dispatching', version = version + 1").await.unwrap();
    let open = format!(
        "insert into dispatch (id, batch_id, attempt_no, fencing, resend, lease_until_ms, started_at_ms) \
         values ({id}, {id}, 1, 1, false, {}, {now})",
        now + 120_000
    );
    scene.app.execute(&open).await.unwrap();
}

#[actix_web::test]
async fn a_sender_that_died_leaves_doubt_and_its_late_answer_counts_for_nothing() {
    let scene = Scene::start().await;
    let granted = scene.grant(&scene.app.city.member, &[70_000]).await;
    let batch = scene.pay().await;
    sender_dies(&scene, &batch).await;
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await.0, "dispatching", "asked or sent while the lease ran");
    scene.advance(120);
    scene.settle_down().await;
    assert_eq!(scene.states(granted).await.0, "in_doubt");
    assert_eq!(scene.app.count("select count(*) from dispatch where outcome = 'in_doubt'").await, 1);
    // The late sender's write finds its row closed.
    let late = "update dispatch set outcome = 'accepted', answered_at_ms = 1 where fencing = 1 and outcome is null";
    scene.app.execute(late).await.unwrap();
    assert_eq!(scene.app.count("select count(*) from dispatch where outcome = 'accepted'").await, 0);
    for _ in 0..25 {
        scene.advance(61);
        scene.app.run_jobs().await;
    }
    scene.settle_down().await;
    ends_paid_once(scene, granted).await;
}
