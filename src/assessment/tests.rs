//! The engine against the published examples, the limits, and properties that hold for every claim.

use proptest::prelude::*;
use time::macros::date;
use time::{Date, Duration};
use uuid::Uuid;

use super::*;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

const YUAN: i64 = 100;

fn yuan(yuan: i64) -> Fen {
    Fen::new(yuan * YUAN)
}

/// Second reimbursement as Beijing publishes it: first stay (x − 1,300) × 20 %, later (x − 650) × 20 %, 200,653 yuan in all.
fn second_reimbursement() -> PlanTerms {
    terms(Rules {
        waiting_days: 0,
        caps: Caps { year_fen: Some(yuan(200_653)), ..Caps::default() },
        rules: vec![Rule {
            id: "inpatient".to_owned(),
            title: Text::fixed("住院二次报销", "Inpatient"),
            event: EventKind::HospitalStay,
            requires: Requires { min_hospital_grade: None, excluded_diagnoses: vec![DiagnosisClass::WorkInjury] },
            benefit: Benefit::RatioOverDeductible(RatioOverDeductible {
                base: Base::SelfPayOne,
                settlement_period_days: 90,
                tiers: vec![
                    Tier { from_stay: 1, deductible_fen: yuan(1_300), ratio_basis_points: 2_000 },
                    Tier { from_stay: 2, deductible_fen: yuan(650), ratio_basis_points: 2_000 },
                ],
            }),
        }],
    })
}

/// The hospital allowance: 40 yuan a day beyond day 1, at most 180 days and 7,200 yuan, grade 2 or above, no psychiatric illness.
fn hospital_allowance() -> PlanTerms {
    terms(Rules {
        waiting_days: 30,
        caps: Caps { term_fen: Some(yuan(7_200)), per_share: true, ..Caps::default() },
        rules: vec![Rule {
            id: "allowance".to_owned(),
            title: Text::fixed("住院津贴", "Hospital allowance"),
            event: EventKind::HospitalStay,
            requires: Requires { min_hospital_grade: Some(2), excluded_diagnoses: vec![DiagnosisClass::Psychiatric] },
            benefit: Benefit::DailyAllowance(DailyAllowance {
                per_day_fen: yuan(40),
                first_paid_day: 2,
                day_count: DayCount::DischargeDayExcluded,
                max_days_per_stay: Some(180),
                max_days_per_term: Some(180),
                per_share: true,
            }),
        }],
    })
}

fn terms(rules: Rules) -> PlanTerms {
    assert_eq!(rules.check(), Ok(()));
    PlanTerms {
        plan_version_id: Uuid::from_u128(7),
        plan_code: "plan".to_owned(),
        starts_on: date!(2017 - 01 - 01),
        ends_on: Some(date!(2026 - 12 - 31)),
        rules,
    }
}

fn stay(days: i64, self_pay_one: Fen) -> Basis {
    let (starts_on, ends_on) = (date!(2026 - 03 - 02), date!(2026 - 03 - 02) + Duration::days(days));
    Basis {
        facts: ClaimFacts {
            event: EventKind::HospitalStay,
            starts_on,
            ends_on,
            hospital_grade: Some(3),
            diagnosis_class: DiagnosisClass::General,
            settlements: vec![Settlement { starts_on, ends_on, self_pay_one_fen: self_pay_one }],
        },
        cover: Cover {
            enrolment_id: Uuid::from_u128(8),
            starts_on: date!(2026 - 01 - 01),
            ends_on: Some(date!(2026 - 12 - 31)),
            shares: 1,
            renewal: true,
        },
        before: Before::default(),
    }
}

fn amount(basis: &Basis, terms: &PlanTerms) -> Fen {
    assess(basis, terms).unwrap().amount_fen
}

fn reason(basis: &Basis, terms: &PlanTerms) -> Option<Reason> {
    let assessment = assess(basis, terms).unwrap();
    assert_eq!(assessment.amount_fen, Fen::ZERO);
    assessment.lines.last().unwrap().reason
}

#[test]
fn a_first_stay_of_8000_yuan_gives_1340() {
    let assessment = assess(&stay(10, yuan(8_000)), &second_reimbursement()).unwrap();
    assert_eq!(assessment.amount_fen, yuan(1_340));
    let line = &assessment.lines[0];
    assert_eq!(line.arithmetic, "(8,000.00 − 1,300.00) × 20 % = 1,340.00");
    assert_eq!(line.sentence.zh, "本年第1次住院：自付一8,000.00元，减起付线1,300.00元，按20 %给付1,340.00元。");
    assert_eq!(
        line.sentence.en,
        "Stay 1 of the year: self-pay one of 8,000.00 yuan less the deductible of 1,300.00 yuan, paid at 20 %: 1,340.00 yuan."
    );
    assert_eq!((line.kind, line.subtotal_fen, line.plan_version_id), (LineKind::Pays, yuan(1_340), Uuid::from_u128(7)));
}

