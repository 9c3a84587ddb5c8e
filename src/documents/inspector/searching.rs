//! A search for viruses by ClamAV's daemon, before a file is read. When one is named and does not answer, no file passes.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clamav_client::tokio::{Socket, Tcp, ping, scan_buffer};

use super::{InspectError, Inspector};
use crate::documents::pictures::{Passed, Refusal};

const PATIENCE: Duration = Duration::from_secs(60);

/// Where ClamAV's daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clamd(String);

impl Clamd {
    /// The path of a socket, or `HOST:PORT`.
    #[must_use]
    pub const fn at(place: String) -> Self {
        Self(place)
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let asked = async {
            match self.socket() {
                Some(socket) => ping(socket).await,
                None => ping(Tcp { host_address: self.0.as_str() }).await,
            }
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await.context("no answer")??;
        anyhow::ensure!(answer.starts_with(b"PONG"), "it does not speak as ClamAV does");
        Ok(())
    }

    /// Whether something is found in `bytes`.
    async fn finds(&self, bytes: &[u8]) -> anyhow::Result<bool> {
        let asked = async {
            match self.socket() {
                Some(socket) => scan_buffer(bytes, socket, None).await,
                None => scan_buffer(bytes, Tcp { host_address: self.0.as_str() }, None).await,
            }
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await.context("ClamAV: no answer")?.context("ClamAV")?;
        let answer = String::from_utf8_lossy(&answer);
        let answer = answer.trim_end_matches(['\0', '\n']);
        if let Some(found) = answer.strip_suffix(" FOUND") {
            tracing::warn!(found, "documents: a virus was found");
            metrics::counter!("huzhu_viruses_found_total").increment(1);
            return Ok(true);
        }
        anyhow::ensure!(answer.ends_with("OK"), "ClamAV: {answer}");
        Ok(false)
    }

    fn socket(&self) -> Option<Socket<&str>> {
        self.0.contains('/').then_some(Socket { socket_path: self.0.as_str() })
    }
}

/// Searches, then has another check.
pub struct Searching<I> {
    /// Who searches.
    pub clamd: Clamd,
    /// Who checks what is found clean.
    pub then: I,
}

#[async_trait::async_trait]
impl<I: Inspector> Inspector for Searching<I> {
    async fn inspect(&self, bytes: Arc<[u8]>) -> Result<Passed, InspectError> {
        if self.clamd.finds(&bytes).await? {
            return Err(InspectError::Refused(Refusal::Infected));
        }
        self.then.inspect(bytes).await
    }
}
