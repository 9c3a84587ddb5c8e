//! The platform as this process is configured to reach it.

use std::sync::Arc;

use super::gateway::Gateway;
use super::verifier::BillVerifier;
use crate::config::BillChecks;

/// A platform and how often a day it may be asked.
#[derive(Clone)]
pub struct BillLink {
    /// How to ask it.
    pub verifier: Arc<dyn BillVerifier>,
    /// Questions in a day of Asia/Shanghai, of all processes together; 1 at least.
    pub per_day: i32,
}

impl BillLink {
    /// The link that `config` describes.
    ///
    /// # Errors
    /// When the HTTP client can't be built.
    pub fn from_config(config: &BillChecks) -> anyhow::Result<Self> {
        Ok(Self { verifier: Arc::new(Gateway::from_config(config)?), per_day: config.per_day })
    }
}