#[test]
fn a_later_stay_of_8000_yuan_gives_1470() {
    let mut basis = stay(10, yuan(8_000));
    for before in [1, 2, 9] {
        basis.before.stays_in_year = before;
        assert_eq!(amount(&basis, &second_reimbursement()), yuan(1_470));
    }
}

#[test]
fn a_stay_beyond_ninety_days_is_settled_in_parts_and_the_second_is_a_later_stay() {
    let mut basis = stay(120, yuan(8_000));
    assert_eq!(reason(&basis, &second_reimbursement()), Some(Reason::SettlementTooLong));
    let cut = basis.facts.starts_on + Duration::days(90);
    basis.facts.settlements = vec![
        Settlement { starts_on: basis.facts.starts_on, ends_on: cut, self_pay_one_fen: yuan(8_000) },
        Settlement { starts_on: cut, ends_on: basis.facts.ends_on, self_pay_one_fen: yuan(8_000) },
    ];
    let assessment = assess(&basis, &second_reimbursement()).unwrap();
    assert_eq!(assessment.amount_fen, yuan(1_340 + 1_470));
    assert_eq!(assessment.lines[0].subtotal_fen, yuan(1_340));
    assert_eq!(assessment.lines[1].arithmetic, "(8,000.00 − 650.00) × 20 % = 1,470.00");
}

#[test]
fn half_a_fen_is_rounded_up_as_pinghu_did() {
    let mut terms = second_reimbursement();
    terms.rules.rules[0].benefit = Benefit::RatioOverDeductible(RatioOverDeductible {
        base: Base::SelfPayOne,
        settlement_period_days: 90,
        tiers: vec![Tier { from_stay: 1, deductible_fen: Fen::ZERO, ratio_basis_points: 5_000 }],
    });
    // 5,232.97 × 50 % = 2,616.485
    assert_eq!(amount(&stay(10, Fen::new(523_297)), &terms), Fen::new(261_649));
}

#[test]
fn nothing_above_the_deductible_pays_nothing_and_says_so() {
    for at_most in [0, 1, 1_300] {
        assert_eq!(reason(&stay(3, yuan(at_most)), &second_reimbursement()), Some(Reason::NothingAboveDeductible));
    }
    assert_eq!(amount(&stay(3, Fen::new(130_003)), &second_reimbursement()), Fen::new(1));
}

#[test]
fn an_allowance_pays_the_days_beyond_the_first() {
    let assessment = assess(&stay(10, Fen::ZERO), &hospital_allowance()).unwrap();
    assert_eq!(assessment.amount_fen, yuan(360));
    assert_eq!(assessment.lines[0].arithmetic, "(10 − 1) × 40.00 = 360.00");
    for (days, pays) in [(2, 40), (90, 3_560), (181, 7_200), (300, 7_200)] {
        assert_eq!(amount(&stay(days, Fen::ZERO), &hospital_allowance()), yuan(pays), "{days} days");
    }
    assert_eq!(reason(&stay(1, Fen::ZERO), &hospital_allowance()), Some(Reason::NoPaidDays));
    assert_eq!(reason(&stay(0, Fen::ZERO), &hospital_allowance()), Some(Reason::NoPaidDays));
}

#[test]
fn the_days_and_the_sum_of_a_term_are_limited() {
    let mut basis = stay(20, Fen::ZERO);
    basis.before.days_in_term = 170;
    let assessment = assess(&basis, &hospital_allowance()).unwrap();
    assert_eq!(
        (assessment.amount_fen, assessment.lines[0].arithmetic.as_str()),
        (yuan(400), "min(20 − 1, 10) × 40.00 = 400.00")
    );
    basis.before.granted_in_term_fen = yuan(7_000);
    let limited = assess(&basis, &hospital_allowance()).unwrap();
    assert_eq!(limited.amount_fen, yuan(200));
    let last = limited.lines.last().unwrap();
    assert_eq!((last.rule.as_ref(), last.kind, last.reason), ("cap.term", LineKind::Limits, Some(Reason::CapReached)));
    assert_eq!(last.arithmetic, "min(400.00, 7,200.00 − 7,000.00) = 200.00");
    basis.before.granted_in_term_fen = yuan(7_300);
    assert_eq!(reason(&basis, &hospital_allowance()), Some(Reason::CapReached));
    basis.before.days_in_term = 180;
    assert_eq!(reason(&basis, &hospital_allowance()), Some(Reason::DaysUsedUp));
}

