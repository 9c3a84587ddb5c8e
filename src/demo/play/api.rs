//! The demo's HTTP client: one door to the service and to the bank simulator. A request that got no answer is sent again as it was.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// A pause between two tries.
const PAUSE: Duration = Duration::from_millis(150);
/// The longest answer to "come again later" that is waited for.
const LONGEST_PAUSE_SECS: u64 = 65;

/// How long a server that does not answer is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Some seconds: a short trouble of the network.
    Short,
    /// Minutes: the server may be killed and started again.
    Survive,
}

impl Patience {
    const fn tries(self) -> u32 {
        match self {
            Self::Short => 20,
            Self::Survive => 2_000,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Got {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub bytes: Vec<u8>,
}

/// The door.
pub(super) struct Api {
    client: reqwest::Client,
    base_url: String,
    patience: Patience,
}

/// A request that can be sent more than once.
#[derive(Clone)]
pub(super) struct Ask {
    pub method: Method,
    pub url: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub(super) fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }
}

impl Api {
    #[expect(clippy::disallowed_methods, reason = "it plays the world outside, and asks only the service")]
    pub(super) fn new(base_url: &str, patience: Patience) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, base_url: base_url.to_owned(), patience })
    }

    /// Sends `ask` until there is an answer that is not "later".
    pub(super) async fn send(&self, ask: &Ask) -> anyhow::Result<Got> {
        let mut silence = None;
        for _ in 0..self.patience.tries() {
            match self.send_once(ask).await {
                Ok(got) if got.status == 503 || got.status == 423 => {
                    let secs = got.retry_after_secs().unwrap_or(0);
                    silence = Some(anyhow::anyhow!("{} {}: {}", ask.method, ask.url, got.trouble()));
                    pause(PAUSE.max(Duration::from_secs(secs))).await;
                }
                Ok(got) => return Ok(got),
                Err(error) => {
                    silence =
                        Some(anyhow::Error::from(error.without_url()).context(format!("{} {}", ask.method, ask.url)));
                    pause(PAUSE).await;
                }
            }
        }
        Err(silence.unwrap_or_else(|| anyhow::anyhow!("nothing was sent")))
    }

    /// Sends `ask` once.
    pub(super) async fn send_once(&self, ask: &Ask) -> Result<Got, reqwest::Error> {
        let url = if ask.url.starts_with("http") { ask.url.clone() } else { format!("{}{}", self.base_url, ask.url) };
        let mut headers = HeaderMap::new();
        for (name, value) in &ask.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        let request = self.client.request(ask.method.clone(), url).headers(headers).body(ask.body.clone());
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Got { status: status.as_u16(), headers, body, bytes })
    }
}

impl Got {
    /// The answer when its status is one of `wanted`.
    pub(super) fn expect_status(self, what: &str, wanted: &[u16]) -> anyhow::Result<Self> {
        if wanted.contains(&self.status) {
            return Ok(self);
        }
        anyhow::bail!("{what}: {}", self.trouble())
    }

    /// The refusal in one line: status, code, words, fields.
    pub(super) fn trouble(&self) -> String {
        let word = |pointer| self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
        let fields = self.body.get("errors").map(ToString::to_string).unwrap_or_default();
        format!("{} {reason} {} {} {fields}", self.status, word("/code"), word("/detail")).trim().to_owned()
    }

    /// The stable code of a refusal.
    pub(super) fn code(&self) -> &str {
        self.body.get("code").and_then(Value::as_str).unwrap_or_default()
    }

    /// The text at `pointer`.
    pub(super) fn text(&self, pointer: &str) -> anyhow::Result<&str> {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.ok_or_else(|| anyhow::anyhow!("the answer has no text at {pointer}"))
    }

    /// The text at `pointer`, or nothing.
    pub(super) fn maybe(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The whole number at `pointer`.
    pub(super) fn number(&self, pointer: &str) -> anyhow::Result<i64> {
        let found = self.body.pointer(pointer).and_then(Value::as_i64);
        found.ok_or_else(|| anyhow::anyhow!("the answer has no number at {pointer}"))
    }

    /// The list at `pointer`; empty when there is none.
    pub(super) fn list(&self, pointer: &str) -> &[Value] {
        self.body.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// The entity tag, as `If-Match` takes it.
    pub(super) fn tag(&self) -> anyhow::Result<String> {
        let tag = self.header("etag");
        tag.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("the answer has no ETag"))
    }

    /// A header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Seconds after which to come again, if it says so and they are bearable.
    pub(super) fn retry_after_secs(&self) -> Option<u64> {
        self.header("retry-after")?.parse().ok().filter(|secs| *secs <= LONGEST_PAUSE_SECS)
    }
}

/// The demo's only wait: between two looks at something that another process does.
#[expect(clippy::disallowed_methods, reason = "a look at another process needs a pause before the next")]
pub(super) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}

impl Api {
    /// Seconds that something is waited for which other processes do.
    pub(super) const fn longest_wait_secs(&self) -> i64 {
        match self.patience {
            Patience::Short => 120,
            Patience::Survive => 900,
        }
    }
}
