//! Problem details (RFC 9457): what a client is told when something can't be done.
//!
//! A problem has two readers. The client gets a stable code, a sentence and the fields; the operator gets the cause in the log.
//! The cause can't reach the client: it is not part of what is written out.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use sea_orm::DbErr;
use serde::Serialize;
use utoipa::ToSchema;

use super::codes::Code;
use crate::kernel::text::{Language, Text};

/// One field that is not right.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it stands in the body, as a JSON Pointer (RFC 6901); a header or query parameter begins with `header:` or `query:`.
    #[schema(max_length = 500, example = "/event/starts_on")]
    pub pointer: String,
    /// A stable word for what is wrong.
    #[schema(max_length = 100, example = "in_the_future")]
    pub reason: String,
    /// What to do, in the answer's language.
    #[schema(max_length = 2000, example = "入院日期不能晚于今天")]
    pub detail: String,
}

/// The body of every refusal: `application/problem+json`.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:huzhu:problem:<code>`.
    #[serde(rename = "type")]
    #[schema(max_length = 200, example = "urn:huzhu:problem:claim_state_conflict")]
    pub kind: String,
    /// A short title in the answer's language.
    #[schema(max_length = 200, example = "申报当前状态不允许此操作")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    pub status: u16,
    /// Stable: act on this.
    #[schema(value_type = String, max_length = 100, example = "claim_state_conflict")]
    pub code: String,
    /// What happened and what to do, in the answer's language.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub detail: Option<String>,
    /// The request, as `urn:uuid:<request id>`: name it when asking for help.
    #[schema(max_length = 100, example = "urn:uuid:0195a3c0-0000-7000-8000-000000000000")]
    pub instance: String,
    /// The fields that are not right, if it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub errors: Vec<FieldError>,
}

/// A refusal on its way out.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    detail: Option<Text>,
    errors: Vec<(String, String, Text)>,
    headers: Vec<(header::HeaderName, header::HeaderValue)>,
    cause: Option<anyhow::Error>,
}

impl Problem {
    /// A refusal for `code`.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// An unforeseen failure: the client is told nothing of `cause`, the log everything.
    #[must_use]
    pub fn internal(cause: impl Into<anyhow::Error>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(Code::Internal) }
    }

    /// Adds what happened and what to do.
    #[must_use]
    pub fn detail(mut self, detail: Text) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Adds a field that is not right. `pointer` is a JSON Pointer into the body; `reason` is a stable word.
    #[must_use]
    pub fn field(mut self, pointer: impl Into<String>, reason: impl Into<String>, detail: Text) -> Self {
        // A name that the client sent may hold anything: what can't be shown is left out.
        let pointer = pointer.into().chars().filter(|c| !c.is_control()).take(500).collect();
        self.errors.push((pointer, reason.into(), detail));
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn header(mut self, name: header::HeaderName, value: header::HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Which refusal this is.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The cause for the log, if there is one.
    #[must_use]
    pub const fn cause(&self) -> Option<&anyhow::Error> {
        self.cause.as_ref()
    }

    /// The body in `language` for the request `instance`.
    #[must_use]
    pub fn body(&self, language: Language, instance: String) -> ProblemBody {
        let code = self.code.name();
        ProblemBody {
            kind: format!("urn:huzhu:problem:{code}"),
            title: self.code.title().in_language(language).to_owned(),
            status: self.code.status().as_u16(),
            code,
            detail: self.detail.as_ref().map(|text| text.in_language(language).to_owned()),
            instance,
            errors: self
                .errors
                .iter()
                .map(|(pointer, reason, text)| FieldError {
                    pointer: pointer.clone(),
                    reason: reason.clone(),
                    detail: text.in_language(language).to_owned(),
                })
                .collect(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.code.name())
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// The bare answer; [`super::rim`] writes the body, since only it knows the language and the request.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status_code());
        for (name, value) in &self.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        response
    }
}

impl From<DbErr> for Problem {
    fn from(error: DbErr) -> Self {
        if crate::db::is_transient(&error) {
            return Self { cause: Some(error.into()), ..Self::new(Code::Unavailable) }
                .header(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
        }
        Self::internal(error)
    }
}

impl From<crate::kernel::seal::SealError> for Problem {
    fn from(error: crate::kernel::seal::SealError) -> Self {
        Self::internal(error)
    }
}

impl From<crate::kernel::money::MoneyError> for Problem {
    fn from(error: crate::kernel::money::MoneyError) -> Self {
        Self::internal(error)
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::internal(error)
    }
}
