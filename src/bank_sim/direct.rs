//! What the bank answers to a customer that calls it directly, in JSON. Statements are the flat files of [`surface`](super::surface).

use std::io;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::faults::Fault;
use super::ledger::{Bank, Taken};
use super::surface::{Course, Dealt, deal};

/// An order comes in, with the batch and the digest that its headers name.
///
/// # Errors
/// Whatever the file system says; nothing was executed then.
pub fn take_batch(bank: &mut Bank, batch_ref: &str, sha256: &str, body: &[u8]) -> io::Result<Course> {
    let heard = hex::encode(Sha256::digest(body));
    let refuse = |code: &str, sha256: &str| {
        let body = json!({"outcome": "refused", "batch_ref": batch_ref, "sha256": sha256, "code": code, "text": ""});
        Course::json(422, &body)
    };
    if heard != sha256 {
        return Ok(refuse("DS0B", &heard));
    }
    Ok(match deal(bank, body)? {
        Dealt::Cut => Course::Cut,
        Dealt::Error => Course::empty(500),
        Dealt::NotAccepted { code } => {
            Course::json(429, &json!({"outcome": "not_accepted", "batch_ref": batch_ref, "code": code, "text": ""}))
        }
        Dealt::SaysDuplicate { sha256 } => refuse("DU01", &sha256),
        Dealt::Taken { taken: Taken::Refused { code }, sha256 } => refuse(&code, &sha256),
        Dealt::Taken { taken: Taken::Accepted { count, total_fen, duplicate }, sha256 } => Course::json(
            202,
            &json!({
                "outcome": "accepted",
                "batch_ref": batch_ref,
                "sha256": sha256,
                "bank_id": format!("BSIM-{}", sha256.get(..16).unwrap_or_default()),
                "count": count,
                "total_fen": total_fen,
                "duplicate": duplicate,
            }),
        ),
    })
}

/// A batch is asked for.
pub fn show_batch(bank: &mut Bank, batch_ref: &str) -> Course {
    if bank.faults.strikes(Fault::EnquiryError) {
        return Course::empty(503);
    }
    found(bank.told(batch_ref).map(|told| told.json()), batch_ref)
}

/// An order is asked for.
pub fn show_order(bank: &mut Bank, bank_ref: &str) -> Course {
    if bank.faults.strikes(Fault::EnquiryError) {
        return Course::empty(503);
    }
    found(bank.told_order(bank_ref).map(|told| told.json()), bank_ref)
}

/// A statement is asked for.
pub fn show_statement(bank: &mut Bank, account: &str, seq: u32) -> Course {
    match bank.statement(account, seq) {
        Some(body) => Course::Answer { status: 200, body, json: false },
        None => Course::json(404, &not_found(&seq.to_string())),
    }
}

fn found(body: Option<String>, asked: &str) -> Course {
    match body {
        Some(body) => Course::Answer { status: 200, body: body.into_bytes(), json: true },
        None => Course::json(404, &not_found(asked)),
    }
}

fn not_found(asked: &str) -> Value {
    json!({"code": "not_found", "asked": asked})
}
