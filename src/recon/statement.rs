//! Reads the flat statement file: `H|CNSTM1|…`, `L|…`, `T|…`, line by line. It adds up in itself, or nothing of it counts. Pure.

use std::collections::HashMap;
use std::io::{BufRead, Read};

use sha2::{Digest, Sha256};
use time::Date;

use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;

/// Longest line, in bytes.
const LINE_BYTES: u64 = 8 * 1024;

/// What a statement that adds up in itself says besides its bookings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The account.
    pub account: String,
    /// The closed business day.
    pub business_date: Date,
    /// Its number, gapless per account.
    pub seq: i64,
    /// Balance at the start of the day.
    pub opening_fen: Fen,
    /// Balance at its end.
    pub closing_fen: Fen,
    /// Sum of what left.
    pub debits_fen: Fen,
    /// Sum of what came in.
    pub credits_fen: Fen,
    /// Bookings of money that left.
    pub debit_count: usize,
    /// Bookings of money that came in.
    pub credit_count: usize,
}

impl Statement {
    /// All bookings.
    #[must_use]
    pub const fn entry_count(&self) -> usize {
        self.debit_count + self.credit_count
    }

    /// Takes one booking into sums and counts; false when a sum does not fit.
    pub(super) fn add(&mut self, entry: &Entry) -> bool {
        let (sum, count) = if entry.credit {
            (&mut self.credits_fen, &mut self.credit_count)
        } else {
            (&mut self.debits_fen, &mut self.debit_count)
        };
        *count += 1;
        sum.checked_add(entry.amount_fen).map(|total| *sum = total).is_ok()
    }

    /// True when opening balance and bookings give the closing balance.
    #[must_use]
    pub(super) fn rolls(&self) -> bool {
        let closing = self.opening_fen.checked_sub(self.debits_fen);
        closing.and_then(|balance| balance.checked_add(self.credits_fen)) == Ok(self.closing_fen)
    }
}

/// One booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number on the statement.
    pub entry_no: i64,
    /// The day it was booked.
    pub booked_on: Date,
    /// True for money in.
    pub credit: bool,
    /// How much; more than nothing.
    pub amount_fen: Fen,
    /// The bank's serial number.
    pub bank_serial: String,
    /// Our reference, when the booking has one.
    pub bank_ref: Option<String>,
    /// Last four digits of the other account.
    pub counterparty_tail: Option<String>,
    /// The bank's word for what it is.
    pub text: String,
    /// Which it is of the lines of its file that are equal to it but for their number, from 1.
    pub nth: u32,
    /// It is a sum for several payments that are not listed.
    pub lump: Option<Lump>,
}

/// What is said of a sum for several payments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lump {
    /// The name of the batch, as we gave it.
    pub batch_ref: Option<String>,
    /// How many payments.
    pub count: Option<u32>,
}

/// Counts the equal bookings of a file.
#[derive(Default)]
pub(super) struct Equals(HashMap<u64, u32>);

impl Equals {
    /// Numbers a booking among those that are equal to it.
    pub(super) fn number(&mut self, entry: &mut Entry) {
        let digest = Sha256::digest(entry.looks().as_bytes());
        let mark = digest.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let nth = self.0.entry(mark).or_default();
        *nth += 1;
        entry.nth = *nth;
    }
}

/// Why a file is not taken. Names the line, never what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Unreadable {
    /// Line of the file, from 1; 0 for the whole.
    pub line: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl Entry {
    /// The same booking has the same fingerprint, whichever file brings it; two equal lines of one file are two bookings.
    #[must_use]
    pub fn fingerprint(&self, account: &str) -> String {
        hex::encode(Sha256::digest(format!("{account}|{}|{}", self.looks(), self.nth).as_bytes()))
    }

    /// True for money that left: only such a booking is looked for by its serial number.
    #[must_use]
    pub const fn is_payment(&self) -> bool {
        !self.credit && !self.bank_serial.is_empty() && self.lump.is_none()
    }

    fn looks(&self) -> String {
        format!(
            "{}|{}|{}|{}|{}",
            self.bank_serial,
            if self.credit { "C" } else { "D" },
            self.amount_fen.get(),
            self.bank_ref.as_deref().unwrap_or(""),
            self.booked_on
        )
    }
}

