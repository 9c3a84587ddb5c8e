//! The arithmetic of working days over the lists that are known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month};
use utoipa::ToSchema;

use super::year::{CalendarError, YearList, dates, is_weekend};

/// The lists that the program carries, by year.
const BUILT_IN: [(&str, &str); 23] = [
    ("2004.toml", include_str!("data/2004.toml")),
    ("2005.toml", include_str!("data/2005.toml")),
    ("2006.toml", include_str!("data/2006.toml")),
    ("2007.toml", include_str!("data/2007.toml")),
    ("2008.toml", include_str!("data/2008.toml")),
    ("2009.toml", include_str!("data/2009.toml")),
    ("2010.toml", include_str!("data/2010.toml")),
    ("2011.toml", include_str!("data/2011.toml")),
    ("2012.toml", include_str!("data/2012.toml")),
    ("2013.toml", include_str!("data/2013.toml")),
    ("2014.toml", include_str!("data/2014.toml")),
    ("2015.toml", include_str!("data/2015.toml")),
    ("2016.toml", include_str!("data/2016.toml")),
    ("2017.toml", include_str!("data/2017.toml")),
    ("2018.toml", include_str!("data/2018.toml")),
    ("2019.toml", include_str!("data/2019.toml")),
    ("2020.toml", include_str!("data/2020.toml")),
    ("2021.toml", include_str!("data/2021.toml")),
    ("2022.toml", include_str!("data/2022.toml")),
    ("2023.toml", include_str!("data/2023.toml")),
    ("2024.toml", include_str!("data/2024.toml")),
    ("2025.toml", include_str!("data/2025.toml")),
    ("2026.toml", include_str!("data/2026.toml")),
];

/// How much is known of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum YearStatus {
    /// The State Council's list is loaded: the working days are final.
    Published,
    /// No list yet: weekends and the days that the law fixes are off, and dates may move when the list is loaded.
    Provisional,
}

/// The working days of all years, from the lists that are known.
#[derive(Clone, Debug)]
pub struct Calendar {
    lists: BTreeMap<i32, Arc<YearList>>,
    off: BTreeSet<Date>,
    working: BTreeSet<Date>,
    statutory: BTreeSet<Date>,
}

