//! The shape "ratio over a deductible, by ordinal of the stay in the year".

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::facts::{Basis, Settlement};
use super::trace::{Input, Quantity, Reason, Step, percent};
use crate::kernel::money::{Fen, MoneyError};
use crate::kernel::text::Text;

/// `(base − deductible) × ratio`, with deductible and ratio by how many stays the year had.
///
/// Every settlement counts as one stay: a stay beyond the settlement period is settled in parts, and each part after the first is a later stay.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RatioOverDeductible {
    /// The amount that is shared.
    pub base: Base,
    /// The longest settlement in days.
    pub settlement_period_days: u32,
    /// Deductible and ratio by ordinal, rising, the first from stay 1.
    pub tiers: Vec<Tier>,
}

/// Which amount of a settlement a ratio is taken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Base {
    /// Self-pay one (自付一).
    SelfPayOne,
}

/// Deductible and ratio from an ordinal on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The first stay of the year that the tier is for, from 1.
    pub from_stay: u32,
    /// What the member bears alone.
    pub deductible_fen: Fen,
    /// Share of the rest in ten-thousandths, 1 to 10,000.
    pub ratio_basis_points: u32,
}

impl RatioOverDeductible {
    pub(super) fn check(&self) -> Result<(), (&'static str, &'static str)> {
        const TIERS: &str = "benefit.ratio_over_deductible.tiers";
        if self.tiers.first().is_none_or(|tier| tier.from_stay != 1) {
            return Err((TIERS, "the first tier is from stay 1"));
        }
        if self.tiers.windows(2).any(|pair| matches!(pair, [a, b] if a.from_stay >= b.from_stay)) {
            return Err((TIERS, "from_stay rises from tier to tier"));
        }
        if self.tiers.iter().any(|tier| tier.deductible_fen < Fen::ZERO) {
            return Err((TIERS, "deductible_fen is below zero"));
        }
        if self.tiers.iter().any(|tier| !(1..=10_000).contains(&tier.ratio_basis_points)) {
            return Err((TIERS, "ratio_basis_points is not 1 to 10,000"));
        }
        if self.settlement_period_days == 0 {
            return Err(("benefit.ratio_over_deductible.settlement_period_days", "is zero"));
        }
        Ok(())
    }

    pub(super) fn apply(&self, basis: &Basis) -> Result<Vec<Step>, MoneyError> {
        if basis.facts.settlements.is_empty() {
            return Ok(vec![missing_settlement()]);
        }
        let mut ordinal = basis.before.stays_in_year;
        basis
            .facts
            .settlements
            .iter()
            .map(|settlement| {
                ordinal = ordinal.saturating_add(1);
                self.settle(settlement, ordinal)
            })
            .collect()
    }

    fn settle(&self, settlement: &Settlement, ordinal: u32) -> Result<Step, MoneyError> {
        let Some(tier) = self.tiers.iter().rfind(|tier| tier.from_stay <= ordinal) else {
            return Ok(missing_settlement());
        };
        if settlement.nights() > self.settlement_period_days {
            return Ok(self.too_long(settlement));
        }
        let base = match self.base {
            Base::SelfPayOne => settlement.self_pay_one_fen,
        };
        let (deductible, ratio) = (tier.deductible_fen, percent(tier.ratio_basis_points));
        let inputs = vec![
            Input::new("stay_of_year", "本年第几次住院", "stay of the year", Quantity::Count(ordinal)),
            Input::fen("self_pay_one", "自付一", "self-pay one", base),
            Input::fen("deductible", "起付线", "deductible", deductible),
            Input::new("ratio", "给付比例", "ratio", Quantity::BasisPoints(tier.ratio_basis_points)),
        ];
        if base <= deductible {
            let sentence = Text::made(
                format!("本年第{ordinal}次住院：自付一{base}元，未超过起付线{deductible}元，不予给付。"),
                format!(
                    "Stay {ordinal} of the year: self-pay one of {base} yuan is not above the deductible of {deductible} yuan, so nothing is paid."
                ),
            );
            let arithmetic = format!("{base} ≤ {deductible}");
            return Ok(Step::refuses(Reason::NothingAboveDeductible, inputs, arithmetic, sentence));
        }
        let pays = base.checked_sub(deductible)?.basis_points_half_up(i64::from(tier.ratio_basis_points))?;
        let sentence = Text::made(
            format!("本年第{ordinal}次住院：自付一{base}元，减起付线{deductible}元，按{ratio}给付{pays}元。"),
            format!(
                "Stay {ordinal} of the year: self-pay one of {base} yuan less the deductible of {deductible} yuan, paid at {ratio}: {pays} yuan."
            ),
        );
        Ok(Step::pays(inputs, format!("({base} − {deductible}) × {ratio} = {pays}"), sentence, pays))
    }

    fn too_long(&self, settlement: &Settlement) -> Step {
        let (days, period) = (settlement.nights(), self.settlement_period_days);
        Step::refuses(
            Reason::SettlementTooLong,
            vec![
                Input::days("settlement_days", "结算天数", "days of the settlement", days),
                Input::days("settlement_period", "结算周期", "settlement period", period),
            ],
            format!("{days} > {period}"),
            Text::made(
                format!("该笔结算为{days}天，超过{period}天的结算周期，请按周期分别提供结算单。"),
                format!(
                    "This settlement covers {days} days, more than the settlement period of {period} days; each period needs its own settlement sheet."
                ),
            ),
        )
    }
}

fn missing_settlement() -> Step {
    Step::refuses(
        Reason::FactMissing,
        Vec::new(),
        String::new(),
        Text::fixed(
            "缺少住院结算金额，暂无法核算。",
            "The amounts of the hospital settlement are missing, so nothing can be computed yet.",
        ),
    )
}
