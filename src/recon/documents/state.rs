//! What a document of the bank is and where it stands: the one table of what may follow what. Pure.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the bank gives.
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
pub enum BankDocumentKind {
    /// The fate of a file of ours, ISO 20022.
    #[sea_orm(string_value = "pain.002")]
    #[serde(rename = "pain.002")]
    Pain002,
    /// What happened so far on a running day: nothing final.
    #[sea_orm(string_value = "camt.052")]
    #[serde(rename = "camt.052")]
    Camt052,
    /// The statement of a closed day, ISO 20022.
    #[sea_orm(string_value = "camt.053")]
    #[serde(rename = "camt.053")]
    Camt053,
    /// Single bookings, ISO 20022.
    #[sea_orm(string_value = "camt.054")]
    #[serde(rename = "camt.054")]
    Camt054,
    /// The results of a batch, as a flat file.
    #[sea_orm(string_value = "cn-result")]
    #[serde(rename = "cn-result")]
    CnResult,
    /// What came back, as a flat file.
    #[sea_orm(string_value = "cn-return")]
    #[serde(rename = "cn-return")]
    CnReturn,
    /// The statement of a closed day, as a flat file.
    #[sea_orm(string_value = "cn-statement")]
    #[serde(rename = "cn-statement")]
    CnStatement,
}

impl BankDocumentKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Pain002, Self::Camt052, Self::Camt053, Self::Camt054, Self::CnResult, Self::CnReturn, Self::CnStatement];

    /// The word in tables and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pain002 => "pain.002",
            Self::Camt052 => "camt.052",
            Self::Camt053 => "camt.053",
            Self::Camt054 => "camt.054",
            Self::CnResult => "cn-result",
            Self::CnReturn => "cn-return",
            Self::CnStatement => "cn-statement",
        }
    }

    /// The kind of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// What a file is by its first bytes; none when they say nothing.
    #[must_use]
    pub fn of_bytes(head: &[u8]) -> Option<Self> {
        const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";
        let text = String::from_utf8_lossy(head);
        let flat = [
            ("H|CNSTM1|", Self::CnStatement),
            ("H|CNSTM2|", Self::CnStatement),
            ("H|CNRES1|", Self::CnResult),
            ("H|CNRES2|", Self::CnResult),
            ("H|CNRET2|", Self::CnReturn),
        ];
        if let Some((_, kind)) = flat.into_iter().find(|(begin, _)| text.starts_with(begin)) {
            return Some(kind);
        }
        let message = text.split_once(NAMESPACE)?.1.get(..8)?;
        [Self::Pain002, Self::Camt052, Self::Camt053, Self::Camt054].into_iter().find(|kind| kind.word() == message)
    }

    /// True for a statement of a closed day: it moves the books.
    #[must_use]
    pub const fn is_statement(self) -> bool {
        matches!(self, Self::Camt053 | Self::CnStatement)
    }

    /// Most bytes of such a file.
    #[must_use]
    pub const fn max_bytes(self) -> u64 {
        match self {
            Self::Camt052 | Self::Camt053 | Self::Camt054 | Self::CnStatement => 2 * 1024 * 1024 * 1024,
            Self::Pain002 | Self::CnResult | Self::CnReturn => 32 * 1024 * 1024,
        }
    }
}

/// By which road it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum BankDocumentSource {
    /// The card bank's job sent it.
    Upload,
    /// It was put into a directory, a bucket or the like.
    Transport,
    /// An operator took it by command.
    Cli,
    /// The adapter fetched it from the bank.
    Adapter,
}

/// Where it stands.
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
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum BankDocumentState {
    /// Its bytes are kept.
    Received,
    /// They are those that came, and the bank's own where it signs.
    Verified,
    /// It holds together in itself; of a statement, part may be in the books, or it waits for the one before it.
    Parsed,
    /// What it says has its effect.
    Applied,
    /// It can be read and does not fit: nothing of it counts.
    Quarantined,
    /// It can't be read, or its signature does not count: nothing of it counts.
    Rejected,
    /// It says what another said: no effect.
    Duplicate,
}