static CARRIED: LazyLock<Result<Calendar, CalendarError>> = LazyLock::new(|| {
    let lists = BUILT_IN.iter().map(|(file, text)| YearList::parse(file, text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Calendar::of(lists, statutory_days(include_str!("data/statutory.toml"))?))
});

impl Calendar {
    /// The calendar of the lists that the program carries.
    ///
    /// # Panics
    /// Never: the lists are part of the program.
    #[must_use]
    #[expect(clippy::expect_used, reason = "the lists are part of the program and a test reads every one")]
    pub fn built_in() -> &'static Self {
        CARRIED.as_ref().expect("the lists are part of the program and a test reads every one")
    }

    fn of(lists: impl IntoIterator<Item = YearList>, statutory: BTreeSet<Date>) -> Self {
        let lists: BTreeMap<i32, Arc<YearList>> = lists.into_iter().map(|list| (list.year, Arc::new(list))).collect();
        let off = lists.values().flat_map(|list| list.days_off()).collect();
        let working = lists.values().flat_map(|list| list.make_up_days()).collect();
        Self { lists, off, working, statutory }
    }

    /// This calendar with `newer` lists beside its own; a newer list takes the place of an older one of the same year.
    #[must_use]
    pub fn with(&self, newer: impl IntoIterator<Item = YearList>) -> Self {
        let mut lists: BTreeMap<i32, YearList> =
            self.lists.iter().map(|(year, list)| (*year, YearList::clone(list))).collect();
        lists.extend(newer.into_iter().map(|list| (list.year, list)));
        Self::of(lists.into_values(), self.statutory.clone())
    }

    /// True when people work on `date`.
    #[must_use]
    pub fn is_working_day(&self, date: Date) -> bool {
        if self.working.contains(&date) {
            return true;
        }
        if is_weekend(date) || self.off.contains(&date) {
            return false;
        }
        self.status(date.year()) == YearStatus::Published || !self.is_statutory(date)
    }

    /// The `n`th working day after `date`; `date` itself never counts. The date itself for 0.
    ///
    /// At the end of the calendar (year 9999) it stops at the last day.
    #[must_use]
    pub fn nth_working_day_after(&self, date: Date, n: u32) -> Date {
        let mut day = date;
        let mut left = n;
        while left > 0 {
            let Some(next) = day.next_day() else { return Date::MAX };
            day = next;
            if self.is_working_day(day) {
                left -= 1;
            }
        }
        day
    }

    /// How many working days lie after `from` up to and including `to`; 0 when `to` is not after `from`.
    #[must_use]
    pub fn working_days_between(&self, from: Date, to: Date) -> u32 {
        let days = (to - from).whole_days();
        let working = (1..=days)
            .filter_map(|day| from.checked_add(Duration::days(day)))
            .filter(|day| self.is_working_day(*day))
            .count();
        u32::try_from(working).unwrap_or(u32::MAX)
    }

    /// Whether the list of `year` is known.
    #[must_use]
    pub fn status(&self, year: i32) -> YearStatus {
        if self.lists.contains_key(&year) { YearStatus::Published } else { YearStatus::Provisional }
    }

    /// True when counting over `first` to `last` may change, because a list that can name one of these dates is not known.
    ///
    /// A list also names days around New Year of the December before, so 29 to 31 December wait for two lists.
    #[must_use]
    pub fn is_provisional(&self, first: Date, last: Date) -> bool {
        let reaches_new_year = last.month() == Month::December && last.day() >= 29;
        (first.year()..=last.year() + i32::from(reaches_new_year))
            .any(|year| self.status(year) == YearStatus::Provisional)
    }

    /// The list of `year`, when it is published.
    #[must_use]
    pub fn list(&self, year: i32) -> Option<&YearList> {
        self.lists.get(&year).map(AsRef::as_ref)
    }

    /// The years whose lists are known, rising.
    pub fn published_years(&self) -> impl Iterator<Item = i32> {
        self.lists.keys().copied()
    }

    /// The working days of `year`, rising.
    pub fn working_days(&self, year: i32) -> impl Iterator<Item = Date> {
        days_of(year).filter(|day| self.is_working_day(*day))
    }

    /// The days from Monday to Friday of `year` on which nobody works, rising.
    #[must_use]
    pub fn weekdays_off(&self, year: i32) -> Vec<Date> {
        days_of(year).filter(|day| !is_weekend(*day) && !self.is_working_day(*day)).collect()
    }

    /// The Saturdays and Sundays of `year` that are worked, rising.
    #[must_use]
    pub fn weekend_days_worked(&self, year: i32) -> Vec<Date> {
        days_of(year).filter(|day| is_weekend(*day) && self.is_working_day(*day)).collect()
    }

    fn is_statutory(&self, date: Date) -> bool {
        let fixed =
            matches!((date.month(), date.day()), (Month::January, 1) | (Month::May, 1 | 2) | (Month::October, 1..=3));
        fixed || self.statutory.contains(&date)
    }
}

fn days_of(year: i32) -> impl Iterator<Item = Date> {
    (1..=366).filter_map(move |day| Date::from_ordinal_date(year, day).ok())
}

