//! What an adapter that calls its bank has of HTTP: the seam where a network can be played.

use async_trait::async_trait;

use crate::http_client::{Answer, HttpClient, Silence};

/// What carries a request to the bank and its answer back. It tells apart "nothing was sent" from "nobody knows".
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Asks for `url`.
    ///
    /// # Errors
    /// [`Silence`] when no whole answer came.
    async fn get(&self, url: &str) -> Result<Answer, Silence>;

    /// Sends `body` to `url` with headers.
    ///
    /// # Errors
    /// [`Silence`] when no whole answer came.
    async fn post(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Silence>;
}

#[async_trait]
impl Carrier for HttpClient {
    async fn get(&self, url: &str) -> Result<Answer, Silence> {
        Self::get(self, url).await
    }

    async fn post(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Silence> {
        Self::post(self, url, headers, body).await
    }
}
