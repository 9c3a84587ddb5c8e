//! What an operator is told of a bank's files before anything is posted from them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::machine::Machine;

const SPECIMENS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/iso20022/specimens");

/// What each file of a directory holds, by its name.
async fn inspected(directory: &str) -> BTreeMap<String, Value> {
    let out = Machine::new().await.run(&["recon", "inspect", directory, "--json"]).await.ok();
    let lines = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["file"].as_str().unwrap().to_owned(), line)).collect()
}

fn account(held: &Value) -> &Value {
    let [account] = held["accounts"].as_array().unwrap().as_slice() else { panic!("{held}") };
    account
}

#[actix_web::test]
async fn every_version_of_a_statement_holds_the_same_to_the_fen() {
    let files = inspected(SPECIMENS).await;
    let sound = ["statement-02.xml", "statement-08.xml", "statement-13.xml", "quirk-status-as-text-10.xml"];
    for name in sound {
        let held = &files[name];
        assert_eq!(held["quarantined"], json!([]), "{name}");
        let account = account(held);
        assert_eq!((&account["account"], &account["sequence"]), (&json!("01090000000000000001"), &json!(42)));
        assert_eq!((&account["from"], &account["balance"]), (&json!("2026-11-23"), &json!("rolls")), "{name}");
        let totals = json!([
            {"direction": "credit", "status": "BOOK", "currency": "CNY", "count": 1, "amount_hundredths": 52_000},
            {"direction": "debit", "status": "BOOK", "currency": "CNY", "count": 1, "amount_hundredths": 472_055},
        ]);
        assert_eq!(account["totals"], totals, "{name}");
        assert_eq!(account["notes"], json!({"return_not_marked_reversal": 1}), "{name}");
        let [batch, back] = account["entries"].as_array().unwrap().as_slice() else { panic!("{account}") };
        assert_eq!((&batch["batch_count"], &batch["is_return"]), (&json!(3), &json!(false)));
        let fen: Vec<i64> =
            batch["details"].as_array().unwrap().iter().map(|one| one["amount_hundredths"].as_i64().unwrap()).collect();
        assert_eq!(fen, [120_000, 352_050, 5]);
        assert_eq!(batch["details"][1]["references"], json!({"instruction_id": "R2", "end_to_end_id": "R2"}));
        assert_eq!(
            (&back["is_return"], &back["reversal"], &back["kind"]),
            (&json!(true), &json!(false), &json!("PMNT/ICDT/RRTN"))
        );
        assert_eq!(
            (&back["details"][0]["return_reason"], &back["details"][0]["references"]["end_to_end_id"]),
            (&json!("AC04"), &json!("R0"))
        );
    }
    // The same, but for the version and what versions differ in.
    for name in &sound[1..] {
        assert_eq!(files[*name]["accounts"][0]["entries"].as_array().unwrap().len(), 2);
    }
}

#[actix_web::test]
async fn what_a_running_day_and_single_bookings_say_is_told_apart() {
    let files = inspected(SPECIMENS).await;
    let report = account(&files["report-08.xml"]);
    assert_eq!((&report["balance"], &report["totals"][0]["status"]), (&json!("not_told"), &json!("PDNG")));
    let notification = account(&files["notification-08.xml"]);
    assert_eq!(notification["notes"], json!({"detail_without_end_to_end_id": 2, "reference_not_provided": 1}));
    assert_eq!(notification["entries"][0]["details"][0]["references"], json!({"instruction_id": "R4"}));
}

