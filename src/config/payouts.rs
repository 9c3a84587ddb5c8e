//! The part of the configuration about sums that wait for a member.

use serde::Deserialize;

use super::ConfigError;

/// What becomes of sums that lie with the fund.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Payouts {
    /// Ages in days at which a member is reminded of a sum that waits for another card, each once: rising, 1 to 3650, 20 at most; none for
    /// never. Default 7, 30, 90, 180, 365.
    pub remind_after_days: Vec<u16>,
}

impl Default for Payouts {
    fn default() -> Self {
        Self { remind_after_days: vec![7, 30, 90, 180, 365] }
    }
}

impl Payouts {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let days = &self.remind_after_days;
        let rises = days.iter().zip(days.iter().skip(1)).all(|(one, next)| one < next);
        if days.len() <= 20 && rises && days.iter().all(|days| (1..=3_650).contains(days)) {
            return Ok(());
        }
        Err(ConfigError::Refused("payouts.remind_after_days rises from 1 to 3650 and has 20 ages at most".to_owned()))
    }
}