/// Reads a file to its end, hands out each booking, and checks digest, counts, sums and that the balance rolls.
///
/// # Errors
/// [`Unreadable`]: then nothing that was handed out counts.
pub fn read(
    source: impl BufRead,
    mut on: impl FnMut(Entry) -> Result<(), Unreadable>,
) -> Result<Statement, Unreadable> {
    let bad = |line, what| Unreadable { line, what };
    let mut lines = Lines { source, line: Vec::new(), number: 0 };
    let mut statement = read_header(lines.next()?.ok_or(bad(1, "header or trailer is missing"))?)?;
    let (mut equal, mut hash) = (Equals::default(), Sha256::new());
    loop {
        let Some(line) = lines.next()? else { return Err(bad(lines.number, "header or trailer is missing")) };
        if line.starts_with("T|") {
            check_trailer(line, &statement, hash)?;
            break;
        }
        hash.update(line.as_bytes());
        hash.update(b"\n");
        let mut entry = read_entry(line, statement.entry_count() + 2)?;
        equal.number(&mut entry);
        if !statement.add(&entry) {
            return Err(bad(lines.number, "the sum does not fit"));
        }
        on(entry)?;
    }
    if lines.next()?.is_some() {
        return Err(bad(lines.number, "something stands after the trailer"));
    }
    if !statement.rolls() {
        return Err(bad(lines.number, "opening and entries do not give the closing balance"));
    }
    Ok(statement)
}

/// The lines of a file, one in memory at a time.
struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: usize,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its end; none after the last one.
    fn next(&mut self) -> Result<Option<&str>, Unreadable> {
        self.line.clear();
        self.number += 1;
        let bad = |what| Unreadable { line: self.number, what };
        let read = (&mut self.source).take(LINE_BYTES).read_until(b'\n', &mut self.line);
        if read.map_err(|_| bad("the file can't be read"))? == 0 {
            return Ok(None);
        }
        let line = std::str::from_utf8(&self.line).map_err(|_| bad("not UTF-8"))?;
        line.strip_suffix('\n').map(Some).ok_or(bad("the line is too long, or the file does not end with a line feed"))
    }
}

fn read_header(line: &str) -> Result<Statement, Unreadable> {
    let bad = |what| Unreadable { line: 1, what };
    let fields: Vec<&str> = line.split('|').collect();
    let ["H", "CNSTM1", account, date, seq, currency, opening, closing, "UTF-8"] = fields[..] else {
        return Err(bad("not a statement header"));
    };
    if currency != "CNY" {
        return Err(bad("the currency is not CNY"));
    }
    Ok(Statement {
        account: account.to_owned(),
        business_date: iso_date::parse_compact(date).ok_or(bad("not a date"))?,
        seq: natural(seq).ok_or(bad("the number is not a number"))?,
        opening_fen: balance(opening).ok_or(bad("the opening balance is not whole fen"))?,
        closing_fen: balance(closing).ok_or(bad("the closing balance is not whole fen"))?,
        debits_fen: Fen::ZERO,
        credits_fen: Fen::ZERO,
        debit_count: 0,
        credit_count: 0,
    })
}

fn read_entry(line: &str, number: usize) -> Result<Entry, Unreadable> {
    let bad = |what| Unreadable { line: number, what };
    let fields: Vec<&str> = line.split('|').collect();
    let ["L", entry_no, date, direction, amount, serial, bank_ref, tail, text] = fields[..] else {
        return Err(bad("not a statement line"));
    };
    if entry_no != (number - 1).to_string() {
        return Err(bad("the lines are not numbered in turn"));
    }
    let credit = match direction {
        "C" => true,
        "D" => false,
        _ => return Err(bad("neither debit nor credit")),
    };
    if serial.is_empty() {
        return Err(bad("the bank's serial number is missing"));
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Entry {
        entry_no: natural(entry_no).ok_or(bad("the number is not a number"))?,
        booked_on: iso_date::parse_compact(date).ok_or(bad("not a date"))?,
        credit,
        amount_fen: natural(amount).map(Fen::new).ok_or(bad("the amount is not whole fen"))?,
        bank_serial: serial.to_owned(),
        bank_ref: some(bank_ref),
        counterparty_tail: some(tail),
        text: text.to_owned(),
        nth: 1,
        lump: None,
    })
}

fn check_trailer(line: &str, statement: &Statement, hash: Sha256) -> Result<(), Unreadable> {
    let bad = |what| Unreadable { line: statement.entry_count() + 2, what };
    let fields: Vec<&str> = line.split('|').collect();
    let ["T", count, debits, credits, digest] = fields[..] else { return Err(bad("not a statement trailer")) };
    if count != statement.entry_count().to_string() {
        return Err(bad("the number of lines differs from the trailer"));
    }
    if debits != statement.debits_fen.get().to_string() || credits != statement.credits_fen.get().to_string() {
        return Err(bad("the sums differ from the trailer"));
    }
    if digest != format!("sha256:{}", hex::encode(hash.finalize())) {
        return Err(bad("the digest differs"));
    }
    Ok(())
}

