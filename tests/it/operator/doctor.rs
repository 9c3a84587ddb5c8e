//! `huzhu doctor` says what would keep the service from running, and no password.

use std::fs;
use std::net::TcpListener;

use super::machine::Machine;

#[actix_web::test]
async fn no_password_is_shown_and_production_is_told_that_nobody_gets_a_message() {
    let mut machine = Machine::new().await;
    machine.set("HUZHU_LOG__OTLP_ENDPOINT", "http://u:hunter2@127.0.0.1:4318/v1/traces");
    machine.set("HUZHU_BANK__KIND", "simulator");
    machine.set("HUZHU_BANK__URL", "http://u:hunter2@127.0.0.1:1");
    let told = machine.run(&["doctor"]).await.ok();
    assert!(!told.contains("hunter2") && told.contains("(hidden)@127.0.0.1:4318"), "{told}");
    assert!(told.contains("note   sms"), "{told}");

    let mut machine = Machine::new().await;
    machine.set("HUZHU_ENVIRONMENT", "production");
    machine.set("HUZHU_HTTP__PUBLIC_URL", "https://huzhu.example");
    let told = machine.run(&["doctor"]).await.ok();
    assert!(told.contains("WARN   sms"), "{told}");
}

#[actix_web::test]
async fn what_keeps_the_database_away_is_said_with_its_own_mend() {
    let mut machine = Machine::new().await;
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    machine.set("HUZHU_DATABASE__URL", format!("postgres://u:hunter2@{nobody}/d"));
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("refused") && told.out.contains("createdb"), "{told:?}");
    assert!(!told.out.contains("hunter2"));

    let file = machine.directory.path().join("notes.txt");
    fs::write(&file, "no database ".repeat(1_000)).unwrap();
    machine.set("HUZHU_DATABASE__URL", format!("sqlite://{}", file.display()));
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("WRONG  database"), "{told:?}");
    assert!(!told.out.contains("createdb") && told.out.contains("own the file"), "{told:?}");
}
