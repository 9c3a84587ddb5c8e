//! Amounts as banks write them: up to sixteen digits, a point, one or two more. No sign, exponent, comma or blank.

use serde::{Serialize, Serializer};

use super::Fault;

/// An amount in hundredths of its currency: fen of CNY.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Hundredths; never less than nothing.
    #[serde(rename = "amount_hundredths")]
    pub hundredths: i64,
    /// ISO 4217.
    pub currency: Currency,
}

/// Three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Which way money went, seen from the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Into the account.
    Credit,
    /// Out of it.
    Debit,
}

impl Direction {
    /// `CRDT` or `DBIT`.
    ///
    /// # Errors
    /// [`Fault::Direction`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "CRDT" => Ok(Self::Credit),
            "DBIT" => Ok(Self::Debit),
            _ => Err(Fault::Direction),
        }
    }

    /// The amount with the sign that it has for the account.
    #[must_use]
    pub fn signed(self, hundredths: i64) -> i128 {
        match self {
            Self::Credit => i128::from(hundredths),
            Self::Debit => -i128::from(hundredths),
        }
    }
}

impl Currency {
    /// # Errors
    /// [`Fault::Currency`] when it is not three capital letters.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let bytes: [u8; 3] = text.as_bytes().try_into().map_err(|_| Fault::Currency)?;
        bytes.iter().all(u8::is_ascii_uppercase).then_some(Self(bytes)).ok_or(Fault::Currency)
    }

    /// The letters.
    #[must_use]
    pub fn letters(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.letters())
    }
}

impl Amount {
    /// An amount of a currency.
    ///
    /// # Errors
    /// [`Fault::Amount`], [`Fault::Currency`].
    pub fn parse(text: &str, currency: &str) -> Result<Self, Fault> {
        Ok(Self { hundredths: hundredths(text)?, currency: Currency::parse(currency)? })
    }
}

/// The hundredths of a decimal number.
///
/// # Errors
/// [`Fault::Amount`] when it has another form, however little is missing.
pub fn hundredths(text: &str) -> Result<i64, Fault> {
    let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole, 16) || part.is_some_and(|part| !digits(part, 2)) {
        return Err(Fault::Amount);
    }
    let number = |text: &str| text.parse::<i64>().map_err(|_| Fault::Amount);
    let part = match part {
        None => 0,
        Some(part) if part.len() == 1 => number(part)? * 10,
        Some(part) => number(part)?,
    };
    number(whole)?.checked_mul(100).and_then(|whole| whole.checked_add(part)).ok_or(Fault::Amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_to_the_hundredth_or_not_at_all() {
        for (text, expected) in [
            ("0", 0),
            ("0.01", 1),
            ("1.5", 150),
            ("10228.55", 1_022_855),
            ("007", 700),
            ("9999999999999999.99", 999_999_999_999_999_999),
        ] {
            assert_eq!(hundredths(text), Ok(expected), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "1.234",
            "12..34",
            "1e3",
            "-1",
            "+1",
            "1,234.00",
            "1 000",
            " 1",
            "1.0 ",
            "１",
            "99999999999999999",
        ] {
            assert_eq!(hundredths(text), Err(Fault::Amount), "{text}");
        }
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert_eq!(Currency::parse("CNY").unwrap().letters(), "CNY");
        for text in ["", "cny", "CN", "CNYY", "C1Y", "元"] {
            assert_eq!(Currency::parse(text), Err(Fault::Currency), "{text}");
        }
    }
}
