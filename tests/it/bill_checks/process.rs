//! The simulator as a process of its own, and what the operator is told.

use std::path::Path;

use huzhu::bill_sim::child;
use huzhu::http_client::{HttpClient, Silence, Timeouts};
use serde_json::{Value, json};

use crate::operator::machine::Machine;

#[actix_web::test]
async fn a_platform_whose_parent_is_gone_ends() {
    let child = child::start(Path::new(env!("CARGO_BIN_EXE_huzhu"))).await.unwrap();
    let client = HttpClient::new(Timeouts::default()).unwrap();
    let ask = async |number: &str| {
        let bill = json!({"code": "11010126", "number": number, "check_code": "hz7q2m", "issued_on": "2026-03-02", "amount_fen": 1});
        let url = format!("{}/v1/bill-checks", child.base_url());
        let answer =
            client.post(&url, &[("content-type", "application/json")], bill.to_string().into_bytes()).await.unwrap();
        serde_json::from_slice::<Value>(&answer.body).unwrap()
    };
    let said = ask("0000420117").await;
    assert_eq!(
        (&said["result"], &said["simulated"], &said["number"]),
        (&json!("true"), &json!(true), &json!("0000420117"))
    );
    assert_eq!(ask("0000420119").await["result"], "false");
    let url = format!("{}/healthz", child.base_url());
    assert_eq!(client.get(&url).await.unwrap().status, 200);
    let mut process = child.orphan();
    assert!(process.wait().await.unwrap().success());
    assert_eq!(client.get(&url).await.unwrap_err(), Silence::NotConnected);
}

#[actix_web::test]
async fn the_operator_sees_whether_bills_can_be_checked_and_what_came_of_today() {
    let mut machine = Machine::new().await;
    let doctor = machine.run(&["doctor"]).await.ok();
    assert!(doctor.contains("note   bill checks     no platform is configured"), "{doctor}");
    let told = machine.run(&["bill-checks"]).await.ok();
    assert!(told.contains("cannot be checked      0") && told.contains("No platform is configured"), "{told}");
    machine.set("HUZHU_BILL_CHECKS__KIND", "gateway");
    machine.set("HUZHU_BILL_CHECKS__URL", "http://127.0.0.1:7080");
    machine.set("HUZHU_BILL_CHECKS__TOKEN", "hunter2-hunter2");
    machine.set("HUZHU_BILL_CHECKS__PER_DAY", "7");
    let doctor = machine.run(&["doctor"]).await.ok();
    assert!(
        doctor.contains("ok     bill checks     a gateway at http://127.0.0.1:7080, 7 questions a day at most"),
        "{doctor}"
    );
    assert!(!doctor.contains("hunter2"), "{doctor}");
    machine.set("HUZHU_BILL_CHECKS__URL", "http://bills.internal");
    assert!(
        machine
            .run(&["doctor"])
            .await
            .ok()
            .contains("note   bill checks     bills go to http://bills.internal in clear")
    );
    let counts: Value = serde_json::from_str(&machine.run(&["bill-checks", "--json"]).await.ok()).unwrap();
    assert_eq!(counts, json!({"said_true": 0, "said_false": 0, "cannot_be_checked": 0, "left": 7}));
    machine.set("HUZHU_ENVIRONMENT", "production");
    machine.set("HUZHU_HTTP__PUBLIC_URL", "https://huzhu.example");
    machine.set("HUZHU_BILL_CHECKS__KIND", "simulator");
    let refused = machine.run(&["doctor"]).await;
    assert!(refused.code != 0 && refused.err.contains("the bill simulator is refused in production"), "{refused:?}");
}
