//! What came before a claim under one plan: what its ceilings, its days and its ordinal stand on. Pure.

use uuid::Uuid;

use super::rows::claim_plan::Model as Row;
use crate::assessment::{Before, ClaimFacts, Cover};
use crate::http::Problem;

/// What the member's `others` used up of a plan, as the claim `claim_id` for `facts` sees it.
///
/// A decided claim counts whatever its date, so that a ceiling holds in whichever order claims are filed and decided. An open one counts
/// when its event is the earlier one (of two on the same day the one with the smaller id): of two open claims one counts the other, never
/// both. What granted nothing, or can grant nothing, uses up nothing.
///
/// # Errors
/// When a sum does not fit.
pub(super) fn before(
    others: &[Row],
    plan_id: Uuid,
    claim_id: Uuid,
    cover: &Cover,
    facts: &ClaimFacts,
) -> Result<Before, Problem> {
    let mut before = Before::default();
    let mut decided_later = Vec::new();
    for row in others.iter().filter(|row| row.plan_id == plan_id && row.claim_id != claim_id) {
        let is_earlier = (row.event_on, row.claim_id) < (facts.starts_on, claim_id);
        let granted = row.granted_fen.unwrap_or(row.assessed_fen);
        if !granted.is_positive() || (row.granted_fen.is_none() && !is_earlier) {
            continue;
        }
        if row.event_on.year() == facts.starts_on.year() {
            before.granted_in_year_fen = before.granted_in_year_fen.checked_add(granted)?;
            if is_earlier {
                before.stays_in_year += u32::try_from(row.stays).map_err(Problem::internal)?;
            } else {
                decided_later.push(row);
            }
        }
        if row.event_on >= cover.starts_on && cover.ends_on.is_none_or(|last| row.event_on <= last) {
            before.days_in_term += u32::try_from(row.days).map_err(Problem::internal)?;
            before.granted_in_term_fen = before.granted_in_term_fen.checked_add(granted)?;
        }
    }
    // A later event that was decided first stands where it stands. When it counted this claim, its ordinals leave room for this one's.
    decided_later.sort_by_key(|row| row.stays_before);
    let own = i64::try_from(facts.settlements.len()).map_err(Problem::internal)?;
    for row in decided_later {
        if row.stays_before < i64::from(before.stays_in_year) + own {
            before.stays_in_year += u32::try_from(row.stays).map_err(Problem::internal)?;
        }
    }
    Ok(before)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use time::macros::date;
    use time::{Date, Duration};

    use super::*;
    use crate::assessment::{Benefit, DiagnosisClass, EventKind, PlanTerms, Settlement, assess};
    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;
    use crate::plans::{PlanDocument, SAMPLES};

    const PLAN: Uuid = Uuid::from_u128(7);

    fn terms(file: &str) -> PlanTerms {
        let (name, text) = SAMPLES.iter().find(|(name, _)| *name == file).unwrap();
        PlanDocument::from_toml(name, text).unwrap().terms(Uuid::nil())
    }

    fn cover() -> Cover {
        Cover {
            enrolment_id: Uuid::nil(),
            starts_on: date!(2025 - 01 - 01),
            ends_on: Some(date!(2025 - 12 - 31)),
            shares: 1,
            renewal: true,
        }
    }

    fn stay(starts_on: Date, days: i64, self_pay_one: i64) -> ClaimFacts {
        let ends_on = starts_on + Duration::days(days);
        let settlement = Settlement {
            starts_on,
            ends_on: ends_on.min(starts_on + Duration::days(90)),
            self_pay_one_fen: Fen::new(self_pay_one),
        };
        ClaimFacts {
            event: EventKind::HospitalStay,
            starts_on,
            ends_on,
            hospital_grade: Some(3),
            diagnosis_class: DiagnosisClass::General,
            settlements: vec![settlement],
        }
    }

    fn row(id: u128, facts: &ClaimFacts, assessed: i64, granted: Option<i64>) -> Row {
        Row {
            claim_id: Uuid::from_u128(id),
            plan_id: PLAN,
            member_id: Uuid::nil(),
            enrolment_id: Uuid::nil(),
            plan_version_id: Uuid::nil(),
            event_lookup: Vec::new(),
            serial_lookup: None,
            event_on: facts.starts_on,
            stays: 1,
            stays_before: 0,
            days: 5,
            assessed_fen: Fen::new(assessed),
            granted_fen: granted.map(Fen::new),
            assessment_sealed: Vec::new(),
            live: true,
            assessed_at_ms: Moment::EPOCH,
        }
    }

    fn seen(others: &[Row], id: u128, facts: &ClaimFacts) -> (u32, u32, i64, i64) {
        let before = before(others, PLAN, Uuid::from_u128(id), &cover(), facts).unwrap();
        let fen = (before.granted_in_year_fen.get(), before.granted_in_term_fen.get());
        (before.stays_in_year, before.days_in_term, fen.0, fen.1)
    }

    #[test]
    fn a_decided_claim_counts_whatever_its_date_and_an_open_one_when_it_is_earlier() {
        let (first, second) = (stay(date!(2025 - 03 - 01), 10, 1), stay(date!(2025 - 06 - 01), 10, 1));
        assert_eq!(seen(&[row(2, &second, 9, Some(7))], 1, &first), (1, 5, 7, 7));
        assert_eq!(seen(&[row(2, &second, 9, None)], 1, &first), (0, 0, 0, 0));
        assert_eq!(seen(&[row(1, &first, 9, None)], 2, &second), (1, 5, 9, 9));
        // Of two on one day exactly one counts the other.
        assert_eq!(seen(&[row(1, &first, 9, None)], 2, &first), (1, 5, 9, 9));
        assert_eq!(seen(&[row(2, &first, 9, None)], 1, &first), (0, 0, 0, 0));
        // What grants nothing uses up nothing; nor does the claim itself.
        assert_eq!(seen(&[row(1, &first, 9, Some(0)), row(3, &first, 0, None)], 2, &second), (0, 0, 0, 0));
        assert_eq!(seen(&[row(2, &second, 9, Some(9))], 2, &second), (0, 0, 0, 0));
    }

    #[test]
    fn a_term_and_a_year_end() {
        let now = stay(date!(2025 - 03 - 01), 10, 1);
        let next_year = stay(date!(2026 - 01 - 01), 10, 1);
        assert_eq!(seen(&[row(2, &next_year, 9, Some(9))], 1, &now), (0, 0, 0, 0));
        let mut long = cover();
        long.ends_on = None;
        let before = before(&[row(2, &next_year, 9, Some(9))], PLAN, Uuid::from_u128(1), &long, &now).unwrap();
        assert_eq!((before.granted_in_year_fen, before.granted_in_term_fen), (Fen::ZERO, Fen::new(9)));
    }

    #[test]
    fn a_later_stay_that_counted_this_one_leaves_its_place_free() {
        let (first, second) = (stay(date!(2025 - 03 - 01), 10, 1), stay(date!(2025 - 06 - 01), 10, 1));
        let mut decided = row(2, &second, 9, Some(9));
        decided.stays_before = 1;
        assert_eq!(seen(&[decided], 1, &first).0, 0);
    }

    /// A claim: its first day in 2025, its length, its self-pay one; when it is filed and decided; the percentage that is granted.
    type Filed = (i64, i64, i64, u16, u16, i64);

    fn any_claims(granted: std::ops::RangeInclusive<i64>) -> impl Strategy<Value = Vec<Filed>> {
        let day = prop_oneof![0_i64..365, 0_i64..5];
        let claim = (day, 1_i64..200, 200_000_i64..100_000_000, any::<u16>(), any::<u16>(), granted);
        proptest::collection::vec(claim, 1..7)
    }

    /// Files and decides claims in their order as the service does: what stands at the decision is computed anew then.
    fn play(claims: &[Filed], terms: &PlanTerms) -> Vec<Row> {
        let mut steps: Vec<(u32, usize, bool)> = Vec::new();
        for (index, (.., filed, decided, _)) in claims.iter().enumerate() {
            steps.push((u32::from(*filed), index, false));
            steps.push((u32::from(*filed) + u32::from(*decided), index, true));
        }
        steps.sort_unstable();
        let mut rows: Vec<Row> = Vec::new();
        for (_, index, decide) in steps {
            let (day, length, self_pay_one, .., percent) = claims[index];
            let facts = stay(date!(2025 - 01 - 01) + Duration::days(day), length, self_pay_one);
            let id = Uuid::from_u128(index as u128);
            rows.retain(|row| row.claim_id != id);
            let before = before(&rows, PLAN, id, &cover(), &facts).unwrap();
            let basis = crate::assessment::Basis { facts: facts.clone(), cover: cover(), before };
            let amount = assess(&basis, terms).unwrap().amount_fen.get();
            let mut row = row(index as u128, &facts, amount, decide.then_some(amount * percent / 100));
            row.stays_before = i64::from(before.stays_in_year);
            row.days = match &terms.rules.rules[0].benefit {
                Benefit::DailyAllowance(shape) if amount > 0 => i64::from(shape.paid_days(&basis)),
                _ => 0,
            };
            rows.push(row);
        }
        rows
    }

    proptest! {
        #[test]
        fn no_ceiling_is_exceeded_in_any_order(claims in any_claims(0..=100)) {
            let allowance = terms("hospital_allowance_2016.toml");
            let rows = play(&claims, &allowance);
            let granted: i64 = rows.iter().filter_map(|row| row.granted_fen).map(Fen::get).sum();
            let paid = rows.iter().filter(|row| row.granted_fen.is_some_and(Fen::is_positive));
            prop_assert!(granted <= 720_000, "{granted} fen");
            prop_assert!(paid.map(|row| row.days).sum::<i64>() <= 180);
            let ratio = terms("second_reimbursement_2017.toml");
            let granted: i64 = play(&claims, &ratio).iter().filter_map(|row| row.granted_fen).map(Fen::get).sum();
            prop_assert!(granted <= 20_065_300, "{granted} fen");
        }

        #[test]
        fn no_two_stays_have_one_ordinal(claims in any_claims(100..=100)) {
            let mut ratio = terms("second_reimbursement_2017.toml");
            ratio.rules.caps.year_fen = None;
            // A settlement that is too long pays nothing and is no stay: all are short here.
            let claims: Vec<Filed> = claims.into_iter().map(|claim| (claim.0, 9, claim.2, claim.3, claim.4, claim.5)).collect();
            let rows = play(&claims, &ratio);
            let ordinals: BTreeSet<i64> = rows.iter().map(|row| row.stays_before + 1).collect();
            prop_assert_eq!(ordinals, (1..=i64::try_from(rows.len()).unwrap()).collect::<BTreeSet<_>>());
        }
    }
}
