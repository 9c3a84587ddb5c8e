//! How often the platform is asked: never more than was counted before, by however many processes, through crashes and take-backs.

use huzhu::app::{App, Seams};
use huzhu::bill_sim::platform::Fault;
use huzhu::kernel::chance::SystemChance;
use huzhu::kernel::clock::Moment;
use huzhu::kernel::money::Fen;
use huzhu::{jobs, work};
use reqwest::Method;

use super::scene::{Scene, bill, priced};

const DAY: i64 = 24 * 60 * 60;
/// Seconds until the job of a worker that died is taken again: its lease, and the pause after a fifth death.
const DEATH: i64 = 60 + 16;
const OF_BILLS: &str = "select cast(coalesce(sum(asked), 0) as bigint) from bill_check_bill_day";
const IN_ALL: &str = "select cast(coalesce(sum(asked), 0) as bigint) from bill_check_day";

#[actix_web::test]
async fn a_bill_is_asked_about_five_times_a_day_and_again_the_next() {
    let scene = Scene::start().await;
    scene.platform.fault(Fault::Down, 100);
    let taken = scene.taken(&bill("0000420117")).await;
    // By itself at 9:00, 9:30 and 12:30; it would again at half past midnight.
    scene.later(30 * 60).await;
    scene.later(3 * 60 * 60).await;
    assert_eq!(scene.platform.asked(), [3]);
    let reviewer = &scene.app.city.reviewer;
    for count in [4, 5] {
        scene.again(reviewer, taken).await.ok(200);
        scene.app.run_jobs().await;
        assert_eq!(scene.platform.asked(), [count]);
    }
    let refused = scene.again(reviewer, taken).await;
    assert_eq!(refused.headers["retry-after"], (11 * 60 * 60 + 30 * 60).to_string().as_str(), "until midnight");
    refused.refused(429, "bill_checks_spent");
    assert_eq!(scene.platform.asked(), [5]);

    scene.platform.fault(Fault::Down, 0);
    scene.advance(12 * 60 * 60);
    scene.again(reviewer, taken).await.ok(200);
    scene.app.run_jobs().await;
    assert_eq!((scene.platform.asked(), scene.verdicts().await), (vec![1], vec!["true".to_owned()]));
    scene.stop().await;
}

#[actix_web::test]
async fn one_bill_told_in_many_ways_is_still_asked_about_five_times_a_day() {
    let scene = Scene::start().await;
    for fen in 1..=7 {
        scene.told(&priced("0000420119", Fen::new(fen))).await;
    }
    let mut expected = vec!["false"; 5];
    expected.extend(["cannot_be_checked:budget_used_up"; 2]);
    assert_eq!(
        (scene.verdicts().await, scene.platform.asked()),
        (expected.into_iter().map(str::to_owned).collect(), vec![5])
    );
    // They are asked about in the first hour of the next day.
    scene
        .later(Moment::end_of(scene.app.app.clock.now().date()).as_ms() / 1_000 - scene.app.app.clock.now().as_secs())
        .await;
    assert_eq!(scene.platform.asked(), [5]);
    scene.later(60 * 60 + 1).await;
    assert_eq!((scene.verdicts().await, scene.platform.asked()), (vec!["false".to_owned(); 7], vec![2]));
    scene.stop().await;
}

#[actix_web::test]
async fn all_bills_together_have_a_budget_of_their_own() {
    let scene = Scene::with(|config| config.bill_checks.as_mut().unwrap().per_day = 2).await;
    for number in ["0000420110", "0000420111"] {
        scene.told(&bill(number)).await;
    }
    let taken = scene.taken(&bill("0000420112")).await;
    assert_eq!(scene.verdicts().await, ["true", "true", "cannot_be_checked:budget_used_up"]);
    assert_eq!(scene.platform.asked(), [1, 1]);
    scene.again(&scene.app.city.reviewer, taken).await.refused(429, "bill_checks_spent");
    // What was not asked was not counted for its bill either.
    assert_eq!((scene.app.count(OF_BILLS).await, scene.app.count(IN_ALL).await), (2, 2));
    scene.later(16 * 60 * 60).await;
    assert_eq!((scene.verdicts().await[2].as_str(), scene.platform.asked()), ("true", vec![1]));
    scene.stop().await;
}

#[actix_web::test]
async fn two_processes_together_ask_no_more_than_one() {
    let scene = Scene::with(|config| config.bill_checks.as_mut().unwrap().per_day = 4).await;
    let seams = Seams { clock: scene.app.clock.clone(), chance: std::sync::Arc::new(SystemChance) };
    let other = App::build(scene.app.app.config.clone(), seams).await.unwrap();
    let claim = scene.draft().await;
    // One bill in seven ways, which has its own budget, and three others.
    for fen in 1..=7 {
        scene.send(claim, &priced("0000420117", Fen::new(fen))).await;
    }
    for number in ["0000420110", "0000420111", "0000420112"] {
        scene.send(claim, &bill(number)).await;
    }
    let registry = work::registry();
    let drain = async |app| jobs::drain(app, &registry).await.unwrap();
    tokio::join!(drain(&scene.app.app), drain(&other), drain(&scene.app.app), drain(&other));
    let asked: u32 = scene.platform.asked().iter().sum();
    assert_eq!((asked, scene.app.count(IN_ALL).await, scene.app.count(OF_BILLS).await), (4, 4, 4));
    let verdicts = scene.verdicts().await;
    let count = |word: &str| verdicts.iter().filter(|verdict| *verdict == word).count();
    assert_eq!((count("true"), count("cannot_be_checked:budget_used_up")), (4, 6), "{verdicts:?}");
    scene.later(DAY).await;
    assert_eq!(scene.platform.asked().iter().sum::<u32>(), 4);
    scene.later(DAY).await;
    assert_eq!(scene.verdicts().await, vec!["true".to_owned(); 10]);
    other.storage.close().await;
    scene.stop().await;
}

