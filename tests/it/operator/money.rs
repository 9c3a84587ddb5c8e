//! The verbs about money: tables, JSON, and a name for whoever changes something.

use huzhu::kernel::clock::{Clock, SystemClock};
use huzhu::kernel::money::Fen;
use huzhu::recon::rows::recon_break;
use huzhu::recon::{BreakKind, BreakView};
use sea_orm::{ActiveValue::Set, EntityTrait};
use serde_json::Value;
use uuid::Uuid;

use super::machine::Machine;

async fn with_people() -> Machine {
    let machine = Machine::new().await;
    machine.run(&["organisations", "add", "样本市总工会", "--level", "city"]).await.ok();
    for (login, role) in [("kim", "payout_maker"), ("lee", "auditor")] {
        machine.run(&["staff", "add", login, "--name", login, "--role", role]).await.ok();
    }
    machine
}

#[actix_web::test]
async fn safe_mode_is_entered_and_left_by_somebody_with_a_name() {
    let machine = with_people().await;
    assert_eq!(machine.run(&["safe-mode", "status"]).await.ok().trim(), "SAFE mode is off.");
    for by in ["nobody", "lee"] {
        let refused = machine.run(&["safe-mode", "on", "--by", by, "--reason", "restored"]).await;
        assert!(refused.code != 0 && refused.err.contains(by), "{refused:?}");
    }
    let on = machine.run(&["safe-mode", "on", "--by", "KIM", "--reason", "restored"]).await.ok();
    assert!(on.contains("SAFE mode is on since") && on.contains("restored"), "{on}");
    let told = machine.run(&["doctor"]).await.ok();
    assert!(told.lines().any(|line| line.starts_with("WARN   safe mode") && line.contains("restored")), "{told}");
    let status: Value = serde_json::from_str(&machine.run(&["safe-mode", "status", "--json"]).await.ok()).unwrap();
    assert_eq!(status["safe"], true);
    machine.run(&["safe-mode", "off", "--by", "kim", "--reason", "checked"]).await.ok();
    assert_eq!(machine.run(&["safe-mode", "status"]).await.ok().trim(), "SAFE mode is off.");
}

#[actix_web::test]
async fn a_database_that_was_restored_starts_in_safe_mode() {
    let machine = with_people().await;
    machine.start(&["work"]).await.stop().await;
    let file = machine.data.join("installation.json");
    let mut seen: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    machine.start(&["work"]).await.stop().await;
    assert_eq!(machine.run(&["safe-mode", "status"]).await.ok().trim(), "SAFE mode is off.");
    seen["beat"] = (seen["beat"].as_i64().unwrap() + 100).into();
    std::fs::write(&file, seen.to_string()).unwrap();
    let ran = machine.start(&["work"]).await.stop().await;
    assert!(ran.err.contains("SAFE mode is on"), "{}", ran.err);
    assert!(machine.run(&["safe-mode", "status"]).await.ok().contains("it was restored"));
}

#[actix_web::test]
async fn breaks_are_closed_at_the_command_line_by_one_person_only_where_one_is_enough() {
    let machine = with_people().await;
    let database = machine.database().await;
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    for (id, kind) in [(one, BreakKind::B07), (two, BreakKind::B04)] {
        let row = recon_break::ActiveModel {
            id: Set(id),
            kind: Set(kind),
            account: Set("6222020000001".to_owned()),
            fingerprint: Set(id.to_string()),
            amount_fen: Set(Fen::new(100)),
            detail: Set("for a test".to_owned()),
            owner_role: Set(kind.owner_role().to_owned()),
            state: Set("open".to_owned()),
            opened_at_ms: Set(SystemClock.now()),
            ..Default::default()
        };
        recon_break::Entity::insert(row).exec_without_returning(&database).await.unwrap();
    }
    let listed = machine.run(&["recon", "breaks"]).await.ok();
    assert!(listed.contains("0-1") && listed.contains("payout_checker") && listed.contains("B07"), "{listed}");
    let shown = machine.run(&["recon", "show", &two.to_string()]).await.ok();
    assert!(shown.contains(BreakKind::B04.playbook().en.as_ref()), "{shown}");
    let how = ["--by", "kim", "--reason", "the bank gave it back"];
    let close = async |verb: &str, id: Uuid| {
        let id = id.to_string();
        machine.run(&[&["recon", verb, &id][..], &how[..]].concat()).await
    };
    assert!(machine.run(&["recon", "resolve", &one.to_string(), "--reason", "x"]).await.code != 0, "nobody did it");
    close("resolve", one).await.ok();
    assert!(close("resolve", one).await.err.contains("break_closed"));
    assert!(close("propose", one).await.err.contains("break_takes_one"));
    assert!(close("resolve", two).await.err.contains("takes two people"));
    close("propose", two).await.ok();
    let row = recon_break::Entity::find_by_id(two).one(&database).await.unwrap().unwrap();
    let view = BreakView::at(row, SystemClock.now());
    assert!(view.proposed_by.is_some() && view.resolved_at.is_none());
    let shown: Value =
        serde_json::from_str(&machine.run(&["recon", "show", &one.to_string(), "--json"]).await.ok()).unwrap();
    assert_eq!(shown["resolution"], "the bank gave it back");
}

#[actix_web::test]
async fn payouts_batches_and_runs_are_tables_and_json() {
    let machine = with_people().await;
    for (verb, head) in [("list", "payout"), ("batches", "value date"), ("runs", "batches")] {
        assert!(machine.run(&["payouts", verb]).await.ok().contains(head), "{verb}");
        assert_eq!(machine.run(&["payouts", verb, "--json"]).await.ok(), "", "{verb}");
    }
    assert!(machine.run(&["payouts", "batches", "--state", "odd"]).await.err.contains("no state of a batch"));
    let hold = machine.run(&["payouts", "hold", "REF1", "--by", "kim", "--reason", "x"]).await;
    assert!(hold.code != 0 && hold.err.contains("no order REF1"), "{hold:?}");
    assert!(machine.run(&["ledger", "trial-balance"]).await.ok().contains("合计"));
}

#[actix_web::test]
async fn sums_that_lie_about_are_listed_by_age() {
    let machine = with_people().await;
    let told = machine.run(&["payouts", "unclaimed"]).await.ok();
    for bucket in ["0-30", "31-90", "91-365", ">365"] {
        let line =
            told.lines().find(|line| line.trim().starts_with(bucket)).unwrap_or_else(|| panic!("{bucket}: {told}"));
        assert!(line.ends_with("0.00"), "{line}");
    }
    assert_eq!(machine.run(&["payouts", "unclaimed", "--json"]).await.ok().trim(), "");
    let told = machine.run(&["recoveries", "list", "--overdue"]).await.ok();
    assert!(told.contains("overdue") && told.lines().count() == 1, "{told}");
    let refused = machine.run(&["recoveries", "list", "--state", "lost"]).await;
    assert!(refused.code != 0 && refused.err.contains("open, agreed, repaying or closed"), "{refused:?}");
}
