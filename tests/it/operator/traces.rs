//! Traces arrive where `log.otlp_endpoint` says.

use std::sync::{Arc, Mutex};

use huzhu::jobs::{Column, Entity, JobState};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::machine::{Machine, PATIENCE};

/// Answers every request with 200 and keeps what came: the first line and the body.
async fn sink() -> (String, Arc<Mutex<Vec<(String, Vec<u8>)>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let came = Arc::new(Mutex::new(Vec::new()));
    let keep = came.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let (first, from, length) = loop {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "cut");
                let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
                let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                break (head.lines().next().unwrap().to_owned(), end + 4, length.parse::<usize>().unwrap());
            };
            while bytes.len() < from + length {
                assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "cut");
            }
            keep.lock().unwrap().push((first, bytes[from..].to_vec()));
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    (format!("http://{address}"), came)
}

#[actix_web::test]
async fn traces_arrive_and_a_job_hangs_below_its_request() {
    let (address, came) = sink().await;
    let mut machine = Machine::new().await;
    machine.set("HUZHU_LOG__OTLP_ENDPOINT", format!("{address}/otel/v1/traces"));
    let service = machine.start(&["run"]).await;
    let client = crate::support::browser();
    let body = json!({"phone": "13800138000", "device_id": "operator-device-1"});
    let asked = client.post(format!("{}/v1/sign-in/otp", service.base)).json(&body).send().await.unwrap();
    assert_eq!(asked.status(), 202, "{}", asked.text().await.unwrap());
    let database = machine.database().await;
    let done = Entity::find().filter(Column::Kind.eq("identity.send_sms")).filter(Column::State.eq(JobState::Done));
    let job = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(job) = done.clone().one(&database).await.unwrap() {
                break job;
            }
        }
    });
    let trace_parent = job.await.unwrap().trace_parent.unwrap();
    service.stop().await;

    let came = came.lock().unwrap();
    assert!(!came.is_empty(), "no trace was sent");
    assert!(came.iter().all(|(first, _)| first == "post /otel/v1/traces http/1.1"), "{:?}", came[0].0);
    let trace = hex::decode(trace_parent.split('-').nth(1).unwrap()).unwrap();
    let spans: usize = came.iter().map(|(_, body)| body.windows(16).filter(|window| *window == trace).count()).sum();
    assert!(spans >= 2, "the request's span and the job's, and there are {spans}");
}
