//! A bank that is called directly (银企直联): orders, enquiries and results are JSON over TLS, statements the flat file of every other road.
//! The bank's side of the agreement is in `docs/banks.md`.

mod object;
mod order;
mod receipt;
mod results;

pub(in crate::payouts) use order::read as read_order;

use async_trait::async_trait;
use object::Object;
use serde::Deserialize;
use time::Date;

use super::carrier::Carrier;
use super::{Adapter, Batch, Capabilities, Enquired, Fetched, Heard, Inbound, RenderError, Submitted, Unreadable};
use crate::http_client::{Answer, Silence};
use crate::kernel::clock::iso_date;

/// Longest account name in bytes, the strictest figure that banks publish.
const MAX_NAME_BYTES: usize = 60;
/// Seconds between two "not found", unless the bank has promised more.
const NOT_FOUND_GAP_SECS: i64 = 10 * 60;

/// A bank at an address.
pub struct Direct {
    http: Box<dyn Carrier>,
    base_url: String,
    capabilities: Capabilities,
}

impl Direct {
    /// The bank at `base_url`, under which its `v1/…` lies, for batches of at most `max_lines` orders. Nothing is ever sent twice.
    #[must_use]
    pub fn new(http: impl Carrier + 'static, base_url: &str, max_lines: usize) -> Self {
        let capabilities = Capabilities {
            max_lines,
            max_name_bytes: MAX_NAME_BYTES,
            resend_window_secs: None,
            not_found_gap_secs: NOT_FOUND_GAP_SECS,
        };
        Self { http: Box::new(http), base_url: base_url.trim_end_matches('/').to_owned(), capabilities }
    }

    /// The same with another gap between two "not found", in seconds.
    #[must_use]
    pub const fn with_not_found_gap(mut self, secs: i64) -> Self {
        self.capabilities.not_found_gap_secs = secs;
        self
    }

    /// The same for a bank that promises to take the same bytes under the same reference for one, so many seconds long.
    #[must_use]
    pub const fn with_resend_window(mut self, secs: Option<i64>) -> Self {
        self.capabilities.resend_window_secs = secs;
        self
    }

    /// Asks for `path`, about `asked`, which a "not found" must name.
    async fn get(&self, path: &str, asked: &str) -> Got {
        match self.http.get(&format!("{}{path}", self.base_url)).await {
            Ok(Answer { status: 200, body }) => Got::Body(body),
            Ok(Answer { status: 404, body }) if says_not_found(&body, asked) => Got::NotFound,
            Ok(_) => Got::Nothing("status"),
            Err(Silence::NotConnected) => Got::Nothing("not_connected"),
            Err(Silence::Lost(why)) => Got::Nothing(why),
        }
    }
}

/// What a question led to.
enum Got {
    Body(Vec<u8>),
    NotFound,
    Nothing(&'static str),
}

/// A bare 404 may come from a proxy, and another's "not found" from a mix-up: only the bank's own words about what was asked count.
fn says_not_found(body: &[u8], asked: &str) -> bool {
    #[derive(Deserialize)]
    struct NotFound {
        code: String,
        asked: String,
    }
    serde_json::from_slice::<Object<NotFound>>(body)
        .is_ok_and(|Object(answer)| answer.code == "not_found" && answer.asked == asked)
}

#[async_trait]
impl Adapter for Direct {
    fn name(&self) -> &'static str {
        "direct"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, batch: &Batch) -> Result<Vec<u8>, RenderError> {
        order::write(batch, &self.capabilities)
    }

    fn parse(&self, kind: Inbound, bytes: &[u8]) -> Result<Heard, Unreadable> {
        match kind {
            Inbound::Results => results::of_batch(bytes),
            Inbound::Result => results::of_order(bytes),
        }
    }

    async fn submit(&self, batch_ref: &str, bytes: Vec<u8>, sha256: &str) -> Submitted {
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("idempotency-key", batch_ref),
            ("x-batch-ref", batch_ref),
            ("x-content-sha256", sha256),
        ];
        match self.http.post(&format!("{}/v1/batches", self.base_url), &headers, bytes).await {
            Ok(answer) => receipt::judge(&answer, batch_ref, sha256),
            Err(Silence::NotConnected) => Submitted::NotSent { why: "not_connected" },
            Err(Silence::Lost(why)) => Submitted::InDoubt { why },
        }
    }

    async fn enquire_batch(&self, batch_ref: &str) -> Enquired {
        match self.get(&format!("/v1/batches/{batch_ref}"), batch_ref).await {
            Got::Body(body) => match results::of_batch(&body) {
                Ok(heard) => Enquired::Found(Heard { file: Some(body), ..heard }),
                Err(_) => Enquired::Unavailable { why: "unreadable" },
            },
            Got::NotFound => Enquired::NotFound,
            Got::Nothing(why) => Enquired::Unavailable { why },
        }
    }

    async fn enquire_order(&self, bank_ref: &str, value_date: Date) -> Enquired {
        let date = iso_date::text(value_date);
        match self.get(&format!("/v1/orders/{bank_ref}?value_date={date}"), bank_ref).await {
            Got::Body(body) => match results::of_order(&body) {
                Ok(heard) if heard.facts.iter().all(|fact| fact.bank_ref == bank_ref) => Enquired::Found(heard),
                Ok(_) => Enquired::Unavailable { why: "other_order" },
                Err(_) => Enquired::Unavailable { why: "unreadable" },
            },
            Got::NotFound => Enquired::NotFound,
            Got::Nothing(why) => Enquired::Unavailable { why },
        }
    }

    async fn fetch_statement(&self, account: &str, seq: i64) -> Fetched {
        match self.get(&format!("/v1/statements/{account}/{seq}"), &seq.to_string()).await {
            Got::Body(body) => Fetched::File(body),
            Got::NotFound => Fetched::NotYet,
            Got::Nothing(why) => Fetched::Unavailable { why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_found_counts_only_in_the_banks_own_words_about_what_was_asked() {
        assert!(says_not_found(br#"{"code":"not_found","asked":"B1","text":"no such batch"}"#, "B1"));
        for body in [
            "",
            "<html>404</html>",
            r#"{"code":"not_found"}"#,
            r#"{"code":"not_found","asked":"B2"}"#,
            r#"{"code":"gone","asked":"B1"}"#,
            r#"{"code":"not_found","asked":null}"#,
            r#"["not_found","B1"]"#,
        ] {
            assert!(!says_not_found(body.as_bytes(), "B1"), "{body}");
        }
    }
}
