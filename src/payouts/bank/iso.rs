//! A bank that takes orders as ISO 20022 (pain.001) and answers with files: what is sent is left where it looks, what became of it comes as
//! documents. That a file lies there proves nothing, so a batch is in doubt until a report of the bank speaks of it, and is never sent again.

use std::sync::Arc;

use async_trait::async_trait;
use time::Date;

use super::flat::one_dot;
use super::transport::{Put, Transport};
use super::{Adapter, Batch, Capabilities, Enquired, Fetched, Heard, Inbound, RenderError, Submitted, Unreadable};
use crate::iso20022::pain001::{self, Initiation, Payment, Unwritable};

/// Longest account name in bytes, the strictest figure that banks publish.
const MAX_NAME_BYTES: usize = 60;

/// A bank of files.
pub struct IsoFiles {
    transport: Arc<dyn Transport>,
    capabilities: Capabilities,
    debtor_name: String,
    cnaps: String,
}

impl IsoFiles {
    /// A bank with the branch number `cnaps` whose files go by `transport`, `debtor_name` being the fund's name there.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, debtor_name: String, cnaps: String, max_lines: usize) -> Self {
        let capabilities = Capabilities {
            max_lines,
            max_name_bytes: MAX_NAME_BYTES,
            resend_window_secs: None,
            not_found_gap_secs: 600,
        };
        Self { transport, capabilities, debtor_name, cnaps }
    }
}

#[async_trait]
impl Adapter for IsoFiles {
    fn name(&self) -> &'static str {
        "iso20022_files"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn render(&self, batch: &Batch) -> Result<Vec<u8>, RenderError> {
        if batch.lines.len() > self.capabilities.max_lines {
            return Err(RenderError::Count);
        }
        let names: Vec<String> = batch.lines.iter().map(|line| one_dot(line.holder_name.reveal())).collect();
        if let Some(at) = names.iter().position(|name| name.len() > self.capabilities.max_name_bytes) {
            return Err(RenderError::Name(at + 1));
        }
        let payment = |(line, name)| {
            let line: &super::Line = line;
            let name: &String = name;
            Payment { reference: &line.bank_ref, amount_fen: line.amount_fen, name, account: line.card_number.reveal() }
        };
        let order = Initiation {
            reference: &batch.batch_ref,
            made_at: batch.made_at,
            requested_on: batch.value_date,
            debtor_name: &self.debtor_name,
            debtor_id: &batch.corp_id,
            debtor_account: &batch.debit_account,
            agent: &self.cnaps,
            batch_booking: false,
            payments: batch.lines.iter().zip(&names).map(payment).collect(),
        };
        // The bank's references are shorter than the standard's.
        if let Some(at) = batch.lines.iter().position(|line| line.bank_ref.len() > 30) {
            return Err(RenderError::Reference(at + 1));
        }
        pain001::write(&order).map_err(|error| match error {
            Unwritable::Empty => RenderError::Count,
            Unwritable::Amount(line) => RenderError::Amount(line),
            Unwritable::Name(line) => RenderError::Name(line),
            Unwritable::Reference(line) => RenderError::Reference(line),
        })
    }

    fn parse(&self, _kind: Inbound, _bytes: &[u8]) -> Result<Heard, Unreadable> {
        // Its reports are documents of their own (recon::documents), never an answer.
        Err(Unreadable { line: 0, what: "this bank answers with documents" })
    }

    async fn submit(&self, batch_ref: &str, bytes: Vec<u8>, sha256: &str) -> Submitted {
        match self.transport.put(&format!("{batch_ref}.xml"), bytes, sha256, None).await {
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
