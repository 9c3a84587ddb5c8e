//! `If-Match`: a write that changes names the version it read.

use std::future::{Ready, ready};

use actix_web::http::header::IF_MATCH;
use actix_web::{FromRequest, HttpRequest, dev::Payload};

use super::{Code, Problem};
use crate::kernel::text::Text;

/// The version that the caller read: the number inside the entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub i64);

impl IfMatch {
    /// Refuses when `current` is not the version that the caller read.
    ///
    /// # Errors
    /// `stale_version`.
    pub fn check(self, current: i64) -> Result<(), Problem> {
        if self.0 == current { Ok(()) } else { Err(Problem::new(Code::StaleVersion)) }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get(IF_MATCH) else {
            return ready(Err(Problem::new(Code::IfMatchMissing)));
        };
        let version =
            value.to_str().ok().and_then(|text| text.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok());
        ready(version.filter(|version| *version >= 0).map(Self).ok_or_else(|| {
            Problem::new(Code::StaleVersion).detail(Text::fixed(
                "If-Match 应为读取时返回的 ETag，例如 \"3\"",
                "If-Match must be the ETag that was read, for example \"3\"",
            ))
        }))
    }
}
