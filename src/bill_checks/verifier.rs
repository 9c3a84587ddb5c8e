//! What we ask of whoever can check a bill at its source, and nothing about how one platform does it.

use async_trait::async_trait;
use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;

use super::bill::BillQuery;
use crate::kernel::text::Text;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The platform has this very bill: all five parts agree.
    True,
    /// The platform says of these five parts that there is no such bill.
    False,
    /// Nobody knows. Never to be taken for [`Self::False`].
    CannotBeChecked {
        /// Why not.
        reason: Reason,
    },
}

/// Why a bill can't be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = BillCheckReason)]
pub enum Reason {
    /// No platform is configured: nobody is asked.
    NoPlatformConfigured,
    /// It was asked about as often as a day allows.
    BudgetUsedUp,
    /// The platform does not answer, or says that it can't.
    PlatformUnavailable,
    /// The platform does not know it yet: hospitals upload their bills some days later.
    BillTooNew,
    /// The platform answers for bills of one year only.
    BillTooOld,
    /// The answer is not one that the protocol knows, or speaks of another bill.
    AnswerNotUnderstood,
}

impl Verdict {
    /// Cannot be checked, for this reason.
    #[must_use]
    pub const fn cannot(reason: Reason) -> Self {
        Self::CannotBeChecked { reason }
    }

    /// Why it can't be checked, when it can't.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::True | Self::False => None,
            Self::CannotBeChecked { reason } => Some(reason),
        }
    }

    /// What a reviewer reads.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::True => Text::fixed(
                "财政电子票据平台查验：票据属实，五要素一致",
                "The fiscal platform has this very bill: all five parts agree",
            ),
            Self::False => Text::fixed(
                "财政电子票据平台查验：查无此票或要素不一致。请核对票面，批准须写明理由",
                "The fiscal platform has no such bill with these parts: look at the paper; approving it needs a remark",
            ),
            Self::CannotBeChecked { reason } => reason.text(),
        }
    }
}

impl Reason {
    const fn text(self) -> Text {
        match self {
            Self::NoPlatformConfigured => Text::fixed(
                "无法查验：未配置票据查验平台。这不表示票据有问题",
                "It can't be checked: no platform is configured. That says nothing against the bill",
            ),
            Self::BudgetUsedUp => Text::fixed(
                "暂时无法查验：今日查验次数已用完。这不表示票据有问题",
                "It can't be checked today: the checks of the day are used up. That says nothing against the bill",
            ),
            Self::PlatformUnavailable => Text::fixed(
                "暂时无法查验：平台没有应答。这不表示票据有问题",
                "It can't be checked for now: the platform does not answer. That says nothing against the bill",
            ),
            Self::BillTooNew => Text::fixed(
                "暂时无法查验：票据刚开具，可能尚未上传平台。这不表示票据有问题",
                "It can't be checked yet: a bill this new may not be uploaded. That says nothing against it",
            ),
            Self::BillTooOld => Text::fixed(
                "无法查验：平台只查验一年内的票据。这不表示票据有问题",
                "It can't be checked: the platform answers for bills of one year only. That says nothing against it",
            ),
            Self::AnswerNotUnderstood => Text::fixed(
                "暂时无法查验：平台的应答无法识别。这不表示票据有问题",
                "It can't be checked for now: the platform's answer is not understood. That says nothing against the bill",
            ),
        }
    }
}

/// Somebody who can check a bill at its source.
#[async_trait]
pub trait BillVerifier: Send + Sync {
    /// Asks about one bill. Whatever is not a clear word about this very bill is [`Verdict::CannotBeChecked`]: no verifier ever guesses.
    /// `today` is the day in Asia/Shanghai.
    async fn verify(&self, query: &BillQuery, today: Date) -> Verdict;
}
