//! What each event posts: a list of lines that sums to zero by construction, and how the parts of a payout move with it. Pure.

use uuid::Uuid;

use super::accounts::Account;
use super::event::{Basis, Event, PlanAmount, Source};
use crate::kernel::money::{Fen, MoneyError};

/// One line of a transaction: debit above zero, credit below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The plan, for accounts kept per plan.
    pub plan_id: Option<Uuid>,
    /// Debit above zero, credit below; never zero.
    pub amount_fen: Fen,
}

/// How the parts of a payout move with an event: each of them stays at or above nothing, their sum stays the amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartMove {
    /// The plan.
    pub plan_id: Uuid,
    /// Change of what is payable (2010).
    pub payable_fen: i64,
    /// Change of what is in clearing (2020).
    pub clearing_fen: i64,
    /// Change of what was returned and is owed (2030).
    pub returned_fen: i64,
    /// Change of what is settled, net of returns.
    pub settled_fen: i64,
}

impl Event {
    /// Its lines, which sum to zero.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] for amounts that no fund has.
    pub fn postings(&self) -> Result<Vec<Posting>, MoneyError> {
        let mut lines = Lines::default();
        match self {
            Self::Approved { plans, .. } => {
                lines.per_plan(Account::Expense, Account::Payable, plans)?;
            }
            Self::Reserved { order, source } => {
                lines.debit_plans(source.account(), &order.plans)?;
                lines.credit(Account::Clearing, total(&order.plans)?)?;
            }
            Self::Unreserved { order, source, .. } => {
                lines.debit(Account::Clearing, total(&order.plans)?);
                lines.credit_plans(source.account(), &order.plans)?;
            }
            Self::Settled { order, debited_fen, .. } => {
                let ordered = total(&order.plans)?;
                let cleared = ordered.min(*debited_fen);
                lines.debit(Account::Clearing, cleared);
                lines.debit(Account::UnknownDebits, debited_fen.checked_sub(cleared)?);
                lines.credit(Account::Bank, *debited_fen)?;
            }
            Self::SettledBefore { order, debited_fen, .. } => {
                // What was debited beyond the order stays in suspense.
                let cleared = total(&order.plans)?.min(*debited_fen);
                lines.pair(Account::Clearing, Account::UnknownDebits, cleared)?;
            }
            Self::CameBack { order, .. } => {
                lines.debit(Account::Bank, total(&order.plans)?);
                lines.credit_plans(Account::Returned, &order.plans)?;
            }
            Self::CameBackBefore { order, .. } => {
                lines.debit(Account::UnknownCredits, total(&order.plans)?);
                lines.credit_plans(Account::Returned, &order.plans)?;
            }
            Self::DebitedAgain { amount_fen, .. } => lines.pair(Account::Recoverable, Account::Bank, *amount_fen)?,
            Self::DebitedAgainBefore { amount_fen, .. } => {
                lines.pair(Account::Recoverable, Account::UnknownDebits, *amount_fen)?;
            }
            Self::GivenBack { amount_fen, .. } => lines.pair(Account::Bank, Account::Recoverable, *amount_fen)?,
            Self::GivenBackBefore { amount_fen, .. } => {
                lines.pair(Account::UnknownCredits, Account::Recoverable, *amount_fen)?;
            }
            Self::Opened { amount_fen, .. } | Self::Funded { amount_fen, out: false, .. } => {
                lines.pair(Account::Bank, Account::Funding, *amount_fen)?
            }
            Self::Funded { amount_fen, out: true, .. } => lines.pair(Account::Funding, Account::Bank, *amount_fen)?,
            Self::Charged { amount_fen, .. } => lines.pair(Account::Charges, Account::Bank, *amount_fen)?,
            Self::UnknownDebit { amount_fen, .. } => lines.pair(Account::UnknownDebits, Account::Bank, *amount_fen)?,
            Self::UnknownCredit { amount_fen, .. } => {
                lines.pair(Account::Bank, Account::UnknownCredits, *amount_fen)?;
            }
            Self::Recoverable { plans, basis, .. } => {
                lines.debit(Account::Recoverable, total(plans)?);
                lines.credit_basis(*basis, plans)?;
            }
            Self::NotRecoverable { plans, basis, .. } => {
                lines.debit_basis(*basis, plans)?;
                lines.credit(Account::Recoverable, total(plans)?)?;
            }
            Self::Repaid { amount_fen, .. } => {
                lines.pair(Account::UnknownCredits, Account::Recoverable, *amount_fen)?;
            }
            Self::WrittenOff { plans, .. } => {
                lines.debit_plans(Account::Expense, plans)?;
                lines.credit(Account::Recoverable, total(plans)?)?;
            }
        }
        Ok(lines.0)
    }