fn statutory_days(text: &str) -> Result<BTreeSet<Date>, CalendarError> {
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Days(#[serde(with = "dates")] Vec<Date>);

    let years: BTreeMap<String, Days> = toml::from_str(text).map_err(|e| CalendarError::Malformed {
        file: "statutory.toml".to_owned(),
        key: "-".to_owned(),
        message: e.message().to_owned(),
    })?;
    Ok(years.into_values().flat_map(|days| days.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn every_built_in_list_reads_and_is_for_its_year() {
        let calendar = CARRIED.as_ref().unwrap();
        assert_eq!(calendar.published_years().collect::<Vec<_>>(), (2004..=2026).collect::<Vec<_>>());
        for (file, text) in BUILT_IN {
            assert_eq!(format!("{}.toml", YearList::parse(file, text).unwrap().year), file);
        }
        assert_eq!(calendar.statutory.len(), 9 * 7);
    }

    #[test]
    fn holidays_make_up_days_and_weekends_are_told_apart() {
        let calendar = Calendar::built_in();
        for (day, working) in [
            (date!(2026 - 02 - 13), true),  // a Friday
            (date!(2026 - 02 - 14), true),  // a Saturday that is worked
            (date!(2026 - 02 - 15), false), // Spring Festival begins
            (date!(2026 - 02 - 23), false), // its last day, a Monday
            (date!(2026 - 02 - 24), true),
            (date!(2026 - 02 - 28), true),  // a Saturday that is worked
            (date!(2026 - 03 - 01), false), // a Sunday
            (date!(2005 - 12 - 31), true),  // a Saturday of 2005, worked by the notice for 2006
            (date!(2020 - 01 - 31), false), // lengthened later
            (date!(2020 - 02 - 01), false), // first worked, then off
            (date!(2007 - 12 - 31), false), // a Monday of 2007, off by the notice for 2008
        ] {
            assert_eq!(calendar.is_working_day(day), working, "{day}");
        }
    }

    #[test]
    fn the_tenth_working_day_passes_over_spring_festival() {
        let calendar = Calendar::built_in();
        // 11, 12, 13, 14 (worked Saturday), then 24, 25, 26, 27, 28 (worked Saturday), 2 March.
        assert_eq!(calendar.nth_working_day_after(date!(2026 - 02 - 10), 10), date!(2026 - 03 - 02));
        assert_eq!(calendar.working_days_between(date!(2026 - 02 - 10), date!(2026 - 03 - 02)), 10);
        assert_eq!(calendar.nth_working_day_after(date!(2026 - 02 - 14), 0), date!(2026 - 02 - 14));
        assert_eq!(calendar.working_days_between(date!(2026 - 02 - 15), date!(2026 - 02 - 10)), 0);
        assert_eq!(calendar.nth_working_day_after(Date::MAX, 3), Date::MAX);
    }

    #[test]
    fn a_year_without_a_list_is_provisional_until_it_is_loaded() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.status(2027), YearStatus::Provisional);
        assert!(calendar.is_provisional(date!(2026 - 12 - 30), date!(2027 - 01 - 02)));
        assert!(!calendar.is_provisional(date!(2026 - 12 - 01), date!(2026 - 12 - 28)));
        assert!(calendar.is_provisional(date!(2026 - 12 - 01), date!(2026 - 12 - 29)), "the list of 2027 may name it");
        assert!(!calendar.is_working_day(date!(2027 - 01 - 01)));
        assert!(!calendar.is_working_day(date!(2027 - 02 - 05)), "New Year's Eve by the moon");
        assert!(calendar.is_working_day(date!(2027 - 02 - 10)));
        let list = YearList::parse(
            "2027.toml",
            "year = 2027\nnotice = \"n\"\nsource = \"s\"\n[[holiday]]\nname = { zh = \"春节\", en = \"Spring Festival\" }\nfirst = \"2027-02-05\"\nlast = \"2027-02-11\"\nworking = [\"2027-02-14\"]\n",
        )
        .unwrap();
        let loaded = calendar.with([list]);
        assert_eq!(loaded.status(2027), YearStatus::Published);
        assert!(!loaded.is_working_day(date!(2027 - 02 - 10)));
        assert!(loaded.is_working_day(date!(2027 - 02 - 14)));
        assert_eq!(loaded.weekdays_off(2027).len(), 5);
        assert_eq!(loaded.weekend_days_worked(2027), [date!(2027 - 02 - 14)]);
    }
}
