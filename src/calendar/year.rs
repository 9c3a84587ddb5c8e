//! One year's list of days off and make-up working days: its form in a file and in the table, and what a list may not say.

use serde::{Deserialize, Serialize};
use time::{Date, Duration, Month, Weekday};
use utoipa::ToSchema;

use crate::kernel::clock::iso_date;
use crate::kernel::text::Text;

/// The longest run of days off that a list may hold; the longest so far had ten days (Spring Festival 2020).
const LONGEST_HOLIDAY_DAYS: i64 = 16;
/// The most holidays and the most make-up working days of one holiday that a list may hold.
const MOST_HOLIDAYS: usize = 20;
const MOST_WORKING: usize = 6;

/// The list of one year as the State Council's general office announces it.
///
/// It may name dates of the December before (a New Year that begins there, or its make-up working day) and never later ones.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YearList {
    /// The calendar year that the list is for.
    #[schema(minimum = 2004, maximum = 2100, example = 2026)]
    pub year: i32,
    /// Title of the notice.
    #[schema(max_length = 200, example = "国务院办公厅关于2026年部分节假日安排的通知")]
    pub notice: String,
    /// Where the notice can be read.
    #[schema(max_length = 500, example = "https://www.gov.cn/gongbao/2025/issue_12406/202511/content_7048922.html")]
    pub source: String,
    /// The holidays, in the order of the year.
    #[serde(rename = "holiday")]
    #[schema(max_items = 20)]
    pub holidays: Vec<Holiday>,
}

/// One run of days off with the working days that make up for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// What is celebrated.
    pub name: Text,
    /// First day off.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-05-01")]
    pub first: Date,
    /// Last day off; every day between is off too.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-05-05")]
    pub last: Date,
    /// Saturdays and Sundays that are worked instead.
    #[serde(default, with = "dates")]
    #[schema(value_type = Vec<String>, max_items = 6, example = json!(["2026-05-09"]))]
    pub working: Vec<Date>,
}

/// What is wrong with a list.
#[derive(Debug, thiserror::Error)]
pub enum CalendarError {
    /// The text is no list: the place and what the reader says.
    #[error("{file}: {key}: {message}")]
    Malformed {
        /// The file, as named by the caller.
        file: String,
        /// The key, as a path: `holiday[2].first`.
        key: String,
        /// What is wrong there.
        message: String,
    },
    /// The list contradicts itself or the week.
    #[error("{file}: {message}")]
    Contradiction {
        /// The file, as named by the caller.
        file: String,
        /// What is wrong.
        message: String,
    },
}

impl YearList {
    /// Reads a list from TOML, or from JSON when the text begins with `{`. `file` is only for the error.
    ///
    /// # Errors
    /// [`CalendarError`], which names the file and the key.
    pub fn parse(file: &str, text: &str) -> Result<Self, CalendarError> {
        let malformed = |key: String, message: String| CalendarError::Malformed { file: file.to_owned(), key, message };
        let list: Self = if text.trim_start().starts_with('{') {
            let mut reader = serde_json::Deserializer::from_str(text);
            serde_path_to_error::deserialize(&mut reader)
                .map_err(|e| malformed(e.path().to_string(), e.inner().to_string()))?
        } else {
            let reader =
                toml::Deserializer::parse(text).map_err(|e| malformed("-".to_owned(), e.message().to_owned()))?;
            serde_path_to_error::deserialize(reader)
                .map_err(|e| malformed(e.path().to_string(), e.inner().message().to_owned()))?
        };
        list.check().map_err(|message| CalendarError::Contradiction { file: file.to_owned(), message })?;
        Ok(list)
    }

    fn check(&self) -> Result<(), String> {
        if !(2004..=2100).contains(&self.year) {
            return Err(format!("year: {} is not between 2004 and 2100", self.year));
        }
        if self.holidays.is_empty() || self.holidays.len() > MOST_HOLIDAYS {
            return Err(format!("holiday: a list has 1 to {MOST_HOLIDAYS} holidays"));
        }
        let mut before: Option<Date> = None;
        for (index, holiday) in self.holidays.iter().enumerate() {
            self.check_one(holiday).map_err(|message| format!("holiday[{index}]: {message}"))?;
            if before.is_some_and(|last| holiday.first <= last) {
                return Err(format!("holiday[{index}].first: is not after the holiday before it"));
            }
            before = Some(holiday.last);
        }
        let off: Vec<Date> = self.days_off().collect();
        match self.make_up_days().find(|day| off.contains(day)) {
            Some(day) => Err(format!("{} is both a day off and a working day", iso_date::text(day))),
            None => Ok(()),
        }
    }

