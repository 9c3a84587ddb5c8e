//! The statement of a bank that signs flat files (CNSTM2), as bookings. Pure.

use std::io::BufRead;

use super::statement::{Entry, Equals, Statement, Unreadable};
use crate::payouts::bank::cn_bulk::statement::{self, Entries};

/// How such a file begins.
pub(super) const MARK: &[u8] = b"H|CNSTM2|";
/// Longest word for a booking that is kept, in characters.
const WORD_CHARS: usize = 20;
/// So many digits in a row are a number of somebody's.
const DIGITS: usize = 5;

/// Reads a file to its end; `on` gets each booking and answers whether to go on.
///
/// # Errors
/// [`Unreadable`]: then nothing that was handed out counts.
pub(super) fn read(source: impl BufRead, on: &mut dyn FnMut(Entry) -> bool) -> Result<Statement, Unreadable> {
    let mut entries = Entries::open(source).map_err(unreadable)?;
    let head = entries.head().clone();
    let mut statement = Statement {
        account: head.account,
        business_date: head.business_date,
        seq: head.seq,
        opening_fen: head.opening_fen,
        closing_fen: head.closing_fen,
        debits_fen: crate::kernel::money::Fen::ZERO,
        credits_fen: crate::kernel::money::Fen::ZERO,
        debit_count: 0,
        credit_count: 0,
    };
    let mut equal = Equals::default();
    for found in &mut entries {
        let mut entry = booking(found.map_err(unreadable)?);
        let line = statement.entry_count() + 2;
        equal.number(&mut entry);
        if !statement.add(&entry) {
            return Err(Unreadable { line, what: "the sum does not fit" });
        }
        if !on(entry) {
            return Err(Unreadable { line, what: "nobody reads on" });
        }
    }
    Ok(statement)
}

fn unreadable(error: crate::payouts::bank::Unreadable) -> Unreadable {
    Unreadable { line: error.line, what: error.what }
}

fn booking(found: statement::Entry) -> Entry {
    Entry {
        entry_no: found.entry_no,
        booked_on: found.booked_on,
        credit: found.credit,
        amount_fen: found.amount_fen,
        bank_serial: found.bank_serial,
        bank_ref: found.bank_ref,
        counterparty_tail: found.counterparty_tail,
        text: word(found.text),
        nth: 1,
        lump: None,
    }
}

/// The bank's word for what it is. More than a word may say who was paid or on which card, and is not kept.
fn word(text: String) -> String {
    let mut in_a_row = 0;
    let has_number = text.chars().any(|c| {
        in_a_row = if c.is_numeric() { in_a_row + 1 } else { 0 };
        in_a_row >= DIGITS
    });
    if has_number || text.chars().count() > WORD_CHARS { String::new() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gm::sm3_hex;
    use crate::kernel::money::Fen;
    use crate::payouts::bank::cn_bulk::Charset;

    fn file(details: &str, count: usize, debits: i64, credits: i64) -> Vec<u8> {
        let details = Charset::Gb18030.encode(details).unwrap();
        let header = format!("H|CNSTM2|6222|20261123|7|CNY|100|{}|GB18030\n", 100 - debits + credits);
        let trailer = format!("T|{count}|{debits}|{credits}|{}\n", sm3_hex(&details));
        [header.as_bytes(), &details, trailer.as_bytes()].concat()
    }

    #[test]
    fn its_bookings_are_those_of_any_statement() {
        let line = "D|20|S2|R1|1111|代发";
        let details = format!(
            "L|1|20261123|C|100|S1||0001|拨款\nL|2|20261123|{line}\nL|3|20261123|{line}\n\
             L|4|20261123|D|1|S3||2222|转账 6222020000000001 王芳\n"
        );
        let bytes = file(&details, 4, 41, 100);
        assert!(bytes.starts_with(MARK));
        let mut entries = Vec::new();
        let read = read(&bytes[..], &mut |entry| {
            entries.push(entry);
            true
        })
        .unwrap();
        assert_eq!((read.seq, read.debit_count, read.credit_count), (7, 3, 1));
        assert_eq!((read.debits_fen, read.credits_fen, read.closing_fen), (Fen::new(41), Fen::new(100), Fen::new(159)));
        assert_eq!(entries[0].text, "拨款");
        assert_eq!((entries[1].nth, entries[2].nth), (1, 2), "equal lines are so many bookings");
        assert_eq!(entries[3].text, "", "whose card it was is not kept");
    }

    #[test]
    fn one_that_does_not_add_up_or_that_nobody_reads_says_so() {
        let details = "L|1|20261123|C|100|S1||0001|拨款\n";
        let bytes = file(details, 1, 0, 99);
        assert_eq!(read(&bytes[..], &mut |_| true).unwrap_err().line, 3);
        let bytes = file(details, 1, 0, 100);
        assert_eq!(read(&bytes[..], &mut |_| false).unwrap_err().what, "nobody reads on");
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length], &mut |_| true).is_err(), "{length}");
        }
    }
}