/// Runs jobs until the platform was asked `times`, and stops in the middle of the question.
async fn die_asking(scene: &Scene, times: u32) {
    let registry = work::registry();
    let drain = jobs::drain(&scene.app.app, &registry);
    let asked = async {
        while scene.platform.asked().iter().sum::<u32>() < times {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        ran = drain => panic!("it ended: {ran:?}"),
        () = asked => {}
    }
    assert_eq!(scene.verdicts().await, ["-"]);
}

#[actix_web::test]
async fn a_process_that_dies_between_count_and_answer_loses_a_question_and_asks_none_too_much() {
    let scene = Scene::start().await;
    scene.platform.fault(Fault::Slow, 4);
    let claim = scene.draft().await;
    scene.send(claim, &bill("0000420117")).await;
    for times in 1..=4 {
        die_asking(&scene, times).await;
        assert_eq!((scene.app.count(IN_ALL).await, scene.app.count(OF_BILLS).await), (times.into(), times.into()));
        scene.advance(DEATH + 1);
    }
    scene.app.run_jobs().await;
    assert_eq!((scene.platform.asked(), scene.verdicts().await), (vec![5], vec!["true".to_owned()]));
    scene.stop().await;
}

#[actix_web::test]
async fn a_bill_that_kills_its_worker_each_time_is_asked_about_five_times() {
    let scene = Scene::start().await;
    scene.platform.fault(Fault::Slow, 5);
    let claim = scene.draft().await;
    scene.send(claim, &bill("0000420117")).await;
    for times in 1..=5 {
        die_asking(&scene, times).await;
        scene.advance(DEATH + 1);
    }
    scene.app.run_jobs().await;
    assert_eq!(
        (scene.platform.asked(), scene.verdicts().await),
        (vec![5], vec!["cannot_be_checked:budget_used_up".to_owned()])
    );
    scene.stop().await;
}

#[actix_web::test]
async fn a_worker_whose_lease_ended_keeps_no_answer() {
    let scene = Scene::start().await;
    scene.platform.fault(Fault::Slow, 1);
    let claim = scene.draft().await;
    scene.send(claim, &bill("0000420117")).await;
    die_asking(&scene, 1).await;
    // Another worker asks anew and has its answer; then the row is not due any more.
    scene.advance(DEATH + 1);
    scene.app.run_jobs().await;
    assert_eq!(scene.verdicts().await, ["true"]);
    scene
        .app
        .execute("update job set state = 'ready', finished_at_ms = null where kind = 'bill_checks.check'")
        .await
        .unwrap();
    scene.app.run_jobs().await;
    assert_eq!((scene.platform.asked(), scene.verdicts().await), (vec![2], vec!["true".to_owned()]));
    scene.stop().await;
}

#[actix_web::test]
async fn a_document_that_is_taken_back_forgets_its_check_and_not_the_count() {
    let scene = Scene::with(|config| config.bill_checks.as_mut().unwrap().answer_timeout_ms = 3_000).await;
    let member = &scene.app.city.member;
    let take_back = async |document| {
        let path = format!("/v1/documents/{document}");
        let version = scene.app.get(member, &path).await.ok(200).version();
        scene.app.ask(member, Method::DELETE, &path).await.if_match(version).send().await.ok(204);
    };
    let (_, told) = scene.told(&bill("0000420117")).await;
    take_back(told).await;
    assert_eq!((scene.verdicts().await, scene.app.count(IN_ALL).await), (vec![], 1));

    // The same while the platform is being asked.
    scene.platform.fault(Fault::Slow, 1);
    let claim = scene.draft().await;
    let document = scene.send(claim, &bill("0000420116")).await;
    let registry = work::registry();
    let asked = async {
        while scene.platform.asked().len() < 2 {
            tokio::task::yield_now().await;
        }
        take_back(document).await;
    };
    let (ran, ()) = tokio::join!(jobs::drain(&scene.app.app, &registry), asked);
    ran.unwrap();
    assert_eq!((scene.verdicts().await, scene.app.count(IN_ALL).await), (vec![], 2));
    scene.later(DAY).await;
    assert_eq!(scene.platform.asked(), [0; 0]);
    scene.stop().await;
}

#[actix_web::test]
async fn counters_of_long_past_days_go() {
    let scene = Scene::start().await;
    scene.told(&bill("0000420117")).await;
    let sweep = async || {
        let spec = jobs::JobSpec::new("bill_checks.sweep", serde_json::json!({}));
        jobs::enqueue(scene.app.app.db.write(), &scene.app.app, spec).await.unwrap();
        scene.app.run_jobs().await;
        (scene.app.count(IN_ALL).await, scene.app.count(OF_BILLS).await)
    };
    scene.advance(31 * DAY);
    assert_eq!(sweep().await, (1, 1));
    scene.advance(DAY);
    assert_eq!(sweep().await, (0, 0));
    scene.stop().await;
}
