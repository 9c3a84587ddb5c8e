//! A value that must not be shown by accident.

use serde::{Deserialize, Deserializer};
use zeroize::Zeroize;

/// Holds a secret; printing it, in a log or in an error, shows only that there is one. Wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps `value`.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: say at the call why it must be seen.
    #[must_use]
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> std::fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl<'de, T: Zeroize + Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// `text` with what stands between `://` and `@` in each address of it hidden: a user and a password.
#[must_use]
pub fn without_user_info(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let ends = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '<' | '>');
        let (authority, behind) = after.split_at(after.find(ends).unwrap_or(after.len()));
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                shown.push_str("(hidden)@");
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = behind;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::without_user_info;

    #[test]
    fn a_password_in_an_address_is_not_shown() {
        for (text, shown) in [
            ("Some(\"http://u:hunter2@h:4318/v1/traces\")", "Some(\"http://(hidden)@h:4318/v1/traces\")"),
            ("at http://h:1/a@b and ftp://u@h", "at http://h:1/a@b and ftp://(hidden)@h"),
            ("postgres://u:p@ss@h/d?x=y", "postgres://(hidden)@h/d?x=y"),
            ("no address, a@b", "no address, a@b"),
        ] {
            assert_eq!(without_user_info(text), shown);
        }
    }
}
