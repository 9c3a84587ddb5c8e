//! Reads the result file of a batch. A line that is missing says nothing; an unknown letter is "in progress", and is counted.
//!
//! ```text
//! H|CNRES2|batch_ref|sha256_of_the_payment_file|count|refusal_code|GB18030
//! R|seq|bank_ref|amount_fen|S/F/P|bank_serial|code|text|posted_at
//! T|count|sm3_of_all_R_lines
//! ```

use std::io::BufRead;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::charset::Charset;
use super::lines::{Lines, is_sm3, is_token, whole};
use crate::gm::Sm3Stream;
use crate::kernel::clock::Moment;
use crate::payouts::bank::result_file::{fen, is_duplicate};
use crate::payouts::bank::{BankFact, Heard, Named, Status, Unreadable};

/// Most lines of one file: more than any batch has, as often as a bank may repeat itself.
const MAX_LINES: usize = 100_000;
/// Longest reason code, in bytes.
const MAX_CODE_BYTES: usize = 35;

/// What a result file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Results {
    /// The batch that it is about.
    pub batch: Named,
    /// The code with which the whole file was refused.
    pub refused: Option<String>,
    /// News about orders, in the order of the lines.
    pub facts: Vec<BankFact>,
    /// Lines, from 1, whose letter is none of `S`, `F` and `P`. They count as in progress, and somebody should ask the bank.
    pub unknown_letters: Vec<usize>,
}

/// How such a file begins.
pub(in crate::payouts::bank) const MARK: &[u8] = b"H|CNRES2|";

/// What a whole file says, as an adapter hears it.
///
/// # Errors
/// [`Unreadable`]: then nothing of the file counts.
pub fn heard(bytes: &[u8]) -> Result<Heard, Unreadable> {
    let Results { batch, refused, facts, unknown_letters } = read(bytes)?;
    Ok(Heard { batch: Some(batch), refused, facts, file: None, odd_lines: unknown_letters })
}

/// Reads a whole file.
///
/// # Errors
/// [`Unreadable`]: then nothing of the file counts.
pub fn read(source: impl BufRead) -> Result<Results, Unreadable> {
    let mut lines = Lines::new(source);
    let (batch, announced, refused) = read_header(&mut lines)?;
    let (mut facts, mut unknown_letters) = (Vec::new(), Vec::new());
    let mut digest = Sm3Stream::default();
    loop {
        let Some(line) = lines.next()? else { return Err(lines.bad("the trailer is missing")) };
        if line.starts_with("T|") {
            check_trailer(&lines, &line, &announced, facts.len(), digest)?;
            break;
        }
        if facts.len() == MAX_LINES {
            return Err(lines.bad("too many lines"));
        }
        digest.update(lines.bytes());
        let (fact, known) = read_line(&lines, &line)?;
        if !known {
            unknown_letters.push(lines.number());
        }
        facts.push(fact);
    }
    lines.end()?;
    if refused.is_some() && !facts.is_empty() {
        return Err(lines.bad("a refused batch has results"));
    }
    Ok(Results { batch, refused, facts, unknown_letters })
}

fn read_header<R: BufRead>(lines: &mut Lines<R>) -> Result<(Named, String, Option<String>), Unreadable> {
    let header = lines.next()?.ok_or_else(|| lines.bad("the file is empty"))?;
    let fields: Vec<&str> = header.split('|').collect();
    let ["H", "CNRES2", batch_ref, sha256, count, refused, charset] = fields[..] else {
        return Err(lines.bad("not a result header"));
    };
    let is_sha256 = is_sm3(sha256);
    if !is_token(batch_ref)
        || !is_sha256
        || refused.len() > MAX_CODE_BYTES
        || !refused.bytes().all(|b| b.is_ascii_graphic())
    {
        return Err(lines.bad("a field of the header has another form"));
    }
    if is_duplicate(refused) {
        return Err(lines.bad("a duplicate is no refusal"));
    }
    lines.declare(Charset::of(charset).ok_or_else(|| lines.bad("the encoding is neither UTF-8 nor GB18030"))?);
    let batch = Named { batch_ref: batch_ref.to_owned(), sha256: sha256.to_owned() };
    Ok((batch, count.to_owned(), (!refused.is_empty()).then(|| refused.to_owned())))
}

