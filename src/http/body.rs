//! `Body<T>`: a JSON body that was read within its limit, has no unknown field and no NUL, and passed `validator`.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use super::{Code, Problem};
use crate::app::App;
use crate::kernel::text::Text;

/// A checked JSON body.
#[derive(Debug)]
pub struct Body<T> {
    /// What was sent.
    pub value: T,
    /// SHA-256 of the bytes, for [`super::Idempotency`].
    pub fingerprint: [u8; 32],
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let typed = is_json(request);
        let bytes = in_time(request, web::Bytes::from_request(request, payload));
        Box::pin(async move {
            if !typed {
                return Err(Problem::new(Code::UnsupportedMediaType));
            }
            let bytes = bytes.await?.map_err(|error| match error.as_response_error().status_code().as_u16() {
                413 => Problem::new(Code::BodyTooLarge),
                _ => Problem::new(Code::MalformedRequest),
            })?;
            let value = parse(&bytes)?;
            Ok(Self { value, fingerprint: Sha256::digest(&bytes).into() })
        })
    }
}

/// What `reading` a body gives, if it is over within the time that the configuration allows: who sends half of it and then nothing
/// would hold a connection for ever.
///
/// # Errors
/// `body_too_slow`; the connection is then closed.
pub fn in_time<T, F: Future<Output = T>>(
    request: &HttpRequest,
    reading: F,
) -> impl Future<Output = Result<T, Problem>> + use<T, F> {
    let limit = request.app_data::<web::Data<Arc<App>>>().map_or(15_000, |app| app.config.limits.body_timeout_ms);
    async move {
        let read = tokio::time::timeout(Duration::from_millis(limit), reading).await;
        read.map_err(|_| Problem::new(Code::BodyTooSlow))
    }
}

fn is_json(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads `bytes` as a `T`, with a pointer to the field that is not right.
///
/// # Errors
/// `malformed_request` for what is not JSON, `validation_failed` for JSON that is not a good `T`.
pub fn parse<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, Problem> {
    let json: Value = serde_json::from_slice(bytes).map_err(|error| {
        Problem::new(Code::MalformedRequest).detail(Text::made(
            format!("第 {} 行第 {} 列不是有效的 JSON", error.line(), error.column()),
            format!("Not valid JSON at line {}, column {}", error.line(), error.column()),
        ))
    })?;
    // serde would read a list as a record's fields in their order.
    if !json.is_object() {
        let told = Text::fixed("请发送一个 JSON 对象", "Send a JSON object");
        return Err(Problem::new(Code::ValidationFailed).field("", "wrong_type", told));
    }
    refuse_nul(&json, &mut String::new())?;
    let value: T = serde_path_to_error::deserialize(&json).map_err(|error| {
        let pointer = pointer_of(error.path());
        let inner = error.into_inner().to_string();
        Problem::new(Code::ValidationFailed).field(pointer, "wrong_type", describe(&inner))
    })?;
    value.validate().map_err(|errors| {
        let mut problem = Problem::new(Code::ValidationFailed);
        for (pointer, reason, detail) in flatten(&errors, "") {
            problem = problem.field(pointer, reason, detail);
        }
        problem
    })?;
    Ok(value)
}

/// What serde says, cut at its quotes of the sent value: an answer never repeats what may be personal.
fn describe(inner: &str) -> Text {
    let english = match inner.split_once(": ") {
        Some((head @ ("invalid type" | "invalid value"), rest)) => {
            let expected = rest.rsplit_once("expected ").map_or("", |(_, expected)| expected);
            format!("{head}: expected {expected}")
        }
        _ if inner.starts_with("unknown field") || inner.starts_with("missing field") => inner.to_owned(),
        _ if inner.starts_with("unknown variant") => {
            inner.rsplit_once("expected ").map_or_else(|| "unknown value".to_owned(), |(_, e)| format!("expected {e}"))
        }
        _ if inner.len() < 80 && !inner.contains('"') => inner.to_owned(),
        _ => "not of the expected form".to_owned(),
    };
    Text::made(format!("格式不符：{english}"), english)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => push_key(&mut pointer, key),
            Segment::Enum { variant } => push_key(&mut pointer, variant),
            Segment::Unknown => {}
        }
    }
    pointer
}

fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    // A key may be anything that the client sent: keep it short.
    pointer.push_str(&key.chars().take(100).collect::<String>().replace('~', "~0").replace('/', "~1"));
}

fn refuse_nul(json: &Value, pointer: &mut String) -> Result<(), Problem> {
    let length = pointer.len();
    match json {
        Value::String(text) if text.contains('\0') => {
            return Err(Problem::new(Code::ValidationFailed).field(
                pointer.clone(),
                "nul_character",
                Text::fixed("不能包含空字符", "A text may not hold the NUL character"),
            ));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push_str(&format!("/{index}"));
                refuse_nul(item, pointer)?;
                pointer.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (key, item) in fields {
                push_key(pointer, key);
                refuse_nul(item, pointer)?;
                pointer.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}

fn flatten(errors: &ValidationErrors, at: &str) -> Vec<(String, String, Text)> {
    let mut found = Vec::new();
    let mut fields: Vec<_> = errors.errors().iter().collect();
    fields.sort_by(|left, right| left.0.cmp(right.0));
    for (field, kind) in fields {
        let pointer = if *field == "__all__" { at.to_owned() } else { format!("{at}/{field}") };
        match kind {
            ValidationErrorsKind::Struct(inner) => found.extend(flatten(inner, &pointer)),
            ValidationErrorsKind::List(items) => {
                for (index, inner) in items {
                    found.extend(flatten(inner, &format!("{pointer}/{index}")));
                }
            }
            ValidationErrorsKind::Field(refusals) => {
                for refusal in refusals {
                    found.push((pointer.clone(), refusal.code.to_string(), words(refusal)));
                }
            }
        }
    }
    found
}

/// The sentence of a validator's refusal: its own message (`"zh|en"`), or one for its kind.
fn words(refusal: &validator::ValidationError) -> Text {
    if let Some((zh, en)) = refusal.message.as_deref().and_then(|message| message.split_once('|')) {
        return Text::made(zh.to_owned(), en.to_owned());
    }
    let bounds = |name: &str| refusal.params.get(name).map(ToString::to_string);
    match (refusal.code.as_ref(), bounds("min"), bounds("max")) {
        ("length", min, max) => {
            let (min, max) = (min.unwrap_or_else(|| "0".into()), max.unwrap_or_else(|| "∞".into()));
            Text::made(format!("长度应为 {min} 到 {max}"), format!("The length must be {min} to {max}"))
        }
        ("range", min, max) => {
            let (min, max) = (min.unwrap_or_else(|| "-∞".into()), max.unwrap_or_else(|| "∞".into()));
            Text::made(format!("数值应在 {min} 到 {max} 之间"), format!("The value must be {min} to {max}"))
        }
        _ => Text::fixed("内容不符合要求", "This value is not allowed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::text::Language;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[validate(length(min = 2, max = 4))]
        name: String,
    }

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[validate(nested)]
        items: Vec<Inner>,
        #[validate(range(min = 1, max = 5))]
        count: u32,
    }

    fn refusal(json: &str) -> Vec<(String, String)> {
        let problem = parse::<Outer>(json.as_bytes()).unwrap_err();
        let body = problem.body(Language::English, String::new());
        body.errors.into_iter().map(|error| (error.pointer, error.reason)).collect()
    }

    #[test]
    fn each_refusal_points_at_its_field() {
        assert_eq!(
            refusal(r#"{"items":[{"name":"ok"},{"name":"x"}],"count":9}"#),
            [("/count".into(), "range".into()), ("/items/1/name".into(), "length".into())]
        );
        assert_eq!(refusal(r#"{"items":[{"name":5}],"count":1}"#), [("/items/0/name".into(), "wrong_type".into())]);
        assert_eq!(
            refusal(r#"{"items":[{"name":"a\u0000b"}],"count":1}"#),
            [("/items/0/name".into(), "nul_character".into())]
        );
        assert_eq!(refusal(r#"{"items":[],"count":1,"more":2}"#), [("/more".into(), "wrong_type".into())]);
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        let problem = parse::<Outer>(br#"{"items":"11010519491231002X","count":1}"#).unwrap_err();
        let text = serde_json::to_string(&problem.body(Language::English, String::new())).unwrap();
        assert!(!text.contains("1101"), "{text}");
        assert_eq!(parse::<Outer>(b"{").unwrap_err().code(), Code::MalformedRequest);
    }
}
