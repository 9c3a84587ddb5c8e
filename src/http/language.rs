//! Which language an answer is in: `Accept-Language`, Chinese by default.

use std::future::{Ready, ready};

use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest, dev::Payload};

use crate::kernel::text::Language;

/// The first of the languages that the client accepts and we speak, by weight; Chinese when there is none.
#[must_use]
pub fn of(header: Option<&str>) -> Language {
    let mut best = (Language::Chinese, 0_u32);
    for part in header.unwrap_or("").split(',') {
        let mut pieces = part.split(';').map(str::trim);
        let tag = pieces.next().unwrap_or_default().to_ascii_lowercase();
        let language = match tag.split('-').next() {
            Some("en") => Language::English,
            Some("zh" | "*") => Language::Chinese,
            _ => continue,
        };
        let weight = pieces.find_map(weight_of).map_or(1_000, thousandths);
        if weight > best.1 {
            best = (language, weight);
        }
    }
    best.0
}

/// What follows `q=`, which may be written in capitals.
fn weight_of(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then_some(value)
}

/// A weight `0.8` as 800; what is not a weight counts nothing.
fn thousandths(weight: &str) -> u32 {
    let weight = weight.trim();
    match weight.split_once('.') {
        Some(("0", decimals)) if !decimals.is_empty() && decimals.len() <= 3 => {
            format!("{decimals:0<3}").parse().unwrap_or(0)
        }
        Some(("1", _)) => 1_000,
        None if weight == "1" => 1_000,
        _ => 0,
    }
}

/// The language of the request at hand, as an extractor.
#[derive(Clone, Copy, Debug)]
pub struct Spoken(pub Language);

impl FromRequest for Spoken {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(of(request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_language_that_we_speak_wins() {
        for (header, language) in [
            (None, Language::Chinese),
            (Some("en-GB,en;q=0.9"), Language::English),
            (Some("fr, en;q=0.3, zh-CN;q=0.7"), Language::Chinese),
            (Some("fr"), Language::Chinese),
            (Some("en;q=0, zh;q=0.1"), Language::Chinese),
            (Some(";;;q=,,"), Language::Chinese),
            (Some(""), Language::Chinese),
            (Some("en; q=0.9"), Language::English),
            (Some("zh ; q=0.5 , en ; q=0.9"), Language::English),
            (Some("zh;q=0.5,en;\tq=0.9"), Language::English),
            (Some("EN-us;Q=0.9, ZH;Q=0.8"), Language::English),
            (Some("en; q=0"), Language::Chinese),
            (Some("zh; q=0, en; q=0.1"), Language::English),
            (Some("*"), Language::Chinese),
            (Some("*; q=0.1, en"), Language::English),
            (Some("en;level=1;q=0.2, zh;q=0.3"), Language::Chinese),
            (Some("en;q=, zh;q=0.001"), Language::Chinese),
            (Some("en;q=0.9999, zh;q=0.1"), Language::Chinese),
        ] {
            assert_eq!(of(header), language, "{header:?}");
        }
    }
}
