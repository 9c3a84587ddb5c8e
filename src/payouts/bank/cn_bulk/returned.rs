//! Reads the file of payments that came back. It announces; the money is booked when the statement shows it.
//!
//! ```text
//! H|CNRET2|account|20261126|seq|CNY|count|total_fen|GB18030
//! B|bank_ref|return_serial|amount_fen|date|code|text
//! T|count|total_fen|sm3_of_all_B_lines
//! ```

use std::io::BufRead;

use time::Date;

use super::charset::Charset;
use super::lines::{Lines, is_token, whole};
use crate::gm::Sm3Stream;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::payouts::bank::Unreadable;
use crate::payouts::bank::result_file::fen;

/// Most lines of one file.
const MAX_LINES: usize = 100_000;

/// What a file of returns says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returns {
    /// The account that they came back to.
    pub account: String,
    /// The business day.
    pub business_date: Date,
    /// Its number, gapless per account.
    pub seq: i64,
    /// The payments that came back.
    pub lines: Vec<Returned>,
    /// Their sum.
    pub total_fen: Fen,
}

/// One payment that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Returned {
    /// The order; the statement may show the same reference.
    pub bank_ref: String,
    /// The bank's serial number of the return.
    pub return_serial: String,
    /// How much; more than nothing, and perhaps not all.
    pub amount_fen: Fen,
    /// The day of the return.
    pub returned_on: Date,
    /// The bank's code, of the *return* code set: the same letters mean other things than in a result.
    pub code: String,
}

/// Reads a whole file.
///
/// # Errors
/// [`Unreadable`]: then nothing of the file counts.
pub fn read(source: impl BufRead) -> Result<Returns, Unreadable> {
    let mut lines = Lines::new(source);
    let (mut returns, count, total) = read_header(&mut lines)?;
    let mut digest = Sm3Stream::default();
    loop {
        let Some(line) = lines.next()? else { return Err(lines.bad("the trailer is missing")) };
        let fields: Vec<&str> = line.split('|').collect();
        if let ["T", trailer_count, trailer_total, sm3] = fields[..] {
            if trailer_count != count || count != returns.lines.len().to_string() {
                return Err(lines.bad("the number of lines differs from header or trailer"));
            }
            if trailer_total != total || total != returns.total_fen.get().to_string() {
                return Err(lines.bad("the sum differs from header or trailer"));
            }
            if sm3 != digest.finish_hex() {
                return Err(lines.bad("the digest differs"));
            }
            lines.end()?;
            return Ok(returns);
        }
        if returns.lines.len() == MAX_LINES {
            return Err(lines.bad("too many lines"));
        }
        digest.update(lines.bytes());
        let returned = read_line(&lines, &fields)?;
        returns.total_fen =
            returns.total_fen.checked_add(returned.amount_fen).map_err(|_| lines.bad("the sum does not fit"))?;
        returns.lines.push(returned);
    }
}

fn read_header<R: BufRead>(lines: &mut Lines<R>) -> Result<(Returns, String, String), Unreadable> {
    let header = lines.next()?.ok_or_else(|| lines.bad("the file is empty"))?;
    let fields: Vec<&str> = header.split('|').collect();
    let ["H", "CNRET2", account, date, seq, currency, count, total, charset] = fields[..] else {
        return Err(lines.bad("not a header of returns"));
    };
    if currency != "CNY" {
        return Err(lines.bad("the currency is not CNY"));
    }
    if !is_token(account) {
        return Err(lines.bad("the account has another form"));
    }
    lines.declare(Charset::of(charset).ok_or_else(|| lines.bad("the encoding is neither UTF-8 nor GB18030"))?);
    let returns = Returns {
        account: account.to_owned(),
        business_date: iso_date::parse_compact(date).ok_or_else(|| lines.bad("not a date"))?,
        seq: whole(seq).filter(|seq| *seq > 0).ok_or_else(|| lines.bad("the number is not a number"))?,
        lines: Vec::new(),
        total_fen: Fen::ZERO,
    };
    Ok((returns, count.to_owned(), total.to_owned()))
}

