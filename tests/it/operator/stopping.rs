//! A stop in good order loses no job, wastes no try, and does not wait for ever.

use std::time::Duration;

use huzhu::jobs::{Column, Entity, JobState, Model};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::dead_jobs::dead;
use super::machine::{Machine, PATIENCE};

/// The job that asks the bank, which a start writes.
const ASKS: &str = "recon.fetch_statements";
const QUEUED: u8 = 20;

/// A machine with one worker whose bank is `bank`.
async fn machine(bank: &TcpListener) -> Machine {
    let mut machine = Machine::new().await;
    machine.set("HUZHU_JOBS__WORKERS", "1");
    machine.set("HUZHU_BANK__KIND", "simulator");
    machine.set("HUZHU_BANK__URL", format!("http://{}", bank.local_addr().unwrap()));
    machine
}

/// The bank is asked; it has not answered yet.
async fn asked(bank: &TcpListener) -> TcpStream {
    tokio::time::timeout(PATIENCE, bank.accept()).await.expect("the bank is not asked").unwrap().0
}

async fn answer(mut asked: TcpStream) {
    let text = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    asked.write_all(text.as_bytes()).await.unwrap();
    asked.shutdown().await.unwrap();
}

/// State and tries of each job of `kind`.
async fn jobs(database: &DatabaseConnection, kind: &str) -> Vec<(JobState, i32)> {
    let jobs = Entity::find().filter(Column::Kind.eq(kind)).all(database).await.unwrap();
    jobs.into_iter().map(|job| (job.state, job.attempts)).collect()
}

#[actix_web::test]
async fn a_stop_loses_no_job_and_wastes_no_try() {
    let bank = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let machine = machine(&bank).await;
    let mut service = machine.start(&["run"]).await;
    // The only worker asks the bank: what is queued now waits behind it.
    let waits = asked(&bank).await;
    let database = machine.database().await;
    let queued = (1..=QUEUED).map(|number| {
        let job = Model {
            id: format!("01890000-0000-7000-8000-0000000000{number:02}").parse().unwrap(),
            kind: "calendar.loaded".to_owned(),
            state: JobState::Ready,
            attempts: 0,
            last_error: None,
            finished_at_ms: None,
            ..dead()
        };
        job.into_active_model()
    });
    Entity::insert_many(queued).exec_without_returning(&database).await.unwrap();
    service.terminate().await;
    service.said("stopping").await;
    answer(waits).await;
    service.ended().await;
    assert_eq!(jobs(&database, ASKS).await, [(JobState::Done, 1)], "the job that ran was let end");
    assert_eq!(
        jobs(&database, "calendar.loaded").await,
        [(JobState::Ready, 0); QUEUED as usize],
        "none is taken any more"
    );

    tokio::spawn(async move {
        while let Ok((asked, _)) = bank.accept().await {
            answer(asked).await;
        }
    });
    let service = machine.start(&["run"]).await;
    let done = tokio::time::timeout(PATIENCE, async {
        while jobs(&database, "calendar.loaded").await.iter().any(|(state, _)| *state != JobState::Done) {}
    });
    done.await.expect("not all are done");
    service.stop().await;
    assert_eq!(jobs(&database, "calendar.loaded").await, [(JobState::Done, 1); QUEUED as usize]);
    // What a start writes again and again may wait; nothing was tried twice or is dead.
    let all = Entity::find().all(&database).await.unwrap();
    assert!(all.iter().all(|job| job.attempts <= 1 && job.state != JobState::Dead), "{all:?}");
}

#[actix_web::test]
async fn what_does_not_end_is_left_in_time_and_a_job_taken_again() {
    let bank = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut machine = machine(&bank).await;
    machine.set("HUZHU_HTTP__SHUTDOWN_SECS", "2");
    let service = machine.start(&["run"]).await;
    let waits = asked(&bank).await;
    let mut half = TcpStream::connect(service.base.trim_start_matches("http://")).await.unwrap();
    let head =
        "POST /v1/sign-in/otp HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n";
    half.write_all(head.as_bytes()).await.unwrap();
    // An answer may take the bank 30 seconds.
    let ended = tokio::time::timeout(Duration::from_secs(15), service.stop()).await.expect("it waits for the bank");
    assert!(ended.err.contains("jobs that do not end are left"), "{ended:?}");
    assert!(ended.err.contains("connections that do not end are cut off"), "{ended:?}");
    let database = machine.database().await;
    assert_eq!(jobs(&database, ASKS).await, [(JobState::Running, 1)], "neither lost nor dead");

    drop((waits, half));
    let again = machine.start(&["run"]).await;
    let waits = asked(&bank).await;
    assert_eq!(jobs(&database, ASKS).await, [(JobState::Running, 2)]);
    answer(waits).await;
    again.stop().await;
}
