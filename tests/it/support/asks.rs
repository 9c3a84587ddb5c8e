//! Requests as a client sends them.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::{Person, TestApp, contract};

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
    pub body: Value,
}

impl Got {
    /// The answer, which must have this status.
    #[track_caller]
    pub fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// A refusal with this status and code, with a problem body.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
        assert_eq!(self.headers["content-type"], "application/problem+json");
        self
    }

    /// The pointers of a refusal's fields.
    pub fn pointers(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    /// The version in the entity tag.
    #[track_caller]
    pub fn version(&self) -> i64 {
        let tag = self.headers.get("etag").expect("an entity tag").to_str().unwrap();
        tag.trim_matches('"').parse().unwrap()
    }

    /// The text at `pointer` of the body.
    #[track_caller]
    pub fn text(&self, pointer: &str) -> String {
        let value = self.body.pointer(pointer).unwrap_or_else(|| panic!("no {pointer} in {}", self.body));
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }
}

/// A request in the making.
pub struct Ask<'a> {
    app: &'a TestApp,
    method: Method,
    path: String,
    request: RequestBuilder,
}

impl TestApp {
    /// Somebody asks.
    pub async fn ask(&self, person: &Person, method: Method, path: &str) -> Ask<'_> {
        let token = self.token(person).await;
        let ask = self.anonymous(method, path);
        Ask { request: ask.request.bearer_auth(token), ..ask }
    }

    /// Somebody without a token asks.
    pub fn anonymous(&self, method: Method, path: &str) -> Ask<'_> {
        let request = self.client.request(method.clone(), format!("{}{path}", self.base));
        Ask { app: self, method, path: path.to_owned(), request }
    }

    /// `GET path` as `person`.
    pub async fn get(&self, person: &Person, path: &str) -> Got {
        self.ask(person, Method::GET, path).await.send().await
    }

    /// `POST path` as `person` with a fresh idempotency key.
    pub async fn post(&self, person: &Person, path: &str, body: &Value) -> Got {
        self.ask(person, Method::POST, path).await.fresh_key().json(body).send().await
    }

    /// `POST path` as `person` with a fresh idempotency key and the version that was read.
    pub async fn post_at(&self, person: &Person, path: &str, version: i64, body: &Value) -> Got {
        self.ask(person, Method::POST, path).await.fresh_key().if_match(version).json(body).send().await
    }
}

impl Ask<'_> {
    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    pub fn body(mut self, bytes: Vec<u8>) -> Self {
        self.request = self.request.body(bytes);
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub fn fresh_key(self) -> Self {
        let key = self.app.app.ids.next().to_string();
        self.key(&key)
    }

    pub fn if_match(self, version: i64) -> Self {
        self.header("if-match", &format!("\"{version}\""))
    }

    pub fn english(self) -> Self {
        self.header("accept-language", "en")
    }

    /// Sends it. A test that expects 500 does not exist, and every answer is what the document says.
    pub async fn send(self) -> Got {
        let response = self.request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let json = headers.get("content-type").is_some_and(|kind| kind.to_str().unwrap().contains("json"));
        let body = if json && !bytes.is_empty() { serde_json::from_slice(&bytes).unwrap() } else { Value::Null };
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
        if status != StatusCode::METHOD_NOT_ALLOWED {
            contract::check(&self.method, &self.path, status.as_u16(), &headers, &body);
        }
        Got { status: status.as_u16(), headers, bytes, body }
    }
}
