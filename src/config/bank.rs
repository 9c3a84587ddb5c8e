//! The disbursement bank's part of the configuration.

use serde::Deserialize;

/// The bank that payouts go through.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Which adapter.
    pub kind: BankKind,
    /// Where the bank (or its simulator) answers: `http://host:port`.
    pub url: String,
    /// The account that pays. Default `6222020000001`.
    #[serde(default = "default_account")]
    pub account: String,
    /// The fund's customer number at the bank. Default `HUZHU1`.
    #[serde(default = "default_corp_id")]
    pub corp_id: String,
    /// Orders in one batch at most, 1 to 3000. Default 3000.
    #[serde(default = "default_max_orders")]
    pub max_orders: usize,
    /// Milliseconds to connect. Default 5000.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Milliseconds for the whole answer. Default 30000.
    #[serde(default = "default_answer_timeout_ms")]
    pub answer_timeout_ms: u64,
    /// Seconds that must lie between two "not found" before the same bytes are sent again, 1 to 86400. Default 600; less only where
    /// the bank has promised that its "not found" is final.
    #[serde(default = "default_not_found_gap_secs")]
    pub not_found_gap_secs: i64,
}

fn default_account() -> String {
    "6222020000001".to_owned()
}

fn default_corp_id() -> String {
    "HUZHU1".to_owned()
}

const fn default_max_orders() -> usize {
    3_000
}

const fn default_connect_timeout_ms() -> u64 {
    5_000
}

const fn default_answer_timeout_ms() -> u64 {
    30_000
}

const fn default_not_found_gap_secs() -> i64 {
    600
}

/// Which adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankKind {
    /// `huzhu bank-sim`: refused in production.
    Simulator,
}

impl Bank {
    /// The simulator at `url`, everything else by default.
    #[must_use]
    pub fn simulator(url: impl Into<String>) -> Self {
        Self {
            kind: BankKind::Simulator,
            url: url.into(),
            account: default_account(),
            corp_id: default_corp_id(),
            max_orders: default_max_orders(),
            connect_timeout_ms: default_connect_timeout_ms(),
            answer_timeout_ms: default_answer_timeout_ms(),
            not_found_gap_secs: default_not_found_gap_secs(),
        }
    }

    /// True for a bank that only plays one.
    #[must_use]
    pub const fn is_simulator(&self) -> bool {
        matches!(self.kind, BankKind::Simulator)
    }
}
