//! What a code on a bill says of the bill, when its text has a form that we know. Pure.
//!
//! The comma form that begins with `01` is the tax invoice's: kind, code, number, amount, day, check code, checksum. No public text says
//! what the code of a fiscal e-bill holds; taken are a comma form and an address that carry its verification key (code, number, check
//! code, day, amount) in the widths that bills print them in: 8 digits, 10 digits, 6 letters or digits. A text is read whole or not at all.

use serde::Serialize;
use time::Date;
use utoipa::ToSchema;

use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;

/// What kind of bill a code speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    /// A medical e-bill of the fiscal platform (医疗收费电子票据).
    FiscalBill,
    /// A tax invoice (发票).
    TaxInvoice,
}

/// A bill by its own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bill {
    /// Which kind.
    #[schema(example = "fiscal_bill")]
    pub kind: BillKind,
    /// Its code (票据代码); a fully digital tax invoice has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 12, pattern = "^[0-9]{8,12}$", example = "11010126")]
    pub code: Option<String>,
    /// Its number (票据号码).
    #[schema(min_length = 8, max_length = 20, pattern = "^[0-9]{8,20}$", example = "0000420117")]
    pub number: String,
    /// Its check code (校验码).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, pattern = "^[0-9A-Za-z]{6,20}$", example = "hz7q2m")]
    pub check_code: Option<String>,
    /// The day it was issued (开票日期).
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-16")]
    pub issued_on: Date,
    /// Its amount (金额); of a tax invoice, without the tax.
    #[schema(example = 3_599_135)]
    pub amount_fen: Fen,
}

/// Reads the text of a code; nothing when it has none of the known forms.
#[must_use]
pub fn read(text: &str) -> Option<Bill> {
    let text = text.trim();
    match text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) {
        Some(address) => from_address(address.split_once('?')?.1),
        None => from_commas(text),
    }
}

fn from_commas(text: &str) -> Option<Bill> {
    match *text.split(',').map(str::trim).collect::<Vec<_>>() {
        ["01", kind, code, number, amount, day, check_code, checksum]
        | ["01", kind, code, number, amount, day, check_code, checksum, ""]
            if digits(kind, 2..=2) && is_word(checksum, 4..=4) =>
        {
            Some(Bill {
                kind: BillKind::TaxInvoice,
                code: optional(code, |code| digits(code, 8..=12))?,
                number: digits(number, 8..=20).then(|| number.to_owned())?,
                check_code: optional(check_code, |code| is_word(code, 6..=20))?,
                issued_on: iso_date::parse_compact(day)?,
                amount_fen: yuan(amount)?,
            })
        }
        [_, code, number, check_code, day, amount] => fiscal(code, number, check_code, date(day)?, yuan(amount)?),
        _ => None,
    }
}

/// The names under which addresses carry the parts.
fn from_address(query: &str) -> Option<Bill> {
    let pairs: Vec<(&str, &str)> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    // Each part once: an address that says two things says nothing.
    let part = |names: [&str; 3]| {
        let mut found = pairs.iter().filter(|(name, _)| names.contains(name)).map(|(_, value)| *value);
        found.next().filter(|_| found.next().is_none())
    };
    fiscal(
        part(["c", "code", "billCode"])?,
        part(["n", "number", "billNo"])?,
        part(["k", "check", "checkCode"])?,
        date(part(["d", "date", "billDate"])?)?,
        yuan(part(["m", "amount", "totalAmount"])?)?,
    )
}

/// The fiscal bill of these parts; nothing when one of the first three has not the width that bills print it in.
pub(super) fn fiscal(code: &str, number: &str, check_code: &str, issued_on: Date, amount_fen: Fen) -> Option<Bill> {
    let sound = digits(code, 8..=8) && digits(number, 10..=10) && is_word(check_code, 6..=6);
    sound.then_some(())?;
    Some(Bill {
        kind: BillKind::FiscalBill,
        code: Some(code.to_owned()),
        number: number.to_owned(),
        check_code: Some(check_code.to_owned()),
        issued_on,
        amount_fen,
    })
}

/// `2026-03-16` or `20260316`.
fn date(day: &str) -> Option<Date> {
    iso_date::parse(day).or_else(|| iso_date::parse_compact(day))
}

