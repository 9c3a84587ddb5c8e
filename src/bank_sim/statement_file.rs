//! Writes the simulator's result and statement files.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use time::Date;

use crate::kernel::money::Fen;

/// A closed business day of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// Number of its statement, from 1 without a gap.
    pub seq: u32,
    /// Balance at its start.
    pub opening_fen: Fen,
    /// Balance at its end.
    pub closing_fen: Fen,
    /// What was booked, in order.
    pub entries: Vec<Entry>,
}

/// One booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// True for money in.
    pub credit: bool,
    /// How much.
    pub amount_fen: Fen,
    /// The bank's serial number.
    pub serial: String,
    /// The customer's reference, empty when there is none.
    pub bank_ref: String,
    /// Last four digits of the other account.
    pub tail: String,
    /// What kind of booking it is.
    pub text: String,
}

/// `20261123`.
pub(super) fn compact(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), u8::from(date.month()), date.day())
}

/// The statement file of a closed day: the same bytes every time it is asked for.
pub(super) fn write_statement(account: &str, day: &Day) -> Vec<u8> {
    let mut lines = String::new();
    let (mut debits, mut credits) = (0_i64, 0_i64);
    for (index, entry) in day.entries.iter().enumerate() {
        let side = if entry.credit { &mut credits } else { &mut debits };
        *side = side.saturating_add(entry.amount_fen.get());
        line(
            &mut lines,
            &[
                "L",
                &(index + 1).to_string(),
                &compact(day.date),
                if entry.credit { "C" } else { "D" },
                &entry.amount_fen.get().to_string(),
                &entry.serial,
                &entry.bank_ref,
                &entry.tail,
                &entry.text,
            ],
        );
    }
    let digest = hex::encode(Sha256::digest(lines.as_bytes()));
    let mut file = String::new();
    line(
        &mut file,
        &[
            "H",
            "CNSTM1",
            account,
            &compact(day.date),
            &day.seq.to_string(),
            "CNY",
            &day.opening_fen.get().to_string(),
            &day.closing_fen.get().to_string(),
            "UTF-8",
        ],
    );
    file.push_str(&lines);
    line(
        &mut file,
        &["T", &day.entries.len().to_string(), &debits.to_string(), &credits.to_string(), &format!("sha256:{digest}")],
    );
    file.into_bytes()
}

/// One line of fields and its line feed.
pub(super) fn line(out: &mut String, fields: &[&str]) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", fields.join("|"));
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_statement_has_header_lines_and_a_trailer_that_adds_up() {
        let entry = |credit, fen, text: &str| Entry {
            credit,
            amount_fen: Fen::new(fen),
            serial: "S1".into(),
            bank_ref: String::new(),
            tail: "0001".into(),
            text: text.into(),
        };
        let day = Day {
            date: date!(2026 - 11 - 23),
            seq: 1,
            opening_fen: Fen::ZERO,
            closing_fen: Fen::new(60),
            entries: vec![entry(true, 100, "FUND"), entry(false, 40, "PAYOUT")],
        };
        let text = String::from_utf8(write_statement("ACC", &day)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "H|CNSTM1|ACC|20261123|1|CNY|0|60|UTF-8");
        assert_eq!(lines[1], "L|1|20261123|C|100|S1||0001|FUND");
        assert!(lines[3].starts_with("T|2|40|100|sha256:"));
    }
}