#[test]
fn every_share_is_paid_and_raises_the_ceiling() {
    let mut basis = stay(300, Fen::ZERO);
    basis.cover.shares = 2;
    let assessment = assess(&basis, &hospital_allowance()).unwrap();
    assert_eq!(assessment.amount_fen, yuan(14_400));
    assert_eq!(assessment.lines[0].arithmetic, "min(300 − 1, 180) × 40.00 × 2 = 14,400.00");
}

#[test]
fn the_year_has_a_ceiling() {
    let mut basis = stay(10, yuan(100_000));
    basis.before.granted_in_year_fen = yuan(200_000);
    assert_eq!(amount(&basis, &second_reimbursement()), yuan(653));
}

#[test]
fn refusals_name_their_reason() {
    type Spoil = fn(&mut Basis);
    let cases: [(Spoil, Reason); 10] = [
        (|b| b.cover.starts_on = date!(2026 - 03 - 03), Reason::NotInCover),
        (|b| b.cover.ends_on = Some(date!(2026 - 03 - 01)), Reason::NotInCover),
        (|b| shift(b, date!(2027 - 01 - 01)), Reason::PlanEnded),
        (|b| shift(b, date!(2016 - 12 - 31)), Reason::PlanEnded),
        (|b| (b.cover.renewal, b.cover.starts_on) = (false, date!(2026 - 02 - 01)), Reason::WaitingPeriod),
        (|b| b.facts.event = EventKind::Accident, Reason::EventNotCovered),
        (|b| b.facts.diagnosis_class = DiagnosisClass::Psychiatric, Reason::ExcludedDiagnosis),
        (|b| b.facts.hospital_grade = Some(1), Reason::HospitalGradeTooLow),
        (|b| b.facts.hospital_grade = None, Reason::FactMissing),
        (|b| b.before.days_in_term = 180, Reason::DaysUsedUp),
    ];
    for (spoil, expected) in cases {
        let mut basis = stay(10, yuan(8_000));
        spoil(&mut basis);
        assert_eq!(reason(&basis, &hospital_allowance()), Some(expected));
    }
    let mut basis = stay(10, yuan(8_000));
    basis.facts.settlements.clear();
    assert_eq!(reason(&basis, &second_reimbursement()), Some(Reason::FactMissing));
}

/// The waiting period ends with its last day: cover from 1 February with 30 days pays from 3 March.
#[test]
fn the_day_after_the_waiting_period_is_covered() {
    let mut basis = stay(10, Fen::ZERO);
    basis.cover.renewal = false;
    for (first, pays) in [(date!(2026 - 02 - 01), 0), (date!(2026 - 01 - 31), 360)] {
        basis.cover.starts_on = first;
        assert_eq!(amount(&basis, &hospital_allowance()), yuan(pays), "{first}");
    }
}

#[test]
fn what_contradicts_itself_is_an_error_and_not_a_refusal() {
    let mut basis = stay(10, yuan(-1));
    let Err(AssessError::BadFacts { pointer, .. }) = assess(&basis, &second_reimbursement()) else {
        panic!("accepted")
    };
    assert_eq!(pointer, "/settlements/0/self_pay_one_fen");
    basis = stay(10, yuan(1));
    basis.cover.shares = 0;
    assert_eq!(assess(&basis, &second_reimbursement()), Err(AssessError::NoShares));
    assert_eq!(replay(999, &stay(1, Fen::ZERO), &second_reimbursement()), Err(AssessError::UnknownEngine(999)));
}

#[test]
fn rules_that_make_no_sense_are_refused_with_their_key() {
    type Spoil = fn(&mut Rules);
    let cases: [(Spoil, &str); 6] = [
        (|r| r.rules.clear(), "rule"),
        (|r| r.rules.push(r.rules[0].clone()), "rule[1].id"),
        (|r| r.waiting_days = 400, "waiting_days"),
        (|r| r.caps.year_fen = Some(Fen::ZERO), "caps.year_fen"),
        (|r| tiers(r)[0].from_stay = 2, "rule[0].benefit.ratio_over_deductible.tiers"),
        (|r| tiers(r)[0].ratio_basis_points = 10_001, "rule[0].benefit.ratio_over_deductible.tiers"),
    ];
    for (spoil, key) in cases {
        let mut rules = second_reimbursement().rules;
        spoil(&mut rules);
        assert_eq!(rules.check().unwrap_err().0, key);
    }
}

