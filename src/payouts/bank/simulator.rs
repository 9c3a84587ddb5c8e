//! The adapter for `huzhu bank-sim`: flat files over HTTP. Refused when the service runs in production.

use async_trait::async_trait;
use serde::Deserialize;
use time::Date;

use super::carrier::Carrier;
use super::{
    Adapter, Batch, Capabilities, Enquired, Fetched, Heard, Inbound, RenderError, Submitted, Unreadable, flat,
    result_file,
};
use crate::http_client::{Answer, Silence};
use crate::kernel::clock::iso_date;

/// Longest account name in bytes, the strictest figure that banks publish.
const MAX_NAME_BYTES: usize = 60;
/// A day: the simulator never forgets a reference, but no real bank promises more.
const RESEND_WINDOW_SECS: i64 = 24 * 60 * 60;

/// A simulator at an address.
pub struct Simulator {
    http: Box<dyn Carrier>,
    base_url: String,
    capabilities: Capabilities,
}

#[derive(Deserialize)]
struct Receipt {
    accepted: bool,
    #[serde(default)]
    bank_id: String,
    #[serde(default)]
    sha256: String,
    #[serde(default)]
    code: String,
}

impl Simulator {
    /// The simulator at `base_url` (`http://host:port`), with files of at most `max_lines` orders.
    #[must_use]
    pub fn new(http: impl Carrier + 'static, base_url: &str, max_lines: usize) -> Self {
        let capabilities = Capabilities {
            max_lines,
            max_name_bytes: MAX_NAME_BYTES,
            resend_window_secs: Some(RESEND_WINDOW_SECS),
            not_found_gap_secs: 10 * 60,
        };
        Self { http: Box::new(http), base_url: base_url.trim_end_matches('/').to_owned(), capabilities }
    }

    /// The same with another gap between two "not found", in seconds.
    #[must_use]
    pub const fn with_not_found_gap(mut self, secs: i64) -> Self {
        self.capabilities.not_found_gap_secs = secs;
        self
    }

    async fn enquire(&self, path: &str, kind: Inbound) -> Enquired {
        match self.http.get(&format!("{}{path}", self.base_url)).await {
            Ok(Answer { status: 200, body }) => match self.parse(kind, &body) {
                Ok(heard) => Enquired::Found(Heard { file: (kind == Inbound::Results).then_some(body), ..heard }),
                Err(_) => Enquired::Unavailable { why: "unreadable" },
            },
            Ok(Answer { status: 404, body }) if says_not_found(&body) => Enquired::NotFound,
            Ok(_) => Enquired::Unavailable { why: "status" },
            Err(Silence::NotConnected) => Enquired::Unavailable { why: "not_connected" },
            Err(Silence::Lost(why)) => Enquired::Unavailable { why },
        }
    }
}

/// A bare 404 may come from a proxy: only the bank's own words count as "not found".
fn says_not_found(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct NotFound {
        code: String,
    }
    serde_json::from_slice::<NotFound>(body).is_ok_and(|answer| answer.code == "not_found")
}

/// What an answer to a submission proves. Pure.
fn judge(answer: &Answer, sha256: &str) -> Submitted {
    let in_doubt = |why| Submitted::InDoubt { why };
    let Ok(receipt) = serde_json::from_slice::<Receipt>(&answer.body) else { return in_doubt("unreadable") };
    match (answer.status, receipt.accepted) {
        (202, true) if receipt.sha256 == sha256 => Submitted::Accepted { bank_id: receipt.bank_id },
        (202, true) => in_doubt("hash_differs"),
        (422, false) if receipt.code.starts_with("DU") || receipt.code == "AM05" => in_doubt("duplicate"),
        (422, false) if receipt.sha256 == sha256 && !receipt.code.is_empty() => {
            Submitted::RejectedFinal { code: receipt.code }
        }
        (429, false) => Submitted::NotSent { why: "not_accepted" },
        _ => in_doubt("status"),
    }
}

