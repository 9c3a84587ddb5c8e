//! `huzhu verify` says what is wrong and where, with an exit code, and makes nothing.

use huzhu::jobs::Entity;
use huzhu::kernel::clock::{Clock, SystemClock};
use huzhu::ledger::rows::transaction;
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, IntoActiveModel};
use serde_json::{Value, json};

use super::dead_jobs::dead;
use super::machine::Machine;

#[actix_web::test]
async fn damage_is_named_in_words_and_in_json() {
    let machine = Machine::new().await;
    machine.run(&["organisations", "list"]).await.ok();
    let clean: Value = serde_json::from_str(&machine.run(&["verify", "--json"]).await.ok()).unwrap();
    assert_eq!(clean, json!({"clean": true, "claims": 0, "jobs_alive": 0, "findings": []}));

    let database = machine.database().await;
    let on = if database.get_database_backend() == DbBackend::Sqlite { "" } else { " on ledger_transaction" };
    database.execute_unprepared(&format!("drop trigger ledger_transaction_balances{on}")).await.unwrap();
    let empty = transaction::Model {
        id: "01890000-0000-7000-8000-00000000000a".parse().unwrap(),
        idempotency_key: "a test".to_owned(),
        kind: "funded".to_owned(),
        payout_id: None,
        order_id: None,
        entry_id: None,
        posted_at_ms: SystemClock.now(),
    };
    transaction::Entity::insert(empty.into_active_model()).exec_without_returning(&database).await.unwrap();
    Entity::insert(dead().into_active_model()).exec_without_returning(&database).await.unwrap();
    let told = machine.run(&["verify", "--json"]).await;
    assert_eq!(told.code, 1, "{told:?}");
    let report: Value = serde_json::from_str(&told.out).unwrap();
    let findings = json!([
        {"area": "money", "subject": "ledger_transaction 01890000-0000-7000-8000-00000000000a", "what": "it has no posting"},
        {"area": "jobs", "subject": "job 01890000-0000-7000-8000-000000000001",
         "what": "none.such is dead after 12 attempts: a test"},
    ]);
    assert_eq!(report, json!({"clean": false, "claims": 0, "jobs_alive": 0, "findings": findings}));
    let told = machine.run(&["verify"]).await;
    assert!(
        told.code == 1
            && told.out.contains("ledger_transaction 01890000-0000-7000-8000-00000000000a: it has no posting")
    );
    assert!(told.out.ends_with("0 claims replayed, 0 jobs alive, 2 findings\n"), "{told:?}");
}

#[actix_web::test]
async fn what_a_start_would_make_is_not_made() {
    let machine = Machine::new().await;
    let refused = async |says: &str| {
        let told = machine.run(&["verify"]).await;
        assert!(told.code != 0 && told.err.contains(says), "{says}: {told:?}");
        let said = machine.run(&["doctor"]).await;
        assert_eq!(said.code, 0, "{said:?}");
    };
    refused("is missing: `huzhu run` makes it at its first start").await;
    assert!(!machine.data.exists(), "it made the data directory");
    machine.run(&["organisations", "list"]).await.ok();
    let database = machine.database().await;
    database.execute_unprepared("delete from seaql_migrations where version like '%m08%'").await.unwrap();
    refused("1 migrations wait; run `huzhu migrate`").await;
    database.execute_unprepared("drop table seaql_migrations").await.unwrap();
    refused("migrations wait; run `huzhu migrate`").await;
    let left = database.execute_unprepared("select * from seaql_migrations").await;
    assert!(left.is_err(), "verify or doctor made a table");
}