    /// How the parts of its payout move; empty when it concerns none.
    #[must_use]
    pub fn part_moves(&self) -> Vec<PartMove> {
        match self {
            Self::Approved { plans, .. } => moves(plans, |fen| (fen, 0, 0, 0)),
            Self::Reserved { order, source } => moves(&order.plans, |fen| match source {
                Source::Payable => (-fen, fen, 0, 0),
                Source::Returned => (0, fen, -fen, 0),
            }),
            Self::Unreserved { order, source, .. } => moves(&order.plans, |fen| match source {
                Source::Payable => (fen, -fen, 0, 0),
                Source::Returned => (0, -fen, fen, 0),
            }),
            Self::Settled { order, debited_fen, .. } | Self::SettledBefore { order, debited_fen, .. } => {
                let mut left = debited_fen.get();
                moves(&order.plans, |fen| {
                    let part = fen.min(left);
                    left -= part;
                    (0, -part, 0, part)
                })
            }
            Self::CameBack { order, .. } | Self::CameBackBefore { order, .. } => {
                moves(&order.plans, |fen| (0, 0, fen, -fen))
            }
            Self::DebitedAgain { .. }
            | Self::DebitedAgainBefore { .. }
            | Self::GivenBack { .. }
            | Self::GivenBackBefore { .. }
            | Self::Opened { .. }
            | Self::Funded { .. }
            | Self::Charged { .. }
            | Self::UnknownDebit { .. }
            | Self::UnknownCredit { .. }
            | Self::Recoverable { .. }
            | Self::NotRecoverable { .. }
            | Self::Repaid { .. }
            | Self::WrittenOff { .. } => Vec::new(),
        }
    }
}

fn moves(plans: &[PlanAmount], mut split: impl FnMut(i64) -> (i64, i64, i64, i64)) -> Vec<PartMove> {
    plans
        .iter()
        .map(|plan| {
            let (payable_fen, clearing_fen, returned_fen, settled_fen) = split(plan.amount_fen.get());
            PartMove { plan_id: plan.plan_id, payable_fen, clearing_fen, returned_fen, settled_fen }
        })
        .collect()
}

/// The sum of the parts.
///
/// # Errors
/// [`MoneyError::Overflow`] when it does not fit.
pub fn total(plans: &[PlanAmount]) -> Result<Fen, MoneyError> {
    Fen::sum(plans.iter().map(|plan| plan.amount_fen))
}

#[derive(Default)]
struct Lines(Vec<Posting>);

impl Lines {
    fn put(&mut self, account: Account, plan_id: Option<Uuid>, amount_fen: Fen) {
        if amount_fen != Fen::ZERO {
            self.0.push(Posting { account, plan_id, amount_fen });
        }
    }

    fn debit(&mut self, account: Account, amount_fen: Fen) {
        self.put(account, None, amount_fen);
    }

    fn credit(&mut self, account: Account, amount_fen: Fen) -> Result<(), MoneyError> {
        self.put(account, None, amount_fen.checked_neg()?);
        Ok(())
    }

    fn debit_plans(&mut self, account: Account, plans: &[PlanAmount]) -> Result<(), MoneyError> {
        for plan in plans {
            self.put(account, Some(plan.plan_id), plan.amount_fen);
        }
        Ok(())
    }

    fn credit_plans(&mut self, account: Account, plans: &[PlanAmount]) -> Result<(), MoneyError> {
        for plan in plans {
            self.put(account, Some(plan.plan_id), plan.amount_fen.checked_neg()?);
        }
        Ok(())
    }

