//! A line's words as they are compared: without spaces, each sign in one form, and each character with its place in the line.

use super::super::Line;

/// Words without spaces. `at[i]` is the index of the line's character that the `i`th one stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Squeezed {
    pub(super) chars: Vec<char>,
    pub(super) at: Vec<usize>,
}

impl Squeezed {
    pub(super) fn of(line: &Line) -> Self {
        let mut squeezed = Self::default();
        for (at, char) in line.text.chars().enumerate() {
            if !char.is_whitespace() {
                squeezed.chars.push(one_form(char));
                squeezed.at.push(at);
            }
        }
        squeezed
    }
}

/// Signs that print and readers write in several ways.
pub(super) fn one_form(char: char) -> char {
    match char {
        '：' | '﹕' | '∶' => ':',
        '，' | '﹐' | '、' => ',',
        '。' | '．' | '·' | '•' => '.',
        '（' => '(',
        '）' => ')',
        '￥' => '¥',
        '—' | '－' | '–' | '―' | '～' | '~' => '-',
        '！'..='～' => char::from_u32(u32::from(char) - 0xFEE0).unwrap_or(char),
        _ => char,
    }
}
