//! Lists: opaque, authenticated cursors, at most 100 a page, and checked query parameters.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Code, Problem};
use crate::app::App;
use crate::kernel::clock::Moment;
use crate::kernel::seal::keyed_hash;
use crate::kernel::text::Text;

const MAC_BYTES: usize = 16;
const DEFAULT_LIMIT: u64 = 20;

/// Which page of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    pub limit: Option<u64>,
}

/// Where a page begins: after the item with this moment and id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The sort key of the last item, in milliseconds.
    pub at_ms: i64,
    /// The last item.
    pub id: Uuid,
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Paged<T: ToSchema> {
    /// The items.
    #[schema(max_items = 100)]
    pub items: Vec<T>,
    /// For the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 400)]
    pub next_cursor: Option<String>,
}

impl Page {
    /// Items to answer with.
    ///
    /// # Errors
    /// `validation_failed` outside 1 to 100.
    pub fn limit(&self) -> Result<u64, Problem> {
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if (1..=100).contains(&limit) {
            return Ok(limit);
        }
        Err(Problem::new(Code::ValidationFailed).field(
            "query:limit",
            "range",
            Text::fixed("每页 1 到 100 条", "limit is 1 to 100"),
        ))
    }

    /// Where to begin. `list` names the list and its filters: a cursor of another list is refused.
    ///
    /// # Errors
    /// `validation_failed` for a cursor that we did not make for this list.
    pub fn start(&self, app: &App, list: &str) -> Result<Option<Cursor>, Problem> {
        let Some(text) = &self.cursor else { return Ok(None) };
        open(app, list, text).map(Some).ok_or_else(|| {
            Problem::new(Code::ValidationFailed).field(
                "query:cursor",
                "unknown_cursor",
                Text::fixed("请使用上一页返回的 next_cursor", "Use the next_cursor of the page before"),
            )
        })
    }
}

impl<T: ToSchema> Paged<T> {
    /// A page from `rows` of which one more than `limit` was asked for; `key` gives an item's place.
    #[must_use]
    pub fn from_rows<R>(
        app: &App,
        list: &str,
        limit: u64,
        mut rows: Vec<R>,
        key: impl Fn(&R) -> (Moment, Uuid),
        show: impl Fn(R) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|row| {
            let (at, id) = key(row);
            seal(app, list, Cursor { at_ms: at.as_ms(), id })
        });
        Self { items: rows.into_iter().map(show).collect(), next_cursor }
    }
}

fn seal(app: &App, list: &str, cursor: Cursor) -> String {
    let mut bytes = Vec::with_capacity(MAC_BYTES + 24);
    let payload = [cursor.at_ms.to_be_bytes().as_slice(), cursor.id.as_bytes()].concat();
    bytes.extend(keyed_hash(&app.cursor_key, &[list.as_bytes(), &[0], &payload]).into_iter().take(MAC_BYTES));
    bytes.extend(payload);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn open(app: &App, list: &str, text: &str) -> Option<Cursor> {
    use subtle::ConstantTimeEq;
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (mac, payload) = bytes.split_at_checked(MAC_BYTES)?;
    let wanted = keyed_hash(&app.cursor_key, &[list.as_bytes(), &[0], payload]);
    if !bool::from(mac.ct_eq(wanted.get(..MAC_BYTES)?)) {
        return None;
    }
    let (at_ms, id) = payload.split_at_checked(8)?;
    Some(Cursor { at_ms: i64::from_be_bytes(at_ms.try_into().ok()?), id: Uuid::from_slice(id).ok()? })
}

/// Query parameters as a `T`, with a problem that names the parameter.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(
            actix_web::web::Query::<T>::from_query(request.query_string())
                .map(|query| Self(query.into_inner()))
                .map_err(|error| {
                    let inner = match &error {
                        actix_web::error::QueryPayloadError::Deserialize(inner) => inner.to_string(),
                        _ => String::new(),
                    };
                    // serde names an unknown or missing field between backquotes; a wrong value is not repeated.
                    let name = inner.split('`').nth(1).unwrap_or("").to_owned();
                    Problem::new(Code::ValidationFailed).field(
                        format!("query:{}", name.chars().take(60).collect::<String>()),
                        "not_understood",
                        Text::fixed("查询参数有误", "A query parameter is unknown or not of the expected form"),
                    )
                }),
        )
    }
}
