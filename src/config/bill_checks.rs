//! The part of the configuration that names who checks bills at their source.

use std::path::PathBuf;

use serde::Deserialize;

use super::{ConfigError, secret_from_file};
use crate::kernel::secret::Secret;

/// The gateway to the fiscal platform (财政电子票据查验平台).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BillChecks {
    /// Which kind.
    pub kind: BillChecksKind,
    /// Where it answers, over plain HTTP: `http://host:port`. A gateway on another machine stands behind a proxy that gives it TLS.
    pub url: String,
    /// What it is shown as `Authorization: Bearer …`.
    #[serde(default)]
    pub token: Option<Secret<String>>,
    /// A file that holds the token instead.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Questions in a day of Asia/Shanghai, of all processes together, 1 to 1000000. Default 5000.
    #[serde(default = "default_per_day")]
    pub per_day: i32,
    /// Milliseconds to connect. Default 5000.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Milliseconds for the whole answer. Default 15000.
    #[serde(default = "default_answer_timeout_ms")]
    pub answer_timeout_ms: u64,
}

const fn default_per_day() -> i32 {
    5_000
}

const fn default_connect_timeout_ms() -> u64 {
    5_000
}

const fn default_answer_timeout_ms() -> u64 {
    15_000
}

/// Which kind of platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillChecksKind {
    /// A gateway to the real one. An answer that says it is simulated is not believed.
    Gateway,
    /// `huzhu bill-sim`: refused in production.
    Simulator,
}

impl BillChecks {
    /// The simulator at `url`, everything else by default.
    #[must_use]
    pub fn simulator(url: impl Into<String>) -> Self {
        Self {
            kind: BillChecksKind::Simulator,
            url: url.into(),
            token: None,
            token_file: None,
            per_day: default_per_day(),
            connect_timeout_ms: default_connect_timeout_ms(),
            answer_timeout_ms: default_answer_timeout_ms(),
        }
    }

    /// True for a platform that only plays one.
    #[must_use]
    pub const fn is_simulator(&self) -> bool {
        matches!(self.kind, BillChecksKind::Simulator)
    }

    pub(super) fn read_token_file(&mut self) -> Result<(), ConfigError> {
        if let Some(path) = &self.token_file {
            self.token = Some(secret_from_file("bill_checks.token_file", path)?);
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(1..=1_000_000).contains(&self.per_day) {
            return Err(ConfigError::Refused("bill_checks.per_day is 1 to 1000000".to_owned()));
        }
        if !self.url.starts_with("http://") {
            return Err(ConfigError::Refused(
                "bill_checks.url is an http:// address, such as http://127.0.0.1:7080; let a proxy speak TLS to a gateway elsewhere"
                    .to_owned(),
            ));
        }
        if self.connect_timeout_ms == 0 || self.answer_timeout_ms == 0 {
            return Err(ConfigError::Refused("the timeouts of bill_checks are at least 1 ms".to_owned()));
        }
        let is_header = |token: &Secret<String>| token.reveal().bytes().all(|byte| byte.is_ascii_graphic());
        if !self.token.as_ref().is_none_or(is_header) {
            return Err(ConfigError::Refused("bill_checks.token is one word of ASCII".to_owned()));
        }
        Ok(())
    }
}
