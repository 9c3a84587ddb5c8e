//! What the engine is told: the facts of a claim, the cover, and what came before.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;

/// The most settlement periods of one claim: more than two years of hospital.
const MOST_SETTLEMENTS: usize = 12;
/// The longest event in days.
const LONGEST_EVENT_DAYS: i64 = 1_100;
/// The largest amount of one settlement: ten million yuan.
const LARGEST_AMOUNT: Fen = Fen::new(1_000_000_000);

/// What happened (保险事故).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A stay in hospital.
    HospitalStay,
    /// Outpatient costs.
    OutpatientCosts,
    /// A first confirmed diagnosis.
    Diagnosis,
    /// An accident.
    Accident,
    /// A death.
    Death,
    /// A loss of property.
    PropertyLoss,
}

impl EventKind {
    /// The word of tables and of the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HospitalStay => "hospital_stay",
            Self::OutpatientCosts => "outpatient_costs",
            Self::Diagnosis => "diagnosis",
            Self::Accident => "accident",
            Self::Death => "death",
            Self::PropertyLoss => "property_loss",
        }
    }
}

/// What the illness is, as far as rules tell illnesses apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosisClass {
    /// An illness or injury that no rule sets apart.
    General,
    /// A mental illness (精神类疾病).
    Psychiatric,
    /// A work injury (工伤).
    WorkInjury,
    /// An occupational disease (职业病).
    OccupationalDisease,
    /// Childbirth (生育).
    Childbirth,
}

/// One settlement of the medical insurance (结算): at discharge, or after each 90 days of a long stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// First day of the period.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-02")]
    pub starts_on: Date,
    /// Last day of the period.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-12")]
    pub ends_on: Date,
    /// Self-pay one (自付一): the part within the insurance that the member bears. Self-pay two and own expense never count.
    pub self_pay_one_fen: Fen,
}

/// The facts of one event as declared and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimFacts {
    /// What happened.
    pub event: EventKind,
    /// The day it happened; of a stay the day of admission. Cover, plan version and year are judged by it.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-02")]
    pub starts_on: Date,
    /// The last day; of a stay the day of discharge.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-12")]
    pub ends_on: Date,
    /// Grade of the hospital: 1 to 3, 0 for one without a grade, absent while nobody knows it.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 3, example = 3)]
    pub hospital_grade: Option<u8>,
    /// What kind of illness it is.
    pub diagnosis_class: DiagnosisClass,
    /// The settlements, in the order of time; a stay within 90 days has one.
    #[schema(max_items = 12)]
    pub settlements: Vec<Settlement>,
}

/// One enrolment as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cover {
    /// The enrolment.
    pub enrolment_id: Uuid,
    /// First day of cover.
    #[serde(with = "iso_date")]
    pub starts_on: Date,
    /// Last day of cover; none while it lasts as long as membership.
    #[serde(default, with = "iso_date::option")]
    pub ends_on: Option<Date>,
    /// Shares (份), from 1.
    pub shares: u32,
    /// True when it follows a cover of the same plan without a gap: no waiting period.
    pub renewal: bool,
}

/// What this member was granted earlier under the same plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// Settlement periods of stays counted earlier in the calendar year of the event.
    pub stays_in_year: u32,
    /// Days that an allowance was paid for in the term of cover.
    pub days_in_term: u32,
    /// Granted in the calendar year of the event.
    pub granted_in_year_fen: Fen,
    /// Granted in the term of cover.
    pub granted_in_term_fen: Fen,
}

/// All that an assessment stands on beside the plan version: kept beside it, so that it can be computed again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// The claim.
    pub facts: ClaimFacts,
    /// The enrolment.
    pub cover: Cover,
    /// What came before.
    pub before: Before,
}

impl ClaimFacts {
    /// Whole days from the first to the last day of the event; 0 within one day.
    #[must_use]
    pub fn nights(&self) -> u32 {
        days(self.starts_on, self.ends_on)
    }

