//! Reads a payment file the way a bank does: every total is checked before anything is done.

use sha2::{Digest, Sha256};

use crate::kernel::money::Fen;

/// A payment file that adds up.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PayFile {
    pub batch_ref: String,
    pub account: String,
    pub payments: Vec<Payment>,
}

/// One line of it. The card number is dropped as soon as it has been hashed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Payment {
    pub seq: u32,
    pub bank_ref: String,
    pub amount_fen: Fen,
    pub card_key: String,
    pub card_tail: String,
    pub card_is_valid: bool,
}

/// Why a whole file is refused: an ISO 20022 reason code.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct FileFault(pub &'static str);

pub(super) const BAD_FORMAT: FileFault = FileFault("FF01");
pub(super) const BAD_SUM: FileFault = FileFault("AM10");
pub(super) const BAD_COUNT: FileFault = FileFault("AM18");
pub(super) const BAD_CURRENCY: FileFault = FileFault("AM11");
const BAD_DIGEST: FileFault = FileFault("DS0B");

/// Reads `H|CNPAY1|…`, `D|…`, `T|…` in UTF-8.
pub(super) fn read(bytes: &[u8]) -> Result<PayFile, FileFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| BAD_FORMAT)?;
    let text = text.strip_suffix('\n').ok_or(BAD_FORMAT)?;
    let mut lines: Vec<&str> = text.split('\n').collect();
    let trailer: Vec<&str> = lines.pop().ok_or(BAD_FORMAT)?.split('|').collect();
    let (header, details) = lines.split_first().ok_or(BAD_FORMAT)?;
    let header: Vec<&str> = header.split('|').collect();
    let ["H", "CNPAY1", batch_ref, _corp, account, _date, currency, count, total, _made_at, "UTF-8"] = header[..]
    else {
        return Err(BAD_FORMAT);
    };
    let ["T", trailer_count, trailer_total, digest] = trailer[..] else { return Err(BAD_FORMAT) };
    if currency != "CNY" {
        return Err(BAD_CURRENCY);
    }
    let payments = details.iter().zip(1..).map(|(line, seq)| payment(line, seq)).collect::<Result<Vec<_>, _>>()?;
    if count != payments.len().to_string() || trailer_count != count {
        return Err(BAD_COUNT);
    }
    let sum = Fen::sum(payments.iter().map(|payment| payment.amount_fen)).map_err(|_| BAD_SUM)?;
    if total != sum.get().to_string() || trailer_total != total {
        return Err(BAD_SUM);
    }
    let mut hash = Sha256::new();
    for line in details {
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    if digest != format!("sha256:{}", hex::encode(hash.finalize())) {
        return Err(BAD_DIGEST);
    }
    Ok(PayFile { batch_ref: batch_ref.to_owned(), account: account.to_owned(), payments })
}

fn payment(line: &str, expected: u32) -> Result<Payment, FileFault> {
    let fields: Vec<&str> = line.split('|').collect();
    let ["D", seq, bank_ref, card, name, _branch, amount, _purpose, _remark] = fields[..] else {
        return Err(BAD_FORMAT);
    };
    let well_formed = seq == format!("{expected:06}")
        && (1..=30).contains(&bank_ref.len())
        && bank_ref.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        && !name.is_empty()
        && !amount.starts_with('0')
        && amount.bytes().all(|byte| byte.is_ascii_digit());
    if !well_formed {
        return Err(BAD_FORMAT);
    }
    let tail_from = card.len().checked_sub(4).ok_or(BAD_FORMAT)?;
    Ok(Payment {
        seq: expected,
        bank_ref: bank_ref.to_owned(),
        amount_fen: Fen::new(amount.parse().map_err(|_| BAD_FORMAT)?),
        card_key: card_key(card),
        card_tail: card.get(tail_from..).ok_or(BAD_FORMAT)?.to_owned(),
        card_is_valid: crate::kernel::people::is_card_number(card),
    })
}

/// The hash under which the simulator knows a card.
pub(super) fn card_key(card: &str) -> String {
    hex::encode(Sha256::digest(format!("bank-sim card {card}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(details: &str, count: usize, total: i64) -> Vec<u8> {
        let digest = hex::encode(Sha256::digest(details.as_bytes()));
        format!(
            "H|CNPAY1|B1|CORP|ACC|20261123|CNY|{count}|{total}|2026-11-23T10:00:00.000+08:00|UTF-8\n{details}T|{count}|{total}|sha256:{digest}\n"
        )
        .into_bytes()
    }

    const LINE: &str = "D|000001|REF1|4111111111111111|王芳||134000|INSC|互助金\n";

    #[test]
    fn a_file_that_adds_up_is_read() {
        let read = read(&file(LINE, 1, 134_000)).unwrap();
        assert_eq!((read.batch_ref.as_str(), read.account.as_str()), ("B1", "ACC"));
        let payment = &read.payments[0];
        assert_eq!((payment.amount_fen, payment.card_tail.as_str()), (Fen::new(134_000), "1111"));
        assert!(payment.card_is_valid);
    }

    #[test]
    fn a_file_that_does_not_add_up_is_refused_with_its_reason() {
        assert_eq!(read(&file(LINE, 2, 134_000)), Err(BAD_COUNT));
        assert_eq!(read(&file(LINE, 1, 134_001)), Err(BAD_SUM));
        let altered = String::from_utf8(file(LINE, 1, 134_000)).unwrap().replace("REF1", "REF2");
        assert_eq!(read(altered.as_bytes()), Err(BAD_DIGEST));
        for amount in ["0", "-1", "1e3", "1.00", "1,234", ""] {
            let line = format!("D|000001|REF1|4111111111111111|王芳||{amount}|INSC|x\n");
            assert_eq!(read(&file(&line, 1, 1)), Err(BAD_FORMAT), "{amount}");
        }
        assert_eq!(read(b""), Err(BAD_FORMAT));
        assert_eq!(read("\u{fffd}".as_bytes()), Err(BAD_FORMAT));
    }
}
