//! What the bank answers to a request, whatever carries the two: the HTTP server of the simulator, or a network that is played.

use std::io;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::faults::Fault;
use super::ledger::{Bank, Taken};

/// How a request ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// The connection is cut before a byte of an answer.
    Cut,
    /// A status and a body.
    Answer {
        /// Status code.
        status: u16,
        /// Body.
        body: Vec<u8>,
        /// True for JSON, false for a text file or nothing.
        json: bool,
    },
}

impl Course {
    pub(super) fn empty(status: u16) -> Self {
        Self::Answer { status, body: Vec::new(), json: false }
    }

    pub(super) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Answer { status, body: body.to_string().into_bytes(), json: true }
    }

    fn file(file: Option<Vec<u8>>) -> Self {
        match file {
            Some(body) => Self::Answer { status: 200, body, json: false },
            None => Self::json(404, &json!({"code": "not_found"})),
        }
    }
}

/// What became of a payment file that came in, whatever answer says so.
pub(super) enum Dealt {
    /// The connection is cut before a byte of an answer.
    Cut,
    /// Nothing is said about it but that something went wrong.
    Error,
    /// The bank says that it took nothing.
    NotAccepted {
        /// Its reason code.
        code: &'static str,
    },
    /// The bank says that it had it before.
    SaysDuplicate {
        /// Digest of what it has, hex.
        sha256: String,
    },
    /// It was looked at.
    Taken {
        /// With which end.
        taken: Taken,
        /// Digest of what the bank has, hex.
        sha256: String,
    },
}

/// A payment file comes in, on a line and at a bank with faults.
pub(super) fn deal(bank: &mut Bank, body: &[u8]) -> io::Result<Dealt> {
    if bank.faults.strikes(Fault::CutBefore) {
        return Ok(Dealt::Cut);
    }
    if bank.faults.strikes(Fault::LateQueue) {
        bank.take_later(body);
        return Ok(Dealt::Cut);
    }
    if bank.faults.strikes(Fault::ServerError) {
        return Ok(Dealt::Error);
    }
    if bank.faults.strikes(Fault::NotAccepted) {
        return Ok(Dealt::NotAccepted { code: "AB08" });
    }
    let taken = bank.take(body)?;
    if bank.faults.strikes(Fault::AnswerLost) {
        return Ok(Dealt::Cut);
    }
    if bank.faults.strikes(Fault::ServerErrorAfter) {
        return Ok(Dealt::Error);
    }
    let heard: &[u8] = if bank.faults.strikes(Fault::WrongHash) { b"something else" } else { body };
    let sha256 = hex::encode(Sha256::digest(heard));
    if bank.faults.strikes(Fault::SaysDuplicate) {
        return Ok(Dealt::SaysDuplicate { sha256 });
    }
    Ok(Dealt::Taken { taken, sha256 })
}

/// A payment file comes in.
///
/// # Errors
/// Whatever the file system says; nothing was executed then.
pub fn take_batch(bank: &mut Bank, body: &[u8]) -> io::Result<Course> {
    let refuse =
        |code: &str, sha256: &str| Course::json(422, &json!({"accepted": false, "code": code, "sha256": sha256}));
    Ok(match deal(bank, body)? {
        Dealt::Cut => Course::Cut,
        Dealt::Error => Course::empty(500),
        Dealt::NotAccepted { code } => Course::json(429, &json!({"accepted": false, "code": code})),
        Dealt::SaysDuplicate { sha256 } => refuse("DU01", &sha256),
        Dealt::Taken { taken: Taken::Refused { code }, sha256 } => refuse(&code, &sha256),
        Dealt::Taken { taken: Taken::Accepted { count, total_fen, duplicate }, sha256 } => Course::json(
            202,
            &json!({
                "accepted": true,
                "bank_id": format!("BSIM-{}", sha256.get(..16).unwrap_or_default()),
                "sha256": sha256,
                "count": count,
                "total_fen": total_fen,
                "duplicate": duplicate,
            }),
        ),
    })
}

/// The results of a batch are asked for.
pub fn show_results(bank: &mut Bank, batch_ref: &str) -> Course {
    if bank.faults.strikes(Fault::EnquiryError) {
        return Course::empty(503);
    }
    Course::file(bank.results(batch_ref).map(String::into_bytes))
}

/// The result of one order is asked for.
pub fn show_order(bank: &mut Bank, bank_ref: &str) -> Course {
    if bank.faults.strikes(Fault::EnquiryError) {
        return Course::empty(503);
    }
    Course::file(bank.order(bank_ref).map(String::into_bytes))
}

/// A statement is asked for.
pub fn show_statement(bank: &mut Bank, account: &str, seq: u32) -> Course {
    Course::file(bank.statement(account, seq))
}
