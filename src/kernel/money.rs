//! Money: whole fen in a type of its own. No floating point number comes near it.

use std::fmt;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An amount of renminbi in whole fen. May be negative (a ledger posting); a payout or a limit checks its own sign.
///
/// On the wire and in tables it is a whole number of fen (`i64`).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType, ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = i64, minimum = 0, maximum = 100_000_000_000_i64, example = 134_000)]
pub struct Fen(i64);

/// A sum that does not fit, or a rate that makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The result would not fit 64 bits of fen.
    #[error("the amount is too large")]
    Overflow,
    /// A rate with a denominator of zero, or below zero.
    #[error("the rate is not a proportion")]
    BadRate,
}

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `fen` whole fen.
    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The number of fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// # Errors
    /// [`MoneyError::Overflow`] when the sum does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_add(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// # Errors
    /// [`MoneyError::Overflow`] when the difference does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::Overflow)
    }

    /// # Errors
    /// [`MoneyError::Overflow`] for the one value that has no opposite.
    pub fn checked_neg(self) -> Result<Self, MoneyError> {
        self.0.checked_neg().map(Self).ok_or(MoneyError::Overflow)
    }

    /// `times` times this amount.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the product does not fit.
    pub fn checked_times(self, times: i64) -> Result<Self, MoneyError> {
        self.0.checked_mul(times).map(Self).ok_or(MoneyError::Overflow)
    }

    /// The sum of all, in 128 bits on the way.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the sum does not fit 64 bits.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        let total: i128 = amounts.into_iter().map(|amount| i128::from(amount.0)).sum();
        i64::try_from(total).map(Self).map_err(|_| MoneyError::Overflow)
    }

    /// `basis_points` ten-thousandths of this amount, rounded half-up to the fen (away from zero at the half).
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when the product does not fit; [`MoneyError::BadRate`] for a rate below zero.
    pub fn basis_points_half_up(self, basis_points: i64) -> Result<Self, MoneyError> {
        if basis_points < 0 {
            return Err(MoneyError::BadRate);
        }
        let product = i128::from(self.0) * i128::from(basis_points);
        let half = if product < 0 { -5_000 } else { 5_000 };
        i64::try_from((product + half) / 10_000).map(Self).map_err(|_| MoneyError::Overflow)
    }

    /// True for more than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }
}

impl fmt::Display for Fen {
    /// Yuan with two decimals and thousands commas: `1,340.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let yuan = (magnitude / 100).to_string();
        let mut grouped = String::with_capacity(yuan.len() + yuan.len() / 3);
        for (index, digit) in yuan.chars().enumerate() {
            if index > 0 && (yuan.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let sign = if self.0 < 0 { "-" } else { "" };
        write!(f, "{sign}{grouped}.{:02}", magnitude % 100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_reads_as_yuan_with_commas() {
        for (fen, text) in [(0, "0.00"), (5, "0.05"), (134_000, "1,340.00"), (-123_456_789, "-1,234,567.89")] {
            assert_eq!(Fen::new(fen).to_string(), text);
        }
        assert_eq!(Fen::new(i64::MIN).to_string(), "-92,233,720,368,547,758.08");
    }

    #[test]
    fn a_share_is_rounded_half_up_to_the_fen() {
        assert_eq!(Fen::new(523_297).basis_points_half_up(5_000), Ok(Fen::new(261_649)));
        assert_eq!(Fen::new(670_000).basis_points_half_up(2_000), Ok(Fen::new(134_000)));
        assert_eq!(Fen::new(1).basis_points_half_up(4_999), Ok(Fen::ZERO));
        assert_eq!(Fen::new(1).basis_points_half_up(-1), Err(MoneyError::BadRate));
        assert_eq!(Fen::new(i64::MAX).basis_points_half_up(20_000), Err(MoneyError::Overflow));
    }

    #[test]
    fn sums_do_not_wrap() {
        assert_eq!(Fen::new(i64::MAX).checked_add(Fen::new(1)), Err(MoneyError::Overflow));
        assert_eq!(Fen::sum([Fen::new(i64::MAX), Fen::new(1), Fen::new(-2)]), Ok(Fen::new(i64::MAX - 1)));
        assert_eq!(Fen::sum([Fen::new(i64::MAX), Fen::new(1)]), Err(MoneyError::Overflow));
    }
}
