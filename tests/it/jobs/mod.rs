//! The job engine: leases, fencing, pauses, the end of a job that fails, and another try for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use huzhu::jobs::{self, JobContext, JobError, JobSpec, Lane, Registry};
use huzhu::kernel::clock::Clock;
use serde_json::json;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::support::TestApp;

async fn enqueue(app: &TestApp, spec: JobSpec) {
    jobs::enqueue(app.app.db.write(), &app.app, spec).await.unwrap();
}

fn work() -> JobSpec {
    JobSpec::new("test.work", json!({}))
}

/// A registry whose one handler counts its runs and answers what `answer` says of each.
fn counting(answer: fn(u32) -> Result<(), JobError>) -> (Registry, Arc<AtomicU32>) {
    let (mut registry, runs) = (Registry::default(), Arc::new(AtomicU32::new(0)));
    let counted = runs.clone();
    registry.on("test.work", move |_| {
        let run = counted.fetch_add(1, Ordering::SeqCst) + 1;
        async move { answer(run) }
    });
    (registry, runs)
}

async fn state(app: &TestApp) -> String {
    use sea_orm::{ConnectionTrait, Statement};
    let connection = app.app.db.read();
    let sql = "/* test */ select state || ' ' || attempts || ' ' || coalesce(last_error, '-') from job where kind = 'test.work' order by id";
    let rows = connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
    let texts: Vec<String> = rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect();
    texts.join(", ")
}

#[actix_web::test]
async fn a_job_that_fails_is_tried_again_after_growing_pauses_and_ends_dead() {
    let app = TestApp::start().await;
    let (registry, runs) = counting(|_| Err(JobError::Retry(anyhow::anyhow!("the line is down"))));
    enqueue(&app, work().attempts(4)).await;
    // 1, 2 and 4 seconds.
    for (attempts, pause_secs) in [(1, 1), (2, 2), (3, 4)] {
        jobs::drain(&app.app, &registry).await.unwrap();
        assert_eq!(state(&app).await, format!("ready {attempts} the line is down"));
        app.clock.advance_secs(pause_secs - 1);
        jobs::drain(&app.app, &registry).await.unwrap();
        assert_eq!(runs.load(Ordering::SeqCst), attempts, "not before its pause is over");
        app.clock.advance_secs(1);
    }
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!(state(&app).await, "dead 4 the line is down");
    app.clock.advance_secs(100_000);
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 4, "a dead job stays dead until somebody asks");

    assert_eq!(jobs::retry_dead(&app.app, None).await.unwrap(), 1);
    let (registry, runs) = counting(|_| Ok(()));
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!((state(&app).await.as_str(), runs.load(Ordering::SeqCst)), ("done 1 -", 1));
    app.stop().await;
}

#[actix_web::test]
async fn a_job_that_can_not_succeed_dies_at_once_and_one_without_a_handler_too() {
    let app = TestApp::start().await;
    let (registry, runs) = counting(|_| Err(JobError::fail(anyhow::anyhow!("no such claim"))));
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!((state(&app).await.as_str(), runs.load(Ordering::SeqCst)), ("dead 1 no such claim", 1));
    app.execute("delete from job").await.unwrap();
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &Registry::default()).await.unwrap();
    assert_eq!(state(&app).await, "dead 1 no handler for this kind");
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn a_handler_that_panics_is_tried_again_and_the_next_job_runs() {
    let app = TestApp::start().await;
    let (registry, runs) = counting(|run| if run == 1 { panic!("a bug") } else { Ok(()) });
    enqueue(&app, work()).await;
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 2);
    assert!(state(&app).await.contains("ready 1 the handler panicked"), "{}", state(&app).await);
    assert!(state(&app).await.contains("done 1 -"), "{}", state(&app).await);
    app.clock.advance_secs(1);
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    app.stop().await;
}