fn check_trailer<R: BufRead>(
    lines: &Lines<R>,
    line: &str,
    announced: &str,
    count: usize,
    digest: Sm3Stream,
) -> Result<(), Unreadable> {
    let fields: Vec<&str> = line.split('|').collect();
    let ["T", trailer_count, sm3] = fields[..] else { return Err(lines.bad("not a result trailer")) };
    if announced != count.to_string() || trailer_count != announced {
        return Err(lines.bad("the number of lines differs from header or trailer"));
    }
    (sm3 == digest.finish_hex()).then_some(()).ok_or_else(|| lines.bad("the digest differs"))
}

/// What a line says, and whether its letter is known.
fn read_line<R: BufRead>(lines: &Lines<R>, line: &str) -> Result<(BankFact, bool), Unreadable> {
    let bad = |what| lines.bad(what);
    let fields: Vec<&str> = line.split('|').collect();
    let ["R", seq, bank_ref, amount, letter, serial, code, _text, posted_at] = fields[..] else {
        return Err(bad("not a result line"));
    };
    let is_seq = whole(seq.trim_start_matches('0')).is_some_and(|number| number > 0);
    if !is_seq || seq.len() > 9 || !is_token(bank_ref) {
        return Err(bad("the number or the reference has another form"));
    }
    if !(serial.is_empty() || is_token(serial)) || !(code.is_empty() || is_token(code) && code.len() <= MAX_CODE_BYTES)
    {
        return Err(bad("the serial number or the code has another form"));
    }
    let amount_fen = fen(amount).ok_or(bad("the amount is not whole fen"))?;
    let posted_at = match posted_at {
        "" => None,
        text => Some(OffsetDateTime::parse(text, &Rfc3339).map_err(|_| bad("the time is not RFC 3339"))?.into()),
    };
    let (status, known) = match letter {
        "S" => (Status::Paid, true),
        // A duplicate proves that an earlier copy exists: it goes to enquiry, never to "failed, pay again".
        "F" if is_duplicate(code) => (Status::Duplicate, true),
        "F" => (Status::Rejected, true),
        "P" => (Status::Pending, true),
        _ => (Status::Pending, false),
    };
    if posted_at.is_none() && matches!(status, Status::Paid | Status::Rejected) {
        return Err(bad("a final result without its time"));
    }
    let fact = BankFact {
        bank_ref: bank_ref.to_owned(),
        amount_fen,
        status,
        reason_code: code.to_owned(),
        bank_serial: serial.to_owned(),
        posted_at: posted_at.map(|at: Moment| at),
    };
    Ok((fact, known))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gm::sm3_hex;
    use crate::kernel::money::Fen;

    const AT: &str = "2026-11-23T10:00:00.000+08:00";

    fn file(details: &str, count: usize, charset: Charset) -> Vec<u8> {
        let details = charset.encode(details).unwrap();
        let header = format!("H|CNRES2|B1|{}|{count}||{}\n", "0a".repeat(32), charset.word());
        let trailer = format!("T|{count}|{}\n", sm3_hex(&details));
        [header.as_bytes(), &details, trailer.as_bytes()].concat()
    }

    #[test]
    fn each_letter_has_its_class_and_an_unknown_one_is_in_progress() {
        let details = format!(
            "R|000001|R1|10|S|S1||已入账|{AT}\nR|000002|R2|10|F||AC04|账户已销户|{AT}\nR|000003|R3|10|F||DU04||{AT}\n\
             R|000005|R5|10|P||||\nR|000007|R7|10|X||||\n"
        );
        for charset in [Charset::Gb18030, Charset::Utf8] {
            let read = read(&file(&details, 5, charset)[..]).unwrap();
            let classes: Vec<Status> = read.facts.iter().map(|fact| fact.status).collect();
            assert_eq!(classes, [Status::Paid, Status::Rejected, Status::Duplicate, Status::Pending, Status::Pending]);
            assert_eq!(read.unknown_letters, [6]);
            assert_eq!(read.facts[0].amount_fen, Fen::new(10));
            assert_eq!(read.facts[0].posted_at.map(|at| at.to_string()).as_deref(), Some(AT));
        }
    }

    #[test]
    fn an_empty_file_is_valid_and_a_refused_one_has_no_lines() {
        let empty = read(&file("", 0, Charset::Gb18030)[..]).unwrap();
        assert_eq!((empty.refused, empty.facts.len()), (None, 0));
        let refused = String::from_utf8(file("", 0, Charset::Utf8)).unwrap().replace("|0||", "|0|FF01|");
        assert_eq!(read(refused.as_bytes()).unwrap().refused.as_deref(), Some("FF01"));
        assert!(read(refused.replace("FF01", "DU01").as_bytes()).is_err(), "a duplicate is no refusal");
        let both = String::from_utf8(file("R|1|R1|10|P||||\n", 1, Charset::Utf8)).unwrap().replace("|1||", "|1|FF01|");
        assert!(read(both.as_bytes()).is_err());
    }

    #[test]
    fn what_is_not_as_promised_names_its_line() {
        let line = format!("R|000001|R1|10|S|S1||ok|{AT}\n");
        let good = file(&line, 1, Charset::Utf8);
        let digest = sm3_hex(line.as_bytes());
        assert!(read(&good[..]).is_ok());
        let good = String::from_utf8(good).unwrap();
        for (from, to, line) in [
            ("|1||", "|2||", 3),
            ("CNRES2", "CNRES1", 1),
            ("|UTF-8", "|BIG5", 1),
            ("0a0a", "0A0A", 1),
            ("|B1|", "||", 1),
            ("|S|", "|F|", 3),
            (digest.as_str(), "00", 3),
            ("T|1|", "T|01|", 3),
            ("T|1|", "X|1|", 3),
            ("\nT|", "\n\nT|", 3),
        ] {
            let altered = good.replacen(from, to, 1);
            assert_ne!(altered, good, "{from}");
            assert_eq!(read(altered.as_bytes()).unwrap_err().line, line, "{from} -> {to}");
        }
        for length in 0..good.len() {
            assert!(read(&good.as_bytes()[..length]).is_err(), "{length}");
        }
        assert_eq!(read(format!("{good}\n").as_bytes()).unwrap_err().line, 4);
        assert_eq!(read(good.replace('\n', "\r\n").as_bytes()).unwrap_err().line, 1);
    }

    #[test]
    fn amounts_that_are_none_end_the_file_at_their_line() {
        for amount in [
            "12..34",
            "1e3",
            "0.005",
            "-1",
            "+1",
            "1,234.00",
            "0",
            "00",
            "01",
            "USD",
            "100000000000000000",
            "",
            " 1",
            "１２",
            "1_0",
            "0x10",
            "1.00",
            "NaN",
            "９",
        ] {
            let details = format!("R|1|R0|7|P||||\nR|2|R1|{amount}|P||||\n");
            let judged = read(&file(&details, 2, Charset::Utf8)[..]);
            assert_eq!(judged.unwrap_err(), Unreadable { line: 3, what: "the amount is not whole fen" }, "{amount}");
        }
    }

    #[test]
    fn fields_of_another_form_end_the_file() {
        for line in [
            format!("R|0|R1|10|S|S1||ok|{AT}"),
            format!("R||R1|10|S|S1||ok|{AT}"),
            format!("R|1||10|S|S1||ok|{AT}"),
            format!("R|1|R 1|10|S|S1||ok|{AT}"),
            format!("R|1|R1|10|S|S 1||ok|{AT}"),
            "R|1|R1|10|S|S1||ok|".into(),
            "R|1|R1|10|S|S1||ok|2026-11-23".into(),
            format!("R|1|R1|10|S|S1||ok|more|{AT}"),
            "D|1".into(),
        ] {
            assert_eq!(read(&file(&format!("{line}\n"), 1, Charset::Utf8)[..]).unwrap_err().line, 2, "{line}");
        }
    }
}
