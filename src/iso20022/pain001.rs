//! Writes an order to pay many (pain.001.001.09): pure, the same bytes every time, amounts by whole numbers. Both counts and both control
//! sums always stand in it: some banks check nothing when they are missing.

use std::fmt::Write as _;

use time::Date;

use super::{Fault, Limits, Node, xml};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;

/// The message that is written.
pub const MESSAGE: &str = "pain.001.001.09";
/// Longest of the standard's short texts, in characters.
const MAX_35: usize = 35;
/// Longest account number.
const MAX_34: usize = 34;
/// Longest name.
const MAX_140: usize = 140;
/// The scheme of the twelve-digit numbers of Chinese banks' branches.
const SCHEME: &str = "CNAPS";
/// "Payment of an insurance claim".
const PURPOSE: &str = "INSC";

/// An order to pay many from one account on one day.
#[derive(Clone, Debug)]
pub struct Initiation<'a> {
    /// Name of message and payment information.
    pub reference: &'a str,
    /// When it was made.
    pub made_at: Moment,
    /// The day on which it shall be paid.
    pub requested_on: Date,
    /// Who pays, by name.
    pub debtor_name: &'a str,
    /// Who pays, by the bank's number for it.
    pub debtor_id: &'a str,
    /// From which account.
    pub debtor_account: &'a str,
    /// The bank's number in the scheme [`SCHEME`].
    pub agent: &'a str,
    /// True when the bank may book all in one sum.
    pub batch_booking: bool,
    /// Who is paid, in order.
    pub payments: Vec<Payment<'a>>,
}

/// One payment.
#[derive(Clone, Debug)]
pub struct Payment<'a> {
    /// Its name, from end to end.
    pub reference: &'a str,
    /// How much; more than nothing.
    pub amount_fen: Fen,
    /// Who is paid.
    pub name: &'a str,
    /// On which account.
    pub account: &'a str,
}

/// Why an order can't be written. Names the payment from 1, 0 for the whole; never what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// There is no payment.
    #[error("an order pays at least one")]
    Empty,
    /// An amount is not more than nothing, or the sum does not fit.
    #[error("payment {0}: an amount can't be paid")]
    Amount(usize),
    /// A name is empty, too long, or has a character that XML can't carry.
    #[error("payment {0}: a name can't be written")]
    Name(usize),
    /// A reference or account has another form.
    #[error("payment {0}: a reference or account can't be written")]
    Reference(usize),
}

/// The bytes of an order.
///
/// # Errors
/// [`Unwritable`]: nothing is ever cut or replaced.
pub fn write(order: &Initiation<'_>) -> Result<Vec<u8>, Unwritable> {
    if order.payments.is_empty() {
        return Err(Unwritable::Empty);
    }
    for (text, most) in
        [(order.reference, MAX_35), (order.debtor_id, MAX_35), (order.agent, MAX_35), (order.debtor_account, MAX_34)]
    {
        if !is_reference(text, most) {
            return Err(Unwritable::Reference(0));
        }
    }
    let debtor = escaped(order.debtor_name).ok_or(Unwritable::Name(0))?;
    let mut payments = String::with_capacity(order.payments.len() * 640);
    let mut total = Fen::ZERO;
    for (payment, number) in order.payments.iter().zip(1..) {
        write_payment(&mut payments, payment, number, order.agent)?;
        total = total.checked_add(payment.amount_fen).map_err(|_| Unwritable::Amount(number))?;
    }
    let (count, total) = (order.payments.len(), yuan(total));
    let Initiation { reference, debtor_id, debtor_account, agent, batch_booking, .. } = order;
    let (made_at, day) = (order.made_at, iso_date::text(order.requested_on));
    let mut out = String::with_capacity(payments.len() + 2_048);
    out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:{MESSAGE}\"><CstmrCdtTrfInitn>\
         <GrpHdr><MsgId>{reference}</MsgId><CreDtTm>{made_at}</CreDtTm><NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum>\
         <InitgPty><Nm>{debtor}</Nm><Id><OrgId><Othr><Id>{debtor_id}</Id></Othr></OrgId></Id></InitgPty></GrpHdr>\
         <PmtInf><PmtInfId>{reference}</PmtInfId><PmtMtd>TRF</PmtMtd><BtchBookg>{batch_booking}</BtchBookg>\
         <NbOfTxs>{count}</NbOfTxs><CtrlSum>{total}</CtrlSum><ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt>\
         <Dbtr><Nm>{debtor}</Nm></Dbtr><DbtrAcct><Id><Othr><Id>{debtor_account}</Id></Othr></Id><Ccy>CNY</Ccy></DbtrAcct>\
         <DbtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>{SCHEME}</Cd></ClrSysId><MmbId>{agent}</MmbId></ClrSysMmbId></FinInstnId></DbtrAgt>"
    );
    out.push_str(&payments);
    out.push_str("</PmtInf></CstmrCdtTrfInitn></Document>\n");
    Ok(out.into_bytes())
}

