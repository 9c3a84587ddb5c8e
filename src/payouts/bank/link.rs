//! The bank as this process is configured to reach it.

use std::sync::Arc;
use std::time::Duration;

use super::Adapter;
use super::rules::BankRules;
use super::simulator::Simulator;
use crate::config::{Bank, BankKind};
use crate::http_client::{HttpClient, Timeouts};
use crate::recon::matching::Words;

/// A bank, the account at it that pays, and how its statements speak.
#[derive(Clone)]
pub struct BankLink {
    /// How to talk to it.
    pub adapter: Arc<dyn Adapter>,
    /// The account that pays.
    pub account: String,
    /// The fund's customer number.
    pub corp_id: String,
    /// The words of its statements.
    pub words: Words,
    /// How much it may pay, and when.
    pub rules: BankRules,
}

impl BankLink {
    /// The link that `bank` describes.
    ///
    /// # Errors
    /// When the HTTP client can't be built.
    pub fn from_config(bank: &Bank) -> anyhow::Result<Self> {
        let timeouts = Timeouts {
            connect: Duration::from_millis(bank.connect_timeout_ms),
            answer: Duration::from_millis(bank.answer_timeout_ms),
        };
        let adapter = match bank.kind {
            BankKind::Simulator => Arc::new(
                Simulator::new(HttpClient::new(timeouts)?, &bank.url, bank.max_orders)
                    .with_not_found_gap(bank.not_found_gap_secs),
            ),
        };
        Ok(Self {
            adapter,
            account: bank.account.clone(),
            corp_id: bank.corp_id.clone(),
            words: Words::default(),
            rules: BankRules::of(bank),
        })
    }
}

impl std::fmt::Debug for BankLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BankLink").field("adapter", &self.adapter.name()).finish_non_exhaustive()
    }
}
