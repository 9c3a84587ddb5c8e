//! The disbursement bank's part of the configuration.

use serde::Deserialize;

/// The bank that payouts go through.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Which adapter.
    pub kind: BankKind,
    /// Where the bank (or its simulator) answers.
    pub url: String,
}

/// Which adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankKind {
    /// `huzhu bank-sim`: refused in production.
    Simulator,
}

impl Bank {
    /// True for a bank that only plays one.
    #[must_use]
    pub const fn is_simulator(&self) -> bool {
        matches!(self.kind, BankKind::Simulator)
    }
}
