//! Reads what the bank says of a batch or of an order. Banks add fields, so those that we don't know are passed over; those that we know must
//! be as they are agreed, or nothing of the answer counts. Pure.

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::object::Object;
use crate::kernel::money::Fen;
use crate::payouts::bank::result_file::is_duplicate;
use crate::payouts::bank::{BankFact, Heard, Named, Status, Unreadable};

/// Largest answer that is looked into: results of 3,000 orders fit ten times over.
const LIMIT_BYTES: usize = 8 * 1024 * 1024;
/// Most fen of one payment: sixteen digits, as in the flat files.
const MAX_FEN: i64 = 9_999_999_999_999_999;

#[derive(Deserialize)]
struct OfBatch {
    batch_ref: String,
    sha256: String,
    #[serde(default)]
    refused_code: Option<String>,
    #[serde(default)]
    results: Option<Vec<Object<OfOrder>>>,
}

#[derive(Deserialize)]
struct OfOrder {
    bank_ref: String,
    amount_fen: i64,
    status: String,
    #[serde(default)]
    bank_serial: Option<String>,
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    posted_at: Option<String>,
}

/// What the bank says of a whole batch; an order that is not named stays as it is.
pub(super) fn of_batch(bytes: &[u8]) -> Result<Heard, Unreadable> {
    let bad = |what| Err(Unreadable { line: 1, what });
    let Object(OfBatch { batch_ref, sha256, refused_code, results }) = read(bytes)?;
    if !is_mark(&batch_ref) || sha256.len() != 64 || !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return bad("the batch or its digest is not written as agreed");
    }
    let refused = refused_code.filter(|code| !code.is_empty());
    let results = results.unwrap_or_default();
    match &refused {
        // An earlier copy exists: that is never a refusal.
        Some(code) if is_duplicate(code) || code.starts_with("DU") => return bad("a duplicate is no refusal"),
        Some(code) if !is_code(code) => return bad("the code is not written as agreed"),
        Some(_) if !results.is_empty() => return bad("a batch that is refused has results"),
        _ => {}
    }
    let mut heard = Heard { refused, ..Heard::default() };
    for (Object(result), number) in results.into_iter().zip(1..) {
        take(result, number, &mut heard)?;
    }
    heard.batch = Some(Named { batch_ref, sha256: sha256.to_ascii_lowercase() });
    Ok(heard)
}

