//! Reads the statement file, entry by entry: a day with a million bookings needs no more memory than one with three.
//!
//! ```text
//! H|CNSTM2|account|20261123|seq|CNY|opening_fen|closing_fen|GB18030
//! L|entry_no|date|D/C|amount_fen|bank_serial|bank_ref|counterparty_tail|text
//! T|count|debits_fen|credits_fen|sm3_of_all_L_lines
//! ```

use std::io::BufRead;

use time::Date;

use super::charset::Charset;
use super::lines::{Lines, balance, is_token, whole};
use crate::gm::Sm3Stream;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::payouts::bank::Unreadable;
use crate::payouts::bank::result_file::fen;

/// Most entries of one file.
const MAX_ENTRIES: usize = 10_000_000;

/// What the header of a statement says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
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
    /// At most the last four digits of the other account.
    pub counterparty_tail: Option<String>,
    /// The bank's word for what it is.
    pub text: String,
}

/// The entries of a statement, one by one. Nothing of them counts before the last [`Iterator::next`] has given none: only then do digest,
/// count, sums and balance agree. After an error there is none either, so whoever posts must have seen no error.
pub struct Entries<R> {
    lines: Lines<R>,
    head: Head,
    count: usize,
    debits_fen: Fen,
    credits_fen: Fen,
    digest: Option<Sm3Stream>,
}

impl<R: BufRead> Entries<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`Unreadable`] when it is none.
    pub fn open(source: R) -> Result<Self, Unreadable> {
        let mut lines = Lines::new(source);
        let line = lines.next()?.ok_or_else(|| lines.bad("the file is empty"))?;
        let fields: Vec<&str> = line.split('|').collect();
        let ["H", "CNSTM2", account, date, seq, currency, opening, closing, charset] = fields[..] else {
            return Err(lines.bad("not a statement header"));
        };
        if currency != "CNY" {
            return Err(lines.bad("the currency is not CNY"));
        }
        if !is_token(account) {
            return Err(lines.bad("the account has another form"));
        }
        let bad = |what| lines.bad(what);
        let head = Head {
            account: account.to_owned(),
            business_date: iso_date::parse_compact(date).ok_or(bad("not a date"))?,
            seq: whole(seq).filter(|seq| *seq > 0).ok_or(bad("the number is not a number"))?,
            opening_fen: balance(opening).ok_or(bad("the opening balance is not whole fen"))?,
            closing_fen: balance(closing).ok_or(bad("the closing balance is not whole fen"))?,
        };
        let charset = Charset::of(charset).ok_or(bad("the encoding is neither UTF-8 nor GB18030"))?;
        lines.declare(charset);
        let digest = Some(Sm3Stream::default());
        Ok(Self { lines, head, count: 0, debits_fen: Fen::ZERO, credits_fen: Fen::ZERO, digest })
    }

    /// What the header says.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Sums of what left and what came in, of the entries so far.
    pub const fn totals(&self) -> (Fen, Fen) {
        (self.debits_fen, self.credits_fen)
    }

    fn read_next(&mut self) -> Result<Option<Entry>, Unreadable> {
        let Some(digest) = &mut self.digest else { return Ok(None) };
        let Some(line) = self.lines.next()? else { return Err(self.lines.bad("the trailer is missing")) };
        if line.starts_with("T|") {
            return self.close(&line).map(|()| None);
        }
        if self.count == MAX_ENTRIES {
            return Err(self.lines.bad("too many lines"));
        }
        digest.update(self.lines.bytes());
        let entry = read_entry(&self.lines, &line, self.count)?;
        self.count += 1;
        let side = if entry.credit { &mut self.credits_fen } else { &mut self.debits_fen };
        *side = side.checked_add(entry.amount_fen).map_err(|_| self.lines.bad("the sum does not fit"))?;
        Ok(Some(entry))
    }

    fn close(&mut self, line: &str) -> Result<(), Unreadable> {
        let digest = self.digest.take().unwrap_or_default().finish_hex();
        let bad = |what| self.lines.bad(what);
        let fields: Vec<&str> = line.split('|').collect();
        let ["T", count, debits, credits, sm3] = fields[..] else { return Err(bad("not a statement trailer")) };
        if count != self.count.to_string() {
            return Err(bad("the number of lines differs from the trailer"));
        }
        if debits != self.debits_fen.get().to_string() || credits != self.credits_fen.get().to_string() {
            return Err(bad("the sums differ from the trailer"));
        }
        if sm3 != digest {
            return Err(bad("the digest differs"));
        }
        let closing = self
            .head
            .opening_fen
            .checked_sub(self.debits_fen)
            .and_then(|balance| balance.checked_add(self.credits_fen));
        if closing != Ok(self.head.closing_fen) {
            return Err(bad("opening and entries do not give the closing balance"));
        }
        self.lines.end()
    }
}