/// A whole number above zero: digits only, no sign, no leading zero.
fn natural(text: &str) -> Option<i64> {
    let plain =
        (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok())?
}

/// A balance: zero, or whole fen with at most a minus sign.
fn balance(text: &str) -> Option<Fen> {
    match text.strip_prefix('-') {
        _ if text == "0" => Some(Fen::ZERO),
        Some(rest) => Fen::new(natural(rest)?).checked_neg().ok(),
        None => natural(text).map(Fen::new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn file(header: &str, details: &str, debits: i64, credits: i64) -> String {
        let digest = hex::encode(Sha256::digest(details.as_bytes()));
        let count = details.lines().count();
        format!("{header}\n{details}T|{count}|{debits}|{credits}|sha256:{digest}\n")
    }

    const HEADER: &str = "H|CNSTM1|ACC|20261123|7|CNY|0|60|UTF-8";
    const DETAILS: &str = "L|1|20261123|C|100|S1||0001|FUND\nL|2|20261123|D|40|S2|R1|1111|PAYOUT\n";

    fn read_all(bytes: &[u8]) -> Result<(Statement, Vec<Entry>), Unreadable> {
        let mut entries = Vec::new();
        let statement = read(bytes, |entry| {
            entries.push(entry);
            Ok(())
        })?;
        Ok((statement, entries))
    }

    #[test]
    fn a_statement_that_adds_up_is_read() {
        let (read, entries) = read_all(file(HEADER, DETAILS, 40, 100).as_bytes()).unwrap();
        assert_eq!((read.debit_count, read.credit_count), (1, 1));
        assert_eq!((read.seq, read.business_date), (7, date!(2026 - 11 - 23)));
        assert_eq!((read.debits_fen, read.credits_fen), (Fen::new(40), Fen::new(100)));
        assert_eq!(entries[1].bank_ref.as_deref(), Some("R1"));
        assert_eq!(entries[0].bank_ref, None);
        assert_ne!(entries[0].fingerprint("ACC"), entries[1].fingerprint("ACC"));
    }

    #[test]
    fn equal_lines_are_so_many_bookings() {
        let details = "L|1|20261123|D|20|S2|R1|1111|PAYOUT\nL|2|20261123|D|20|S2|R1|1111|PAYOUT\n";
        let file = file("H|CNSTM1|ACC|20261123|7|CNY|100|60|UTF-8", details, 40, 0);
        let (_, entries) = read_all(file.as_bytes()).unwrap();
        assert_eq!(entries.iter().map(|entry| entry.nth).collect::<Vec<_>>(), [1, 2]);
        assert_ne!(entries[0].fingerprint("ACC"), entries[1].fingerprint("ACC"));
        assert_ne!(entries[0].fingerprint("ACC"), entries[0].fingerprint("OTHER"));
    }

    #[test]
    fn an_empty_day_is_a_statement_too() {
        let empty = file("H|CNSTM1|ACC|20261123|7|CNY|-5|-5|UTF-8", "", 0, 0);
        assert_eq!(read_all(empty.as_bytes()).unwrap().0.opening_fen, Fen::new(-5));
    }

    #[test]
    fn whatever_does_not_add_up_is_refused() {
        let good = file(HEADER, DETAILS, 40, 100);
        for (from, to) in [
            ("|0|60|", "|1|60|"),
            ("|0|60|", "|0|61|"),
            ("CNY", "USD"),
            ("|20261123|7|", "|20261323|7|"),
            ("|7|CNY", "|0|CNY"),
            ("L|2|", "L|3|"),
            ("|D|40|", "|D|4e1|"),
            ("|D|40|", "|X|40|"),
            ("|S2|", "||"),
            ("T|2|", "T|3|"),
            ("|R1|", "|R2|"),
            ("CNSTM1", "CNSTM2"),
        ] {
            let altered = good.replacen(from, to, 1);
            assert_ne!(altered, good, "{from}");
            assert!(read_all(altered.as_bytes()).is_err(), "{from} -> {to}");
        }
        for end in 0..good.len() {
            assert!(read_all(&good.as_bytes()[..end]).is_err(), "{end}");
        }
        assert!(read_all(format!("{good}T|\n").as_bytes()).is_err());
        assert!(read_all(file(HEADER, DETAILS, 41, 100).as_bytes()).is_err());
        assert!(read_all(b"\n").is_err() && read_all(b"\xff\n").is_err());
    }
}
