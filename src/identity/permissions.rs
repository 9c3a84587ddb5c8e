//! Who may do what: the roles, the permissions and the one table that joins them.
//!
//! A route names the permission it needs in its OpenAPI document; the rim refuses to start when a route names none or one that is
//! not here. What a caller may see *within* a permission (their own claim, their subtree) is asked by the finders of each capability.

use std::sync::{Arc, LazyLock};

use crate::http::Role;

/// Every role.
pub const ROLES: [Role; 8] = [
    Role::Member,
    Role::Liaison,
    Role::Reviewer,
    Role::PayoutMaker,
    Role::PayoutChecker,
    Role::PlanEditor,
    Role::Auditor,
    Role::CardBank,
];

/// The word of a role in tables and tokens.
#[must_use]
pub const fn word(role: Role) -> &'static str {
    match role {
        Role::Member => "member",
        Role::Liaison => "liaison",
        Role::Reviewer => "reviewer",
        Role::PayoutMaker => "payout_maker",
        Role::PayoutChecker => "payout_checker",
        Role::PlanEditor => "plan_editor",
        Role::Auditor => "auditor",
        Role::CardBank => "card_bank",
    }
}

/// The role that `word` names.
#[must_use]
pub fn role_of(word_given: &str) -> Option<Role> {
    ROLES.into_iter().find(|role| word(*role) == word_given)
}

/// True for the roles that a person of the staff can hold.
#[must_use]
pub const fn is_staff(role: Role) -> bool {
    !matches!(role, Role::Member | Role::CardBank)
}

/// True when `role` may do what `permission` names.
#[must_use]
pub fn may(role: Role, permission: &str) -> bool {
    TABLE.iter().any(|(name, roles)| *name == permission && roles.contains(&role))
}

/// What somebody with these roles may do.
#[must_use]
pub fn of(roles: &[Role]) -> Arc<[&'static str]> {
    match roles {
        [Role::Member] => MEMBERS.clone(),
        _ => list(roles),
    }
}

static MEMBERS: LazyLock<Arc<[&'static str]>> = LazyLock::new(|| list(MEMBER));

fn list(roles: &[Role]) -> Arc<[&'static str]> {
    TABLE.iter().filter(|(_, holders)| holders.iter().any(|role| roles.contains(role))).map(|(name, _)| *name).collect()
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
const MAKING_PAYOUTS: &[Role] = &[Role::PayoutMaker, Role::PayoutChecker];
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
    // declaring: a member for themselves; a liaison's part comes with recorded consent
    ("claim:declare", MEMBER),
    ("claim:read", MEMBER),
    ("claim:answer", MEMBER),
    ("claim:withdraw", MEMBER),
    ("claim:appeal", MEMBER),
    ("document:upload", DECLARING),
    ("document:read", MEMBER),
    // review
    ("review:list", READING_CLAIMS),
    ("review:read", READING_CLAIMS),
    ("review:document", READING_CLAIMS),
    ("review:take", REVIEWER),
    ("review:ask", REVIEWER),
    ("review:check_bill", REVIEWER),
    ("review:decide", REVIEWER),
    // money
    ("payout:read", READING_PAYOUTS),
    ("payout:prepare", MAKER),
    ("payout:release", CHECKER),
    ("payout:hold", MAKING_PAYOUTS),
    ("payout:resolve", MAKING_PAYOUTS),
    ("recovery:read", READING_PAYOUTS),
    ("recovery:open", MAKER),
    ("recovery:confirm", CHECKER),
    ("heir:record", MAKER),
    ("heir:confirm", CHECKER),
    ("own_recovery:read", MEMBER),
    ("own_recovery:answer", MEMBER),
    ("ledger:read", READING_PAYOUTS),
    ("break:read", &[Role::PayoutMaker, Role::PayoutChecker, Role::Auditor, Role::CardBank]),
    ("break:resolve", MAKING_PAYOUTS),
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
        for role in ROLES {
            assert!(!(may(role, "payout:prepare") && may(role, "payout:release")), "{role:?}");
            assert!(!(may(role, "recovery:open") && may(role, "recovery:confirm")), "{role:?}");
        }
    }

    #[test]
    fn an_auditor_changes_nothing() {
        const CHANGES: [&str; 15] = [
            "change", "declare", "answer", "withdraw", "appeal", "upload", "take", "decide", "prepare", "release",
            "hold", "resolve", "open", "confirm", "record",
        ];
        for (name, _) in TABLE.iter().filter(|(name, _)| may(Role::Auditor, name)) {
            assert!(!CHANGES.iter().any(|verb| name.ends_with(verb)), "{name}");
        }
    }

    #[test]
    fn a_role_is_named_as_it_is_read() {
        for role in ROLES {
            assert_eq!(role_of(word(role)), Some(role));
        }
        assert_eq!(role_of("operator"), None);
    }
}
