//! Who may do what: the roles, the permissions and the one table that joins them.
//!
//! A route names the permission it needs in its OpenAPI document; the rim refuses to start when a route names none or one that is
//! not here. What a caller may see *within* a permission (their own claim, their subtree) is asked by the finders of each capability.

/// What somebody may be. A person of the staff can hold several roles; everybody else has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A member 会员, signed in on a phone.
    Member,
    /// A unit's liaison 基层联络人.
    Liaison,
    /// A reviewer; the level is that of the organisation they belong to.
    Reviewer,
    /// Prepares batches of payouts.
    PayoutMaker,
    /// Releases batches that somebody else prepared.
    PayoutChecker,
    /// Publishes plan versions.
    PlanEditor,
    /// Reads everything, changes nothing.
    Auditor,
    /// The card bank's job.
    CardBank,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 8] = [
        Self::Member,
        Self::Liaison,
        Self::Reviewer,
        Self::PayoutMaker,
        Self::PayoutChecker,
        Self::PlanEditor,
        Self::Auditor,
        Self::CardBank,
    ];

    /// The word for tables and tokens.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Liaison => "liaison",
            Self::Reviewer => "reviewer",
            Self::PayoutMaker => "payout_maker",
            Self::PayoutChecker => "payout_checker",
            Self::PlanEditor => "plan_editor",
            Self::Auditor => "auditor",
            Self::CardBank => "card_bank",
        }
    }

    /// The role that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// True for the roles that a person of the staff can hold.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        !matches!(self, Self::Member | Self::CardBank)
    }

    /// True when this role may do what `permission` names.
    #[must_use]
    pub fn may(self, permission: &str) -> bool {
        TABLE.iter().any(|(name, roles)| *name == permission && roles.contains(&self))
    }
}

const MEMBER: &[Role] = &[Role::Member];
const DECLARING: &[Role] = &[Role::Member, Role::Liaison];
const EVERY_PERSON: &[Role] = &[
    Role::Member,
    Role::Liaison,
    Role::Reviewer,
    Role::PayoutMaker,
    Role::PayoutChecker,
    Role::PlanEditor,
    Role::Auditor,
];
const REVIEWER: &[Role] = &[Role::Reviewer];
const READING_CLAIMS: &[Role] = &[Role::Reviewer, Role::Auditor];
const MAKER: &[Role] = &[Role::PayoutMaker];
const CHECKER: &[Role] = &[Role::PayoutChecker];
const READING_PAYOUTS: &[Role] = &[Role::PayoutMaker, Role::PayoutChecker, Role::Auditor];
const BANK: &[Role] = &[Role::CardBank];

/// Every permission with the roles that hold it. A name is `thing:verb`.
pub const TABLE: &[(&str, &[Role])] = &[
    // one's own session
    ("session:read", EVERY_PERSON),
    ("session:end", EVERY_PERSON),
    // a member's own affairs
    ("me:read", MEMBER),
    ("me:change", MEMBER),
    ("cover:read", MEMBER),
    ("card:read", MEMBER),
    ("card:change", MEMBER),
    ("notice:read", MEMBER),
    ("access_record:read", MEMBER),
    // declaring: a member for themselves, a liaison with recorded consent
    ("claim:declare", DECLARING),
    ("claim:read", DECLARING),
    ("claim:answer", DECLARING),
    ("claim:withdraw", DECLARING),
    ("claim:appeal", MEMBER),
    ("document:upload", DECLARING),
    ("document:read", MEMBER),
    // review
    ("review:list", READING_CLAIMS),
    ("review:read", READING_CLAIMS),
    ("review:document", READING_CLAIMS),
    ("review:take", REVIEWER),
    ("review:ask", REVIEWER),
    ("review:decide", REVIEWER),
    // money
    ("payout:read", READING_PAYOUTS),
    ("payout:prepare", MAKER),
    ("payout:release", CHECKER),
    ("ledger:read", READING_PAYOUTS),
    ("break:read", &[Role::PayoutMaker, Role::PayoutChecker, Role::Auditor, Role::CardBank]),
    // the bank's job
    ("bank:fetch", BANK),
    ("bank:report", BANK),
    ("bank:statement", BANK),
    // plans and the record
    ("plan:publish", &[Role::PlanEditor]),
    ("audit:read", &[Role::Auditor]),
];

/// True when `permission` is one of the table.
#[must_use]
pub fn exists(permission: &str) -> bool {
    TABLE.iter().any(|(name, _)| *name == permission)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_stands_in_the_table_once_and_somebody_holds_it() {
        for (index, (name, roles)) in TABLE.iter().enumerate() {
            assert!(!roles.is_empty(), "{name}");
            assert!(TABLE.iter().skip(index + 1).all(|(other, _)| other != name), "{name} twice");
        }
    }

    #[test]
    fn nobody_may_both_prepare_and_release() {
        for role in Role::ALL {
            assert!(!(role.may("payout:prepare") && role.may("payout:release")), "{role:?}");
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        const CHANGES: [&str; 10] =
            ["change", "declare", "answer", "withdraw", "appeal", "upload", "take", "decide", "prepare", "release"];
        for (name, _) in TABLE.iter().filter(|(name, _)| Role::Auditor.may(name)) {
            assert!(!CHANGES.iter().any(|verb| name.ends_with(verb)), "{name}");
        }
    }

    #[test]
    fn a_role_is_named_as_it_is_read() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        assert_eq!(Role::from_word("operator"), None);
    }
}
