//! What the bank tells of a batch or an order, and how it is written: as the lines of a flat file, or as JSON.

use sha2::{Digest, Sha256};

use super::journal::{Line, Outcome};
use super::statement_file::line;
use crate::kernel::clock::Moment;

/// What is told of a batch.
pub(super) struct Told {
    pub(super) batch_ref: String,
    pub(super) sha256: String,
    pub(super) refused: Option<String>,
    pub(super) results: Vec<ToldResult>,
}

/// What is told of an order.
pub(super) struct ToldResult {
    pub(super) seq: u32,
    pub(super) bank_ref: String,
    /// As it is written: a fault may make it no amount.
    pub(super) amount: String,
    pub(super) status: &'static str,
    pub(super) serial: String,
    pub(super) code: String,
    pub(super) posted_at: Option<Moment>,
}

impl ToldResult {
    /// What is told of `paid` when its end is called `outcome`, or when it is said to be under way.
    pub(super) fn of(paid: &Line, outcome: &Outcome, amount: String, posted_at: Moment, pending: bool) -> Self {
        let (status, serial, code) = match outcome {
            _ if pending => ("P", "", ""),
            Outcome::Paid { serial, .. } => ("S", serial.as_str(), ""),
            Outcome::Failed { code } => ("F", "", code.as_str()),
        };
        Self {
            seq: paid.seq,
            bank_ref: paid.bank_ref.clone(),
            amount,
            status,
            serial: serial.to_owned(),
            code: code.to_owned(),
            posted_at: (!pending).then_some(posted_at),
        }
    }

    /// The line of a flat file.
    pub(super) fn flat(&self) -> String {
        let Self { seq, bank_ref, amount, status, serial, code, posted_at } = self;
        let posted_at = posted_at.map(|at| at.to_string()).unwrap_or_default();
        let mut text = String::new();
        line(&mut text, &["R", &format!("{seq:06}"), bank_ref, amount, status, serial, code, "", &posted_at]);
        text
    }

    /// An object of JSON. Nothing in it has to be escaped: references, serial numbers and codes are letters and digits.
    pub(super) fn json(&self) -> String {
        let Self { bank_ref, amount, status, serial, code, posted_at, .. } = self;
        let posted_at = posted_at.map_or("null".to_owned(), |at| format!("\"{at}\""));
        format!(
            r#"{{"bank_ref":"{bank_ref}","amount_fen":{amount},"status":"{status}","bank_serial":"{serial}","code":"{code}","text":"","posted_at":{posted_at}}}"#
        )
    }
}

impl Told {
    /// A flat file of results.
    pub(super) fn flat(&self) -> String {
        let Self { batch_ref, sha256, refused, results } = self;
        let lines: String = results.iter().map(ToldResult::flat).collect();
        let (count, digest) = (results.len().to_string(), hex::encode(Sha256::digest(lines.as_bytes())));
        let mut file = String::new();
        line(&mut file, &["H", "CNRES1", batch_ref, sha256, &count, refused.as_deref().unwrap_or("")]);
        file.push_str(&lines);
        line(&mut file, &["T", &count, &format!("sha256:{digest}")]);
        file
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> String {
        let Self { batch_ref, sha256, refused, results } = self;
        let state = match refused {
            Some(_) => "refused",
            None if results.iter().any(|result| result.status == "P") => "processing",
            None => "finished",
        };
        let refused = refused.as_ref().map_or("null".to_owned(), |code| format!("\"{code}\""));
        let results = results.iter().map(ToldResult::json).collect::<Vec<_>>().join(",");
        format!(
            r#"{{"batch_ref":"{batch_ref}","sha256":"{sha256}","state":"{state}","refused_code":{refused},"results":[{results}]}}"#
        )
    }
}
