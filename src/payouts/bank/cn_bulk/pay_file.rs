//! Writes the payment file of 5.8: header, one line for each order, trailer, every total twice.

use super::charset::{Charset, NameWriter, is_everyday, is_unwritable};
use crate::gm::sm3_hex;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::payouts::bank::flat::{is_reference, one_dot};
use crate::payouts::bank::{Batch, Line, RenderError};

/// The purpose code of an insurance payment.
const PURPOSE: &str = "INSC";
/// Longest reference of a batch or an order, in bytes.
const MAX_REFERENCE_BYTES: usize = 30;
/// Shortest and longest card number, in digits.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// What the bank lets a file hold.
#[derive(Clone, Debug)]
pub struct FileLimits {
    /// The encoding of the file.
    pub charset: Charset,
    /// Most orders in one file.
    pub max_lines: usize,
    /// Longest account name, in bytes of the encoding.
    pub max_name_bytes: usize,
    /// Most that one order may pay.
    pub max_amount_fen: Fen,
    /// Most that one file may pay.
    pub max_total_fen: Fen,
    /// What the member reads on the card's own statement.
    pub remark: String,
}

/// Longest remark, in bytes of the encoding: the strictest figure that banks publish.
pub const MAX_REMARK_BYTES: usize = 42;

/// Whether `remark` can stand in a file of `charset`.
#[must_use]
pub fn is_remark(remark: &str, charset: Charset) -> bool {
    field(remark, charset, MAX_REMARK_BYTES).is_some()
}

/// The bytes of `batch`.
///
/// # Errors
/// [`RenderError`]: a name that is too long in bytes, or has a character that cannot be written, holds its order; nothing is cut.
pub fn write(batch: &Batch, limits: &FileLimits) -> Result<Vec<u8>, RenderError> {
    if batch.lines.is_empty() || batch.lines.len() > limits.max_lines {
        return Err(RenderError::Count);
    }
    for reference in [&batch.batch_ref, &batch.corp_id, &batch.debit_account] {
        if !is_reference(reference) || reference.len() > MAX_REFERENCE_BYTES {
            return Err(RenderError::Reference(0));
        }
    }
    let charset = limits.charset;
    let remark = field(&limits.remark, charset, MAX_REMARK_BYTES).ok_or(RenderError::Reference(0))?;
    let count = batch.lines.len();
    let total = Fen::sum(batch.lines.iter().map(|line| line.amount_fen)).ok();
    let total = total.filter(|total| *total <= limits.max_total_fen);
    let header = format!(
        "H|CNPAY1|{}|{}|{}|{}|CNY|{count}|{}|{}|{}\n",
        batch.batch_ref,
        batch.corp_id,
        batch.debit_account,
        iso_date::text(batch.value_date).replace('-', ""),
        total.unwrap_or_default().get(),
        batch.made_at,
        charset.word()
    );
    let mut file = Vec::with_capacity(header.len() + count * 128);
    file.extend_from_slice(header.as_bytes());
    let mut names = charset.name_writer();
    for (line, number) in batch.lines.iter().zip(1..) {
        write_line(&mut file, line, number, &remark, &mut names, limits)?;
    }
    // An order that cannot stand in the file is told before a sum that is too large for it.
    let total = total.ok_or(RenderError::Amount(count))?.get();
    let digest = sm3_hex(file.get(header.len()..).unwrap_or_default());
    file.extend_from_slice(format!("T|{count}|{total}|{digest}\n").as_bytes());
    Ok(file)
}

/// The name of the file of a batch, without its ending: `PAY_{corp}_{yyyymmdd}_{batch_ref}`.
#[must_use]
pub fn file_name(corp_id: &str, value_date: time::Date, batch_ref: &str) -> String {
    format!("PAY_{corp_id}_{}_{batch_ref}", iso_date::text(value_date).replace('-', ""))
}

/// The name, with its ending, of the file that `bytes` are, when they are the payment file of `batch_ref`.
#[must_use]
pub fn name_of(bytes: &[u8], batch_ref: &str) -> Option<String> {
    let header = bytes.split(|byte| *byte == b'\n').next()?;
    let fields: Vec<&str> = std::str::from_utf8(header).ok()?.split('|').collect();
    let ["H", "CNPAY1", named, corp_id, _, day, ..] = fields[..] else { return None };
    let day = iso_date::parse_compact(day)?;
    (named == batch_ref && is_reference(corp_id)).then(|| format!("{}.txt", file_name(corp_id, day, batch_ref)))
}

