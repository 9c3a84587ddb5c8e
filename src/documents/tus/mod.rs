//! Uploads by tus 1.0: core, creation, creation-with-upload, expiration, checksum and termination.
//!
//! What a phone on a bad line needs: an offset that is told is on the disk; a broken connection loses nothing; a newcomer takes over
//! from a connection that is dead without the server knowing; and no answer in the middle of a transfer that stock clients give up on
//! (they try again after 409, 423 and 5xx, and never after 401, 408 or 429).

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};

mod checksum;
mod create;
mod metadata;
mod offset;
mod options;
mod pace;
mod patch;
mod receive;
mod terminate;

pub(super) use metadata::parse_sha256;

use super::rows::upload;
use crate::http::{Code, Problem, Routes};
use crate::kernel::clock::Moment;

const VERSION: &str = "1.0.0";
const EXTENSIONS: &str = "creation,creation-with-upload,expiration,checksum,termination";
const OFFSET_STREAM: &str = "application/offset+octet-stream";

const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// The routes of uploads.
pub(super) fn routes(config: &mut Routes) {
    config
        .service(create::create_upload)
        .service(options::uploads_options)
        .service(offset::upload_offset)
        .service(patch::patch_upload)
        .service(terminate::terminate_upload)
        .service(options::upload_options);
}

/// Refuses another version of the protocol.
fn check_version(request: &HttpRequest) -> Result<(), Problem> {
    if request.headers().get(&TUS_RESUMABLE).is_some_and(|version| version.as_bytes() == VERSION.as_bytes()) {
        return Ok(());
    }
    Err(Problem::new(Code::UploadVersion).header(TUS_VERSION, HeaderValue::from_static(VERSION)))
}

/// Refuses a body of another type.
fn check_type(request: &HttpRequest) -> Result<(), Problem> {
    let is_stream = request
        .headers()
        .get(actix_web::http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(OFFSET_STREAM));
    if is_stream { Ok(()) } else { Err(Problem::new(Code::UploadMediaType)) }
}

/// Adds the protocol's version to a refusal.
fn versioned(problem: Problem) -> Problem {
    problem.header(TUS_RESUMABLE, HeaderValue::from_static(VERSION))
}

/// The refusal of an offset that is not ours: it tells ours, so that a client can go on without asking.
fn wrong_offset(offset: u64) -> Problem {
    Problem::new(Code::UploadOffsetMismatch).header(UPLOAD_OFFSET, HeaderValue::from(offset))
}

/// A header that is a number of bytes.
fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    // `parse` would take a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// When an open upload ends, as HTTP writes dates.
fn expires(upload: &upload::Model) -> Option<String> {
    upload.expires_at_ms.map(http_date)
}

fn http_date(at: Moment) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = at.in_shanghai().to_offset(time::UtcOffset::UTC);
    let day = DAYS.get(usize::from(at.weekday().number_days_from_monday())).copied().unwrap_or_default();
    let month = MONTHS.get(usize::from(u8::from(at.month())).saturating_sub(1)).copied().unwrap_or_default();
    format!(
        "{day}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
        at.day(),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_http_does() {
        assert_eq!(http_date(Moment::from_ms(784_111_777_000)), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn a_number_of_bytes_has_no_sign_and_no_fraction() {
        for (text, number_of_bytes) in [
            ("0", Some(0)),
            ("17", Some(17)),
            ("+1", None),
            ("-1", None),
            ("1.0", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(UPLOAD_OFFSET, HeaderValue::from_static(text));
            assert_eq!(number(&headers, &UPLOAD_OFFSET), number_of_bytes, "{text}");
        }
    }
}
