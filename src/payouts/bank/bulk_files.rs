//! A bank that takes bulk payments (批量代发) as signed flat files: what is sent is left where it looks, in an envelope for its certificate and
//! with the fund's signature; what became of it comes as signed files. That a file lies there proves nothing, so a batch is in doubt until a
//! file of the bank speaks of it, and is never sent again.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use time::Date;

use super::cn_bulk::pay_file::{self, FileLimits};
use super::cn_bulk::result;
use super::seals::Seals;
use super::transport::{Put, Transport};
use super::{Adapter, Batch, Capabilities, Enquired, Fetched, Heard, Inbound, RenderError, Submitted, Unreadable};
use crate::kernel::chance::Chance;
use crate::kernel::clock::Clock;

/// A bank of signed flat files.
pub struct BulkFiles {
    transport: Arc<dyn Transport>,
    seals: Arc<Seals>,
    clock: Arc<dyn Clock>,
    chance: Arc<dyn Chance>,
    limits: FileLimits,
    capabilities: Capabilities,
}

impl BulkFiles {
    /// A bank whose files go by `transport`, signed and sealed by `seals`, and hold what `limits` lets them hold.
    #[must_use]
    pub fn new(
        transport: Arc<dyn Transport>,
        seals: Arc<Seals>,
        clock: Arc<dyn Clock>,
        chance: Arc<dyn Chance>,
        limits: FileLimits,
    ) -> Self {
        let capabilities = Capabilities {
            max_lines: limits.max_lines,
            max_name_bytes: limits.max_name_bytes,
            resend_window_secs: None,
            not_found_gap_secs: 600,
        };
        Self { transport, seals, clock, chance, limits, capabilities }
    }

    /// The signature of the fund over `bytes`, and `bytes` in an envelope that the bank alone opens.
    async fn sign_and_seal(&self, bytes: Vec<u8>) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
        let (seals, chance, now) = (self.seals.clone(), self.chance.clone(), self.clock.now());
        let (_, bank_until) = seals.not_after();
        if bank_until < now {
            // Whoever holds that key need not be the bank any more.
            return Err("bank_certificate_expired");
        }
        let made = tokio::task::spawn_blocking(move || {
            let signature = seals.sign(&bytes, now).map_err(|_| "not_signed")?;
            let sealed = seals.seal(&bytes, now, chance.as_ref()).map_err(|_| "not_sealed")?;
            Ok((signature, sealed))
        });
        made.await.unwrap_or(Err("signer_died"))
    }
}

#[async_trait]
impl Adapter for BulkFiles {
    fn name(&self) -> &'static str {
        "cn_bulk_files"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, batch: &Batch) -> Result<Vec<u8>, RenderError> {
        pay_file::write(batch, &self.limits)
    }

    fn parse(&self, kind: Inbound, bytes: &[u8]) -> Result<Heard, Unreadable> {
        match kind {
            Inbound::Results => result::heard(bytes),
            // Nobody asks this bank about one order.
            Inbound::Result => Err(Unreadable { line: 0, what: "this bank answers with files" }),
        }
    }

    async fn submit(&self, batch_ref: &str, bytes: Vec<u8>, _sha256: &str) -> Submitted {
        let Some(name) = pay_file::name_of(&bytes, batch_ref) else {
            return Submitted::NotSent { why: "other_content" };
        };
        let (signature, sealed) = match self.sign_and_seal(bytes).await {
            Ok(made) => made,
            Err(why) => return Submitted::NotSent { why },
        };
        // Of the bytes that lie there: whoever carries them can check it, and cannot read them.
        let sha256 = hex::encode(Sha256::digest(&sealed));
        match self.transport.put(&name, sealed, &sha256, Some(signature)).await {
            Put::Done => Submitted::InDoubt { why: "no_receipt_yet" },
            Put::NothingThere { why } => Submitted::NotSent { why },
            Put::Unknown { why } => Submitted::InDoubt { why },
        }
    }

    async fn enquire_batch(&self, _batch_ref: &str) -> Enquired {
        Enquired::Unavailable { why: "answers_come_as_files" }
    }

    async fn enquire_order(&self, _bank_ref: &str, _value_date: Date) -> Enquired {
        Enquired::Unavailable { why: "answers_come_as_files" }
    }

    async fn fetch_statement(&self, _account: &str, _seq: i64) -> Fetched {
        Fetched::NotYet
    }
}