#[async_trait]
impl Adapter for Simulator {
    fn name(&self) -> &'static str {
        "simulator"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, batch: &Batch) -> Result<Vec<u8>, RenderError> {
        flat::write(batch, &self.capabilities)
    }

    fn parse(&self, kind: Inbound, bytes: &[u8]) -> Result<Heard, Unreadable> {
        match kind {
            Inbound::Results => result_file::read(bytes),
            Inbound::Result => result_file::read_one(bytes),
        }
    }

    async fn submit(&self, batch_ref: &str, bytes: Vec<u8>, sha256: &str) -> Submitted {
        let headers =
            [("content-type", "text/plain; charset=utf-8"), ("x-batch-ref", batch_ref), ("x-content-sha256", sha256)];
        match self.http.post(&format!("{}/bank/v1/batches", self.base_url), &headers, bytes).await {
            Ok(answer) => judge(&answer, sha256),
            Err(Silence::NotConnected) => Submitted::NotSent { why: "not_connected" },
            Err(Silence::Lost(why)) => Submitted::InDoubt { why },
        }
    }

    async fn enquire_batch(&self, batch_ref: &str) -> Enquired {
        self.enquire(&format!("/bank/v1/batches/{batch_ref}/results"), Inbound::Results).await
    }

    async fn enquire_order(&self, bank_ref: &str, value_date: Date) -> Enquired {
        let date = iso_date::text(value_date);
        self.enquire(&format!("/bank/v1/orders/{bank_ref}?date={date}"), Inbound::Result).await
    }

    async fn fetch_statement(&self, account: &str, seq: i64) -> Fetched {
        match self.http.get(&format!("{}/bank/v1/statements/{account}/{seq}", self.base_url)).await {
            Ok(Answer { status: 200, body }) => Fetched::File(body),
            Ok(Answer { status: 404, body }) if says_not_found(&body) => Fetched::NotYet,
            Ok(_) => Fetched::Unavailable { why: "status" },
            Err(Silence::NotConnected) => Fetched::Unavailable { why: "not_connected" },
            Err(Silence::Lost(why)) => Fetched::Unavailable { why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> Submitted {
        judge(&Answer { status, body: body.as_bytes().to_vec() }, "aa")
    }

    #[test]
    fn only_a_proof_is_taken_for_one() {
        let in_doubt = |why| Submitted::InDoubt { why };
        for (status, body, expected) in [
            (202, r#"{"accepted":true,"bank_id":"X","sha256":"aa"}"#, Submitted::Accepted { bank_id: "X".into() }),
            (202, r#"{"accepted":true,"bank_id":"X","sha256":"bb"}"#, in_doubt("hash_differs")),
            (202, r#"{"accepted":true}"#, in_doubt("hash_differs")),
            (202, r#"{"accepted":false}"#, in_doubt("status")),
            (202, "", in_doubt("unreadable")),
            (200, r#"{"accepted":true,"sha256":"aa"}"#, in_doubt("status")),
            (
                422,
                r#"{"accepted":false,"code":"FF01","sha256":"aa"}"#,
                Submitted::RejectedFinal { code: "FF01".into() },
            ),
            (422, r#"{"accepted":false,"code":"FF01","sha256":"bb"}"#, in_doubt("status")),
            (422, r#"{"accepted":false,"code":"DU01","sha256":"aa"}"#, in_doubt("duplicate")),
            (429, r#"{"accepted":false}"#, Submitted::NotSent { why: "not_accepted" }),
            (429, "slow down", in_doubt("unreadable")),
            (500, r#"{"accepted":false}"#, in_doubt("status")),
            (503, "", in_doubt("unreadable")),
        ] {
            assert_eq!(judged(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_bare_404_proves_nothing() {
        assert!(says_not_found(br#"{"code":"not_found"}"#));
        assert!(!says_not_found(b"") && !says_not_found(b"<html>404</html>"));
    }
}
