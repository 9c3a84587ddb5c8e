//! What a recovery can be, and the one table that says what may follow what. Pure.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::text::Text;
use crate::ledger::Basis;

/// Where a recovery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum RecoveryState {
    /// Found; the member hears of it once another person confirmed it, and has not agreed yet.
    Open,
    /// The member agreed to its instalments.
    Agreed,
    /// A part of it came back.
    Repaying,
    /// Over.
    Closed,
}

/// What can happen to a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter)]
pub enum RecoveryCommand {
    /// The member agrees to the instalments that are offered.
    Agree,
    /// A booking repays a part.
    Repay,
    /// A booking repays the rest.
    RepayRest,
    /// Two people write off what is left.
    WriteOff,
    /// It was no recovery: nobody has to pay anything.
    Withdraw,
}

impl RecoveryState {
    /// The state after `command`, or none when it may not happen here.
    ///
    /// | from | may become |
    /// |---|---|
    /// | open | agreed, repaying (whoever pays need not say yes), closed |
    /// | agreed | agreed (to other instalments), repaying, closed |
    /// | repaying | repaying, closed; never withdrawn: what came back would be owed |
    #[must_use]
    pub const fn after(self, command: RecoveryCommand) -> Option<Self> {
        use RecoveryCommand as C;
        use RecoveryState as S;
        Some(match (self, command) {
            (S::Open | S::Agreed, C::Agree) => S::Agreed,
            (S::Repaying, C::Agree) | (S::Open | S::Agreed | S::Repaying, C::Repay) => S::Repaying,
            (S::Open | S::Agreed | S::Repaying, C::RepayRest | C::WriteOff) | (S::Open | S::Agreed, C::Withdraw) => {
                S::Closed
            }
            _ => return None,
        })
    }

    /// What it means for the member.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Open => Text::fixed("等待您确认或提出异议", "Waits for you to agree or to object"),
            Self::Agreed => Text::fixed("您已同意归还安排", "You agreed how to repay it"),
            Self::Repaying => Text::fixed("正在归还", "Being repaid"),
            Self::Closed => Text::fixed("已结束，您无需再做什么", "Over; you need not do anything more"),
        }
    }
}

/// How a recovery ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = RecoveryOutcome)]
pub enum Outcome {
    /// All of it came back.
    Repaid,
    /// The fund bears what was left.
    WrittenOff,
    /// It was no recovery.
    Withdrawn,
}

/// Why a sum is to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = RecoveryReason)]
pub enum Reason {
    /// The bank debited one reference twice (B04).
    DebitedTwice,
    /// The bank debited more than was ordered (B06).
    DebitedMore,
    /// The claim was due, but less of it.
    Overpaid,
    /// The claim was not due.
    GrantedWrongly,
    /// The same event was paid on another claim.
    DuplicateClaim,
    /// The hospital cancelled the settlement that was claimed for.
    SettlementCancelled,
}

impl Reason {
    /// Where the money stands in the books.
    #[must_use]
    pub const fn basis(self) -> Basis {
        match self {
            Self::DebitedTwice => Basis::DebitedTwice,
            Self::DebitedMore => Basis::DebitedMore,
            Self::Overpaid | Self::GrantedWrongly | Self::DuplicateClaim | Self::SettlementCancelled => Basis::Claim,
        }
    }

    /// Why it is too much, for the member.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::DebitedTwice => {
                Text::fixed("银行将同一笔赔付付了两次", "The bank paid one and the same payout twice")
            }
            Self::DebitedMore => {
                Text::fixed("银行付出的金额多于应付金额", "The bank paid more than the fund had ordered")
            }
            Self::Overpaid => Text::fixed("核算有误，赔付金额偏高", "It was worked out wrongly: less was due"),
            Self::GrantedWrongly => {
                Text::fixed("该申报不符合保障计划的赔付条件", "The claim does not meet the conditions of the plan")
            }
            Self::DuplicateClaim => Text::fixed("同一事故已经赔付过", "The same event had been paid on another claim"),
            Self::SettlementCancelled => Text::fixed(
                "医院已撤销您申报所依据的结算",
                "The hospital cancelled the settlement that you claimed for",
            ),
        }
    }
}

/// What a member's objection asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ObjectionKind {
    /// It is not owed, or not so much.
    NotOwed,
    /// Other instalments.
    OtherInstalments,
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::Iterable;

    #[test]
    fn every_state_allows_exactly_the_commands_of_the_table() {
        for (state, allowed) in [
            (RecoveryState::Open, "Agree>Agreed Repay>Repaying RepayRest>Closed WriteOff>Closed Withdraw>Closed"),
            (RecoveryState::Agreed, "Agree>Agreed Repay>Repaying RepayRest>Closed WriteOff>Closed Withdraw>Closed"),
            (RecoveryState::Repaying, "Agree>Repaying Repay>Repaying RepayRest>Closed WriteOff>Closed"),
            (RecoveryState::Closed, ""),
        ] {
            let found: Vec<String> = RecoveryCommand::iter()
                .filter_map(|command| state.after(command).map(|to| format!("{command:?}>{to:?}")))
                .collect();
            assert_eq!(found.join(" "), allowed, "{state:?}");
        }
        assert_eq!(RecoveryState::iter().count(), 4);
    }
}
