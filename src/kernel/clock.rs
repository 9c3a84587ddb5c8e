//! Time comes in through here and nowhere else.

use std::sync::atomic::{AtomicI64, Ordering};

use sea_orm::DeriveValueType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, UtcOffset, macros::offset};
use utoipa::ToSchema;

/// Asia/Shanghai: +08:00 all year since 1991.
pub const SHANGHAI: UtcOffset = offset!(+8);

const MS_PER_SEC: i64 = 1_000;

/// A moment: milliseconds since 1970-01-01T00:00Z. Tables hold that number (columns end in `_at_ms`), the wire holds RFC 3339 at +08:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, DeriveValueType, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-03-02T09:30:00.000+08:00", max_length = 40)]
pub struct Moment(i64);

impl Moment {
    /// The earliest moment that the service writes: 1970-01-01T00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The moment `ms` milliseconds after 1970-01-01T00:00Z.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since 1970-01-01T00:00Z.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00Z, as tokens count.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(MS_PER_SEC)
    }

    /// `secs` seconds later (earlier when negative); stops at the ends of the range.
    #[must_use]
    pub const fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(MS_PER_SEC)))
    }

    /// `ms` milliseconds later (earlier when negative); stops at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The moment as date and time at +08:00; a number outside the calendar is shown as its nearest end.
    #[must_use]
    pub fn in_shanghai(self) -> OffsetDateTime {
        let nanos = i128::from(self.0) * 1_000_000;
        OffsetDateTime::from_unix_timestamp_nanos(nanos)
            .unwrap_or(if self.0 < 0 { OffsetDateTime::UNIX_EPOCH } else { LAST })
            .to_offset(SHANGHAI)
    }

    /// The date in Asia/Shanghai.
    #[must_use]
    pub fn date(self) -> Date {
        self.in_shanghai().date()
    }

    /// The first moment of `date` in Asia/Shanghai.
    #[must_use]
    pub fn start_of(date: Date) -> Self {
        Self::from(date.midnight().assume_offset(SHANGHAI))
    }

    /// The last millisecond of `date` in Asia/Shanghai.
    #[must_use]
    pub fn end_of(date: Date) -> Self {
        Self::start_of(date).plus_secs(24 * 60 * 60).plus_ms(-1)
    }
}

const LAST: OffsetDateTime = time::macros::datetime!(9999-12-31 00:00 UTC);

impl From<OffsetDateTime> for Moment {
    fn from(at: OffsetDateTime) -> Self {
        // The range of `OffsetDateTime` in milliseconds fits 64 bits many times over.
        Self(i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let at = self.in_shanghai();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}+08:00",
            at.year(),
            u8::from(at.month()),
            at.day(),
            at.hour(),
            at.minute(),
            at.second(),
            at.millisecond()
        )
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        OffsetDateTime::parse(&text, &Rfc3339).map(Self::from).map_err(serde::de::Error::custom)
    }
}

/// Where the service learns what time it is.
pub trait Clock: Send + Sync {
    /// Now, to the millisecond.
    fn now(&self) -> Moment;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one door through which time comes in")]
    fn now(&self) -> Moment {
        Moment::from(OffsetDateTime::now_utc())
    }
}

/// A clock that a test sets and moves by hand.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub const fn at(at: Moment) -> Self {
        Self(AtomicI64::new(at.as_ms()))
    }

    /// Moves the clock on by `secs` seconds.
    pub fn advance_secs(&self, secs: i64) {
        self.0.fetch_add(secs.saturating_mul(MS_PER_SEC), Ordering::SeqCst);
    }

    /// Sets the clock to `at`, also backwards.
    pub fn set(&self, at: Moment) {
        self.0.store(at.as_ms(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// Serialises a [`Date`] as `YYYY-MM-DD`, and reads only that.
pub mod iso_date {
    use super::{Date, Deserialize, Deserializer, Serializer};
    use time::macros::format_description;

    const FORMAT: &[time::format_description::BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

    /// `YYYY-MM-DD`.
    #[must_use]
    pub fn text(date: Date) -> String {
        format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
    }

    /// Reads `YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Date> {
        Date::parse(text, FORMAT).ok()
    }

    /// Reads `YYYYMMDD`, as files of banks and bills have it.
    #[must_use]
    pub fn parse_compact(text: &str) -> Option<Date> {
        let plain = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        parse(&format!("{}-{}-{}", text.get(..4).filter(|_| plain)?, text.get(4..6)?, text.get(6..)?))
    }

    /// For `#[serde(with = "iso_date")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(date: &Date, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&text(*date))
    }

    /// For `#[serde(with = "iso_date")]`.
    ///
    /// # Errors
    /// Anything but a date of the calendar written `YYYY-MM-DD`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| serde::de::Error::custom("a date is written YYYY-MM-DD"))
    }

    /// For `#[serde(with = "iso_date::option")]` with `#[serde(default)]`.
    pub mod option {
        use super::{Date, Deserialize, Deserializer, Serializer, parse, text};

        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
            match date {
                Some(date) => serializer.collect_str(&text(*date)),
                None => serializer.serialize_none(),
            }
        }

        /// # Errors
        /// Anything but null or a date of the calendar written `YYYY-MM-DD`.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
            Option::<String>::deserialize(deserializer)?
                .map(|text| parse(&text).ok_or_else(|| serde::de::Error::custom("a date is written YYYY-MM-DD")))
                .transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    #[test]
    fn a_moment_is_shown_at_eight_hours_east_whatever_zone_it_came_from() {
        let moment = Moment::from(datetime!(2026-03-01 17:30:00.25 UTC));
        assert_eq!(moment.to_string(), "2026-03-02T01:30:00.250+08:00");
        assert_eq!(moment.date(), date!(2026 - 03 - 02));
        let read: Moment = serde_json::from_str("\"2026-03-01T12:30:00.25-05:00\"").unwrap();
        assert_eq!(read, moment);
    }

    #[test]
    fn a_compact_date_is_eight_digits_of_the_calendar() {
        assert_eq!(iso_date::parse_compact("20260228"), Some(date!(2026 - 02 - 28)));
        for text in ["", "20260229", "2026-2-28", "2026022", "202602280", "２０２６", "+2026022", "20261301"] {
            assert_eq!(iso_date::parse_compact(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_ends_one_millisecond_before_the_next() {
        let day = date!(2026 - 02 - 28);
        assert_eq!(Moment::end_of(day).plus_ms(1), Moment::start_of(date!(2026 - 03 - 01)));
        assert_eq!(Moment::end_of(day).date(), day);
    }
}
