//! The shape "daily allowance with start day and caps" (住院津贴).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::Basis;
use super::trace::{Input, Quantity, Reason, Step};
use crate::kernel::money::{Fen, MoneyError};
use crate::kernel::text::Text;

/// A sum for each day of a stay from a start day on. Ceilings on the amount are the plan's [`super::Caps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DailyAllowance {
    /// The sum for one day; per share when `per_share` is set.
    pub per_day_fen: Fen,
    /// The first day of the stay that is paid, from 1: 2 pays the days beyond day 1.
    pub first_paid_day: u32,
    /// How the days of a stay are counted.
    pub day_count: DayCount,
    /// The most days paid for one stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_days_per_stay: Option<u32>,
    /// The most days paid in one term of cover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_days_per_term: Option<u32>,
    /// True when every share is paid the sum.
    #[serde(default)]
    pub per_share: bool,
}

/// How the days of a stay are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// The day of admission counts and the day of discharge does not, as hospitals bill (算入不算出).
    DischargeDayExcluded,
    /// Both count.
    DischargeDayIncluded,
}

impl DailyAllowance {
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        if !self.per_day_fen.is_positive() {
            return Err(("benefit.daily_allowance.per_day_fen", "is not more than nothing"));
        }
        if self.first_paid_day == 0 {
            return Err(("benefit.daily_allowance.first_paid_day", "counts from 1"));
        }
        if self.max_days_per_stay == Some(0) || self.max_days_per_term == Some(0) {
            return Err(("benefit.daily_allowance", "a ceiling of zero days pays nothing"));
        }
        Ok(())
    }

    /// Days that the allowance is paid for, for counting them into the term later.
    #[must_use]
    pub fn paid_days(&self, basis: &Basis) -> u32 {
        let beyond = self.stay_days(basis).saturating_sub(self.first_paid_day.saturating_sub(1));
        let per_stay = self.max_days_per_stay.unwrap_or(u32::MAX);
        let left = self.max_days_per_term.map_or(u32::MAX, |most| most.saturating_sub(basis.before.days_in_term));
        beyond.min(per_stay).min(left)
    }

    fn stay_days(&self, basis: &Basis) -> u32 {
        basis.facts.nights()
            + match self.day_count {
                DayCount::DischargeDayExcluded => 0,
                DayCount::DischargeDayIncluded => 1,
            }
    }

    pub(super) fn apply(&self, basis: &Basis) -> Result<Step, MoneyError> {
        let (stay, unpaid) = (self.stay_days(basis), self.first_paid_day.saturating_sub(1));
        let (days, shares) = (self.paid_days(basis), if self.per_share { basis.cover.shares } else { 1 });
        let mut inputs = vec![
            Input::days("stay_days", "住院天数", "days of the stay", stay),
            Input::days("unpaid_days", "不计津贴天数", "days not paid", unpaid),
            Input::fen("per_day", "每日津贴", "allowance a day", self.per_day_fen),
        ];
        if self.per_share {
            inputs.push(Input::new("shares", "份数", "shares", Quantity::Count(shares)));
        }
        if let Some(most) = self.max_days_per_stay {
            inputs.push(Input::days("max_days_per_stay", "每次最高天数", "most days a stay", most));
        }
        if let Some(most) = self.max_days_per_term {
            inputs.push(Input::days("max_days_per_term", "保障期内最高天数", "most days a term", most));
            inputs.push(Input::days(
                "days_before",
                "保障期内已付天数",
                "days paid before in the term",
                basis.before.days_in_term,
            ));
        }
        if days == 0 {
            return Ok(nothing(stay, unpaid, inputs));
        }
        let pays = self.per_day_fen.checked_times(i64::from(days))?.checked_times(i64::from(shares))?;
        let counted = stay.saturating_sub(unpaid);
        let day_text = if counted == days {
            format!("({stay} − {unpaid})")
        } else {
            format!("min({stay} − {unpaid}, {days})")
        };
        let times = if self.per_share && shares > 1 { format!(" × {shares}") } else { String::new() };
        let per_day = self.per_day_fen;
        Ok(Step::pays(
            inputs,
            format!("{day_text} × {per_day}{times} = {pays}"),
            Text::made(
                format!(
                    "住院{stay}天，自第{}天起计{days}天，每天{per_day}元{}，给付{pays}元。",
                    self.first_paid_day,
                    share_zh(shares)
                ),
                format!(
                    "Stay of {stay} days, paid from day {}: {days} days at {per_day} yuan a day{}: {pays} yuan.",
                    self.first_paid_day,
                    share_en(shares)
                ),
            ),
            pays,
        ))
    }
}

fn share_zh(shares: u32) -> String {
    if shares > 1 { format!("，共{shares}份") } else { String::new() }
}

fn share_en(shares: u32) -> String {
    if shares > 1 { format!(", {shares} shares") } else { String::new() }
}

fn nothing(stay: u32, unpaid: u32, inputs: Vec<Input>) -> Step {
    if stay > unpaid {
        return Step::refuses(
            Reason::DaysUsedUp,
            inputs,
            "0".to_owned(),
            Text::fixed(
                "本保障期内的津贴天数已用完，不予给付。",
                "The allowance days of this term are used up, so nothing is paid.",
            ),
        );
    }
    Step::refuses(
        Reason::NoPaidDays,
        inputs,
        format!("{stay} ≤ {unpaid}"),
        Text::made(
            format!("住院{stay}天，前{unpaid}天不计津贴，不予给付。"),
            format!("The stay lasted {stay} days and the first {unpaid} are not paid, so nothing is paid."),
        ),
    )
}