fn write_payment(out: &mut String, payment: &Payment<'_>, number: usize, agent: &str) -> Result<(), Unwritable> {
    if !payment.amount_fen.is_positive() {
        return Err(Unwritable::Amount(number));
    }
    let (reference, account) = (payment.reference, payment.account);
    if !is_reference(reference, MAX_35) || !is_reference(account, MAX_34) {
        return Err(Unwritable::Reference(number));
    }
    let name = escaped(payment.name).ok_or(Unwritable::Name(number))?;
    let _ = writeln!(
        out,
        "<CdtTrfTxInf><PmtId><InstrId>{reference}</InstrId><EndToEndId>{reference}</EndToEndId></PmtId>\
         <Amt><InstdAmt Ccy=\"CNY\">{}</InstdAmt></Amt>\
         <CdtrAgt><FinInstnId><ClrSysMmbId><ClrSysId><Cd>{SCHEME}</Cd></ClrSysId><MmbId>{agent}</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>\
         <Cdtr><Nm>{name}</Nm></Cdtr><CdtrAcct><Id><Othr><Id>{account}</Id></Othr></Id></CdtrAcct>\
         <Purp><Cd>{PURPOSE}</Cd></Purp></CdtTrfTxInf>",
        yuan(payment.amount_fen)
    );
    Ok(())
}

/// Yuan with two decimals, of an amount that is not less than nothing.
fn yuan(amount: Fen) -> String {
    format!("{}.{:02}", amount.get() / 100, amount.get() % 100)
}

fn is_reference(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// A name as it may stand in XML; none for one that is empty, too long, or holds what XML can't carry or nobody is called.
fn escaped(name: &str) -> Option<String> {
    let sound = |c: char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}' | '\u{FFFD}');
    if name.trim() != name || name.is_empty() || name.chars().count() > MAX_140 || !name.chars().all(sound) {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            _ => out.push(c),
        }
    }
    Some(out)
}

