//! The table `bill_check`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verifier::{Reason, Verdict};
use crate::kernel::clock::Moment;

/// Where the parts of the bill were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum BillSource {
    /// In a QR code, which has a check of its own.
    Qr,
    /// In print, all five: one may be misread.
    Ocr,
}

/// What came of a bill check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
#[schema(as = BillVerdict)]
pub enum VerdictWord {
    /// The platform has this very bill.
    True,
    /// The platform says that there is no such bill.
    False,
    /// Nobody knows; the row says why.
    CannotBeChecked,
}

impl From<Verdict> for VerdictWord {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::True => Self::True,
            Verdict::False => Self::False,
            Verdict::CannotBeChecked { .. } => Self::CannotBeChecked,
        }
    }
}

impl VerdictWord {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::CannotBeChecked => "cannot_be_checked",
        }
    }
}

/// A row of `bill_check`: one bill on one document.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "bill_check")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The document that tells the bill.
    pub document_id: Uuid,
    /// The document's claim.
    pub claim_id: Uuid,
    /// Where the parts were read.
    pub source: BillSource,
    /// Finds the same bill: code and number.
    pub bill_lookup: Vec<u8>,
    /// Finds the same question: all five parts.
    pub query_lookup: Vec<u8>,
    /// The question: a [`BillQuery`](super::BillQuery), sealed.
    pub query_sealed: Vec<u8>,
    /// What came of it; none until the first look.
    pub verdict: Option<VerdictWord>,
    /// Why it can't be checked, when it can't.
    pub reason: Option<Reason>,
    /// How often the platform was asked for this row; whoever settles it must have counted last.
    pub tries: i32,
    /// When it was asked last.
    pub asked_at_ms: Option<Moment>,
    /// When the verdict was given.
    pub answered_at_ms: Option<Moment>,
    /// From when it is to be looked at again; none when it is not.
    pub next_ask_at_ms: Option<Moment>,
    /// When the document told it.
    pub created_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The verdict with its reason.
    pub(super) fn outcome(&self) -> Option<Verdict> {
        match (self.verdict?, self.reason) {
            (VerdictWord::True, _) => Some(Verdict::True),
            (VerdictWord::False, _) => Some(Verdict::False),
            (VerdictWord::CannotBeChecked, reason) => reason.map(Verdict::cannot),
        }
    }
}
