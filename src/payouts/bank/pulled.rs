//! The bank whose own job comes for batches and brings results and statements: this side renders and reads, and never calls.

use async_trait::async_trait;
use time::Date;

use super::{
    Adapter, Batch, Capabilities, Enquired, Fetched, Heard, Inbound, RenderError, Submitted, Unreadable, cn_bulk, flat,
    result_file,
};

/// Longest account name in bytes, the strictest figure that banks publish.
const MAX_NAME_BYTES: usize = 60;
/// Why nothing is asked from here.
const PULLED: &str = "pulled";

/// Flat files for a job of the bank.
pub struct Pulled {
    capabilities: Capabilities,
}

impl Pulled {
    /// With files of at most `max_lines` orders.
    #[must_use]
    pub const fn new(max_lines: usize) -> Self {
        let capabilities = Capabilities {
            max_lines,
            max_name_bytes: MAX_NAME_BYTES,
            // The job may fetch again; nothing is ever sent again from here.
            resend_window_secs: None,
            not_found_gap_secs: 10 * 60,
        };
        Self { capabilities }
    }
}

#[async_trait]
impl Adapter for Pulled {
    fn name(&self) -> &'static str {
        "pull"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, batch: &Batch) -> Result<Vec<u8>, RenderError> {
        flat::write(batch, &self.capabilities)
    }

    fn parse(&self, kind: Inbound, bytes: &[u8]) -> Result<Heard, Unreadable> {
        match kind {
            Inbound::Results if bytes.starts_with(cn_bulk::result::MARK) => cn_bulk::result::heard(bytes),
            Inbound::Results => result_file::read(bytes),
            Inbound::Result => result_file::read_one(bytes),
        }
    }

    /// Never called: the job comes for the bytes. Should it be, nothing is known to have been sent.
    async fn submit(&self, _: &str, _: Vec<u8>, _: &str) -> Submitted {
        Submitted::InDoubt { why: PULLED }
    }

    async fn enquire_batch(&self, _: &str) -> Enquired {
        Enquired::Unavailable { why: PULLED }
    }

    async fn enquire_order(&self, _: &str, _: Date) -> Enquired {
        Enquired::Unavailable { why: PULLED }
    }

    async fn fetch_statement(&self, _: &str, _: i64) -> Fetched {
        Fetched::NotYet
    }
}
