//! One range of bytes, as RFC 9110 has it.

use std::ops::Range;

use actix_web::http::header::{self, HeaderMap, HeaderValue};

use super::{Code, Problem};

/// The one range that was asked for of `size` bytes with this entity tag. More than one, another unit or nonsense asks for the whole, as RFC
/// 9110 allows.
///
/// # Errors
/// `range_not_satisfiable` for one that lies behind the end.
pub fn wanted_range(headers: &HeaderMap, size: u64, etag: &str) -> Result<Option<Range<u64>>, Problem> {
    if headers.get(header::IF_RANGE).is_some_and(|tag| tag.as_bytes() != etag.as_bytes()) {
        return Ok(None);
    }
    let Some(text) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else { return Ok(None) };
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|span| span.trim().split_once('-')) else {
        return Ok(None);
    };
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.is_empty() => first..size,
        (Err(_), Ok(count)) if first.is_empty() && count > 0 => size.saturating_sub(count)..size,
        _ => return Ok(None),
    };
    if range.start < range.end {
        return Ok(Some(range));
    }
    let problem = Problem::new(Code::RangeNotSatisfiable);
    Err(match HeaderValue::from_str(&format!("bytes */{size}")) {
        Ok(value) => problem.header(header::CONTENT_RANGE, value),
        Err(_) => problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: &'static str) -> Result<Option<Range<u64>>, Code> {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static(range));
        wanted_range(&headers, 100, "\"x\"").map_err(|problem| problem.code())
    }

    #[test]
    fn one_range_is_read_as_the_standard_says() {
        assert_eq!(asked("bytes=0-9"), Ok(Some(0..10)));
        assert_eq!(asked("bytes=90-"), Ok(Some(90..100)));
        assert_eq!(asked("bytes=-10"), Ok(Some(90..100)));
        assert_eq!(asked("bytes=-1000"), Ok(Some(0..100)));
        assert_eq!(asked("bytes=50-1000"), Ok(Some(50..100)));
        for whole in ["bytes=0-1,3-4", "bytes=9-0", "lines=0-1", "bytes=a-b", "bytes=-0", "bytes="] {
            assert_eq!(asked(whole), Ok(None), "{whole}");
        }
        assert_eq!(asked("bytes=100-"), Err(Code::RangeNotSatisfiable));
        assert_eq!(asked("bytes=18446744073709551615-18446744073709551615"), Err(Code::RangeNotSatisfiable));
    }
}
