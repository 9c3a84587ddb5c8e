//! A service whose bucket does not answer says so.

use std::net::TcpListener;

use super::machine::{Machine, get};

#[actix_web::test]
async fn a_start_without_its_bucket_is_loud_and_not_ready() {
    let mut machine = Machine::new().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    machine.set("HUZHU_STORAGE__KIND", "s3");
    machine.set("HUZHU_STORAGE__ENDPOINT", format!("http://{nobody}"));
    machine.set("HUZHU_STORAGE__ACCESS_KEY_ID", "huzhu");
    machine.set("HUZHU_STORAGE__SECRET_ACCESS_KEY", "not-a-real-secret");
    let service = machine.start(&["run"]).await;
    let status = async |path: &str| get(format!("{}{path}", service.base)).await.status().as_u16();
    assert_eq!((status("/healthz").await, status("/readyz").await), (200, 503));
    let said = service.stop().await.err;
    assert!(said.contains("\"ERROR\"") && said.contains("the object store is not ready"), "{said}");
}
