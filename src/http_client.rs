//! The one door through which the service calls others over HTTP. It tells apart "nothing was sent" from "nobody knows".

mod tls;

pub use tls::{OwnFiles, Tls};

use std::time::Duration;

use futures_util::StreamExt;
use tls::Asked;

/// Largest answer that is read unless a client says less.
const ANSWER_LIMIT_BYTES: usize = 64 * 1024 * 1024;

/// Seconds to connect, and to wait for the whole answer.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To connect.
    pub connect: Duration,
    /// From the first byte of the request to the last of the answer.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), answer: Duration::from_secs(30) }
    }
}

/// An HTTP client that opens a fresh connection for every request and follows no redirect, so that a failure to connect proves that not a
/// byte of the request was written.
#[derive(Clone, Debug)]
pub struct HttpClient {
    road: Road,
    answer_limit_bytes: usize,
}

#[derive(Clone, Debug)]
enum Road {
    Plain(reqwest::Client),
    Tls(Box<Tls>, Timeouts),
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
}

/// No answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// No connection came about: not a byte of the request was written.
    NotConnected,
    /// The connection broke or time ran out: nobody knows what the other side did.
    Lost(&'static str),
}

impl HttpClient {
    /// A client with these timeouts.
    ///
    /// # Errors
    /// When the client cannot be built.
    #[expect(clippy::disallowed_methods, reason = "the one place where a client is built")]
    pub fn new(timeouts: Timeouts) -> Result<Self, reqwest::Error> {
        reqwest::Client::builder()
            .connect_timeout(timeouts.connect)
            .timeout(timeouts.answer)
            .pool_max_idle_per_host(0)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map(|client| Self { road: Road::Plain(client), answer_limit_bytes: ANSWER_LIMIT_BYTES })
    }

    /// A client that speaks TLS alone: to an address that is not `https://` nothing is ever sent.
    #[must_use]
    pub fn over_tls(timeouts: Timeouts, tls: Tls) -> Self {
        Self { road: Road::Tls(Box::new(tls), timeouts), answer_limit_bytes: ANSWER_LIMIT_BYTES }
    }

    /// The same, for answers of at most `bytes`: a larger one is [`Silence::Lost`].
    #[must_use]
    pub const fn answers_of_at_most(mut self, bytes: usize) -> Self {
        self.answer_limit_bytes = bytes;
        self
    }

    /// Asks for `url`.
    ///
    /// # Errors
    /// [`Silence`] when no whole answer came.
    pub async fn get(&self, url: &str) -> Result<Answer, Silence> {
        match &self.road {
            Road::Plain(client) => self.read(client.get(url).send().await).await,
            Road::Tls(tls, timeouts) => {
                let asked = Asked { method: hyper::Method::GET, url, headers: &[], body: Vec::new() };
                tls.ask(asked, *timeouts, self.answer_limit_bytes).await
            }
        }
    }

    /// Sends `body` to `url` with headers.
    ///
    /// # Errors
    /// [`Silence`] when no whole answer came.
    pub async fn post(&self, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Silence> {
        match &self.road {
            Road::Plain(client) => {
                let mut request = client.post(url).body(body);
                for (name, value) in headers {
                    request = request.header(*name, *value);
                }
                self.read(request.send().await).await
            }
            Road::Tls(tls, timeouts) => {
                let asked = Asked { method: hyper::Method::POST, url, headers, body };
                tls.ask(asked, *timeouts, self.answer_limit_bytes).await
            }
        }
    }

    async fn read(&self, sent: Result<reqwest::Response, reqwest::Error>) -> Result<Answer, Silence> {
        let response = sent.map_err(|error| match error {
            // A timeout while connecting is still "not connected"; both flags are set then.
            error if error.is_connect() || error.is_builder() => Silence::NotConnected,
            error if error.is_timeout() => Silence::Lost("timeout"),
            _ => Silence::Lost("cut"),
        })?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let mut chunks = response.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Silence::Lost(if error.is_timeout() { "timeout" } else { "cut" }))?;
            if body.len() + chunk.len() > self.answer_limit_bytes {
                return Err(Silence::Lost("too_large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }
}