/// An empty part is none; one that is there must be sound.
fn optional(text: &str, is_sound: impl FnOnce(&str) -> bool) -> Option<Option<String>> {
    if text.is_empty() {
        return Some(None);
    }
    is_sound(text).then(|| Some(text.to_owned()))
}

fn digits(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str, length: std::ops::RangeInclusive<usize>) -> bool {
    length.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Yuan below a thousand million, with at most two places: `35991.35`, `120`, `0.5`.
fn yuan(text: &str) -> Option<Fen> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
    (digits(whole, 1..=9) && digits(part, 1..=2)).then_some(())?;
    let fen: i64 = format!("{part:0<2}").parse().ok()?;
    Some(Fen::new(whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(fen)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    fn fiscal_bill() -> Bill {
        Bill {
            kind: BillKind::FiscalBill,
            code: Some("11010126".to_owned()),
            number: "0000420117".to_owned(),
            check_code: Some("hz7q2m".to_owned()),
            issued_on: date!(2026 - 10 - 20),
            amount_fen: Fen::new(3_599_135),
        }
    }

    #[test]
    fn the_known_forms_read_whole() {
        for text in [
            "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35",
            " ebill, 11010126 ,0000420117,hz7q2m,20261020,35991.35\n",
            "https://fapiao.example.cn/?c=11010126&n=0000420117&k=hz7q2m&d=20261020&m=35991.35",
            "http://bill.example.cn/check?from=wx&billCode=11010126&billNo=0000420117&checkCode=hz7q2m&billDate=2026-10-20&totalAmount=35991.35",
        ] {
            assert_eq!(read(text), Some(fiscal_bill()), "{text}");
        }
        let invoice = Bill { kind: BillKind::TaxInvoice, check_code: Some("528043".to_owned()), ..fiscal_bill() };
        assert_eq!(read("01,10,11010126,0000420117,35991.35,20261020,528043,A1F0,"), Some(invoice.clone()));
        let digital = Bill { code: None, number: "24112000000012345678".to_owned(), check_code: None, ..invoice };
        assert_eq!(read("01,32,,24112000000012345678,35991.35,20261020,,A1F0"), Some(digital));
    }

    #[test]
    fn an_amount_is_whole_fen_or_nothing() {
        for (text, fen) in [("0", 0), ("120", 12_000), ("0.5", 50), ("0.05", 5), ("999999999.99", 99_999_999_999)] {
            assert_eq!(yuan(text), Some(Fen::new(fen)), "{text}");
        }
        for text in ["", ".", "1.", ".5", "1.234", "-1", "+1", "1,000", "1e3", "１", "1000000000"] {
            assert_eq!(yuan(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_whole_is_nothing() {
        for text in [
            "",
            ",,,,,",
            "微信扫一扫 关注样本医院",
            "PATIENT^000123^456789",
            "https://wx.example.cn/r/123456789",
            "ebill,1101012,0000420117,hz7q2m,2026-10-20,35991.35",
            "ebill,11010126,000042011,hz7q2m,2026-10-20,35991.35",
            "ebill,11010126,0000420117,hz7q2,2026-10-20,35991.35",
            "ebill,11010126,0000420117,hz7q2m,2026-02-30,35991.35",
            "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.355",
            "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35,more",
            "01,10,11010126,0000420117,35991.35,20261320,528043,A1F0,",
            "01,10,1101,0000420117,35991.35,20261020,528043,A1F0,",
            "https://fapiao.example.cn/?c=11010126&c=22020226&n=0000420117&k=hz7q2m&d=20261020&m=35991.35",
            "https://fapiao.example.cn/?c=11010126&n=0000420117&k=hz7q2m&d=20261020",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_reads_without_a_panic(text in "\\PC{0,80}|([0-9a-z]{0,12},){0,10}|https?://\\PC{0,20}\\?([a-zA-Z]{1,9}=[0-9.a-z-]{0,12}&?){0,7}") {
            drop(read(&text));
        }

        #[test]
        fn one_character_less_is_never_another_bill(at in 6_usize..52) {
            let text = "ebill,11010126,0000420117,hz7q2m,2026-10-20,35991.35";
            let cut: String = text.char_indices().filter(|(index, _)| *index != at).map(|(_, c)| c).collect();
            // An amount may be shorter and still be one; the key never.
            if let Some(bill) = read(&cut) {
                prop_assert_eq!(Bill { amount_fen: fiscal_bill().amount_fen, ..bill }, fiscal_bill());
            }
        }
    }
}
