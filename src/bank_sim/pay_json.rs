//! Reads the order of a customer that calls the bank directly, the way a bank does: every total is checked before anything is done.

use serde::Deserialize;

use super::pay_file::{BAD_COUNT, BAD_CURRENCY, BAD_FORMAT, BAD_SUM, FileFault, PayFile, Payment, card_key};
use crate::kernel::money::Fen;
use crate::kernel::people::is_card_number;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    batch_ref: String,
    #[serde(rename = "corp_id")]
    _corp_id: String,
    debit_account: String,
    #[serde(rename = "value_date")]
    _value_date: String,
    currency: String,
    count: usize,
    total_fen: i64,
    #[serde(rename = "made_at")]
    _made_at: String,
    payments: Vec<Item>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    bank_ref: String,
    card_number: String,
    name: String,
    amount_fen: i64,
    #[serde(rename = "purpose")]
    _purpose: String,
    #[serde(rename = "remark")]
    _remark: String,
}

/// Reads an order in JSON.
pub(super) fn read(bytes: &[u8]) -> Result<PayFile, FileFault> {
    let order: Order = serde_json::from_slice(bytes).map_err(|_| BAD_FORMAT)?;
    if order.currency != "CNY" {
        return Err(BAD_CURRENCY);
    }
    if !is_reference(&order.batch_ref) {
        return Err(BAD_FORMAT);
    }
    let payments =
        order.payments.into_iter().zip(1..).map(|(item, seq)| payment(item, seq)).collect::<Result<Vec<_>, _>>()?;
    if order.count != payments.len() {
        return Err(BAD_COUNT);
    }
    let sum = Fen::sum(payments.iter().map(|payment| payment.amount_fen)).map_err(|_| BAD_SUM)?;
    if order.total_fen != sum.get() {
        return Err(BAD_SUM);
    }
    Ok(PayFile { batch_ref: order.batch_ref, account: order.debit_account, payments })
}

fn payment(item: Item, seq: u32) -> Result<Payment, FileFault> {
    let tail = item.card_number.len().checked_sub(4).and_then(|from| item.card_number.get(from..)).ok_or(BAD_FORMAT)?;
    if !is_reference(&item.bank_ref) || item.name.is_empty() || item.amount_fen <= 0 {
        return Err(BAD_FORMAT);
    }
    Ok(Payment {
        seq,
        bank_ref: item.bank_ref,
        amount_fen: Fen::new(item.amount_fen),
        card_key: card_key(&item.card_number),
        card_tail: tail.to_owned(),
        card_is_valid: is_card_number(&item.card_number),
    })
}

fn is_reference(text: &str) -> bool {
    (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(currency: &str, count: &str, total: &str, amount: &str) -> String {
        format!(
            r#"{{"batch_ref":"B1","corp_id":"C","debit_account":"ACC","value_date":"2026-11-23","currency":"{currency}","count":{count},"total_fen":{total},"made_at":"x","payments":[{{"bank_ref":"REF1","card_number":"4111111111111111","name":"王芳","amount_fen":{amount},"purpose":"INSC","remark":"x"}}]}}"#
        )
    }

    #[test]
    fn an_order_that_adds_up_is_read() {
        let read = read(order("CNY", "1", "134000", "134000").as_bytes()).unwrap();
        assert_eq!((read.batch_ref.as_str(), read.account.as_str()), ("B1", "ACC"));
        let payment = &read.payments[0];
        assert_eq!((payment.seq, payment.amount_fen, payment.card_tail.as_str()), (1, Fen::new(134_000), "1111"));
        assert!(payment.card_is_valid);
    }

    #[test]
    fn an_order_that_does_not_add_up_is_refused_with_its_reason() {
        assert_eq!(read(order("CNY", "2", "1", "1").as_bytes()), Err(BAD_COUNT));
        assert_eq!(read(order("CNY", "1", "2", "1").as_bytes()), Err(BAD_SUM));
        assert_eq!(read(order("USD", "1", "1", "1").as_bytes()), Err(BAD_CURRENCY));
        for amount in ["0", "-1", "1e3", "1.00", "\"1\"", "null"] {
            assert_eq!(read(order("CNY", "1", "1", amount).as_bytes()), Err(BAD_FORMAT), "{amount}");
        }
        let more = order("CNY", "1", "1", "1").replace("\"corp_id\"", "\"more\":1,\"corp_id\"");
        assert_eq!(read(more.as_bytes()), Err(BAD_FORMAT));
        assert_eq!(read(b""), Err(BAD_FORMAT));
    }
}