fn write_line(
    out: &mut Vec<u8>,
    line: &Line,
    number: usize,
    remark: &[u8],
    names: &mut NameWriter,
    limits: &FileLimits,
) -> Result<(), RenderError> {
    if !line.amount_fen.is_positive() || line.amount_fen > limits.max_amount_fen {
        return Err(RenderError::Amount(number));
    }
    let card = line.card_number.reveal();
    let is_card = CARD_DIGITS.contains(&card.len()) && card.bytes().all(|byte| byte.is_ascii_digit());
    if !is_reference(&line.bank_ref) || line.bank_ref.len() > MAX_REFERENCE_BYTES || !is_card {
        return Err(RenderError::Reference(number));
    }
    let mut digits = itoa::Buffer::new();
    let number_text = digits.format(number).as_bytes();
    out.extend_from_slice(b"D|");
    out.extend_from_slice(b"000000".get(number_text.len()..).unwrap_or_default());
    for part in [number_text, b"|", line.bank_ref.as_bytes(), b"|", card.as_bytes(), b"|"] {
        out.extend_from_slice(part);
    }
    let start = out.len();
    let name = line.holder_name.reveal();
    let is_whole = if is_everyday(name) {
        names.write(name, out)
    } else {
        let name = field(&one_dot(name), limits.charset, limits.max_name_bytes);
        name.map(|name| out.extend(name)).is_some()
    };
    if !is_whole || out.len() - start > limits.max_name_bytes {
        return Err(RenderError::Name(number));
    }
    let amount_text = digits.format(line.amount_fen.get()).as_bytes();
    for part in [&b"||"[..], amount_text, b"|", PURPOSE.as_bytes(), b"|", remark, b"\n"] {
        out.extend_from_slice(part);
    }
    Ok(())
}