/// What the bank says of one order.
pub(super) fn of_order(bytes: &[u8]) -> Result<Heard, Unreadable> {
    let mut heard = Heard::default();
    let Object(result) = read(bytes)?;
    take(result, 1, &mut heard)?;
    Ok(heard)
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Unreadable> {
    if bytes.len() > LIMIT_BYTES {
        return Err(Unreadable { line: 0, what: "the answer is too large" });
    }
    serde_json::from_slice(bytes).map_err(|error| Unreadable {
        line: error.line(),
        what: if error.is_data() { "a field is missing, twice or of another type" } else { "not JSON" },
    })
}

fn take(result: OfOrder, number: usize, heard: &mut Heard) -> Result<(), Unreadable> {
    let bad = |what| Unreadable { line: number, what };
    let OfOrder { bank_ref, amount_fen, status, bank_serial, code, posted_at } = result;
    let (bank_serial, code) = (bank_serial.unwrap_or_default(), code.unwrap_or_default());
    if !is_mark(&bank_ref) || !(bank_serial.is_empty() || is_mark(&bank_serial)) {
        return Err(bad("a reference or serial number is not written as agreed"));
    }
    if !(code.is_empty() || is_code(&code)) {
        return Err(bad("the code is not written as agreed"));
    }
    if !(1..=MAX_FEN).contains(&amount_fen) {
        return Err(bad("the amount is not whole fen"));
    }
    let posted_at = match posted_at.as_deref() {
        None | Some("") => None,
        Some(text) => Some(OffsetDateTime::parse(text, &Rfc3339).map_err(|_| bad("the time is not RFC 3339"))?.into()),
    };
    let class = match status.as_str() {
        "S" => Status::Paid,
        "F" if is_duplicate(&code) || code.starts_with("DU") => Status::Duplicate,
        "F" => Status::Rejected,
        "P" => Status::Pending,
        _ => {
            heard.odd_lines.push(number);
            Status::Pending
        }
    };
    if posted_at.is_none() && matches!(class, Status::Paid | Status::Rejected) {
        return Err(bad("a final result without its time"));
    }
    heard.facts.push(BankFact {
        bank_ref,
        amount_fen: Fen::new(amount_fen),
        status: class,
        reason_code: code,
        bank_serial,
        posted_at,
    });
    Ok(())
}

/// A reference or serial number: 1 to 64 signs of ASCII without blanks.
pub(super) fn is_mark(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A reason code: 1 to 16 letters, digits, `-` or `_`. Anything else may be words about a person.
pub(super) fn is_code(text: &str) -> bool {
    (1..=16).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "fcfd435c429af8f41446d08f66c6d4cea54e177b3f2e7df5bdd896bef5877976";

    fn batch(rest: &str) -> Result<Heard, Unreadable> {
        of_batch(format!(r#"{{"batch_ref":"B1","sha256":"{HASH}"{rest}}}"#).as_bytes())
    }

    fn classes(results: &str) -> Result<Vec<Status>, Unreadable> {
        batch(&format!(r#","results":[{results}]"#)).map(|heard| heard.facts.iter().map(|fact| fact.status).collect())
    }

    #[test]
    fn each_word_has_its_class_and_an_unknown_one_is_in_progress_and_named() {
        let at = r#","posted_at":"2026-11-23T10:00:00.000+08:00"}"#;
        let results = format!(
            r#"{{"bank_ref":"R1","amount_fen":10,"status":"S","bank_serial":"S1"{at},
               {{"bank_ref":"R2","amount_fen":10,"status":"F","code":"AC04"{at},
               {{"bank_ref":"R3","amount_fen":10,"status":"F","code":"DU04"}},
               {{"bank_ref":"R4","amount_fen":10,"status":"F","code":"AM05"}},
               {{"bank_ref":"R5","amount_fen":10,"status":"P","text":"处理中","posted_at":null,"branch":{{"no":[1,2.5]}}}},
               {{"bank_ref":"R6","amount_fen":10,"status":"s","bank_serial":"","code":"","posted_at":""}}"#
        );
        let heard = batch(&format!(r#","state":"FINISHED","results":[{results}]"#)).unwrap();
        let found: Vec<Status> = heard.facts.iter().map(|fact| fact.status).collect();
        use Status as S;
        assert_eq!(found, [S::Paid, S::Rejected, S::Duplicate, S::Duplicate, S::Pending, S::Pending]);
        assert_eq!(heard.odd_lines, [6]);
        assert_eq!(heard.batch, Some(Named { batch_ref: "B1".into(), sha256: HASH.into() }));
        assert_eq!((heard.facts[0].bank_serial.as_str(), heard.facts[1].reason_code.as_str()), ("S1", "AC04"));
        let one = of_order(br#"{"bank_ref":"R1","amount_fen":10,"status":"P"}"#).unwrap();
        assert_eq!((one.batch, one.facts.len(), one.facts[0].status), (None, 1, S::Pending));
    }

    #[test]
    fn a_batch_without_results_says_nothing_and_one_that_is_refused_has_none() {
        for rest in ["", r#","results":null"#, r#","results":[]"#, r#","refused_code":"""#, r#","refused_code":null"#] {
            let heard = batch(rest).unwrap();
            assert_eq!((heard.refused, heard.facts.len()), (None, 0), "{rest}");
        }
        assert_eq!(batch(r#","refused_code":"FF01""#).unwrap().refused.as_deref(), Some("FF01"));
        let result = r#","results":[{"bank_ref":"R1","amount_fen":1,"status":"P"}]"#;
        assert!(batch(&format!(r#","refused_code":"FF01"{result}"#)).is_err());
        for code in ["DU01", "AM05", "DUPL", "DU", "王芳", "a b", "12345678901234567"] {
            assert!(batch(&format!(r#","refused_code":"{code}""#)).is_err(), "{code}");
        }
        assert_eq!(
            of_batch(&format!(r#"{{"batch_ref":"B1","sha256":"{}"}}"#, HASH.to_uppercase()).into_bytes()),
            batch("")
        );
    }

    #[test]
    fn amounts_are_whole_fen_or_nothing_counts() {
        let with = |amount: &str| {
            classes(&format!(
                r#"{{"bank_ref":"R1","amount_fen":1,"status":"P"}},{{"bank_ref":"R2","amount_fen":{amount},"status":"P"}}"#
            ))
        };
        for amount in ["1", "9999999999999999"] {
            assert_eq!(with(amount), Ok(vec![Status::Pending; 2]), "{amount}");
        }
        for amount in [
            "0",
            "-1",
            "-0",
            "+1",
            "01",
            "1.0",
            "1.00",
            "0.005",
            "1e3",
            "1E3",
            "1,234",
            "\"1\"",
            "null",
            "true",
            "[1]",
            "10000000000000000",
            "100000000000000000",
            "99999999999999999999",
            "12..34",
            "",
        ] {
            assert!(with(amount).is_err(), "{amount}");
        }
    }

    #[test]
    fn what_is_not_written_as_agreed_is_refused_whole() {
        let at = r#""posted_at":"2026-11-23T10:00:00+08:00""#;
        for result in [
            r#"{"bank_ref":"R1","amount_fen":1,"status":"S"}"#.to_owned(),
            r#"{"bank_ref":"R1","amount_fen":1,"status":"F","code":"AC04","posted_at":""}"#.to_owned(),
            r#"{"bank_ref":"R1","amount_fen":1,"status":"S","posted_at":"23.11.2026"}"#.to_owned(),
            r#"{"bank_ref":"R1","amount_fen":1,"status":"S","posted_at":1795400000}"#.to_owned(),
            format!(r#"{{"bank_ref":"","amount_fen":1,"status":"S",{at}}}"#),
            format!(r#"{{"bank_ref":"R 1","amount_fen":1,"status":"S",{at}}}"#),
            format!(r#"{{"bank_ref":"R1","amount_fen":1,"status":"F","code":"账户已销户",{at}}}"#),
            format!(r#"{{"bank_ref":"R1","amount_fen":1,"status":"S","bank_serial":"{}",{at}}}"#, "S".repeat(65)),
            format!(r#"{{"bank_ref":"R1","bank_ref":"R2","amount_fen":1,"status":"S",{at}}}"#),
            format!(r#"{{"bank_ref":"R1","amount_fen":1,{at}}}"#),
            r#"["R1",1,"P","","",""]"#.to_owned(),
        ] {
            assert!(classes(&result).is_err(), "{result}");
        }
        for text in ["", "null", "[]", "{}", "\u{feff}{}", "{\"batch_ref\":\"B1\"", "H|CNRES1|B1|aa|0|\n"] {
            assert!(of_batch(text.as_bytes()).is_err() && of_order(text.as_bytes()).is_err(), "{text}");
        }
        assert!(of_batch(br#"{"batch_ref":"B1","sha256":"aa"}"#).is_err());
        let deep = format!(r#","more":{}{}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(batch(&deep).map(|heard| heard.facts.len()), Ok(0));
        assert!(of_batch(format!(r#"["B1","{HASH}"]"#).as_bytes()).is_err());
        assert!(of_order(br#"["R1",1,"P"]"#).is_err());
        assert_eq!(of_batch(&vec![b' '; LIMIT_BYTES + 1]).unwrap_err().what, "the answer is too large");
    }
}