#[actix_web::test]
async fn each_quirk_is_named_and_no_amount_is_guessed() {
    let files = inspected(SPECIMENS).await;
    let usual = json!({"return_not_marked_reversal": 1});
    for (name, note) in
        [("quirk-batch-count.xml", "batch_count_differs"), ("quirk-details-do-not-add-up.xml", "details_do_not_add_up")]
    {
        let account = account(&files[name]);
        assert_eq!((&account["balance"], &account["notes"][note]), (&json!("rolls"), &json!(1)), "{name}");
        assert_eq!(files[name]["quarantined"], json!([]), "{name}");
    }
    for (name, note, times) in [
        ("quirk-no-status.xml", "entry_without_status", 2),
        ("quirk-balance-without-direction.xml", "balance_without_direction", 2),
    ] {
        let account = account(&files[name]);
        assert_eq!((&account["balance"], &account["notes"][note]), (&json!("not_told"), &json!(times)), "{name}");
    }
    let one_sum = account(&files["quirk-batch-without-details.xml"]);
    assert_eq!((&one_sum["balance"], &one_sum["notes"]), (&json!("rolls"), &usual));
    assert_eq!((&one_sum["entries"][0]["batch_count"], &one_sum["entries"][0]["details"]), (&json!(3), &json!([])));
    let codes = |name: &str| {
        files[name]["quarantined"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["code"].as_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes("quirk-balance-does-not-roll.xml"), ["balance_does_not_roll"]);
    assert_eq!(account(&files["quirk-balance-does-not-roll.xml"])["balance"], json!({"differs": {"by_hundredths": 1}}));
    assert_eq!(codes("quirk-no-namespace.xml"), ["namespace_missing"]);
    assert_eq!(codes("quirk-comma-in-amount.xml"), ["amount"]);
    assert_eq!(files["quirk-comma-in-amount.xml"]["accounts"], json!([]), "nothing of it counts");
}

#[actix_web::test]
async fn whatever_lies_in_the_directory_is_told_and_no_books_are_touched() {
    let directory = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).unwrap();
    put("a.zip", b"PK\x03\x04");
    put("b.xml", b"");
    put("c.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>");
    put("d.xml", b"<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pacs.004.001.15'/>");
    // Its parts have no prefix, and so nobody's namespace: nothing of it may be left out in silence.
    let unbound = b"<d:Document xmlns:d='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt/></d:Document>";
    put("d2.xml", unbound);
    std::fs::create_dir(directory.path().join("e")).unwrap();
    std::fs::copy(Path::new(SPECIMENS).join("statement-08.xml"), directory.path().join("f.xml")).unwrap();
    let machine = Machine::new().await;
    let path = directory.path().to_str().unwrap();
    let ran = machine.run(&["recon", "inspect", path, "--json"]).await.ok();
    let codes: Vec<Value> = ran
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["quarantined"][0]["code"].clone())
        .collect();
    assert_eq!(
        codes,
        [
            json!("not_xml"),
            json!("not_xml"),
            json!("doctype"),
            json!("unknown_message"),
            json!("other_namespace"),
            Value::Null
        ]
    );
    assert!(!machine.data.exists(), "no database was made");
    let table = machine.run(&["recon", "inspect", path]).await.ok();
    assert!(
        table.contains("camt.053.001.08") && table.contains("4720.55 CNY") && table.contains("quarantined"),
        "{table}"
    );
    assert!(table.contains("return_not_marked_reversal 1"), "{table}");
    let nowhere = machine.run(&["recon", "inspect", "/nowhere"]).await;
    assert_eq!(nowhere.code, 1);
}

#[actix_web::test]
async fn of_our_own_files_only_what_is_mentioned_is_told() {
    let files = inspected(SPECIMENS).await;
    for name in ["status-part-03.xml", "status-part-10.xml", "status-part-14.xml"] {
        let told = json!([
            {"of": "message", "id": "B20261123001", "status": "PART", "count": 3, "reasons": [], "transactions": []},
            {"of": "payment_information", "id": "B20261123001", "status": "PART", "reasons": [], "transactions": [
                {"status": "RJCT", "reasons": ["AC04"], "references": {"instruction_id": "R2", "end_to_end_id": "R2"},
                 "amount_hundredths": 352_050, "currency": "CNY"},
            ]},
        ]);
        assert_eq!((&files[name]["statuses"], &files[name]["accounts"]), (&told, &json!([])), "{name}");
    }
    let whole = &files["status-rejected-10.xml"]["statuses"];
    assert_eq!(
        (&whole[0]["status"], &whole[0]["reasons"], &whole[0]["transactions"]),
        (&json!("RJCT"), &json!(["AM10"]), &json!([]))
    );
}
