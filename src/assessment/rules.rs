//! The rules of a plan version as typed data: what a document may say.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use super::daily_allowance::DailyAllowance;
use super::facts::{DiagnosisClass, EventKind};
use super::ratio::RatioOverDeductible;
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

/// The rules of one plan version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Days after the first day of a first cover for which nothing is paid; a renewal has none.
    #[serde(default)]
    pub waiting_days: u32,
    /// Ceilings over all benefits.
    #[serde(default)]
    pub caps: Caps,
    /// The benefits; every one whose event matches is added.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// Ceilings over what all benefits of a plan give. Absent means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// For one event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_fen: Option<Fen>,
    /// For the events of one calendar year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year_fen: Option<Fen>,
    /// For one term of cover.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term_fen: Option<Fen>,
    /// True when the ceilings are per share.
    #[serde(default)]
    pub per_share: bool,
}

/// One benefit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Name of the rule, unique in its version; kept in every trace.
    pub id: String,
    /// What the rule is called.
    pub title: Text,
    /// The event that it pays for.
    pub event: EventKind,
    /// What must hold beside the amounts.
    #[serde(default)]
    pub requires: Requires,
    /// How much it pays.
    pub benefit: Benefit,
}

/// What must hold for a rule to pay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Requires {
    /// The lowest grade of hospital.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_hospital_grade: Option<u8>,
    /// Kinds of illness that are not paid for.
    #[serde(default)]
    pub excluded_diagnoses: Vec<DiagnosisClass>,
}

/// The shapes of benefits. A new shape is one variant, one file and its tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Benefit {
    /// A ratio of what lies over a deductible, by ordinal of the stay in the year.
    RatioOverDeductible(RatioOverDeductible),
    /// A sum for each day from a start day.
    DailyAllowance(DailyAllowance),
}

/// A plan version as the engine sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanTerms {
    /// The plan version; every trace line names it.
    pub plan_version_id: Uuid,
    /// Code of the plan.
    pub plan_code: String,
    /// First event date that this version judges.
    #[serde(with = "iso_date")]
    pub starts_on: Date,
    /// Last event date that this version judges; none while it is not superseded or ended.
    #[serde(default, with = "iso_date::option")]
    pub ends_on: Option<Date>,
    /// The rules.
    pub rules: Rules,
}

impl Rules {
    /// What is wrong with the rules beyond their form: the key and a sentence.
    ///
    /// # Errors
    /// The first mistake found.
    pub fn check(&self) -> Result<(), (String, String)> {
        if self.rules.is_empty() {
            return Err(("rule".to_owned(), "a plan version has at least one rule".to_owned()));
        }
        if self.waiting_days > 366 {
            return Err(("waiting_days".to_owned(), "is longer than a year".to_owned()));
        }
        let caps =
            [("event_fen", self.caps.event_fen), ("year_fen", self.caps.year_fen), ("term_fen", self.caps.term_fen)];
        for (key, cap) in caps {
            if cap.is_some_and(|cap| !cap.is_positive()) {
                return Err((format!("caps.{key}"), "is not more than nothing".to_owned()));
            }
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let here = |(key, message): (&str, &str)| (format!("rule[{index}].{key}"), message.to_owned());
            if rule.id.is_empty() || self.rules.iter().take(index).any(|other| other.id == rule.id) {
                return Err(here(("id", "is empty or given twice")));
            }
            if rule.requires.min_hospital_grade.is_some_and(|grade| grade > 3) {
                return Err(here(("requires.min_hospital_grade", "is not 0 to 3")));
            }
            match &rule.benefit {
                Benefit::RatioOverDeductible(shape) => shape.check(),
                Benefit::DailyAllowance(shape) => shape.check(),
            }
            .map_err(here)?;
        }
        Ok(())
    }
}
