//! Reads result files: `H|CNRES1|…`, `R|…`, `T|…`. An unknown status letter counts as "in progress"; a missing line says nothing.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{BankFact, Heard, Named, Status, Unreadable};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;

/// Reads a whole file; that of a refused batch has no lines.
pub(super) fn read(bytes: &[u8]) -> Result<Heard, Unreadable> {
    let bad = |line, what| Err(Unreadable { line, what });
    let Ok(text) = std::str::from_utf8(bytes) else { return bad(0, "not UTF-8") };
    let Some(text) = text.strip_suffix('\n') else { return bad(0, "the file does not end with a line feed") };
    let lines: Vec<&str> = text.split('\n').collect();
    let [header, details @ .., trailer] = &lines[..] else { return bad(1, "header or trailer is missing") };
    let header: Vec<&str> = header.split('|').collect();
    let ["H", "CNRES1", batch_ref, sha256, count, refused] = header[..] else { return bad(1, "not a result header") };
    if is_duplicate(refused) {
        return bad(1, "a duplicate is no refusal");
    }
    let trailer: Vec<&str> = trailer.split('|').collect();
    let ["T", trailer_count, digest] = trailer[..] else { return bad(lines.len(), "not a result trailer") };
    if count != details.len().to_string() || trailer_count != count {
        return bad(lines.len(), "the number of lines differs from header or trailer");
    }
    let mut hash = Sha256::new();
    for line in details {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    if digest != format!("sha256:{}", hex::encode(hash.finalize())) {
        return bad(lines.len(), "the digest differs");
    }
    let facts = details.iter().zip(2..).map(|(line, number)| read_line(line, number)).collect::<Result<_, _>>()?;
    let batch = Some(Named { batch_ref: batch_ref.to_owned(), sha256: sha256.to_owned() });
    Ok(Heard { batch, refused: (!refused.is_empty()).then(|| refused.to_owned()), facts, ..Heard::default() })
}

/// Reads the line of one order, as an enquiry answers it.
pub(super) fn read_one(bytes: &[u8]) -> Result<Heard, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable { line: 0, what: "not UTF-8" })?;
    let line = text.strip_suffix('\n').ok_or(Unreadable { line: 1, what: "the line does not end" })?;
    if line.contains('\n') {
        return Err(Unreadable { line: 2, what: "more than one line" });
    }
    Ok(Heard { facts: vec![read_line(line, 1)?], ..Heard::default() })
}

fn read_line(line: &str, number: usize) -> Result<BankFact, Unreadable> {
    let bad = |what| Unreadable { line: number, what };
    let fields: Vec<&str> = line.split('|').collect();
    let ["R", _seq, bank_ref, amount, status, serial, code, _text, posted_at] = fields[..] else {
        return Err(bad("not a result line"));
    };
    let amount_fen = fen(amount).ok_or(bad("the amount is not whole fen"))?;
    let posted_at = match posted_at {
        "" => None,
        text => Some(OffsetDateTime::parse(text, &Rfc3339).map_err(|_| bad("the time is not RFC 3339"))?.into()),
    };
    let status = match status {
        "S" => Status::Paid,
        // A duplicate proves that an earlier copy exists: it goes to enquiry, never to "failed, pay again".
        "F" if is_duplicate(code) => Status::Duplicate,
        "F" => Status::Rejected,
        _ => Status::Pending,
    };
    if posted_at.is_none() && matches!(status, Status::Paid | Status::Rejected) {
        return Err(bad("a final result without its time"));
    }
    Ok(BankFact {
        bank_ref: bank_ref.to_owned(),
        amount_fen,
        status,
        reason_code: code.to_owned(),
        bank_serial: serial.to_owned(),
        posted_at: posted_at.map(|at: Moment| at),
    })
}

/// True for a code that says that the bank had it before: proof of an earlier copy, never a refusal.
pub(crate) fn is_duplicate(code: &str) -> bool {
    matches!(code, "AM05" | "DUPL") || (code.starts_with("DU") && code.len() == 4)
}

/// Whole fen above zero: digits only, no sign, comma, blank, exponent or leading zero.
pub(crate) fn fen(text: &str) -> Option<Fen> {
    let plain =
        (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok().map(Fen::new))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(details: &str, count: usize) -> String {
        let digest = hex::encode(Sha256::digest(details.as_bytes()));
        format!("H|CNRES1|B1|aa|{count}|\n{details}T|{count}|sha256:{digest}\n")
    }

    #[test]
    fn each_letter_has_its_class_and_an_unknown_one_is_in_progress() {
        let at = "2026-11-23T10:00:00.000+08:00";
        let details = format!(
            "R|000001|R1|10|S|S1||ok|{at}\nR|000002|R2|10|F||AC04||{at}\nR|000003|R3|10|F||DU04||{at}\nR|000004|R4|10|P||||\nR|000005|R5|10|X||||\n"
        );
        let facts = read(file(&details, 5).as_bytes()).unwrap().facts;
        let classes: Vec<Status> = facts.iter().map(|fact| fact.status).collect();
        assert_eq!(classes, [Status::Paid, Status::Rejected, Status::Duplicate, Status::Pending, Status::Pending]);
        assert_eq!(facts[0].posted_at.map(|at| at.to_string()).as_deref(), Some(at));
        let batch = Some(Named { batch_ref: "B1".into(), sha256: "aa".into() });
        assert_eq!(read(file("", 0).as_bytes()), Ok(Heard { batch, ..Heard::default() }));
    }

    #[test]
    fn a_file_that_does_not_add_up_says_nothing() {
        let line = "R|000001|R1|10|P||||\n";
        assert!(read(file(line, 1).as_bytes()).is_ok());
        assert!(read(file(line, 2).as_bytes()).is_err());
        assert!(read(file(line, 1).replace("|10|", "|11|").as_bytes()).is_err());
        assert!(read(file(line, 1).trim_end().as_bytes()).is_err());
        let refused = |code: &str| read(file("", 0).replace("|0|\n", &format!("|0|{code}\n")).as_bytes());
        assert_eq!(refused("FF01").unwrap().refused.as_deref(), Some("FF01"));
        for code in ["DU01", "DU04", "AM05", "DUPL"] {
            assert!(refused(code).is_err(), "{code}");
        }
        assert!(read(b"").is_err() && read(b"\n").is_err() && read(b"\xff\n").is_err());
        for amount in ["0", "-1", "+1", "1e3", "1.00", "1,2", "", "99999999999999999", "١"] {
            assert_eq!(fen(amount), None, "{amount}");
        }
    }
}
