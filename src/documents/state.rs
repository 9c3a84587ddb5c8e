//! Where a document stands, what it is, and why one was refused. Pure.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pictures::Refusal;
use crate::kernel::text::Text;
use crate::reading::fields::Paper;

/// What a document shows.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// A medical bill or receipt (票据).
    Bill,
    /// The settlement sheet of the medical insurance (结算单).
    SettlementSheet,
    /// The list of charges (费用清单).
    ChargeList,
    /// A diagnosis (诊断证明).
    Diagnosis,
    /// The summary of a stay (出院小结).
    DischargeSummary,
    /// An identity card (身份证).
    IdCard,
    /// A proof of relationship (关系证明).
    RelationshipProof,
    /// Anything else that was asked for.
    Other,
}

impl DocumentKind {
    /// The kind of a name on the wire.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
    }

    /// Whether it is held against the documents of others: one person's identity card belongs to each of their claims.
    #[must_use]
    pub const fn is_compared(self) -> bool {
        !matches!(self, Self::IdCard | Self::RelationshipProof)
    }

    /// Which paper's fields are looked for on it; none where nothing is read.
    #[must_use]
    pub const fn paper(self) -> Option<Paper> {
        match self {
            Self::Bill => Some(Paper::Bill),
            Self::SettlementSheet | Self::ChargeList => Some(Paper::SettlementSheet),
            Self::Diagnosis => Some(Paper::Diagnosis),
            Self::DischargeSummary => Some(Paper::DischargeSummary),
            Self::IdCard => Some(Paper::IdCard),
            Self::RelationshipProof | Self::Other => None,
        }
    }
}

/// Where a document stands.
///
/// | from | what happens | to |
/// | --- | --- | --- |
/// | — | the member announces it | receiving |
/// | receiving | its last byte is durable and its hash is as declared | received |
/// | receiving | the hash differs, or the claim takes no more documents | rejected |
/// | receiving | nothing came for a day | expired |
/// | receiving, received, clean, rejected | the member takes it back while the claim is a draft | withdrawn |
/// | received | the check begins | checking |
/// | checking | the check is over | clean, rejected |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum DocumentState {
    /// Bytes are on their way.
    Receiving,
    /// All bytes are safe; the check waits.
    Received,
    /// The check runs.
    Checking,
    /// Checked, stripped and stored: readable.
    Clean,
    /// Refused, with a reason that says what to do.
    Rejected,
    /// It never came.
    Expired,
    /// The member took it back.
    Withdrawn,
}

impl DocumentState {
    /// Every state.
    pub const ALL: [Self; 7] =
        [Self::Receiving, Self::Received, Self::Checking, Self::Clean, Self::Rejected, Self::Expired, Self::Withdrawn];

    /// Whether `next` may follow.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Receiving => {
                matches!(next, Self::Received | Self::Rejected | Self::Expired | Self::Withdrawn)
            }
            Self::Received => matches!(next, Self::Checking | Self::Withdrawn),
            Self::Checking => matches!(next, Self::Clean | Self::Rejected),
            Self::Clean | Self::Rejected => matches!(next, Self::Withdrawn),
            Self::Expired | Self::Withdrawn => false,
        }
    }

    /// The states from which `next` may follow: what an `UPDATE … WHERE state IN` asks for.
    #[must_use]
    pub fn before(next: Self) -> Vec<Self> {
        Self::ALL.into_iter().filter(|state| state.may_become(next)).collect()
    }

    /// Whether a document in this state counts against the limits of its claim.
    #[must_use]
    pub const fn takes_room(self) -> bool {
        match self {
            Self::Receiving | Self::Received | Self::Checking | Self::Clean => true,
            Self::Rejected | Self::Expired | Self::Withdrawn => false,
        }
    }

    /// Whether nothing more happens to a document in this state by itself.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Clean | Self::Rejected | Self::Expired | Self::Withdrawn => true,
            Self::Receiving | Self::Received | Self::Checking => false,
        }
    }

    /// Whether the spool still holds bytes that are needed.
    #[must_use]
    pub const fn needs_spool(self) -> bool {
        match self {
            Self::Receiving | Self::Received | Self::Checking => true,
            Self::Clean | Self::Rejected | Self::Expired | Self::Withdrawn => false,
        }
    }

    /// The sentence that the member reads.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::Receiving => Text::fixed("正在接收", "Receiving"),
            Self::Received => Text::fixed("已收到，等待检查", "Received, waiting for its check"),
            Self::Checking => Text::fixed("正在检查", "Being checked"),
            Self::Clean => Text::fixed("已通过检查，可以查看", "Checked and readable"),
            Self::Rejected => Text::fixed("未能接收，请看原因", "Not taken, see why"),
            Self::Expired => Text::fixed("上传已过期，请重新上传", "The upload ran out of time; send it again"),
            Self::Withdrawn => Text::fixed("已撤回", "Taken back"),
        }
    }
}

/// Why a document was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The bytes that came are not those that were announced.
    ChecksumMismatch,
    /// The claim took no more documents when the last byte came.
    ClaimClosed,
    /// The bytes were damaged on our side before they could be checked.
    Lost,
    /// The picture was not taken.
    Picture(Refusal),
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ChecksumMismatch => "checksum_mismatch",
            Self::ClaimClosed => "claim_takes_no_documents",
            Self::Lost => "document_lost",
            Self::Picture(refusal) => refusal.code(),
        }
    }

    /// The reason of a stored code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        [Self::ChecksumMismatch, Self::ClaimClosed, Self::Lost]
            .into_iter()
            .find(|reason| reason.code() == code)
            .or_else(|| Refusal::of_code(code).map(Self::Picture))
    }

    /// What the member reads: what happened and what to do.
    #[must_use]
    pub const fn text(self) -> Text {
        match self {
            Self::ChecksumMismatch => Text::fixed(
                "收到的文件与原文件不一致。请重新上传。",
                "The file that came differs from the one on the phone. Send it again.",
            ),
            Self::ClaimClosed => Text::fixed(
                "收齐文件时，这笔申报已不再接收材料。",
                "When the file was complete, this claim took no more documents.",
            ),
            Self::Lost => Text::fixed(
                "文件在我们这里损坏了，非常抱歉。请重新上传。",
                "The file was damaged on our side, and we are sorry. Send it again.",
            ),
            Self::Picture(refusal) => refusal.text(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_transitions_is_the_one_in_the_comment() {
        use DocumentState::{Checking, Clean, Expired, Received, Receiving, Rejected, Withdrawn};
        let allowed = [
            (Receiving, Received),
            (Receiving, Rejected),
            (Receiving, Expired),
            (Receiving, Withdrawn),
            (Received, Checking),
            (Received, Withdrawn),
            (Checking, Clean),
            (Checking, Rejected),
            (Clean, Withdrawn),
            (Rejected, Withdrawn),
        ];
        for from in DocumentState::ALL {
            for to in DocumentState::ALL {
                assert_eq!(from.may_become(to), allowed.contains(&(from, to)), "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn every_reason_reads_back_from_its_code() {
        let own = [Reason::ChecksumMismatch, Reason::ClaimClosed, Reason::Lost];
        for reason in own.into_iter().chain(Refusal::ALL.map(Reason::Picture)) {
            assert_eq!(Reason::of_code(reason.code()), Some(reason));
        }
        assert_eq!(Reason::of_code("else"), None);
    }

    #[test]
    fn kinds_are_named_as_on_the_wire() {
        assert_eq!(DocumentKind::parse("settlement_sheet"), Some(DocumentKind::SettlementSheet));
        assert_eq!(DocumentKind::parse("SettlementSheet"), None);
    }
}
