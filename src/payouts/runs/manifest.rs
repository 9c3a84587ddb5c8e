//! The canonical text of a run, whose hash a checker signs. Pure; anybody can write it again from what the API shows.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::rows::{line, run};
use crate::kernel::clock::iso_date;
use crate::payouts::rows::batch;

/// The text, in UTF-8 with `\n` after each line:
///
/// ```text
/// RUN|HUZHU1|run id|debit account|value date|batches|orders|total in fen
/// line no|batch id|batch ref|sha256 of the batch's bytes|orders|total in fen
/// ```
#[must_use]
pub fn text(run: &run::Model, lines: &[(line::Model, batch::Model)]) -> String {
    let orders: i64 = lines.iter().map(|(_, batch)| batch.order_count).sum();
    let total: i64 = lines.iter().map(|(_, batch)| batch.total_fen.get()).sum();
    let (account, day) = (&run.debit_account, iso_date::text(run.value_date));
    let mut text = format!("RUN|HUZHU1|{}|{account}|{day}|{}|{orders}|{total}\n", run.id, lines.len());
    for (line, batch) in lines {
        let batch::Model { batch_ref, order_count, .. } = batch;
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{}|{}|{batch_ref}|{}|{order_count}|{}",
            line.line_no,
            batch.id,
            line.sha256,
            batch.total_fen.get()
        );
    }
    text
}

/// SHA-256 of the text, in hex.
#[must_use]
pub fn sha256(run: &run::Model, lines: &[(line::Model, batch::Model)]) -> String {
    hex::encode(Sha256::digest(text(run, lines).as_bytes()))
}
