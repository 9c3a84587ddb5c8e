//! The chart of accounts: nine named ones for payouts and the fund's own transfers, some kept per plan.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::text::Text;

/// An account of the chart. The number is its code.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "i32", db_type = "Integer")]
pub enum Account {
    /// Money at the bank that payouts leave from.
    #[sea_orm(num_value = 1010)]
    #[serde(rename = "1010")]
    Bank,
    /// Money that somebody must give back: a double debit, an overpayment.
    #[sea_orm(num_value = 1030)]
    #[serde(rename = "1030")]
    Recoverable,
    /// Debits that nobody can explain yet.
    #[sea_orm(num_value = 1900)]
    #[serde(rename = "1900")]
    UnknownDebits,
    /// Owed to members on decisions; per plan, never below nothing for a payout.
    #[sea_orm(num_value = 2010)]
    #[serde(rename = "2010")]
    Payable,
    /// Reserved for orders that are on their way.
    #[sea_orm(num_value = 2020)]
    #[serde(rename = "2020")]
    Clearing,
    /// Came back and is still owed to the member; per plan.
    #[sea_orm(num_value = 2030)]
    #[serde(rename = "2030")]
    Returned,
    /// Credits that nobody can explain yet.
    #[sea_orm(num_value = 2090)]
    #[serde(rename = "2090")]
    UnknownCredits,
    /// What the fund put into the disbursement account.
    #[sea_orm(num_value = 3010)]
    #[serde(rename = "3010")]
    Funding,
    /// What decisions cost; per plan.
    #[sea_orm(num_value = 5010)]
    #[serde(rename = "5010")]
    Expense,
    /// What the bank charged.
    #[sea_orm(num_value = 5090)]
    #[serde(rename = "5090")]
    Charges,
}

impl Account {
    /// The number of the account.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Bank => 1010,
            Self::Recoverable => 1030,
            Self::UnknownDebits => 1900,
            Self::Payable => 2010,
            Self::Clearing => 2020,
            Self::Returned => 2030,
            Self::UnknownCredits => 2090,
            Self::Funding => 3010,
            Self::Expense => 5010,
            Self::Charges => 5090,
        }
    }

    /// True for the accounts that are kept per plan.
    #[must_use]
    pub const fn is_per_plan(self) -> bool {
        matches!(self, Self::Payable | Self::Returned | Self::Expense)
    }

    /// True for the accounts whose balance may never be a debit: what is owed cannot be less than nothing.
    #[must_use]
    pub const fn is_never_in_debit(self) -> bool {
        matches!(self, Self::Payable | Self::Clearing | Self::Returned)
    }

    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::Bank => Text::fixed("银行支付账户", "Bank disbursement account"),
            Self::Recoverable => Text::fixed("应收追回款", "Recoverable"),
            Self::UnknownDebits => Text::fixed("待查借方", "Suspense, unidentified debits"),
            Self::Payable => Text::fixed("应付赔付", "Claims payable"),
            Self::Clearing => Text::fixed("赔付在途", "Payout clearing"),
            Self::Returned => Text::fixed("退回待付", "Returned, owed to member"),
            Self::UnknownCredits => Text::fixed("待查贷方", "Suspense, unidentified credits"),
            Self::Funding => Text::fixed("基金拨款", "Funding of the disbursement account"),
            Self::Expense => Text::fixed("赔付支出", "Claims expense"),
            Self::Charges => Text::fixed("银行手续费", "Bank charges"),
        }
    }
}