/// The reference and the amount of each payment of an order of ours, in their order; none when the bytes are no such order, or its counts or
/// sums are not those of its payments.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<Vec<(String, Fen)>> {
    const PAYMENT: &[&str] = &["CstmrCdtTrfInitn", "PmtInf", "CdtTrfTxInf"];
    const PARTS: &[&[&str]] = &[&["CstmrCdtTrfInitn", "GrpHdr"], PAYMENT, &["CstmrCdtTrfInitn", "PmtInf"]];
    let (mut found, mut announced) = (Vec::new(), Vec::new());
    let parts = |message: &str| (message == MESSAGE).then_some(PARTS);
    xml::read(bytes, &Limits::REPORT, parts, |node: Node| {
        if node.name == "CdtTrfTxInf" {
            let reference = node.owned_at(&["PmtId", "EndToEndId"]).ok_or(Fault::EntryIncomplete)?;
            let amount = node.amount_at(&["Amt", "InstdAmt"])?.ok_or(Fault::Amount)?;
            found.push((reference, Fen::new(amount.hundredths)));
        } else {
            let sum = node.text_at(&["CtrlSum"]).ok_or(Fault::Amount)?;
            announced.push((node.count_at(&["NbOfTxs"])?, super::amount::hundredths(sum)?));
        }
        Ok(())
    })
    .ok()?;
    let total = Fen::sum(found.iter().map(|(_, amount)| *amount)).ok()?.get();
    let count = u64::try_from(found.len()).ok();
    (announced.len() == 2 && announced.iter().all(|said| *said == (count, total))).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn order(payments: Vec<Payment<'static>>) -> Initiation<'static> {
        Initiation {
            reference: "B1",
            made_at: Moment::from_ms(1_795_400_000_000),
            requested_on: date!(2026 - 11 - 23),
            debtor_name: "互助会 & Co",
            debtor_id: "CORP1",
            debtor_account: "6222020000001",
            agent: "313100000013",
            batch_booking: false,
            payments,
        }
    }

    fn payment(name: &'static str, fen: i64) -> Payment<'static> {
        Payment { reference: "REF1", amount_fen: Fen::new(fen), name, account: "4111111111111111" }
    }

    #[test]
    fn an_order_has_the_same_bytes_every_time_with_every_total_twice() {
        let made = order(vec![payment("王芳", 134_000), payment("a<b>&", 5)]);
        let bytes = write(&made).unwrap();
        assert_eq!(bytes, write(&made).unwrap());
        // The file that tests/iso20022/schemas.sh holds against the schema.
        let held = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/iso20022/written/order-09.xml");
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(text, std::fs::read_to_string(held).unwrap());
        assert_eq!(text.matches("<NbOfTxs>2</NbOfTxs><CtrlSum>1340.05</CtrlSum>").count(), 2);
        assert!(text.contains("<InstdAmt Ccy=\"CNY\">1340.00</InstdAmt>") && text.contains(">0.05<"));
        assert!(text.contains("<Nm>a&lt;b&gt;&amp;</Nm>") && text.contains("<Nm>互助会 &amp; Co</Nm>"));
        let reference = || "REF1".to_owned();
        assert_eq!(read(&bytes), Some(vec![(reference(), Fen::new(134_000)), (reference(), Fen::new(5))]));
        for (from, to) in
            [("<NbOfTxs>2<", "<NbOfTxs>3<"), (">1340.05<", ">1340.06<"), (">0.05<", ">0.06<"), (".09", ".08")]
        {
            assert_eq!(read(text.replacen(from, to, 1).as_bytes()), None, "{from}");
        }
        assert_eq!(read(&bytes[..bytes.len() / 2]), None);
    }

    #[test]
    fn what_the_message_cannot_carry_is_an_error_and_never_cut() {
        let long: &'static str = "长".repeat(141).leak();
        for (payments, error) in [
            (vec![], Unwritable::Empty),
            (vec![payment("a", 1), payment("a", 0)], Unwritable::Amount(2)),
            (vec![payment("a", -1)], Unwritable::Amount(1)),
            (vec![payment("a", i64::MAX), payment("a", 1)], Unwritable::Amount(2)),
            (vec![payment(long, 1)], Unwritable::Name(1)),
            (vec![payment("", 1)], Unwritable::Name(1)),
            (vec![payment(" a", 1)], Unwritable::Name(1)),
            (vec![payment("a\u{1}", 1)], Unwritable::Name(1)),
            (vec![payment("a\u{FFFE}", 1)], Unwritable::Name(1)),
            (vec![Payment { account: "4111 1111", ..payment("a", 1) }], Unwritable::Reference(1)),
            (
                vec![Payment { account: "41111111111111111111111111111111111", ..payment("a", 1) }],
                Unwritable::Reference(1),
            ),
            (vec![Payment { reference: "ref", ..payment("a", 1) }], Unwritable::Reference(1)),
        ] {
            assert_eq!(write(&order(payments)), Err(error));
        }
        assert!(write(&order(vec![payment("长".repeat(140).leak(), 1)])).is_ok());
        assert_eq!(write(&Initiation { agent: "", ..order(vec![payment("a", 1)]) }), Err(Unwritable::Reference(0)));
    }
}