/// What can happen to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter)]
pub enum DocumentCommand {
    /// The bytes are those that came, and the bank's own where it signs.
    Verify,
    /// It was read to its end.
    Parse,
    /// It took effect.
    Apply,
    /// It does not fit.
    Quarantine,
    /// It can't be read, or its signature does not count.
    Reject,
    /// Another said the same.
    FindDuplicate,
    /// Look at it again: what kept it out may be mended.
    Reopen,
}

impl BankDocumentState {
    /// The state after `command`, or none when it may not happen here.
    ///
    /// | from | may become |
    /// |---|---|
    /// | received | verified, rejected, quarantined, duplicate |
    /// | verified | parsed, rejected, quarantined, duplicate |
    /// | parsed | applied, quarantined, duplicate |
    /// | quarantined, rejected | received (looked at again) |
    #[must_use]
    pub const fn after(self, command: DocumentCommand) -> Option<Self> {
        use DocumentCommand as C;
        Some(match (self, command) {
            (Self::Received, C::Verify) => Self::Verified,
            (Self::Verified, C::Parse) => Self::Parsed,
            (Self::Parsed, C::Apply) => Self::Applied,
            (Self::Received | Self::Verified | Self::Parsed, C::Quarantine) => Self::Quarantined,
            (Self::Received | Self::Verified, C::Reject) => Self::Rejected,
            (Self::Received | Self::Verified | Self::Parsed, C::FindDuplicate) => Self::Duplicate,
            (Self::Quarantined | Self::Rejected, C::Reopen) => Self::Received,
            _ => return None,
        })
    }

    /// The word in tables and on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Verified => "verified",
            Self::Parsed => "parsed",
            Self::Applied => "applied",
            Self::Quarantined => "quarantined",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }

    /// True when something is still to be done about it without a person.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Verified | Self::Parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sea_orm::{ActiveEnum, Iterable};

    #[test]
    fn what_took_effect_stays_and_what_was_kept_out_can_be_looked_at_again() {
        use BankDocumentState as S;
        for (state, command) in S::iter().flat_map(|state| DocumentCommand::iter().map(move |command| (state, command)))
        {
            let after = state.after(command);
            let is_end = matches!(state, S::Applied | S::Duplicate);
            assert!(!is_end || after.is_none(), "{state:?} {command:?}");
            let is_kept_out = matches!(state, S::Quarantined | S::Rejected);
            assert_eq!(is_kept_out && after.is_some(), is_kept_out && command == DocumentCommand::Reopen);
            assert_eq!(
                command == DocumentCommand::Apply && after.is_some(),
                (state, after) == (S::Parsed, Some(S::Applied))
            );
            assert_eq!(state.is_open(), !is_end && !is_kept_out);
            assert_eq!(state.to_value(), state.word());
        }
    }

    #[test]
    fn a_file_says_what_it_is_by_its_first_bytes() {
        use BankDocumentKind as K;
        for kind in K::ALL {
            assert_eq!(K::of_word(kind.word()), Some(kind));
            assert_eq!(kind.to_value(), kind.word());
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        }
        let document =
            |message: &str| format!("<?xml version='1.0'?><Document xmlns='urn:iso:std:iso:20022:tech:xsd:{message}'>");
        for (text, kind) in [
            ("H|CNSTM1|ACC|".to_owned(), Some(K::CnStatement)),
            ("H|CNRES1|B1|".to_owned(), Some(K::CnResult)),
            ("H|CNSTM2|ACC|".to_owned(), Some(K::CnStatement)),
            ("H|CNRES2|B1|".to_owned(), Some(K::CnResult)),
            ("H|CNRET2|ACC|".to_owned(), Some(K::CnReturn)),
            ("H|CNPAY1|B1|".to_owned(), None),
            (document("camt.053.001.08"), Some(K::Camt053)),
            (document("camt.054.001.02"), Some(K::Camt054)),
            (document("pain.002.001.10"), Some(K::Pain002)),
            (document("pain.001.001.09"), None),
            (document("camt"), None),
            ("PK".to_owned(), None),
        ] {
            assert_eq!(K::of_bytes(text.as_bytes()), kind, "{text}");
        }
    }
}
