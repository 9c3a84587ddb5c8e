//! Writes the JSON of a batch: one line of UTF-8, the fields always in the same order, amounts in whole fen.

use serde::{Deserialize, Serialize};

use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::payouts::bank::flat::{is_reference, one_dot};
use crate::payouts::bank::{Batch, Capabilities, Line, RenderError};

/// The purpose code of an insurance payment.
const PURPOSE: &str = "INSC";
/// What the member reads on the card's own statement.
const REMARK: &str = "互助保障金";
/// Longest reference that banks take.
const MAX_REFERENCE_BYTES: usize = 30;

#[derive(Serialize)]
struct Order<'a> {
    batch_ref: &'a str,
    corp_id: &'a str,
    debit_account: &'a str,
    value_date: String,
    currency: &'static str,
    count: usize,
    total_fen: i64,
    made_at: String,
    payments: Vec<Payment<'a>>,
}

#[derive(Serialize)]
struct Payment<'a> {
    bank_ref: &'a str,
    card_number: &'a str,
    name: String,
    amount_fen: i64,
    purpose: &'static str,
    remark: &'static str,
}

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
    if batch.batch_ref.len() > MAX_REFERENCE_BYTES {
        return Err(RenderError::Reference(0));
    }
    let payments = batch
        .lines
        .iter()
        .zip(1..)
        .map(|(line, number)| payment(line, number, limits))
        .collect::<Result<Vec<_>, _>>()?;
    let total =
        Fen::sum(batch.lines.iter().map(|line| line.amount_fen)).map_err(|_| RenderError::Amount(batch.lines.len()))?;
    let order = Order {
        batch_ref: &batch.batch_ref,
        corp_id: &batch.corp_id,
        debit_account: &batch.debit_account,
        value_date: iso_date::text(batch.value_date),
        currency: "CNY",
        count: payments.len(),
        total_fen: total.get(),
        made_at: batch.made_at.to_string(),
        payments,
    };
    // Of texts and whole numbers, nothing can't be written.
    serde_json::to_vec(&order).map_err(|_| RenderError::Count)
}

fn payment<'a>(line: &'a Line, number: usize, limits: &Capabilities) -> Result<Payment<'a>, RenderError> {
    if !line.amount_fen.is_positive() {
        return Err(RenderError::Amount(number));
    }
    let card_number = line.card_number.reveal();
    if !is_reference(&line.bank_ref) || line.bank_ref.len() > MAX_REFERENCE_BYTES || !is_reference(card_number) {
        return Err(RenderError::Reference(number));
    }
    let name = one_dot(line.holder_name.reveal());
    if name.is_empty() || name.len() > limits.max_name_bytes || name.chars().any(char::is_control) {
        return Err(RenderError::Name(number));
    }
    Ok(Payment {
        bank_ref: &line.bank_ref,
        card_number,
        name,
        amount_fen: line.amount_fen.get(),
        purpose: PURPOSE,
        remark: REMARK,
    })
}

