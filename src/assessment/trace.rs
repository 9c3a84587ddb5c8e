//! The answer of the engine: an amount and the lines that lead to it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

/// What the rules of one plan version give for one claim under one enrolment (核算).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// Version of the engine that computed it; [`super::replay`] knows every one.
    pub engine: u16,
    /// The plan.
    #[schema(example = "second_reimbursement", max_length = 64)]
    pub plan_code: String,
    /// The version whose rules were used.
    pub plan_version_id: Uuid,
    /// The enrolment that it is owed under.
    pub enrolment_id: Uuid,
    /// What is owed; never below zero.
    pub amount_fen: Fen,
    /// How it came about, in the order of computing.
    #[schema(max_items = 100)]
    pub lines: Vec<Line>,
}

/// One step of an assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Id of the rule in its plan version; `cover` and `cap.event`, `cap.year`, `cap.term` for what every plan has.
    #[schema(example = "inpatient", max_length = 64)]
    pub rule: Cow<'static, str>,
    /// The plan version that the rule belongs to.
    pub plan_version_id: Uuid,
    /// What the line does.
    pub kind: LineKind,
    /// Why it pays nothing, or less; null when it pays.
    #[schema(required = true)]
    pub reason: Option<Reason>,
    /// What the line was computed from.
    #[schema(max_items = 20)]
    pub inputs: Vec<Input>,
    /// The arithmetic, as one would write it on paper.
    #[schema(example = "(8,000.00 − 1,300.00) × 20 % = 1,340.00", max_length = 500)]
    pub arithmetic: String,
    /// The same in a sentence.
    pub sentence: Text,
    /// What is owed after this line; the last line's is the amount of the assessment.
    pub subtotal_fen: Fen,
}

/// What a line does to the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// Adds to it.
    Pays,
    /// Adds nothing and says why.
    Refuses,
    /// Holds it under a ceiling.
    Limits,
}

/// Why a line pays nothing, or less: stable codes, also used by decisions and notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The event date lies outside the enrolment.
    NotInCover,
    /// The plan version does not judge events of that date: it had not begun, or had ended.
    PlanEnded,
    /// The event lies in the waiting period of a first cover.
    WaitingPeriod,
    /// The plan pays nothing for this kind of event.
    EventNotCovered,
    /// The plan excludes this kind of illness.
    ExcludedDiagnosis,
    /// The hospital's grade is below the lowest that the plan accepts.
    HospitalGradeTooLow,
    /// A fact that the rule needs is not known yet.
    FactMissing,
    /// A settlement is longer than one settlement period and must be split by the insurance first.
    SettlementTooLong,
    /// Nothing lies above the deductible.
    NothingAboveDeductible,
    /// The stay ended before the day from which the allowance is paid.
    NoPaidDays,
    /// The days of the term are used up.
    DaysUsedUp,
    /// A ceiling is reached.
    CapReached,
}

/// One named value that a line was computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Stable name.
    #[schema(example = "self_pay_one", max_length = 64)]
    pub name: Cow<'static, str>,
    /// The name for people.
    pub label: Text,
    /// The value with its unit.
    pub value: Quantity,
}

/// A value with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "unit", content = "value", rename_all = "snake_case")]
pub enum Quantity {
    /// An amount of money.
    Fen(Fen),
    /// A ratio in ten-thousandths.
    BasisPoints(u32),
    /// A number of days.
    Days(u32),
    /// A number of things.
    Count(u32),
    /// A date.
    Date(#[serde(with = "iso_date")] Date),
}

impl Input {
    pub(super) const fn new(name: &'static str, zh: &'static str, en: &'static str, value: Quantity) -> Self {
        Self { name: Cow::Borrowed(name), label: Text::fixed(zh, en), value }
    }

    pub(super) const fn fen(name: &'static str, zh: &'static str, en: &'static str, fen: Fen) -> Self {
        Self::new(name, zh, en, Quantity::Fen(fen))
    }

    pub(super) const fn days(name: &'static str, zh: &'static str, en: &'static str, days: u32) -> Self {
        Self::new(name, zh, en, Quantity::Days(days))
    }
}

/// What a rule contributes, before the subtotal is known.
pub(super) struct Step {
    pub reason: Option<Reason>,
    pub inputs: Vec<Input>,
    pub arithmetic: String,
    pub sentence: Text,
    /// What the step adds; zero for a refusal.
    pub adds: Fen,
}

impl Step {
    pub(super) fn pays(inputs: Vec<Input>, arithmetic: String, sentence: Text, adds: Fen) -> Self {
        Self { reason: None, inputs, arithmetic, sentence, adds }
    }

    pub(super) fn refuses(reason: Reason, inputs: Vec<Input>, arithmetic: String, sentence: Text) -> Self {
        Self { reason: Some(reason), inputs, arithmetic, sentence, adds: Fen::ZERO }
    }
}

/// `20 %`, `12.5 %`, `0.05 %`.
pub(super) fn percent(basis_points: u32) -> String {
    let (whole, part) = (basis_points / 100, basis_points % 100);
    match part {
        0 => format!("{whole} %"),
        _ if part % 10 == 0 => format!("{whole}.{} %", part / 10),
        _ => format!("{whole}.{part:02} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_ratio_reads_as_percent() {
        for (points, text) in [(2_000, "20 %"), (1_250, "12.5 %"), (5, "0.05 %"), (10_000, "100 %"), (630, "6.3 %")] {
            assert_eq!(percent(points), text);
        }
    }
}
