//! `huzhu doctor` says what would keep the service from running, and no password.

use std::fs;
use std::net::TcpListener;

use huzhu::jobs::{Entity, Model};
use huzhu::kernel::clock::{Clock, SystemClock};
use sea_orm::{DbBackend, EntityTrait, IntoActiveModel};

use super::dead_jobs::dead;
use super::machine::Machine;
use crate::support::certificates::Authority;

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
    let bank = told.lines().find(|line| line.starts_with("note   bank ")).unwrap_or_else(|| panic!("{told}"));
    assert!(bank.ends_with("none is configured: dispatch is off, approved payouts wait"), "{bank}");
}

#[actix_web::test]
async fn a_clock_that_went_back_is_wrong() {
    let machine = Machine::new().await;
    machine.run(&["organisations", "list"]).await.ok();
    let fine = machine.run(&["doctor"]).await.ok();
    assert!(fine.contains("ok     clock "), "{fine}");
    let database = machine.database().await;
    let ahead = Model { created_at_ms: SystemClock.now().plus_secs(3_600), ..dead() };
    Entity::insert(ahead.into_active_model()).exec_without_returning(&database).await.unwrap();
    let told = machine.run(&["doctor"]).await;
    // A server has a clock of its own to be held against.
    let (code, says) = match database.get_database_backend() {
        DbBackend::Sqlite => (1, "ms behind the newest that is kept"),
        _ => (0, ", as the database's"),
    };
    assert!(told.code == code && told.out.contains(says), "{told:?}");
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

#[actix_web::test]
async fn a_bank_that_is_called_is_shown_with_its_certificates_and_no_password() {
    let authority = Authority::new();
    let mut machine = Machine::new().await;
    let (certificate, key) = authority.issue(machine.directory.path(), "fund");
    machine.set("HUZHU_BANK__KIND", "direct");
    machine.set("HUZHU_BANK__URL", "http://127.0.0.1:1/bank");
    let told = machine.run(&["doctor"]).await.ok();
    assert!(told.contains("called at http://127.0.0.1:1/bank in clear"), "{told}");
    for (url, named) in [("http://bank.example", "bank.url"), ("https://u:hunter2@bank.example", "bank.url")] {
        machine.set("HUZHU_BANK__URL", url);
        let told = machine.run(&["doctor"]).await;
        assert!(told.code != 0 && told.err.contains(named) && !told.err.contains("hunter2"), "{told:?}");
    }
    machine.set("HUZHU_BANK__URL", "https://bank.example");
    machine.set("HUZHU_BANK__TLS__CA_FILE", authority.file(machine.directory.path()).display().to_string());
    machine.set("HUZHU_BANK__TLS__CERTIFICATE_FILE", certificate.display().to_string());
    let told = machine.run(&["doctor"]).await;
    assert!(told.code != 0 && told.err.contains("bank.tls.key_file"), "{told:?}");
    machine.set("HUZHU_BANK__TLS__KEY_FILE", key.display().to_string());
    let told = machine.run(&["doctor"]).await.ok();
    let bank = told.lines().find(|line| line.starts_with("ok     bank ")).unwrap_or_else(|| panic!("{told}"));
    assert!(bank.contains("called at https://bank.example over TLS") && bank.ends_with("until 2049-12-31"), "{bank}");
    machine.set("HUZHU_BANK__TLS__KEY_FILE", certificate.display().to_string());
    let told = machine.run(&["doctor"]).await;
    assert!(told.code == 1 && told.out.contains("WRONG  bank ") && told.out.contains("holds no key"), "{told:?}");
}