/// The reference and the amount of each payment, in their order; none when the bytes are no such order, or its count or total is not theirs.
pub(in crate::payouts) fn read(bytes: &[u8]) -> Option<Vec<(String, Fen)>> {
    #[derive(Deserialize)]
    struct Read {
        count: usize,
        total_fen: Fen,
        payments: Vec<ReadPayment>,
    }
    #[derive(Deserialize)]
    struct ReadPayment {
        bank_ref: String,
        amount_fen: Fen,
    }
    let read: Read = serde_json::from_slice(bytes).ok()?;
    let total_fen = Fen::sum(read.payments.iter().map(|payment| payment.amount_fen)).ok()?;
    let agrees = read.count == read.payments.len() && read.total_fen == total_fen;
    agrees.then(|| read.payments.into_iter().map(|payment| (payment.bank_ref, payment.amount_fen)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::clock::Moment;
    use crate::kernel::secret::Secret;
    use time::macros::date;

    fn limits() -> Capabilities {
        Capabilities { max_lines: 2, max_name_bytes: 60, resend_window_secs: None, not_found_gap_secs: 600 }
    }

    fn line(bank_ref: &str, name: &str, fen: i64) -> Line {
        Line {
            bank_ref: bank_ref.into(),
            card_number: Secret::new("4111111111111111".into()),
            holder_name: Secret::new(name.into()),
            amount_fen: Fen::new(fen),
        }
    }

    fn batch(lines: Vec<Line>) -> Batch {
        Batch {
            batch_ref: "B7Q2M4".into(),
            corp_id: "HUZHU1".into(),
            debit_account: "6222020000001".into(),
            value_date: date!(2026 - 11 - 23),
            made_at: Moment::start_of(date!(2026 - 11 - 23)).plus_secs(34_200),
            lines,
        }
    }

    #[test]
    fn the_bytes_are_these_and_no_others() {
        let made = batch(vec![line("3F7K2M9Q", "䶮芳", 134_000), line("8HX4T2WC", "阿依古丽•\"买\\买提", 5)]);
        let bytes = write(&made, &limits()).unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            concat!(
                r#"{"batch_ref":"B7Q2M4","corp_id":"HUZHU1","debit_account":"6222020000001","value_date":"2026-11-23","#,
                r#""currency":"CNY","count":2,"total_fen":134005,"made_at":"2026-11-23T09:30:00.000+08:00","payments":["#,
                r#"{"bank_ref":"3F7K2M9Q","card_number":"4111111111111111","name":"䶮芳","amount_fen":134000,"#,
                r#""purpose":"INSC","remark":"互助保障金"},"#,
                r#"{"bank_ref":"8HX4T2WC","card_number":"4111111111111111","name":"阿依古丽·\"买\\买提","amount_fen":5,"#,
                r#""purpose":"INSC","remark":"互助保障金"}]}"#,
            )
        );
        assert_eq!(write(&made, &limits()).unwrap(), bytes);
        let lines = vec![("3F7K2M9Q".to_owned(), Fen::new(134_000)), ("8HX4T2WC".to_owned(), Fen::new(5))];
        assert_eq!(read(&bytes), Some(lines));
    }

    #[test]
    fn an_order_that_does_not_add_up_is_none() {
        let text = String::from_utf8(write(&batch(vec![line("R1", "a", 7)]), &limits()).unwrap()).unwrap();
        for (from, to) in [("\"count\":1", "\"count\":2"), ("\"total_fen\":7", "\"total_fen\":8"), ("\":7,", "\":7.0,")]
        {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text);
            assert_eq!(read(other.as_bytes()), None, "{other}");
        }
        assert_eq!(read(b"H|CNPAY1|"), None);
    }

    #[test]
    fn what_the_order_cannot_carry_is_an_error_and_never_cut() {
        let mut odd = line("R1", "a", 1);
        odd.card_number = Secret::new("4111 1111".into());
        for (lines, error) in [
            (vec![], RenderError::Count),
            (vec![line("R1", "a", 1), line("R2", "a", 1), line("R3", "a", 1)], RenderError::Count),
            (vec![line("R1", "a", 1), line("R2", "a", 0)], RenderError::Amount(2)),
            (vec![line("R1", "a", i64::MAX), line("R2", "a", 1)], RenderError::Amount(2)),
            (vec![line("R1", &"长".repeat(21), 1)], RenderError::Name(1)),
            (vec![line("R1", "a\u{85}b", 1)], RenderError::Name(1)),
            (vec![line("R1", "", 1)], RenderError::Name(1)),
            (vec![line("r1", "a", 1)], RenderError::Reference(1)),
            (vec![odd], RenderError::Reference(1)),
        ] {
            assert_eq!(write(&batch(lines), &limits()), Err(error));
        }
        let long = Batch { batch_ref: "B".repeat(31), ..batch(vec![line("R1", "a", 1)]) };
        assert_eq!(write(&long, &limits()), Err(RenderError::Reference(0)));
    }
}
