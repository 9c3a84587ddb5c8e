//! What the simulator knows and how it misbehaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;

/// Checks of one bill in a day, as on the real platform.
const PER_BILL_AND_DAY: u32 = 5;

/// One way in which the simulator misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 503 before anything is looked at.
    Down,
    /// The answer takes a minute.
    Slow,
    /// The answer is a page in HTML, with status 200.
    Nonsense,
    /// The answer speaks of another bill.
    OtherBill,
    /// The answer is larger than anybody reads.
    Endless,
    /// The answer sends the client elsewhere.
    Elsewhere,
}

/// A bill as it is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// 票据代码.
    pub code: String,
    /// 票据号码.
    pub number: String,
    /// 校验码.
    pub check_code: String,
    /// 开票日期, `YYYY-MM-DD`.
    pub issued_on: String,
    /// 金额合计, in fen.
    pub amount_fen: i64,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It is there.
    True,
    /// It is not, or a part is another.
    False,
    /// It is not there; it may come.
    NotFound,
    /// It was asked about too often today.
    LimitReached,
}

/// The platform.
#[derive(Debug, Default)]
pub struct Platform {
    faults: BTreeMap<Fault, u32>,
    asked: BTreeMap<(Date, String), u32>,
}

impl Platform {
    /// Lets `fault` happen the next `times` times; zero switches it off.
    pub fn fault(&mut self, fault: Fault, times: u32) {
        self.faults.insert(fault, times);
    }

    /// The fault that happens now, if one is switched on; counts it down.
    pub fn strikes(&mut self) -> Option<Fault> {
        let (fault, left) = self.faults.iter_mut().find(|(_, left)| **left > 0)?;
        *left -= 1;
        Some(*fault)
    }

    /// How often anything was asked for on `day`, by bill; faults count too.
    #[must_use]
    pub fn asked(&self, day: Date) -> Vec<u32> {
        self.asked.iter().filter(|((of, _), _)| *of == day).map(|(_, times)| *times).collect()
    }

    /// Counts a question; answers how often the bill was asked about today.
    pub fn count(&mut self, asked: &Asked, today: Date) -> u32 {
        let times = self.asked.entry((today, format!("{}{}", asked.code, asked.number))).or_default();
        *times += 1;
        *times
    }

    /// What it says of a bill: by the last digit of its number, 9 is false, 8 is not there (yet), the rest is true.
    #[must_use]
    pub fn answer(asked: &Asked, times_today: u32) -> Word {
        if times_today > PER_BILL_AND_DAY {
            return Word::LimitReached;
        }
        match asked.number.as_bytes().last() {
            Some(b'9') | None => Word::False,
            Some(b'8') => Word::NotFound,
            Some(_) => Word::True,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_bill_is_what_its_last_digit_says_five_times_a_day() {
        let mut platform = Platform::default();
        let bill = |number: &str| Asked {
            code: "11010126".to_owned(),
            number: number.to_owned(),
            check_code: "hz7q2m".to_owned(),
            issued_on: "2026-03-02".to_owned(),
            amount_fen: 1,
        };
        let mut say = |number: &str, day| {
            let times = platform.count(&bill(number), day);
            Platform::answer(&bill(number), times)
        };
        let today = date!(2026 - 03 - 16);
        assert_eq!([say("1", today), say("8", today), say("9", today)], [Word::True, Word::NotFound, Word::False]);
        assert_eq!(
            [(); 5].map(|()| say("1", today)),
            [Word::True, Word::True, Word::True, Word::True, Word::LimitReached]
        );
        assert_eq!(say("1", date!(2026 - 03 - 17)), Word::True);
        assert_eq!(platform.asked(today), [6, 1, 1]);
    }

    #[test]
    fn a_fault_strikes_as_often_as_told() {
        let mut platform = Platform::default();
        platform.fault(Fault::Down, 2);
        assert_eq!([(); 3].map(|()| platform.strikes()), [Some(Fault::Down), Some(Fault::Down), None]);
    }
}