    fn check_one(&self, holiday: &Holiday) -> Result<(), String> {
        let days = (holiday.last - holiday.first).whole_days() + 1;
        if !(1..=LONGEST_HOLIDAY_DAYS).contains(&days) {
            return Err(format!("first and last span {days} days, not 1 to {LONGEST_HOLIDAY_DAYS}"));
        }
        if holiday.working.len() > MOST_WORKING {
            return Err(format!("working: at most {MOST_WORKING} days"));
        }
        for day in [holiday.first, holiday.last].into_iter().chain(holiday.working.iter().copied()) {
            let december_before = day.year() == self.year - 1 && day.month() == Month::December;
            if day.year() != self.year && !december_before {
                return Err(format!("{} does not belong to the list of {}", iso_date::text(day), self.year));
            }
        }
        match holiday.working.iter().find(|day| !is_weekend(**day)) {
            Some(day) => Err(format!("working: {} is no Saturday or Sunday", iso_date::text(*day))),
            None => Ok(()),
        }
    }

    /// Every day off of the list, weekends within a holiday included.
    pub fn days_off(&self) -> impl Iterator<Item = Date> {
        self.holidays.iter().flat_map(|holiday| {
            let days = (holiday.last - holiday.first).whole_days();
            (0..=days).filter_map(|day| holiday.first.checked_add(Duration::days(day)))
        })
    }

    /// Every make-up working day of the list.
    pub fn make_up_days(&self) -> impl Iterator<Item = Date> {
        self.holidays.iter().flat_map(|holiday| holiday.working.iter().copied())
    }
}

/// True for Saturday and Sunday.
pub(super) fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// A list of dates, each written `YYYY-MM-DD`.
pub(super) mod dates {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use time::Date;

    use crate::kernel::clock::iso_date;

    pub fn serialize<S: Serializer>(dates: &[Date], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(dates.iter().map(|date| iso_date::text(*date)))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Date>, D::Error> {
        Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|text| iso_date::parse(text).ok_or_else(|| D::Error::custom("a date is written YYYY-MM-DD")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "year = 2027\nnotice = \"n\"\nsource = \"s\"\n";

    fn refusal(holidays: &str) -> String {
        YearList::parse("2027.toml", &format!("{HEAD}{holidays}")).unwrap_err().to_string()
    }

    #[test]
    fn a_list_reads_the_same_from_toml_and_from_json() {
        let toml = format!(
            "{HEAD}[[holiday]]\nname = {{ zh = \"元旦\", en = \"New Year\" }}\nfirst = \"2027-01-01\"\nlast = \"2027-01-03\"\nworking = [\"2026-12-26\"]\n"
        );
        let list = YearList::parse("a", &toml).unwrap();
        assert_eq!(list.days_off().count(), 3);
        assert_eq!(YearList::parse("b", &serde_json::to_string(&list).unwrap()).unwrap(), list);
    }

    #[test]
    fn an_error_names_the_file_and_the_key() {
        let name = "name = { zh = \"a\", en = \"b\" }";
        for (holidays, says) in [
            (
                format!("[[holiday]]\n{name}\nfirst = \"2027-02-30\"\nlast = \"2027-03-01\""),
                "2027.toml: holiday[0].first: ",
            ),
            (
                format!("[[holiday]]\n{name}\nfirst = \"2027-01-01\"\nlast = \"2027-01-01\"\noff = 1"),
                "unknown field `off`",
            ),
            (
                format!("[[holiday]]\n{name}\nfirst = \"2027-01-03\"\nlast = \"2027-01-01\""),
                "holiday[0]: first and last span -1 days",
            ),
            (
                format!("[[holiday]]\n{name}\nfirst = \"2028-01-01\"\nlast = \"2028-01-01\""),
                "does not belong to the list of 2027",
            ),
            (
                format!(
                    "[[holiday]]\n{name}\nfirst = \"2027-01-01\"\nlast = \"2027-01-01\"\nworking = [\"2027-01-04\"]"
                ),
                "no Saturday or Sunday",
            ),
            (
                format!(
                    "[[holiday]]\n{name}\nfirst = \"2027-01-01\"\nlast = \"2027-01-03\"\nworking = [\"2027-01-03\"]"
                ),
                "2027-01-03 is both",
            ),
            ("holiday = []".to_owned(), "a list has 1 to 20 holidays"),
        ] {
            let refusal = refusal(&holidays);
            assert!(refusal.contains(says), "{refusal} lacks {says}");
        }
        assert!(YearList::parse("x", "year = ").unwrap_err().to_string().starts_with("x: "));
    }
}
