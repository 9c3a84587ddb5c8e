//! Dividing a sum, and what is left of instalments. Pure.

use uuid::Uuid;

use super::rows::instalment;
use crate::kernel::money::{Fen, MoneyError};
use crate::ledger::PlanAmount;

/// `total` divided in the proportion of `weights` to the fen: the parts sum to it exactly, none is more than its weight, and those that come
/// to nothing are left out. None when the weights come to less.
pub(super) fn split(total: Fen, weights: &[PlanAmount]) -> Option<Vec<PlanAmount>> {
    let whole: i128 = weights.iter().map(|weight| i128::from(weight.amount_fen.get())).sum();
    let wanted = i128::from(total.get());
    if wanted > whole || wanted < 0 {
        return None;
    }
    // What rounding down leaves over is less than one fen for each part that was rounded: they get one in turn.
    let mut parts: Vec<(Uuid, i128, bool)> = Vec::with_capacity(weights.len());
    for weight in weights {
        let product = wanted * i128::from(weight.amount_fen.get());
        let (part, rest) = (product.checked_div(whole).unwrap_or(0), product.checked_rem(whole).unwrap_or(0));
        parts.push((weight.plan_id, part, rest > 0));
    }
    let mut left = wanted - parts.iter().map(|(_, part, _)| part).sum::<i128>();
    for (_, part, _) in parts.iter_mut().filter(|(_, _, rounded)| *rounded) {
        if left > 0 {
            *part += 1;
            left -= 1;
        }
    }
    parts
        .into_iter()
        .filter(|(_, part, _)| *part > 0)
        .map(|(plan_id, part, _)| Some(PlanAmount { plan_id, amount_fen: Fen::new(i64::try_from(part).ok()?) }))
        .collect()
}

/// What is left of each instalment of an offer, when `repaid_fen` of `amount_fen` came back: what came since the offer pays the oldest first.
///
/// # Errors
/// [`MoneyError::Overflow`] for amounts that no fund has.
pub(super) fn left_of(
    instalments: &[instalment::Model],
    amount_fen: Fen,
    repaid_fen: Fen,
) -> Result<Vec<Fen>, MoneyError> {
    let offered = Fen::sum(instalments.iter().map(|instalment| instalment.amount_fen))?;
    let before = amount_fen.checked_sub(offered)?;
    let mut paid = repaid_fen.checked_sub(before)?.max(Fen::ZERO);
    let mut left = Vec::with_capacity(instalments.len());
    for instalment in instalments {
        let now = paid.min(instalment.amount_fen);
        paid = paid.checked_sub(now)?;
        left.push(instalment.amount_fen.checked_sub(now)?);
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::date;

    fn weights(amounts: &[i64]) -> Vec<PlanAmount> {
        let plan = |(fen, id): (&i64, u128)| PlanAmount { plan_id: Uuid::from_u128(id), amount_fen: Fen::new(*fen) };
        amounts.iter().zip(1..).map(plan).collect()
    }

    fn amounts(parts: &[PlanAmount]) -> Vec<i64> {
        parts.iter().map(|part| part.amount_fen.get()).collect()
    }

    #[test]
    fn a_sum_is_divided_in_proportion() {
        assert_eq!(amounts(&split(Fen::new(100), &weights(&[300, 100])).unwrap()), [75, 25]);
        assert_eq!(amounts(&split(Fen::new(2), &weights(&[1, 1, 1])).unwrap()), [1, 1]);
        assert_eq!(split(Fen::new(5), &weights(&[1, 3])), None);
        assert_eq!(split(Fen::ZERO, &[]), Some(Vec::new()));
    }

    #[test]
    fn what_comes_back_pays_the_oldest_instalment_first() {
        let one = |no: i32, fen| instalment::Model {
            recovery_id: Uuid::nil(),
            revision: 1,
            instalment_no: no,
            amount_fen: Fen::new(fen),
            due_on: date!(2026 - 05 - 01),
        };
        let plan = [one(1, 30), one(2, 30), one(3, 40)];
        let left = |amount, repaid| -> Vec<i64> {
            let left = left_of(&plan, Fen::new(amount), Fen::new(repaid)).unwrap();
            left.into_iter().map(Fen::get).collect()
        };
        assert_eq!(left(100, 0), [30, 30, 40]);
        assert_eq!(left(100, 45), [0, 15, 40]);
        assert_eq!(left(100, 100), [0, 0, 0]);
        // 20 had come back before these were offered.
        assert_eq!(left(120, 20), [30, 30, 40]);
        assert_eq!(left(120, 50), [0, 30, 40]);
    }

    proptest! {
        #[test]
        fn however_it_is_divided_nothing_is_lost_and_no_part_is_more_than_its_weight(
            given in prop::collection::vec(1_i64..1_000_000_000, 1..6),
            share in 0_i64..=1_000,
        ) {
            let all = weights(&given);
            let total = i64::try_from(i128::from(given.iter().sum::<i64>()) * i128::from(share) / 1_000).unwrap();
            let parts = split(Fen::new(total), &all).unwrap();
            prop_assert_eq!(amounts(&parts).iter().sum::<i64>(), total);
            for part in &parts {
                let weight = all.iter().find(|weight| weight.plan_id == part.plan_id).unwrap();
                prop_assert!(part.amount_fen <= weight.amount_fen && part.amount_fen.is_positive());
            }
        }
    }
}