/// An assessment kept by the first release, as the table holds it: it must come out the same for as long as the program lives.
#[test]
fn a_kept_assessment_is_replayed_to_the_fen() {
    #[derive(serde::Deserialize)]
    struct Kept {
        basis: Basis,
        terms: PlanTerms,
        assessment: Assessment,
    }
    for text in [include_str!("kept/engine-1-ratio.json"), include_str!("kept/engine-1-allowance.json")] {
        let kept: Kept = serde_json::from_str(text).unwrap();
        let again = replay(kept.assessment.engine, &kept.basis, &kept.terms).unwrap();
        assert_eq!(again, kept.assessment);
        let through_json: Assessment = serde_json::from_str(&serde_json::to_string(&again).unwrap()).unwrap();
        assert_eq!(through_json, again);
    }
}

fn tiers(rules: &mut Rules) -> &mut [Tier] {
    let Benefit::RatioOverDeductible(shape) = &mut rules.rules[0].benefit else { panic!("these rules have tiers") };
    &mut shape.tiers
}

fn shift(basis: &mut Basis, to: Date) {
    let by = to - basis.facts.starts_on;
    basis.facts.starts_on += by;
    basis.facts.ends_on += by;
    for settlement in &mut basis.facts.settlements {
        settlement.starts_on += by;
        settlement.ends_on += by;
    }
    basis.cover.starts_on = date!(2000 - 01 - 01);
    basis.cover.ends_on = None;
}

fn any_basis() -> impl Strategy<Value = Basis> {
    (0_i64..400, 0_i64..1_000_000_000, 1_u32..5, 0_u32..5, 0_u32..200, 0_i64..30_000_000, 0_i64..2_000_000).prop_map(
        |(days, pay, shares, stays, used_days, year, term)| {
            let mut basis = stay(days, Fen::new(pay));
            basis.cover.shares = shares;
            basis.before = Before {
                stays_in_year: stays,
                days_in_term: used_days,
                granted_in_year_fen: Fen::new(year),
                granted_in_term_fen: Fen::new(term),
            };
            basis
        },
    )
}

fn any_ratio() -> impl Strategy<Value = PlanTerms> {
    (0_i64..500_000, 1_u32..=10_000, 1_i64..30_000_000, 0_u32..100).prop_map(|(deductible, ratio, cap, period)| {
        let mut terms = second_reimbursement();
        terms.rules.caps.year_fen = Some(Fen::new(cap));
        terms.rules.rules[0].benefit = Benefit::RatioOverDeductible(RatioOverDeductible {
            base: Base::SelfPayOne,
            settlement_period_days: period + 400,
            tiers: vec![Tier { from_stay: 1, deductible_fen: Fen::new(deductible), ratio_basis_points: ratio }],
        });
        terms
    })
}

proptest! {
    #[test]
    fn no_assessment_is_negative_or_above_its_ceiling(basis in any_basis(), terms in any_ratio()) {
        for terms in [terms, second_reimbursement(), hospital_allowance()] {
            let assessment = assess(&basis, &terms).unwrap();
            prop_assert!(assessment.amount_fen >= Fen::ZERO);
            let caps = terms.rules.caps;
            let times = if caps.per_share { i64::from(basis.cover.shares) } else { 1 };
            for (cap, used) in [(caps.year_fen, basis.before.granted_in_year_fen), (caps.term_fen, basis.before.granted_in_term_fen)] {
                if let Some(cap) = cap {
                    prop_assert!(assessment.amount_fen.get() <= (cap.get() * times - used.get()).max(0));
                }
            }
            prop_assert!(assessment.lines.iter().all(|line| line.subtotal_fen >= Fen::ZERO));
            prop_assert_eq!(assessment.lines.last().map(|line| line.subtotal_fen), Some(assessment.amount_fen));
        }
    }

    #[test]
    fn who_bears_more_is_never_paid_less(basis in any_basis(), terms in any_ratio(), more in 0_i64..1_000_000) {
        let mut dearer = basis.clone();
        dearer.facts.settlements[0].self_pay_one_fen =
            Fen::new((basis.facts.settlements[0].self_pay_one_fen.get() + more).min(1_000_000_000));
        for terms in [terms, second_reimbursement()] {
            prop_assert!(amount(&dearer, &terms) >= amount(&basis, &terms));
        }
    }

    #[test]
    fn a_ratio_never_pays_more_than_the_member_bore(basis in any_basis(), terms in any_ratio()) {
        prop_assert!(amount(&basis, &terms) <= basis.facts.settlements[0].self_pay_one_fen);
    }

    #[test]
    fn the_same_question_has_the_same_answer_after_a_trip_through_json(basis in any_basis(), terms in any_ratio()) {
        let first = assess(&basis, &terms).unwrap();
        let basis: Basis = serde_json::from_str(&serde_json::to_string(&basis).unwrap()).unwrap();
        let terms: PlanTerms = serde_json::from_str(&serde_json::to_string(&terms).unwrap()).unwrap();
        prop_assert_eq!(assess(&basis, &terms).unwrap(), first);
    }
}