    fn per_plan(&mut self, debit: Account, credit: Account, plans: &[PlanAmount]) -> Result<(), MoneyError> {
        self.debit_plans(debit, plans)?;
        self.credit_plans(credit, plans)
    }

    fn debit_basis(&mut self, basis: Basis, plans: &[PlanAmount]) -> Result<(), MoneyError> {
        match basis {
            Basis::Claim => self.debit_plans(Account::Expense, plans)?,
            Basis::DebitedMore => self.debit(Account::UnknownDebits, total(plans)?),
            Basis::DebitedTwice => self.debit(Account::Recoverable, total(plans)?),
        }
        Ok(())
    }

    fn credit_basis(&mut self, basis: Basis, plans: &[PlanAmount]) -> Result<(), MoneyError> {
        match basis {
            Basis::Claim => self.credit_plans(Account::Expense, plans),
            Basis::DebitedMore => self.credit(Account::UnknownDebits, total(plans)?),
            Basis::DebitedTwice => self.credit(Account::Recoverable, total(plans)?),
        }
    }

    fn pair(&mut self, debit: Account, credit: Account, amount_fen: Fen) -> Result<(), MoneyError> {
        self.debit(debit, amount_fen);
        self.credit(credit, amount_fen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::event::OrderMoney;
    use proptest::prelude::*;

    fn money(parts: &[i64]) -> OrderMoney {
        let plans = parts
            .iter()
            .zip(1_u128..)
            .map(|(fen, id)| PlanAmount { plan_id: Uuid::from_u128(id), amount_fen: Fen::new(*fen) })
            .collect();
        OrderMoney { payout_id: Uuid::from_u128(77), order_id: Uuid::from_u128(88), round: 1, plans }
    }

    fn lines(event: &Event) -> Vec<(i32, i64)> {
        event.postings().unwrap().iter().map(|line| (line.account.code(), line.amount_fen.get())).collect()
    }

    #[test]
    fn each_event_posts_what_the_contract_names() {
        let order = money(&[300, 40]);
        let entry_id = Uuid::from_u128(9);
        let approved = Event::Approved { payout_id: order.payout_id, plans: order.plans.clone() };
        assert_eq!(lines(&approved), [(5010, 300), (5010, 40), (2010, -300), (2010, -40)]);
        let reserved = Event::Reserved { order: order.clone(), source: Source::Payable };
        assert_eq!(lines(&reserved), [(2010, 300), (2010, 40), (2020, -340)]);
        let again = Event::Reserved { order: order.clone(), source: Source::Returned };
        assert_eq!(lines(&again), [(2030, 300), (2030, 40), (2020, -340)]);
        let back = Event::Unreserved { order: order.clone(), source: Source::Payable };
        assert_eq!(lines(&back), [(2020, 340), (2010, -300), (2010, -40)]);
        let settled = |fen| Event::Settled { order: order.clone(), entry_id, debited_fen: Fen::new(fen) };
        assert_eq!(lines(&settled(340)), [(2020, 340), (1010, -340)]);
        assert_eq!(lines(&settled(350)), [(2020, 340), (1900, 10), (1010, -350)]);
        assert_eq!(lines(&settled(100)), [(2020, 100), (1010, -100)]);
        let waited = |fen| Event::SettledBefore { order: order.clone(), entry_id, debited_fen: Fen::new(fen) };
        assert_eq!(lines(&waited(340)), [(2020, 340), (1900, -340)]);
        assert_eq!(lines(&waited(350)), [(2020, 340), (1900, -340)]);
        assert_eq!(lines(&waited(100)), [(2020, 100), (1900, -100)]);
        let before = Event::CameBackBefore { order: order.clone(), entry_id };
        assert_eq!(lines(&before), [(2090, 340), (2030, -300), (2030, -40)]);
        assert_eq!(lines(&Event::CameBack { order, entry_id }), [(1010, 340), (2030, -300), (2030, -40)]);
        let amount_fen = Fen::new(5);
        assert_eq!(lines(&Event::DebitedAgain { entry_id, amount_fen }), [(1030, 5), (1010, -5)]);
        assert_eq!(lines(&Event::DebitedAgainBefore { entry_id, amount_fen }), [(1030, 5), (1900, -5)]);
        assert_eq!(lines(&Event::GivenBack { entry_id, amount_fen }), [(1010, 5), (1030, -5)]);
        assert_eq!(lines(&Event::GivenBackBefore { entry_id, amount_fen }), [(2090, 5), (1030, -5)]);
        assert_eq!(lines(&Event::Funded { entry_id, amount_fen, out: false }), [(1010, 5), (3010, -5)]);
        assert_eq!(lines(&Event::Funded { entry_id, amount_fen, out: true }), [(3010, 5), (1010, -5)]);
        assert_eq!(lines(&Event::Charged { entry_id, amount_fen }), [(5090, 5), (1010, -5)]);
        assert_eq!(lines(&Event::UnknownDebit { entry_id, amount_fen }), [(1900, 5), (1010, -5)]);
        assert_eq!(lines(&Event::UnknownCredit { entry_id, amount_fen }), [(1010, 5), (2090, -5)]);
    }

    #[test]
    fn a_recovery_moves_what_a_claim_cost_to_what_is_to_come_back() {
        let OrderMoney { payout_id, plans, .. } = money(&[300, 40]);
        let (recovery_id, entry_id, amount_fen) = (Uuid::from_u128(5), Uuid::from_u128(9), Fen::new(50));
        let found = |basis| Event::Recoverable { recovery_id, payout_id, plans: plans.clone(), basis };
        let not = |basis| Event::NotRecoverable { recovery_id, payout_id, plans: plans.clone(), basis };
        assert_eq!(lines(&found(Basis::Claim)), [(1030, 340), (5010, -300), (5010, -40)]);
        assert_eq!(lines(&not(Basis::Claim)), [(5010, 300), (5010, 40), (1030, -340)]);
        assert_eq!(lines(&found(Basis::DebitedMore)), [(1030, 340), (1900, -340)]);
        assert_eq!(lines(&not(Basis::DebitedMore)), [(1900, 340), (1030, -340)]);
        let repaid = Event::Repaid { repayment_id: Uuid::from_u128(6), payout_id, entry_id, amount_fen };
        assert_eq!(lines(&repaid), [(2090, 50), (1030, -50)]);
        let written_off = Event::WrittenOff { recovery_id, payout_id, plans: plans.clone() };
        assert_eq!(lines(&written_off), [(5010, 300), (5010, 40), (1030, -340)]);
        assert!(repaid.part_moves().is_empty() && found(Basis::Claim).part_moves().is_empty());
    }

    #[test]
    fn a_short_debit_clears_the_plans_in_turn() {
        let event = Event::Settled { order: money(&[300, 40]), entry_id: Uuid::nil(), debited_fen: Fen::new(320) };
        let settled: Vec<i64> = event.part_moves().iter().map(|part| part.settled_fen).collect();
        assert_eq!(settled, [300, 20]);
    }

    proptest! {
        #[test]
        fn whatever_the_amounts_an_event_sums_to_zero(
            parts in prop::collection::vec(1_i64..1_000_000_000, 1..5),
            debited in 1_i64..3_000_000_000,
            which in 0_usize..6,
        ) {
            let order = money(&parts);
            let entry_id = Uuid::nil();
            let event = match which {
                0 => Event::Approved { payout_id: order.payout_id, plans: order.plans },
                1 => Event::Reserved { order, source: Source::Payable },
                2 => Event::Unreserved { order, source: Source::Returned },
                3 => Event::Settled { order, entry_id, debited_fen: Fen::new(debited) },
                4 => Event::CameBack { order, entry_id },
                _ => Event::Funded { entry_id, amount_fen: Fen::new(debited), out: false },
            };
            let lines = event.postings().unwrap();
            prop_assert_eq!(Fen::sum(lines.iter().map(|line| line.amount_fen)), Ok(Fen::ZERO));
            prop_assert!(lines.iter().all(|line| line.amount_fen != Fen::ZERO));
            prop_assert!(lines.iter().all(|line| line.account.is_per_plan() == line.plan_id.is_some()));
            if which > 0 {
                for part in event.part_moves() {
                    prop_assert_eq!(
                        part.payable_fen + part.clearing_fen + part.returned_fen + part.settled_fen, 0);
                }
            }
        }
    }
}
