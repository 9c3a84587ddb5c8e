//! The eighteen kinds of disagreement between the bank and the books.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::text::Text;

/// A kind of disagreement.
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
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum BreakKind {
    /// Paid by the bank, no debit two working days later.
    #[sea_orm(string_value = "B01")]
    B01,
    /// A debit without an order.
    #[sea_orm(string_value = "B02")]
    B02,
    /// An order in doubt for too long.
    #[sea_orm(string_value = "B03")]
    B03,
    /// One reference debited twice.
    #[sea_orm(string_value = "B04")]
    B04,
    /// Rejected, but debited.
    #[sea_orm(string_value = "B05")]
    B05,
    /// The amount differs.
    #[sea_orm(string_value = "B06")]
    B06,
    /// A credit that cannot be tied to an order.
    #[sea_orm(string_value = "B07")]
    B07,
    /// A statement is missing, comes twice, or does not roll.
    #[sea_orm(string_value = "B08")]
    B08,
    /// A return of a part, or of too much.
    #[sea_orm(string_value = "B09")]
    B09,
    /// A return of an order that is not settled.
    #[sea_orm(string_value = "B10")]
    B10,
    /// A result for a reference that is not ours.
    #[sea_orm(string_value = "B11")]
    B11,
    /// A result that contradicts an earlier one.
    #[sea_orm(string_value = "B12")]
    B12,
    /// A signature or a hash that is wrong.
    #[sea_orm(string_value = "B13")]
    B13,
    /// A charge that the tariff does not know.
    #[sea_orm(string_value = "B14")]
    B14,
    /// The bank echoes another name or card.
    #[sea_orm(string_value = "B15")]
    B15,
    /// Accepted long ago, no result.
    #[sea_orm(string_value = "B16")]
    B16,
    /// The details of a booking by batch are missing.
    #[sea_orm(string_value = "B17")]
    B17,
    /// Another currency or account.
    #[sea_orm(string_value = "B18")]
    B18,
}

impl BreakKind {
    /// True for a kind that stops sending for the account until a person has looked at it.
    #[must_use]
    pub const fn stops_dispatch(self) -> bool {
        matches!(self, Self::B02 | Self::B04 | Self::B05 | Self::B08 | Self::B13)
    }

    /// True for a kind that lasts as long as what causes it: seen again after it was resolved, it is open again.
    #[must_use]
    pub const fn opens_again(self) -> bool {
        matches!(self, Self::B03 | Self::B08 | Self::B13 | Self::B16 | Self::B18)
    }

    /// The role that looks after it.
    #[must_use]
    pub const fn owner_role(self) -> &'static str {
        if self.stops_dispatch() { "payout_checker" } else { "payout_maker" }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn name(self) -> Text {
        match self {
            Self::B01 => Text::fixed("银行称已付，对账单无借记", "Paid by the bank, but the statement shows no debit"),
            Self::B02 => Text::fixed("无对应指令的借记", "Debit without an order"),
            Self::B03 => Text::fixed("指令长时间状态不明", "Order in doubt for too long"),
            Self::B04 => Text::fixed("同一参考号重复扣款", "One reference debited twice"),
            Self::B05 => Text::fixed("银行称拒绝，但已扣款", "Rejected, but debited"),
            Self::B06 => Text::fixed("金额不符", "The amount differs"),
            Self::B07 => Text::fixed("无法匹配的贷记", "Credit that cannot be tied to an order"),
            Self::B08 => Text::fixed("对账单缺失、重复或余额不连续", "Statement missing, repeated or not rolling"),
            Self::B09 => Text::fixed("部分或超额退回", "Return of a part, or of too much"),
            Self::B10 => Text::fixed("未入账指令的退回", "Return of an order that is not settled"),
            Self::B11 => Text::fixed("未知参考号的结果", "Result for an unknown reference"),
            Self::B12 => Text::fixed("结果前后矛盾", "Result contradicts an earlier one"),
            Self::B13 => Text::fixed("签名或摘要错误", "Wrong signature or hash"),
            Self::B14 => Text::fixed("收费不在价目内", "Charge that the tariff does not know"),
            Self::B15 => Text::fixed("银行回显户名或卡号不符", "The bank echoes another name or card"),
            Self::B16 => Text::fixed("受理后长时间无结果", "Accepted long ago, no result"),
            Self::B17 => Text::fixed("批量记账缺少明细", "Details of a batch booking are missing"),
            Self::B18 => Text::fixed("币种或账户不符", "Another currency or account"),
        }
    }
}
