//! How long something has waited, when it waits for months: whole days in four buckets.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;

/// A bucket of ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum LongAge {
    /// Up to a month.
    #[serde(rename = "0-30")]
    Month,
    /// Up to three.
    #[serde(rename = "31-90")]
    Quarter,
    /// Up to a year.
    #[serde(rename = "91-365")]
    Year,
    /// More than a year.
    #[serde(rename = ">365")]
    Longer,
}

impl LongAge {
    /// Every bucket, the youngest first.
    pub const ALL: [Self; 4] = [Self::Month, Self::Quarter, Self::Year, Self::Longer];

    /// The bucket of an age in days.
    #[must_use]
    pub const fn of(days: i64) -> Self {
        match days {
            ..=30 => Self::Month,
            31..=90 => Self::Quarter,
            91..=365 => Self::Year,
            _ => Self::Longer,
        }
    }

    /// The ages in it: at least so many days, and at most so many if it ends.
    #[must_use]
    pub const fn days(self) -> (i64, Option<i64>) {
        match self {
            Self::Month => (0, Some(30)),
            Self::Quarter => (31, Some(90)),
            Self::Year => (91, Some(365)),
            Self::Longer => (366, None),
        }
    }

    /// The word on the wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Month => "0-30",
            Self::Quarter => "31-90",
            Self::Year => "91-365",
            Self::Longer => ">365",
        }
    }
}

/// Whole days from `since` to `today`; none below zero.
#[must_use]
pub fn days_between(since: Date, today: Date) -> i64 {
    (today - since).whole_days().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn each_age_is_in_the_bucket_whose_days_hold_it() {
        for days in 0..800 {
            let bucket = LongAge::of(days);
            let (first, last) = bucket.days();
            assert!(first <= days && last.is_none_or(|last| days <= last), "{days}");
            assert_eq!(serde_json::to_value(bucket).unwrap(), bucket.word());
        }
        assert_eq!(days_between(date!(2026 - 02 - 28), date!(2026 - 03 - 01)), 1);
        assert_eq!(days_between(date!(2026 - 03 - 01), date!(2026 - 02 - 28)), 0);
    }
}
