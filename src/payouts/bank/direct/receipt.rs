//! What the answer to a submission proves. Pure, and strict: the bank must use one of three words, with the status that goes with it, about
//! our batch and our bytes. Whatever else comes leaves the batch in doubt.

use serde::Deserialize;

use crate::http_client::Answer;
use crate::payouts::bank::Submitted;
use crate::payouts::bank::direct::object::Object;
use crate::payouts::bank::direct::results::{is_code, is_mark};
use crate::payouts::bank::result_file::is_duplicate;

#[derive(Deserialize)]
struct Receipt {
    outcome: String,
    #[serde(default)]
    batch_ref: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    bank_id: Option<String>,
    #[serde(default)]
    code: Option<String>,
}

/// What `answer` proves about the bytes with `sha256` (hex) of the batch `batch_ref`.
pub(super) fn judge(answer: &Answer, batch_ref: &str, sha256: &str) -> Submitted {
    let in_doubt = |why| Submitted::InDoubt { why };
    let Ok(Object(receipt)) = serde_json::from_slice::<Object<Receipt>>(&answer.body) else {
        return in_doubt("unreadable");
    };
    if receipt.batch_ref.as_deref() != Some(batch_ref) {
        return in_doubt("other_batch");
    }
    let same_bytes = receipt.sha256.as_ref().map(|echoed| echoed.eq_ignore_ascii_case(sha256));
    if same_bytes == Some(false) {
        return in_doubt("hash_differs");
    }
    let code = receipt.code.unwrap_or_default();
    // The bank had it before: proof of an earlier copy, whatever it calls its answer.
    if is_duplicate(&code) || code.starts_with("DU") {
        return in_doubt("duplicate");
    }
    match (answer.status, receipt.outcome.as_str(), same_bytes) {
        (200..=299, "accepted", Some(true)) => {
            let bank_id = receipt.bank_id.unwrap_or_default();
            if bank_id.is_empty() || is_mark(&bank_id) {
                Submitted::Accepted { bank_id }
            } else {
                in_doubt("unreadable")
            }
        }
        (400 | 422, "refused", Some(true)) if is_code(&code) => Submitted::RejectedFinal { code },
        // It may be said before the bytes were looked at: that it is about this batch is enough.
        (422 | 429, "not_accepted", _) => Submitted::NotSent { why: "not_accepted" },
        (200..=299, "accepted", None) | (400 | 422, "refused", None) => in_doubt("hash_missing"),
        _ => in_doubt("status"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_proof_is_taken_for_one() {
        let in_doubt = |why| Submitted::InDoubt { why };
        let accepted = |bank_id: &str| Submitted::Accepted { bank_id: bank_id.into() };
        let refused = |code: &str| Submitted::RejectedFinal { code: code.into() };
        let not_sent = || Submitted::NotSent { why: "not_accepted" };
        for (status, body, expected) in [
            (200, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"aa","bank_id":"X1"}"#, accepted("X1")),
            (202, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"AA"}"#, accepted("")),
            (202, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"aa","new":{"a":[1]}}"#, accepted("")),
            (202, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"bb"}"#, in_doubt("hash_differs")),
            (202, r#"{"outcome":"accepted","batch_ref":"B1"}"#, in_doubt("hash_missing")),
            (202, r#"{"outcome":"accepted","batch_ref":"B2","sha256":"aa"}"#, in_doubt("other_batch")),
            (202, r#"{"outcome":"accepted","sha256":"aa"}"#, in_doubt("other_batch")),
            (202, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"aa","code":"DU01"}"#, in_doubt("duplicate")),
            (202, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"aa","bank_id":"a b"}"#, in_doubt("unreadable")),
            (202, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"FF01"}"#, in_doubt("status")),
            (202, r#"{"outcome":"not_accepted","batch_ref":"B1","sha256":"aa"}"#, in_doubt("status")),
            (202, r#"{"outcome":"taken","batch_ref":"B1","sha256":"aa"}"#, in_doubt("status")),
            (202, r#"{"accepted":true,"sha256":"aa"}"#, in_doubt("unreadable")),
            (202, r#"{"outcome":1,"batch_ref":"B1","sha256":"aa"}"#, in_doubt("unreadable")),
            (202, r#"{"outcome":"accepted","outcome":"refused","batch_ref":"B1"}"#, in_doubt("unreadable")),
            (202, r#"["accepted","B1","aa"]"#, in_doubt("unreadable")),
            (200, "", in_doubt("unreadable")),
            (200, "<html>ok</html>", in_doubt("unreadable")),
            (302, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"aa"}"#, in_doubt("status")),
            (500, r#"{"outcome":"accepted","batch_ref":"B1","sha256":"aa"}"#, in_doubt("status")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"FF01"}"#, refused("FF01")),
            (400, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"E-1"}"#, refused("E-1")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa"}"#, in_doubt("status")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"王芳"}"#, in_doubt("status")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","code":"FF01"}"#, in_doubt("hash_missing")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"bb","code":"FF01"}"#, in_doubt("hash_differs")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"DU01"}"#, in_doubt("duplicate")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"DU"}"#, in_doubt("duplicate")),
            (422, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"AM05"}"#, in_doubt("duplicate")),
            (404, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"FF01"}"#, in_doubt("status")),
            (500, r#"{"outcome":"refused","batch_ref":"B1","sha256":"aa","code":"FF01"}"#, in_doubt("status")),
            (429, r#"{"outcome":"not_accepted","batch_ref":"B1"}"#, not_sent()),
            (422, r#"{"outcome":"not_accepted","batch_ref":"B1","sha256":"aa","code":"AM04"}"#, not_sent()),
            (429, r#"{"outcome":"not_accepted","batch_ref":"B1","sha256":"bb"}"#, in_doubt("hash_differs")),
            (429, r#"{"outcome":"not_accepted","batch_ref":"B1","code":"DU01"}"#, in_doubt("duplicate")),
            (429, r#"{"outcome":"not_accepted"}"#, in_doubt("other_batch")),
            (429, "slow down", in_doubt("unreadable")),
            (503, r#"{"outcome":"not_accepted","batch_ref":"B1"}"#, in_doubt("status")),
            (503, "", in_doubt("unreadable")),
        ] {
            let answer = Answer { status, body: body.as_bytes().to_vec() };
            assert_eq!(judge(&answer, "B1", "aa"), expected, "{status} {body}");
        }
    }
}