/// The bytes of a field that people read: no blank at either end, nothing invisible, at most `max_bytes` in the file's encoding.
fn field(text: &str, charset: Charset, max_bytes: usize) -> Option<Vec<u8>> {
    let plain = !text.is_empty() && text.trim() == text && !text.chars().any(is_unwritable);
    plain.then(|| charset.encode(text))?.filter(|bytes| bytes.len() <= max_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Moment;
    use crate::kernel::secret::Secret;
    use crate::payouts::bank::flat::read;
    use time::macros::date;

    fn limits(charset: Charset) -> FileLimits {
        FileLimits {
            charset,
            max_lines: 3,
            max_name_bytes: 60,
            max_amount_fen: Fen::new(5_000_000),
            max_total_fen: Fen::new(9_000_000),
            remark: "互助保障金".into(),
        }
    }

    fn line(name: &str, fen: i64) -> Line {
        Line {
            bank_ref: "REF1".into(),
            card_number: Secret::new("6222020000000001".into()),
            holder_name: Secret::new(name.into()),
            amount_fen: Fen::new(fen),
        }
    }

    fn batch(lines: Vec<Line>) -> Batch {
        Batch {
            batch_ref: "B1".into(),
            corp_id: "CORP1".into(),
            debit_account: "6222020000001".into(),
            value_date: date!(2026 - 11 - 23),
            made_at: Moment::from_ms(1_795_400_000_000),
            lines,
        }
    }

    #[test]
    fn a_file_knows_its_own_name() {
        let bytes = write(&batch(vec![line("王芳", 1)]), &limits(Charset::Gb18030)).unwrap();
        let name = name_of(&bytes, &batch(vec![]).batch_ref).unwrap();
        let made = batch(vec![]);
        assert_eq!(name, format!("{}.txt", file_name(&made.corp_id, made.value_date, &made.batch_ref)));
        assert_eq!(name_of(&bytes, "ANOTHER"), None);
        for other in [&b""[..], b"H|CNPAY1|B1", b"H|CNRES2|B1|C|A|20261123|", b"H|CNPAY1|B1|../C|A|20261123|"] {
            assert_eq!(name_of(other, "B1"), None);
        }
    }

    #[test]
    fn a_file_has_every_total_twice_and_the_digest_of_its_bytes() {
        let made = batch(vec![line("䶮芳", 134_000), line("阿依古丽•买买提", 5)]);
        let bytes = write(&made, &limits(Charset::Gb18030)).unwrap();
        assert_eq!(bytes, write(&made, &limits(Charset::Gb18030)).unwrap());
        let text = Charset::Gb18030.decode(&bytes).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        assert!(lines[0].starts_with("H|CNPAY1|B1|CORP1|6222020000001|20261123|CNY|2|134005|2026-"), "{text}");
        assert!(lines[0].ends_with("+08:00|GB18030\n"), "{text}");
        assert_eq!(lines[1], "D|000001|REF1|6222020000000001|䶮芳||134000|INSC|互助保障金\n");
        assert_eq!(lines[2], "D|000002|REF1|6222020000000001|阿依古丽·买买提||5|INSC|互助保障金\n");
        let details = Charset::Gb18030.encode(&lines[1..3].concat()).unwrap();
        assert_eq!(lines[3], format!("T|2|134005|{}\n", sm3_hex(&details)));
        let utf8 = String::from_utf8(write(&made, &limits(Charset::Utf8)).unwrap()).unwrap();
        assert!(utf8.contains("|UTF-8\n") && utf8.contains("|䶮芳|"));
        let reference = "REF1".to_owned();
        let expected = Some(vec![(reference.clone(), Fen::new(134_000)), (reference, Fen::new(5))]);
        assert_eq!((read(&bytes), read(utf8.as_bytes())), (expected.clone(), expected));
        for other in ["", "\n", "H|CNPAY1|B1|BIG5\nT|0|0|\n", "H|CNPAY1|UTF-8\nD|1\nT|0|0|\n", "H|CNPAY1|UTF-8\n"] {
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_second_byte_that_looks_like_the_sign_between_fields_is_none() {
        // 倈 is 82 7C in GB18030.
        let bytes = write(&batch(vec![line("倈", 7)]), &limits(Charset::Gb18030)).unwrap();
        assert!(bytes.windows(2).any(|pair| pair == [0x82, 0x7c]));
        assert_eq!(read(&bytes), Some(vec![("REF1".to_owned(), Fen::new(7))]));
    }

    #[test]
    fn names_are_counted_in_bytes_of_the_file() {
        let judge = |name: &str, charset| write(&batch(vec![line(name, 1)]), &limits(charset)).map(|_| ());
        let held = Err(RenderError::Name(1));
        // 30 characters are 60 bytes; 31 and a letter are 63.
        assert_eq!(judge(&"长".repeat(30), Charset::Gb18030), Ok(()));
        assert_eq!(judge(&format!("{}a", "长".repeat(31)), Charset::Gb18030), held);
        assert_eq!(judge(&"长".repeat(20), Charset::Utf8), Ok(()));
        assert_eq!(judge(&"长".repeat(21), Charset::Utf8), held);
        // Rare characters of four bytes.
        assert_eq!(judge(&"𠮷".repeat(15), Charset::Gb18030), Ok(()));
        assert_eq!(judge(&"𠮷".repeat(16), Charset::Gb18030), held);
        // Blanks within and full-width letters are the name's own.
        for name in ["MICHAEL SMITH", "Ａｂ　王", "王　芳", "O'Neil-王"] {
            assert_eq!(judge(name, Charset::Gb18030), Ok(()), "{name}");
        }
        for name in [
            "",
            " 王",
            "王\u{3000}",
            "王|芳",
            "王\n芳",
            "王\u{200b}芳",
            "王\u{e863}",
            "王\u{e5e5}",
            "王\u{fffd}",
            "\u{202e}王",
        ] {
            assert_eq!(judge(name, Charset::Gb18030), held, "{name:?}");
            assert_eq!(judge(name, Charset::Utf8), held, "{name:?}");
        }
    }

    #[test]
    fn what_the_file_cannot_carry_is_an_error() {
        let write = |lines| write(&batch(lines), &limits(Charset::Gb18030)).map(|_| ());
        assert_eq!(write(vec![]), Err(RenderError::Count));
        assert_eq!(write(vec![line("a", 1), line("a", 1), line("a", 1), line("a", 1)]), Err(RenderError::Count));
        for amount in [0, -1, 5_000_001, i64::MAX] {
            assert_eq!(write(vec![line("a", 1), line("a", amount)]), Err(RenderError::Amount(2)), "{amount}");
        }
        assert_eq!(write(vec![line("a", 5_000_000), line("a", 4_000_001)]), Err(RenderError::Amount(2)));
        // Who is to be held is said before the sum is.
        assert_eq!(write(vec![line("王 ", 5_000_000), line("a", 4_000_001)]), Err(RenderError::Name(1)));
        assert_eq!(write(vec![line("a", 5_000_000), line("a", 4_000_000)]), Ok(()));
        for card in ["6222 0200", "", "62220200000000011111", "6222A20000000001", "６２２２０２００００００"]
        {
            let mut odd = line("a", 1);
            odd.card_number = Secret::new(card.into());
            assert_eq!(write(vec![odd]), Err(RenderError::Reference(1)), "{card}");
        }
        let mut long = line("a", 1);
        long.bank_ref = "R".repeat(31);
        assert_eq!(write(vec![long]), Err(RenderError::Reference(1)));
        assert!(is_remark("互助保障金", Charset::Gb18030) && !is_remark(&"长".repeat(22), Charset::Gb18030));
        assert_eq!(file_name("CORP1", date!(2026 - 01 - 02), "B1"), "PAY_CORP1_20260102_B1");
    }
}
