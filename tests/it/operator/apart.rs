//! The API and the workers as processes of their own.

use huzhu::jobs::{Column, Entity, JobState};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;

use super::machine::{Machine, PATIENCE, get};

#[actix_web::test]
async fn one_process_serves_and_another_works() {
    let machine = Machine::new().await;
    let api = machine.start(&["serve"]).await;
    for path in ["/readyz", "/v1/calendar/2026"] {
        assert_eq!(get(format!("{}{path}", api.base)).await.status(), 200, "{path}");
    }
    let body = json!({"phone": "13800138000", "device_id": "operator-device-1"});
    let client = crate::support::browser();
    let asked = client.post(format!("{}/v1/sign-in/otp", api.base)).json(&body).send().await.unwrap();
    assert_eq!(asked.status(), 202, "{}", asked.text().await.unwrap());
    let database = machine.database().await;
    let jobs = async || Entity::find().filter(Column::Kind.eq("identity.send_sms")).all(&database).await.unwrap();
    assert!(jobs().await.iter().all(|job| job.attempts == 0), "the API works");

    let worker = machine.start(&["work"]).await;
    let done =
        tokio::time::timeout(PATIENCE, async { while jobs().await.iter().any(|job| job.state != JobState::Done) {} });
    done.await.expect("nobody works");
    assert_eq!(jobs().await.len(), 1);
    worker.stop().await;
    api.stop().await;
}
