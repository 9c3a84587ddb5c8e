//! `Reply`: an answer that can be stored with its idempotency key and given again.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use serde::{Deserialize, Serialize};

use super::Problem;

/// A complete answer: status, a few headers, JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

/// The headers that belong to an answer's meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Headers {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<String>,
}

impl Reply {
    /// 200 with `body`.
    ///
    /// # Errors
    /// When `body` does not serialise.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::with(StatusCode::OK, body)
    }

    /// 201 with `body`, which now lives at `location`.
    ///
    /// # Errors
    /// When `body` does not serialise.
    pub fn created(location: impl Into<String>, body: &impl Serialize) -> Result<Self, Problem> {
        let mut reply = Self::with(StatusCode::CREATED, body)?;
        reply.headers.location = Some(location.into());
        Ok(reply)
    }

    /// 202 with `body`: it will happen.
    ///
    /// # Errors
    /// When `body` does not serialise.
    pub fn accepted(body: &impl Serialize) -> Result<Self, Problem> {
        Self::with(StatusCode::ACCEPTED, body)
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT.as_u16(), headers: Headers::default(), body: Vec::new() }
    }

    fn with(status: StatusCode, body: &impl Serialize) -> Result<Self, Problem> {
        Ok(Self { status: status.as_u16(), headers: Headers::default(), body: serde_json::to_vec(body)? })
    }

    /// Adds the entity tag of `version`.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.headers.etag = Some(format!("\"{version}\""));
        self
    }

    /// The answer as it goes out.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        if let Some(etag) = self.headers.etag {
            response.insert_header((header::ETAG, etag));
        }
        if let Some(location) = self.headers.location {
            response.insert_header((header::LOCATION, location));
        }
        if status == StatusCode::NO_CONTENT {
            return response.finish();
        }
        response.content_type("application/json").body(self.body)
    }
}
