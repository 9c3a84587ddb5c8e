//! A part of a message, whole in memory: small, for what repeats is handed out one by one.

use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::{Amount, Direction, Fault};
use crate::kernel::clock::{Moment, iso_date};

/// An element with what stands in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Node {
    /// Its name, without a prefix.
    pub name: String,
    /// Its attribute `Ccy`.
    pub currency: Option<String>,
    /// Its text, with its own blanks.
    pub text: String,
    /// The elements in it, in order.
    pub children: Vec<Node>,
}

impl Node {
    /// The first element at a path below this one.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, name| node.children.iter().find(|child| child.name == *name))
    }

    /// Every child of a name.
    pub fn each<'node>(&'node self, name: &'node str) -> impl Iterator<Item = &'node Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The text at a path, without blanks around it; none when it is empty.
    #[must_use]
    pub fn text_at(&self, path: &[&str]) -> Option<&str> {
        self.at(path).map(|node| node.text.trim()).filter(|text| !text.is_empty())
    }

    /// The same as a text of its own.
    #[must_use]
    pub fn owned_at(&self, path: &[&str]) -> Option<String> {
        self.text_at(path).map(str::to_owned)
    }

    /// What a choice of `Cd` and `Prtry` says at a path, or the text itself, as older versions have it.
    #[must_use]
    pub fn word_at(&self, path: &[&str]) -> Option<&str> {
        let node = self.at(path)?;
        node.text_at(&["Cd"]).or_else(|| node.text_at(&["Prtry"])).or_else(|| node.text_at(&[]))
    }

    /// The amount at a path.
    ///
    /// # Errors
    /// [`Fault::Amount`], [`Fault::Currency`].
    pub fn amount_at(&self, path: &[&str]) -> Result<Option<Amount>, Fault> {
        let Some(node) = self.at(path) else { return Ok(None) };
        Amount::parse(node.text.trim(), node.currency.as_deref().ok_or(Fault::Currency)?).map(Some)
    }

    /// The direction at a path.
    ///
    /// # Errors
    /// [`Fault::Direction`].
    pub fn direction_at(&self, path: &[&str]) -> Result<Option<Direction>, Fault> {
        self.text_at(path).map(Direction::parse).transpose()
    }

    /// The day that a choice of `Dt` and `DtTm` says at a path, or the text itself: as it is written there, in whatever zone.
    ///
    /// # Errors
    /// [`Fault::Day`].
    pub fn day_at(&self, path: &[&str]) -> Result<Option<Date>, Fault> {
        let Some(node) = self.at(path) else { return Ok(None) };
        let text = node.text_at(&["Dt"]).or_else(|| node.text_at(&["DtTm"])).or_else(|| node.text_at(&[]));
        text.map(day).transpose()
    }

    /// The moment at a path; one without a zone is of Asia/Shanghai. None for what is no moment: a date that moves nothing may be missing.
    #[must_use]
    pub fn moment_at(&self, path: &[&str]) -> Option<Moment> {
        let text = self.text_at(path)?;
        let parse = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
        parse(text).or_else(|| parse(&format!("{text}+08:00"))).map(Moment::from)
    }

    /// A whole number of at most 18 digits at a path, as the standard has them.
    ///
    /// # Errors
    /// [`Fault::Number`].
    pub fn count_at(&self, path: &[&str]) -> Result<Option<u64>, Fault> {
        let number = |text: &str| {
            let sound = text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit());
            sound.then_some(text).and_then(|text| text.parse().ok()).ok_or(Fault::Number)
        };
        self.text_at(path).map(number).transpose()
    }

    /// `true` or `false` at a path, in either of the two ways that XML has.
    ///
    /// # Errors
    /// [`Fault::Number`] for anything else.
    pub fn flag_at(&self, path: &[&str]) -> Result<Option<bool>, Fault> {
        let flag = |text: &str| match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(Fault::Number),
        };
        self.text_at(path).map(flag).transpose()
    }
}

/// A date, or the date of a time; a zone may follow either.
fn day(text: &str) -> Result<Date, Fault> {
    let (date, rest) = text.split_at_checked(10).ok_or(Fault::Day)?;
    if !matches!(rest.bytes().next(), None | Some(b'T' | b'Z' | b'+' | b'-')) {
        return Err(Fault::Day);
    }
    iso_date::parse(date).ok_or(Fault::Day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_day_is_as_it_is_written_whatever_follows() {
        for text in ["2026-11-23", "2026-11-23Z", "2026-11-23+08:00", "2026-11-23T23:59:59.000-05:00"] {
            assert_eq!(day(text), Ok(date!(2026 - 11 - 23)), "{text}");
        }
        for text in ["", "2026-11", "2026-13-01", "2026-02-30", "20261123xx", "2026-11-23 10:00", "二〇二六年十一月"]
        {
            assert_eq!(day(text), Err(Fault::Day), "{text}");
        }
    }
}
