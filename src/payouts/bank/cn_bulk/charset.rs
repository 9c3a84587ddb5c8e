//! How characters become bytes. What would come back as something else is not written, and nothing is ever replaced.

use encoding_rs::{Encoder, EncoderResult, GB18030};

/// The encoding that a file declares in the last field of its header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
pub enum Charset {
    /// `UTF-8`.
    #[serde(rename = "UTF-8")]
    Utf8,
    /// `GB18030`, which has every Chinese character that has a number.
    #[default]
    #[serde(rename = "GB18030")]
    Gb18030,
}

impl Charset {
    /// The word in headers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB18030",
        }
    }

    /// The encoding of that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Utf8, Self::Gb18030].into_iter().find(|charset| charset.word() == word)
    }

    /// `text` in bytes; none when a character has no bytes, or bytes that are read as another one: GB18030-2022 moved some.
    #[must_use]
    pub fn encode(self, text: &str) -> Option<Vec<u8>> {
        if text.chars().any(is_private) {
            return None;
        }
        match self {
            Self::Utf8 => Some(text.as_bytes().to_vec()),
            Self::Gb18030 => {
                let (bytes, _, replaced) = GB18030.encode(text);
                (!replaced && self.decode(&bytes).as_deref() == Some(text)).then(|| bytes.into_owned())
            }
        }
    }

    /// Writes names of everyday characters in this encoding.
    pub(super) fn name_writer(self) -> NameWriter {
        NameWriter { encoder: (self == Self::Gb18030).then(|| GB18030.new_encoder()), bytes: Vec::new() }
    }

    /// The text of `bytes`; none when they are no text.
    #[must_use]
    pub fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(bytes).ok().map(str::to_owned),
            Self::Gb18030 => {
                GB18030.decode_without_bom_handling_and_without_replacement(bytes).map(std::borrow::Cow::into_owned)
            }
        }
    }
}

/// Writes texts that are [everyday](is_everyday) ones after each other.
pub(super) struct NameWriter {
    /// None when UTF-8 is written. No character of one text changes how the next is written.
    encoder: Option<Encoder>,
    /// Where a text is encoded: the encoder touches every page of what it may write into, which is much of a whole file.
    bytes: Vec<u8>,
}

impl NameWriter {
    /// Adds the bytes of `text` to `out`, which are read as what they were; false when it was not written whole.
    #[must_use]
    pub(super) fn write(&mut self, text: &str, out: &mut Vec<u8>) -> bool {
        let Some(encoder) = &mut self.encoder else {
            out.extend_from_slice(text.as_bytes());
            return true;
        };
        let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len()).unwrap_or_default();
        if self.bytes.len() < most {
            self.bytes.resize(most, 0);
        }
        let (how, _, written) = encoder.encode_from_utf8_without_replacement(text, &mut self.bytes, false);
        out.extend_from_slice(self.bytes.get(..written).unwrap_or_default());
        how == EncoderResult::InputEmpty
    }
}

/// Characters that mean what somebody's own font says: before a rare character had a number it was often typed as one of these.
const fn is_private(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{f_0000}'..='\u{10_ffff}')
}

/// A text of nothing but the characters that nearly every name has: ASCII that is seen, but no `|`, and the ideographs U+4E00 to U+9FA5, which all
/// editions of GB18030 write in the same two bytes.
pub(super) fn is_everyday(text: &str) -> bool {
    let is_one = |c: char| matches!(c, '\u{4e00}'..='\u{9fa5}') || (c.is_ascii_graphic() && c != '|');
    !text.is_empty() && text.chars().all(is_one)
}

/// A character that stands in no field: it ends a line or a field, cannot be seen, or is what a reader puts for one that it could not read.
pub(super) fn is_unwritable(c: char) -> bool {
    c.is_control()
        || is_private(c)
        || matches!(c, '|' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e_0000}'..='\u{e_0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyday_text_is_written_as_any_other() {
        let ideographs: String = ('\u{4e00}'..='\u{9fa5}').collect();
        let ascii: String = ('!'..='~').filter(|c| *c != '|').collect();
        for charset in [Charset::Gb18030, Charset::Utf8] {
            let mut names = charset.name_writer();
            for text in [&ideographs, &ascii, "王A", "A王"] {
                assert!(is_everyday(text) && !text.chars().any(is_unwritable));
                let mut out = b"|".to_vec();
                assert!(names.write(text, &mut out));
                assert_eq!(out.split_off(1), charset.encode(text).unwrap());
            }
        }
        for text in ["", " 王", "王 芳", "王|", "王\n", "阿依古丽·买买提", "䶮芳", "王\u{e863}", "𠮷"]
        {
            assert!(!is_everyday(text), "{text}");
        }
    }

    #[test]
    fn rare_characters_have_the_bytes_of_the_standard() {
        for (text, bytes) in [
            ("·", &[0xa1, 0xa4][..]),
            ("王", &[0xcd, 0xf5]),
            ("䶮", &[0xfe, 0x9f]),
            ("㛃", &[0x82, 0x30, 0xb7, 0x31]),
            ("𠮷", &[0x95, 0x34, 0xb2, 0x35]),
            ("A a", b"A a"),
            ("Ａ　", &[0xa3, 0xc1, 0xa1, 0xa1]),
        ] {
            assert_eq!(Charset::Gb18030.encode(text).as_deref(), Some(bytes), "{text}");
            assert_eq!(Charset::Gb18030.decode(bytes).as_deref(), Some(text));
            assert_eq!(Charset::Utf8.encode(text).as_deref(), Some(text.as_bytes()));
        }
    }

    #[test]
    fn no_character_is_written_that_reads_back_as_another() {
        let mut refused = 0;
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            match Charset::Gb18030.encode(&text) {
                Some(bytes) => assert_eq!(Charset::Gb18030.decode(&bytes).as_deref(), Some(text.as_str())),
                None if is_private(c) => {}
                None => refused += 1,
            }
        }
        assert_eq!(refused, 0, "but for private ones every character has bytes");
        for private in ["\u{e5e5}", "\u{e78d}", "\u{e863}", "\u{f8ff}", "\u{10fffd}", "王\u{e000}"] {
            assert_eq!(Charset::Gb18030.encode(private), None);
            assert_eq!(Charset::Utf8.encode(private), None);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_none() {
        for bytes in [&[0xff][..], &[0x81], &[0xcd, 0x0a], &[0x81, 0x30, 0x81], &[0xfe, 0x39, 0xfe, 0x39]] {
            assert_eq!(Charset::Gb18030.decode(bytes), None, "{bytes:x?}");
        }
        assert_eq!(Charset::Utf8.decode(&[0xcd, 0xf5]), None);
    }
}
