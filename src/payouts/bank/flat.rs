//! Writes the flat payment file CNPAY1: header, one line for each order, trailer, every total twice. UTF-8.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::cn_bulk::Charset;
use super::{Batch, Capabilities, Line, RenderError};
use crate::kernel::money::Fen;

/// The purpose code of an insurance payment.
const PURPOSE: &str = "INSC";
/// What the member reads on the card's own statement.
const REMARK: &str = "互助保障金";

/// The bytes of `batch`.
pub(super) fn write(batch: &Batch, limits: &Capabilities) -> Result<Vec<u8>, RenderError> {
    if batch.lines.is_empty() || batch.lines.len() > limits.max_lines {
        return Err(RenderError::Count);
    }
    for field in [&batch.batch_ref, &batch.corp_id, &batch.debit_account] {
        if !is_reference(field) {
            return Err(RenderError::Reference(0));
        }
    }
    let mut details = String::with_capacity(batch.lines.len() * 128);
    for (line, number) in batch.lines.iter().zip(1..) {
        write_line(&mut details, line, number, limits)?;
    }
    let total = Fen::sum(batch.lines.iter().map(|line| line.amount_fen))
        .map_err(|_| RenderError::Amount(batch.lines.len()))?
        .get();
    let count = batch.lines.len();
    let date = batch.value_date;
    let mut file = String::with_capacity(details.len() + 256);
    // Writing to a string cannot fail.
    let _ = writeln!(
        file,
        "H|CNPAY1|{}|{}|{}|{:04}{:02}{:02}|CNY|{count}|{total}|{}|UTF-8",
        batch.batch_ref,
        batch.corp_id,
        batch.debit_account,
        date.year(),
        u8::from(date.month()),
        date.day(),
        batch.made_at
    );
    file.push_str(&details);
    let _ = writeln!(file, "T|{count}|{total}|sha256:{}", hex::encode(Sha256::digest(details.as_bytes())));
    Ok(file.into_bytes())
}

/// The reference and the amount of each line, in their order; none when the bytes are no such file.
pub(in crate::payouts) fn read(bytes: &[u8]) -> Option<Vec<(String, Fen)>> {
    let mut lines = bytes.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let header = std::str::from_utf8(lines.next()?).ok().filter(|header| header.starts_with("H|CNPAY1|"))?;
    let charset = Charset::of(header.rsplit('|').next()?)?;
    let mut found = Vec::new();
    for line in lines {
        // A second byte of a character may be that of the sign between fields: characters first, then fields.
        let line = charset.decode(line)?;
        let mut fields = line.split('|');
        match fields.next()? {
            "D" => found.push((fields.nth(1)?.to_owned(), Fen::new(fields.nth(3)?.parse().ok()?))),
            "T" => return Some(found),
            _ => return None,
        }
    }
    None
}

fn write_line(out: &mut String, line: &Line, number: usize, limits: &Capabilities) -> Result<(), RenderError> {
    if !line.amount_fen.is_positive() {
        return Err(RenderError::Amount(number));
    }
    if !is_reference(&line.bank_ref) || line.bank_ref.len() > 30 || !is_reference(line.card_number.reveal()) {
        return Err(RenderError::Reference(number));
    }
    let name = one_dot(line.holder_name.reveal());
    if name.is_empty() || name.len() > limits.max_name_bytes || name.chars().any(|c| c == '|' || c.is_control()) {
        return Err(RenderError::Name(number));
    }
    let _ = writeln!(
        out,
        "D|{number:06}|{}|{}|{name}||{}|{PURPOSE}|{REMARK}",
        line.bank_ref,
        line.card_number.reveal(),
        line.amount_fen.get()
    );
    Ok(())
}

pub(super) fn is_reference(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// The dots that people type in names become the one that the notice of 2016 asks for (U+00B7).
pub(super) fn one_dot(name: &str) -> String {
    name.chars().map(|c| if matches!(c, '•' | '‧' | '・' | '∙' | '．') { '·' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Moment;
    use crate::kernel::secret::Secret;
    use time::macros::date;

    fn limits() -> Capabilities {
        Capabilities { max_lines: 3, max_name_bytes: 60, resend_window_secs: None, not_found_gap_secs: 600 }
    }

    fn line(name: &str, fen: i64) -> Line {
        Line {
            bank_ref: "REF1".into(),
            card_number: Secret::new("4111111111111111".into()),
            holder_name: Secret::new(name.into()),
            amount_fen: Fen::new(fen),
        }
    }

    fn batch(lines: Vec<Line>) -> Batch {
        Batch {
            batch_ref: "B1".into(),
            corp_id: "CORP1".into(),
            debit_account: "ACC1".into(),
            value_date: date!(2026 - 11 - 23),
            made_at: Moment::from_ms(1_795_400_000_000),
            lines,
        }
    }

    #[test]
    fn a_batch_has_the_same_bytes_every_time_with_every_total_twice() {
        let made = batch(vec![line("王芳", 134_000), line("阿依古丽•买买提", 5)]);
        let bytes = write(&made, &limits()).unwrap();
        assert_eq!(bytes, write(&made, &limits()).unwrap());
        let text = String::from_utf8(bytes).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("H|CNPAY1|B1|CORP1|ACC1|20261123|CNY|2|134005|"), "{text}");
        assert_eq!(lines[1], "D|000001|REF1|4111111111111111|王芳||134000|INSC|互助保障金");
        assert!(lines[2].contains("|阿依古丽·买买提|"));
        assert!(lines[3].starts_with("T|2|134005|sha256:"));
        let reference = "REF1".to_owned();
        let read_back = read(text.as_bytes()).unwrap();
        assert_eq!(read_back, [(reference.clone(), Fen::new(134_000)), (reference, Fen::new(5))]);
        for other in ["", "H|CNPAY1|UTF-8\n", "H|OTHER|UTF-8\nT|0|0|\n", "H|CNPAY1|UTF-8\nD|1\nT|0|0|\n"] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_the_file_cannot_carry_is_an_error_and_never_cut() {
        let long = "长".repeat(21);
        for (lines, error) in [
            (vec![], RenderError::Count),
            (vec![line("a", 1), line("a", 1), line("a", 1), line("a", 1)], RenderError::Count),
            (vec![line("a", 1), line("a", 0)], RenderError::Amount(2)),
            (vec![line("a", i64::MAX), line("a", 1)], RenderError::Amount(2)),
            (vec![line(&long, 1)], RenderError::Name(1)),
            (vec![line("a|b", 1)], RenderError::Name(1)),
            (vec![line("a\nb", 1)], RenderError::Name(1)),
            (vec![line("", 1)], RenderError::Name(1)),
        ] {
            assert_eq!(write(&batch(lines), &limits()), Err(error));
        }
        let mut odd = line("a", 1);
        odd.card_number = Secret::new("4111 1111".into());
        assert_eq!(write(&batch(vec![odd]), &limits()), Err(RenderError::Reference(1)));
    }
}
