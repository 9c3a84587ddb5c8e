//! A file of the bank, line by line: each line is bounded, its number is known, and what is not as promised ends the reading.

use std::io::{BufRead, Read};

use super::charset::Charset;
use crate::kernel::money::Fen;
use crate::payouts::bank::Unreadable;

/// Longest line, in bytes without its line feed: a longer one is no line of these files.
pub const MAX_LINE_BYTES: usize = 1024;

/// Lines of a reader, without their line feeds.
pub(super) struct Lines<R> {
    source: R,
    line: Vec<u8>,
    number: usize,
    charset: Charset,
}

impl<R: BufRead> Lines<R> {
    pub(super) const fn new(source: R) -> Self {
        // A header before its own encoding is known: all that it may hold has the same bytes in both.
        Self { source, line: Vec::new(), number: 0, charset: Charset::Utf8 }
    }

    /// From the next line on, bytes are characters of `charset`.
    pub(super) const fn declare(&mut self, charset: Charset) {
        self.charset = charset;
    }

    /// Number of the line that was read last, from 1; 0 before the first.
    pub(super) const fn number(&self) -> usize {
        self.number
    }

    /// The bytes of that line, with its line feed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.line
    }

    pub(super) const fn bad(&self, what: &'static str) -> Unreadable {
        Unreadable { line: self.number, what }
    }

    /// The next line; none after the last, which ends with a line feed as each other does.
    pub(super) fn next(&mut self) -> Result<Option<String>, Unreadable> {
        self.line.clear();
        let most = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX) + 1;
        let read = (&mut self.source).take(most).read_until(b'\n', &mut self.line);
        self.number = self.number.saturating_add(1);
        match read {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(_) => return Err(self.bad("the file can't be read on")),
        }
        let Some(line) = self.line.strip_suffix(b"\n") else {
            let long = self.line.len() > MAX_LINE_BYTES;
            return Err(self.bad(if long { "the line is too long" } else { "the file does not end with a line feed" }));
        };
        if line.contains(&b'\r') || line.contains(&0) {
            return Err(self.bad("the line holds a carriage return or a zero"));
        }
        self.charset.decode(line).map(Some).ok_or_else(|| self.bad("not text of the encoding that the header declares"))
    }

    /// Nothing may follow the trailer.
    pub(super) fn end(&mut self) -> Result<(), Unreadable> {
        match self.source.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(Unreadable { line: self.number.saturating_add(1), what: "something follows the trailer" }),
            Err(_) => Err(self.bad("the file can't be read on")),
        }
    }
}

/// A whole number from nought: digits only, no leading zero, at most sixteen digits.
pub(super) fn whole(text: &str) -> Option<i64> {
    let plain = (1..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
}

/// A balance in whole fen, with at most a minus sign.
pub(super) fn balance(text: &str) -> Option<Fen> {
    match text.strip_prefix('-') {
        Some(rest) => Fen::new(whole(rest).filter(|fen| *fen != 0)?).checked_neg().ok(),
        None => whole(text).map(Fen::new),
    }
}

/// A reference or serial number of the bank: up to 64 letters, digits and signs without blanks.
pub(super) fn is_token(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An SM3 digest: 64 digits in lower case.
pub(super) fn is_sm3(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<String>, Unreadable> {
        let mut lines = Lines::new(bytes);
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push(line);
        }
        Ok(found)
    }

    #[test]
    fn a_line_ends_with_a_line_feed_and_is_not_too_long() {
        assert_eq!(read(b"a|b\nc\n").unwrap(), ["a|b", "c"]);
        assert_eq!(read(b"").unwrap(), [""; 0]);
        let longest = [vec![b'x'; MAX_LINE_BYTES], vec![b'\n']].concat();
        assert_eq!(read(&longest).unwrap()[0].len(), MAX_LINE_BYTES);
        for (bytes, line) in [(&b"a\nb"[..], 2), (b"a\r\n", 1), (b"a\0\n", 1), (b"\n\xff\n", 2)] {
            assert_eq!(read(bytes).unwrap_err().line, line, "{bytes:?}");
        }
    }

    #[test]
    fn a_line_of_two_gigabytes_is_refused_after_its_first_kilobyte() {
        struct Endless(u64);
        impl Read for Endless {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                buffer.fill(b'x');
                self.0 += buffer.len() as u64;
                assert!(self.0 < 64 * 1024, "read on and on");
                Ok(buffer.len())
            }
        }
        let mut lines = Lines::new(std::io::BufReader::new(Endless(0)));
        assert_eq!(lines.next().unwrap_err().what, "the line is too long");
    }

    #[test]
    fn numbers_and_digests_have_one_form() {
        for (text, number) in [("0", 0), ("7", 7), ("9999999999999999", 9_999_999_999_999_999)] {
            assert_eq!(whole(text), Some(number));
        }
        for text in ["", "00", "07", "-1", "+1", "1e3", "1.0", "1,0", " 1", "17777777777777777", "１"] {
            assert_eq!(whole(text), None, "{text}");
        }
        assert!(is_sm3(&"0a".repeat(32)) && !is_sm3(&"0A".repeat(32)) && !is_sm3("0a"));
    }
}