    /// What contradicts itself in these facts: a JSON pointer and a word for the trouble.
    ///
    /// # Errors
    /// The first contradiction found.
    pub fn check(&self) -> Result<(), (String, &'static str)> {
        let at = |pointer: &str, trouble| Err((pointer.to_owned(), trouble));
        let length = (self.ends_on - self.starts_on).whole_days();
        if length < 0 {
            return at("/ends_on", "before_start");
        }
        if length > LONGEST_EVENT_DAYS {
            return at("/ends_on", "too_long");
        }
        if self.hospital_grade.is_some_and(|grade| grade > 3) {
            return at("/hospital_grade", "unknown_grade");
        }
        if self.settlements.len() > MOST_SETTLEMENTS {
            return at("/settlements", "too_many");
        }
        let mut before: Option<Date> = None;
        for (index, settlement) in self.settlements.iter().enumerate() {
            let here = |key| format!("/settlements/{index}/{key}");
            if settlement.ends_on < settlement.starts_on || settlement.ends_on > self.ends_on {
                return Err((here("ends_on"), "outside_event"));
            }
            // A period may begin on the day on which the one before it ended.
            if settlement.starts_on < before.unwrap_or(self.starts_on) {
                return Err((here("starts_on"), "outside_event"));
            }
            if settlement.self_pay_one_fen < Fen::ZERO || settlement.self_pay_one_fen > LARGEST_AMOUNT {
                return Err((here("self_pay_one_fen"), "out_of_range"));
            }
            before = Some(settlement.ends_on);
        }
        Ok(())
    }
}

impl Settlement {
    /// Whole days from the first to the last day of the period; 0 within one day.
    #[must_use]
    pub fn nights(&self) -> u32 {
        days(self.starts_on, self.ends_on)
    }
}

fn days(from: Date, to: Date) -> u32 {
    u32::try_from((to - from).whole_days()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn stay() -> ClaimFacts {
        ClaimFacts {
            event: EventKind::HospitalStay,
            starts_on: date!(2026 - 03 - 02),
            ends_on: date!(2026 - 03 - 12),
            hospital_grade: Some(3),
            diagnosis_class: DiagnosisClass::General,
            settlements: vec![Settlement {
                starts_on: date!(2026 - 03 - 02),
                ends_on: date!(2026 - 03 - 12),
                self_pay_one_fen: Fen::new(800_000),
            }],
        }
    }

    #[test]
    fn facts_that_contradict_themselves_say_where() {
        assert_eq!(stay().check(), Ok(()));
        type Spoil = fn(&mut ClaimFacts);
        let cases: [(Spoil, &str, &str); 7] = [
            (|f| f.ends_on = date!(2026 - 03 - 01), "/ends_on", "before_start"),
            (|f| f.ends_on = date!(2036 - 03 - 01), "/ends_on", "too_long"),
            (|f| f.hospital_grade = Some(4), "/hospital_grade", "unknown_grade"),
            (|f| f.settlements = vec![f.settlements[0].clone(); 13], "/settlements", "too_many"),
            (|f| f.settlements[0].ends_on = date!(2026 - 03 - 13), "/settlements/0/ends_on", "outside_event"),
            (|f| f.settlements[0].starts_on = date!(2026 - 03 - 01), "/settlements/0/starts_on", "outside_event"),
            (|f| f.settlements[0].self_pay_one_fen = Fen::new(-1), "/settlements/0/self_pay_one_fen", "out_of_range"),
        ];
        for (spoil, pointer, trouble) in cases {
            let mut facts = stay();
            spoil(&mut facts);
            assert_eq!(facts.check(), Err((pointer.to_owned(), trouble)));
        }
    }

    #[test]
    fn facts_read_back_from_json_as_they_were() {
        let text = serde_json::to_string(&stay()).unwrap();
        assert!(text.contains(r#""starts_on":"2026-03-02""#), "{text}");
        assert_eq!(serde_json::from_str::<ClaimFacts>(&text).unwrap(), stay());
        assert!(serde_json::from_str::<ClaimFacts>(&text.replace("hospital_grade", "grade")).is_err());
    }
}