impl<R: BufRead> Iterator for Entries<R> {
    type Item = Result<Entry, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read_next();
        if next.is_err() {
            self.digest = None;
        }
        next.transpose()
    }
}

fn read_entry<R: BufRead>(lines: &Lines<R>, line: &str, before: usize) -> Result<Entry, Unreadable> {
    let bad = |what| lines.bad(what);
    let fields: Vec<&str> = line.split('|').collect();
    let ["L", entry_no, date, direction, amount, serial, bank_ref, tail, text] = fields[..] else {
        return Err(bad("not a statement line"));
    };
    if entry_no != (before + 1).to_string() {
        return Err(bad("the lines are not numbered in turn"));
    }
    let credit = match direction {
        "C" => true,
        "D" => false,
        _ => return Err(bad("neither debit nor credit")),
    };
    if !is_token(serial) || !(bank_ref.is_empty() || is_token(bank_ref)) {
        return Err(bad("the serial number or the reference has another form"));
    }
    // Four digits name nobody; more of a card number than that is not for our tables.
    if tail.len() > 4 || !(tail.is_empty() || is_token(tail)) {
        return Err(bad("more than the last four digits of the other account"));
    }
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Ok(Entry {
        entry_no: whole(entry_no).ok_or_else(|| bad("the number is not a number"))?,
        booked_on: iso_date::parse_compact(date).ok_or_else(|| bad("not a date"))?,
        credit,
        amount_fen: fen(amount).ok_or_else(|| bad("the amount is not whole fen"))?,
        bank_serial: serial.to_owned(),
        bank_ref: some(bank_ref),
        counterparty_tail: some(tail),
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gm::sm3_hex;
    use std::io::Read;
    use time::macros::date;

    #[derive(Debug)]
    struct Whole {
        head: Head,
        totals: (Fen, Fen),
        entries: Vec<Entry>,
    }

    fn read(bytes: &[u8]) -> Result<Whole, Unreadable> {
        let mut reader = Entries::open(bytes)?;
        let entries = reader.by_ref().collect::<Result<_, _>>()?;
        Ok(Whole { head: reader.head().clone(), totals: reader.totals(), entries })
    }

    fn file(header: &str, details: &str, debits: i64, credits: i64) -> String {
        format!("{header}\n{details}T|{}|{debits}|{credits}|{}\n", details.lines().count(), sm3_hex(details.as_bytes()))
    }

    const HEADER: &str = "H|CNSTM2|ACC|20261123|7|CNY|0|60|UTF-8";
    const DETAILS: &str = "L|1|20261123|C|100|S1||0001|拨款\nL|2|20261123|D|40|S2|R1|1111|代发\n";

    #[test]
    fn a_statement_that_adds_up_is_read_in_both_encodings() {
        let utf8 = read(file(HEADER, DETAILS, 40, 100).as_bytes()).unwrap();
        assert_eq!((utf8.head.seq, utf8.head.business_date), (7, date!(2026 - 11 - 23)));
        assert_eq!(utf8.totals, (Fen::new(40), Fen::new(100)));
        assert_eq!((utf8.entries[1].bank_ref.as_deref(), utf8.entries[0].bank_ref.as_deref()), (Some("R1"), None));
        let details = Charset::Gb18030.encode(DETAILS).unwrap();
        let header = format!("{}\n", HEADER.replace("UTF-8", "GB18030"));
        let trailer = format!("T|2|40|100|{}\n", sm3_hex(&details));
        let gb = read(&[header.as_bytes(), &details, trailer.as_bytes()].concat()).unwrap();
        assert_eq!(gb.entries, utf8.entries);
        let empty = read(file("H|CNSTM2|ACC|20261123|7|CNY|-5|-5|UTF-8", "", 0, 0).as_bytes()).unwrap();
        assert_eq!((empty.head.opening_fen, empty.entries.len()), (Fen::new(-5), 0));
    }

    #[test]
    fn whatever_does_not_add_up_is_refused_at_its_line() {
        let good = file(HEADER, DETAILS, 40, 100);
        for (from, to, line) in [
            ("|0|60|", "|1|60|", 4),
            ("|0|60|", "|0|61|", 4),
            ("|0|60|", "|0|-0|", 1),
            ("CNY", "USD", 1),
            ("|20261123|7|", "|20260229|7|", 1),
            ("|7|CNY", "|0|CNY", 1),
            ("|UTF-8", "|UTF-16", 1),
            ("L|2|", "L|3|", 3),
            ("|D|40|", "|D|4e1|", 3),
            ("|D|40|", "|X|40|", 3),
            ("|S2|", "||", 3),
            ("|1111|", "|6222020000001111|", 3),
            ("T|2|", "T|3|", 4),
            ("T|2|40|", "T|2|41|", 4),
            ("|R1|", "|R2|", 4),
            ("CNSTM2", "CNSTM1", 1),
        ] {
            let altered = good.replacen(from, to, 1);
            assert_ne!(altered, good, "{from}");
            assert_eq!(read(altered.as_bytes()).unwrap_err().line, line, "{from} -> {to}");
        }
        for length in 0..good.len() {
            assert!(read(&good.as_bytes()[..length]).is_err(), "{length}");
        }
        assert_eq!(read(format!("{good}L|3|").as_bytes()).unwrap_err().line, 5);
        for amount in ["12..34", "1e3", "0.005", "-1", "1,234.00", "0", "USD", "100000000000000000", ""] {
            let details = format!("L|1|20261123|C|{amount}|S1|||\n");
            assert_eq!(read(file(HEADER, &details, 0, 60).as_bytes()).unwrap_err().line, 2, "{amount}");
        }
        let most = "H|CNSTM2|A|20261123|7|CNY|0|9999999999999999|UTF-8";
        let details = "L|1|20261123|C|9999999999999999|S1|||\n";
        assert!(read(file(most, details, 0, 9_999_999_999_999_999).as_bytes()).is_ok());
    }

    #[test]
    fn after_an_error_there_is_nothing_more() {
        let bad = file(HEADER, &DETAILS.replace("|D|40|", "|D|-4|"), 40, 100);
        let mut entries = Entries::open(bad.as_bytes()).unwrap();
        assert!(entries.next().unwrap().is_ok());
        assert!(entries.next().unwrap().is_err());
        assert!(entries.next().is_none());
    }

    /// A statement that is made while it is read: nothing of it is ever in memory at once.
    struct Made {
        entries: usize,
        made: usize,
        line: Vec<u8>,
        digest: Option<Sm3Stream>,
    }

    impl Read for Made {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.line.is_empty() {
                self.made += 1;
                let total = self.entries;
                self.line = if self.made == 1 {
                    format!("H|CNSTM2|ACC|20261123|7|CNY|0|{total}|UTF-8\n").into_bytes()
                } else if self.made <= self.entries + 1 {
                    let line = format!("L|{}|20261123|C|1|S{}|||\n", self.made - 1, self.made).into_bytes();
                    self.digest.as_mut().unwrap().update(&line);
                    line
                } else {
                    let end = |digest: Sm3Stream| format!("T|{total}|0|{total}|{}\n", digest.finish_hex()).into_bytes();
                    self.digest.take().map(end).unwrap_or_default()
                };
            }
            let length = buffer.len().min(self.line.len());
            buffer[..length].copy_from_slice(&self.line[..length]);
            self.line.drain(..length);
            Ok(length)
        }
    }

    #[test]
    fn a_large_statement_is_read_as_it_comes() {
        let made = Made { entries: 100_000, made: 0, line: Vec::new(), digest: Some(Sm3Stream::default()) };
        let mut entries = Entries::open(std::io::BufReader::new(made)).unwrap();
        assert_eq!(entries.by_ref().map(Result::unwrap).count(), 100_000);
        assert_eq!(entries.totals(), (Fen::ZERO, Fen::new(100_000)));
    }
}
