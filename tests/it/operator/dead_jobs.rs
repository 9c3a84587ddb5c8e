//! The figure that the alert for dead jobs looks at.

use std::net::TcpListener;

use huzhu::jobs::{Entity, JobState, Lane, Model};
use huzhu::kernel::clock::Moment;
use sea_orm::{EntityTrait, IntoActiveModel};
use serde_json::json;

use super::machine::{Machine, PATIENCE, get};

/// A job that used up its tries.
pub fn dead() -> Model {
    Model {
        id: "01890000-0000-7000-8000-000000000001".parse().unwrap(),
        kind: "none.such".to_owned(),
        payload: json!({}),
        unique_key: None,
        state: JobState::Dead,
        run_at_ms: Moment::EPOCH,
        attempts: 12,
        max_attempts: 12,
        fencing: 12,
        lease_until_ms: None,
        last_error: Some("a test".to_owned()),
        trace_parent: None,
        created_at_ms: Moment::EPOCH,
        finished_at_ms: Some(Moment::EPOCH),
        lane: Lane::Work,
    }
}

#[actix_web::test]
async fn dead_jobs_are_a_figure_from_the_first_look_on() {
    let mut machine = Machine::new().await;
    machine.run(&["organisations", "list"]).await.ok();
    let database = machine.database().await;
    Entity::insert(dead().into_active_model()).exec_without_returning(&database).await.unwrap();
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    machine.set("HUZHU_HTTP__METRICS_LISTEN", metrics.to_string());
    let service = machine.start(&["run"]).await;
    // One after the other is looked at.
    for figure in ["dead 1\n", "waiting_secs{lane=\"work\"} ", "waiting_secs{lane=\"news\"} "] {
        let seen = tokio::time::timeout(PATIENCE, async {
            let figure = format!("huzhu_jobs_{figure}");
            while !get(format!("http://{metrics}/metrics")).await.text().await.unwrap().contains(&figure) {}
        });
        seen.await.unwrap_or_else(|_| panic!("{figure}"));
    }
    service.stop().await;
}
