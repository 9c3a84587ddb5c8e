//! How much the bank may pay of ours, and when: limits, cut-off, value dates. Pure; working days come from the calendar.

use std::collections::BTreeSet;

use time::Date;

use crate::calendar::Calendar;
use crate::config::{Bank, BankDays, DayTime};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;

/// So long before the cut-off the same bytes are no longer sent again.
const RESEND_MARGIN_SECS: i64 = 15 * 60;
/// No holiday is longer: a list of closed days that names more is a mistake, and the search ends.
const LONGEST_PAUSE_DAYS: u16 = 366;

/// Limits and hours of an account.
#[derive(Clone, Debug)]
pub struct BankRules {
    /// One batch at most.
    pub max_batch_fen: Fen,
    /// Released for one value date at most.
    pub max_day_fen: Fen,
    /// From then on a file is paid on the next day of the bank.
    pub cut_off: DayTime,
    /// Nothing is sent before it on a value date.
    pub dispatch_from: DayTime,
    /// On which days the bank pays.
    pub pays_on: BankDays,
    /// Days besides on which it does not.
    pub closed_on: BTreeSet<Date>,
}

impl BankRules {
    /// Those that the operator set.
    #[must_use]
    pub fn of(bank: &Bank) -> Self {
        Self {
            max_batch_fen: bank.max_batch_fen,
            max_day_fen: bank.max_day_fen,
            cut_off: bank.cut_off,
            dispatch_from: bank.dispatch_from,
            pays_on: bank.pays_on,
            closed_on: bank.closed_on.clone(),
        }
    }

    /// True when the bank pays on `day`.
    #[must_use]
    pub fn pays_on_day(&self, calendar: &Calendar, day: Date) -> bool {
        !self.closed_on.contains(&day) && (self.pays_on == BankDays::EveryDay || calendar.is_working_day(day))
    }

    /// The day on which a file sent at `now` is paid: today before the cut-off of a day of the bank, else its next day.
    #[must_use]
    pub fn value_date(&self, calendar: &Calendar, now: Moment) -> Date {
        let mut day = now.date();
        if now >= self.closes_at(day) {
            day = day.next_day().unwrap_or(day);
        }
        for _ in 0..LONGEST_PAUSE_DAYS {
            if self.pays_on_day(calendar, day) {
                break;
            }
            day = day.next_day().unwrap_or(day);
        }
        day
    }

    /// The bank's last day up to and including `day`.
    #[must_use]
    pub fn last_day_until(&self, calendar: &Calendar, day: Date) -> Date {
        let mut day = day;
        for _ in 0..LONGEST_PAUSE_DAYS {
            if self.pays_on_day(calendar, day) {
                break;
            }
            day = day.previous_day().unwrap_or(day);
        }
        day
    }

    /// True when a file with this value date can't be paid on it any more: it is never sent with yesterday's date.
    #[must_use]
    pub fn is_too_late(&self, calendar: &Calendar, now: Moment, value_date: Date) -> bool {
        value_date < self.value_date(calendar, now)
    }

    /// The first moment at which a file with this value date is sent.
    #[must_use]
    pub fn opens_at(&self, value_date: Date) -> Moment {
        Moment::start_of(value_date).plus_secs(self.dispatch_from.as_secs())
    }

    /// True while bytes with this value date may still go out once more.
    #[must_use]
    pub fn may_resend(&self, now: Moment, value_date: Date) -> bool {
        now.date() == value_date && now < self.closes_at(value_date).plus_secs(-RESEND_MARGIN_SECS)
    }

    fn closes_at(&self, day: Date) -> Moment {
        Moment::start_of(day).plus_secs(self.cut_off.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn rules() -> BankRules {
        let bank = Bank {
            pays_on: BankDays::WorkingDays,
            cut_off: DayTime::parse("16:30").unwrap(),
            dispatch_from: DayTime::parse("08:30").unwrap(),
            closed_on: [date!(2026 - 03 - 17)].into(),
            ..Bank::simulator("http://127.0.0.1:1")
        };
        BankRules::of(&bank)
    }

    fn at(day: Date, hours: i64, minutes: i64) -> Moment {
        Moment::start_of(day).plus_secs(hours * 3_600 + minutes * 60)
    }

    #[test]
    fn money_leaves_today_before_the_cut_off_and_else_on_the_banks_next_day() {
        let (rules, calendar) = (rules(), Calendar::built_in());
        let value_date = |now| rules.value_date(calendar, now);
        // A Friday, a weekend, a Monday, the bank's own holiday.
        assert_eq!(value_date(at(date!(2026 - 03 - 13), 0, 0)), date!(2026 - 03 - 13));
        assert_eq!(value_date(at(date!(2026 - 03 - 13), 16, 29)), date!(2026 - 03 - 13));
        assert_eq!(value_date(at(date!(2026 - 03 - 13), 16, 30)), date!(2026 - 03 - 16));
        assert_eq!(value_date(at(date!(2026 - 03 - 14), 9, 0)), date!(2026 - 03 - 16));
        assert_eq!(value_date(at(date!(2026 - 03 - 16), 17, 0)), date!(2026 - 03 - 18));
        // The week of the National Day, and the Sunday that is worked before it.
        assert_eq!(value_date(at(date!(2026 - 09 - 30), 17, 0)), date!(2026 - 10 - 08));
        assert_eq!(value_date(at(date!(2026 - 09 - 20), 9, 0)), date!(2026 - 09 - 20));
        assert_eq!(rules.last_day_until(calendar, date!(2026 - 03 - 17)), date!(2026 - 03 - 16));
        assert_eq!(rules.last_day_until(calendar, date!(2026 - 10 - 07)), date!(2026 - 09 - 30));
    }

    #[test]
    fn a_file_is_sent_on_its_value_date_alone() {
        let (rules, calendar, day) = (rules(), Calendar::built_in(), date!(2026 - 03 - 16));
        assert_eq!(rules.opens_at(day), at(day, 8, 30));
        assert!(!rules.is_too_late(calendar, at(day, 16, 29), day));
        assert!(rules.is_too_late(calendar, at(day, 16, 30), day));
        assert!(!rules.is_too_late(calendar, at(date!(2026 - 03 - 13), 17, 0), day), "it waits for its day");
        assert!(rules.is_too_late(calendar, at(day, 17, 0), date!(2026 - 03 - 17)), "the bank is closed on its day");
        assert!(rules.may_resend(at(day, 16, 14), day) && !rules.may_resend(at(day, 16, 15), day));
        assert!(!rules.may_resend(at(day, 9, 0), date!(2026 - 03 - 18)));
    }
}