#[actix_web::test]
async fn a_worker_that_slept_past_its_lease_can_not_end_the_job_any_more() {
    let app = TestApp::start().await;
    let (mut registry, refused) = (Registry::default(), Arc::new(AtomicU32::new(0)));
    let (seen, clock) = (refused.clone(), app.clock.clone());
    registry.on("test.work", move |context: JobContext| {
        let (seen, clock) = (seen.clone(), clock.clone());
        async move {
            if context.job.attempts == 1 {
                // Another worker takes the job over a second after the lease is over, and ends it.
                clock.advance_secs(context.app.config.jobs.lease_secs + 2);
                let (other, _) = counting(|_| Ok(()));
                jobs::drain(&context.app, &other).await?;
                let txn = context.app.db.begin().await?;
                if context.finish(&txn).await.is_err() {
                    seen.fetch_add(1, Ordering::SeqCst);
                }
                txn.rollback().await?;
            }
            Ok(())
        }
    });
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!(refused.load(Ordering::SeqCst), 1, "the late worker's end is refused");
    assert_eq!(state(&app).await, "done 2 -");
    assert_eq!(app.count("select fencing from job where kind = 'test.work'").await, 2);
    app.stop().await;
}

#[actix_web::test]
async fn a_job_whose_workers_die_each_time_ends_dead_and_visible() {
    let app = TestApp::start().await;
    let (registry, runs) = counting(|_| Ok(()));
    enqueue(&app, work().attempts(3)).await;
    // As a process leaves it that was killed in its third try.
    app.execute("update job set state = 'running', attempts = 3, fencing = 3, lease_until_ms = 0").await.unwrap();
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!((state(&app).await.as_str(), runs.load(Ordering::SeqCst)), ("dead 4 its worker died 3 times", 0));
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn a_job_waits_after_the_death_of_its_worker_as_after_a_failure() {
    let app = TestApp::start().await;
    let (registry, runs) = counting(|_| Ok(()));
    let now = || app.clock.now().as_ms();
    let mut waited_secs = 0;
    for attempts in 1..=12 {
        let pause_secs = if attempts <= 10 { 1 << (attempts - 1) } else { 900 };
        waited_secs += pause_secs;
        // Killed amid its try, with a lease that ends now; or released by the start of the only process.
        for is_released in [false, true] {
            app.execute("delete from job").await.unwrap();
            enqueue(&app, work().attempts(20)).await;
            let killed = format!("update job set state = 'running', attempts = {attempts}, lease_until_ms = {}", now());
            app.execute(&killed).await.unwrap();
            if is_released {
                assert_eq!(jobs::release_all(&app.app).await.unwrap(), 1);
            }
            let before = runs.load(Ordering::SeqCst);
            app.clock.advance_secs(pause_secs - 1);
            jobs::drain(&app.app, &registry).await.unwrap();
            assert_eq!(runs.load(Ordering::SeqCst), before, "{attempts}");
            app.clock.advance_secs(2);
            jobs::drain(&app.app, &registry).await.unwrap();
            assert_eq!(runs.load(Ordering::SeqCst), before + 1, "{attempts}");
        }
    }
    assert_eq!(waited_secs, 2_823, "whatever kills workers has that long to end before a job is dead");
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn one_key_is_one_job_and_of_dead_twins_the_last_is_tried_again() {
    let app = TestApp::start().await;
    let (registry, runs) = counting(|run| if run <= 2 { Err(JobError::fail(anyhow::anyhow!("no"))) } else { Ok(()) });
    for _ in 0..2 {
        enqueue(&app, work().unique("only-one")).await;
        enqueue(&app, work().unique("only-one")).await;
        jobs::drain(&app.app, &registry).await.unwrap();
    }
    assert_eq!(state(&app).await, "dead 1 no, dead 1 no", "two written at once are one");
    assert_eq!(jobs::retry_dead(&app.app, None).await.unwrap(), 1);
    jobs::drain(&app.app, &registry).await.unwrap();
    assert_eq!((state(&app).await.as_str(), runs.load(Ordering::SeqCst)), ("dead 1 no, done 1 -", 3));
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn what_was_done_a_week_ago_is_forgotten_and_what_died_is_not() {
    let app = TestApp::start().await;
    let (registry, _) = counting(|run| if run == 1 { Err(JobError::fail(anyhow::anyhow!("no"))) } else { Ok(()) });
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &registry).await.unwrap();
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &registry).await.unwrap();
    app.clock.advance_secs(8 * 24 * 3_600);
    enqueue(&app, JobSpec::new("jobs.sweep", json!({}))).await;
    app.run_jobs().await;
    assert_eq!(state(&app).await, "dead 1 no");
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn an_operator_sees_the_dead_job_and_tries_it_again() {
    let app = TestApp::start().await;
    let (registry, _) = counting(|_| Err(JobError::fail(anyhow::anyhow!("the card office is closed"))));
    enqueue(&app, work()).await;
    jobs::drain(&app.app, &registry).await.unwrap();
    let config = &app.app.config;
    let huzhu = async |arguments: &[&str]| {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_huzhu"))
            .args(arguments)
            .env("HUZHU_DATA_DIR", &config.data_dir)
            .env("HUZHU_DATABASE__URL", config.database_url().reveal())
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = huzhu(&["jobs", "list", "--json"]).await;
    let dead: Vec<serde_json::Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&dead[0]["state"], &dead[0]["lane"]), (&json!("dead"), &json!("work")));
    assert_eq!(dead[0]["last_error"], "the card office is closed");
    let id = dead[0]["id"].as_str().unwrap();
    assert!(huzhu(&["jobs", "retry", id]).await.starts_with('1'));
    assert_eq!(state(&app).await, "ready 0 the card office is closed");
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn however_much_slow_work_there_is_the_rest_goes_on() {
    let app = TestApp::with(|config| (config.jobs.workers, config.jobs.poll_ms) = (2, 1)).await;
    let (let_go, (done, mut heard)) = (Arc::new(Notify::new()), mpsc::unbounded_channel());
    let mut registry = Registry::default();
    let (held, told) = (let_go.clone(), done.clone());
    registry.on_slow("test.slow", move |_| {
        let (held, told) = (held.clone(), told.clone());
        async move {
            held.notified().await;
            told.send("slow").map_err(JobError::fail)
        }
    });
    registry.on("test.work", move |_| {
        let done = done.clone();
        async move { done.send("work").map_err(JobError::fail) }
    });
    for kind in ["test.slow", "test.slow", "test.slow", "test.work"] {
        enqueue(&app, JobSpec::new(kind, json!({}))).await;
    }
    let stop = CancellationToken::new();
    let running = actix_web::rt::spawn(jobs::run(app.app.clone(), registry, stop.clone()));
    assert_eq!(heard.recv().await, Some("work"), "behind three that are slow");
    for _ in 0..3 {
        let_go.notify_one();
        assert_eq!(heard.recv().await, Some("slow"));
    }
    stop.cancel();
    running.await.unwrap();
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}

#[actix_web::test]
async fn news_wait_for_work_that_is_due_and_not_for_ever() {
    let app = TestApp::with(|config| (config.jobs.workers, config.jobs.poll_ms) = (1, 1)).await;
    let (done, mut heard) = mpsc::unbounded_channel();
    let mut registry = Registry::default();
    let told = done.clone();
    registry.on("test.news", move |_| {
        let told = told.clone();
        async move { told.send("news").map_err(JobError::fail) }
    });
    registry.on("test.work", move |context: JobContext| {
        let done = done.clone();
        async move {
            // There is always more of it.
            jobs::enqueue(context.app.db.write(), &context.app, work()).await?;
            done.send("work").map_err(JobError::fail)
        }
    });
    enqueue(&app, JobSpec::new("test.news", json!({})).lane(Lane::News)).await;
    let written_at = app.app.clock.now();
    app.clock.advance_secs(1);
    let due = async |lane| jobs::oldest_due(app.app.db.read(), lane, app.app.clock.now()).await.unwrap();
    assert_eq!((due(Lane::Work).await, due(Lane::News).await), (None, Some(written_at)));
    enqueue(&app, work()).await;
    let stop = CancellationToken::new();
    let running = actix_web::rt::spawn(jobs::run(app.app.clone(), registry, stop.clone()));
    assert_eq!(heard.recv().await, Some("work"), "though the news have waited longer");
    let mut work_before = 1;
    while heard.recv().await == Some("work") {
        work_before += 1;
        assert!(work_before < 8, "once in eight looks the news go first");
    }
    stop.cancel();
    running.await.unwrap();
    app.execute("delete from job").await.unwrap();
    app.stop().await;
}