fn read_line<R: BufRead>(lines: &Lines<R>, fields: &[&str]) -> Result<Returned, Unreadable> {
    let ["B", bank_ref, serial, amount, date, code, _text] = *fields else {
        return Err(lines.bad("not a line of returns"));
    };
    if !is_token(bank_ref) || !is_token(serial) || !(code.is_empty() || is_token(code)) {
        return Err(lines.bad("the reference, the serial number or the code has another form"));
    }
    Ok(Returned {
        bank_ref: bank_ref.to_owned(),
        return_serial: serial.to_owned(),
        amount_fen: fen(amount).ok_or_else(|| lines.bad("the amount is not whole fen"))?,
        returned_on: iso_date::parse_compact(date).ok_or_else(|| lines.bad("not a date"))?,
        code: code.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gm::sm3_hex;
    use time::macros::date;

    fn file(details: &str, count: usize, total: i64) -> String {
        let digest = sm3_hex(details.as_bytes());
        format!("H|CNRET2|6222|20261126|3|CNY|{count}|{total}|UTF-8\n{details}T|{count}|{total}|{digest}\n")
    }

    const LINES: &str = "B|R1|T1|134000|20261126|AC04|账户已销户\nB|R2|T2|5|20261125||\n";

    #[test]
    fn returns_that_add_up_are_read() {
        let returns = read(file(LINES, 2, 134_005).as_bytes()).unwrap();
        assert_eq!((returns.seq, returns.business_date), (3, date!(2026 - 11 - 26)));
        assert_eq!(returns.lines[1].returned_on, date!(2026 - 11 - 25));
        assert_eq!((returns.lines[0].code.as_str(), returns.total_fen), ("AC04", Fen::new(134_005)));
        assert!(read(file("", 0, 0).as_bytes()).unwrap().lines.is_empty());
        let gb = Charset::Gb18030.encode(LINES).unwrap();
        let header = "H|CNRET2|6222|20261126|3|CNY|2|134005|GB18030\n";
        let gb = [header.as_bytes(), &gb, format!("T|2|134005|{}\n", sm3_hex(&gb)).as_bytes()].concat();
        assert_eq!(read(&gb[..]).unwrap().lines, returns.lines);
    }

    #[test]
    fn whatever_does_not_add_up_is_refused_at_its_line() {
        let good = file(LINES, 2, 134_005);
        for (from, to, line) in [
            ("|2|134005|U", "|3|134005|U", 4),
            ("|2|134005|U", "|2|134006|U", 4),
            ("T|2|", "T|3|", 4),
            ("T|2|134005|", "T|2|134006|", 4),
            ("|R1|", "|R9|", 4),
            ("CNY", "USD", 1),
            ("|3|CNY", "|0|CNY", 1),
            ("|20261126|3", "|20261326|3", 1),
            ("UTF-8", "utf8", 1),
            ("|134000|", "|1340.00|", 2),
            ("|T2|", "||", 3),
            ("|20261125|", "|2026-11-25|", 3),
            ("B|R2", "X|R2", 3),
        ] {
            let altered = good.replacen(from, to, 1);
            assert_ne!(altered, good, "{from}");
            assert_eq!(read(altered.as_bytes()).unwrap_err().line, line, "{from} -> {to}");
        }
        for length in 0..good.len() {
            assert!(read(&good.as_bytes()[..length]).is_err(), "{length}");
        }
        for amount in ["12..34", "1e3", "0.005", "-1", "1,234.00", "0", "USD", "100000000000000000", ""] {
            let details = format!("B|R1|T1|{amount}|20261126||\n");
            assert_eq!(read(file(&details, 1, 1).as_bytes()).unwrap_err().line, 2, "{amount}");
        }
    }
}
