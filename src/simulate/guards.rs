//! The database's own guards, which a run can leave out: the judge must then find what they keep away.

/// A rule of the tables.
#[derive(Debug)]
pub struct Guard {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub what: &'static str,
    /// Tables, indices and triggers, each with words of it and those in their place; all of it is dropped when there are none.
    pub drops: &'static [(&'static str, &'static str, &'static str)],
}

/// All of them.
pub const GUARDS: &[Guard] = &[
    Guard {
        name: "one_payout",
        what: "one payout for a decision and member",
        drops: &[("payout", "unique (decision_id, member_id),", "")],
    },
    Guard { name: "one_live", what: "one live order for a payout", drops: &[("payout_order_one_live", "", "")] },
    Guard {
        name: "try_no",
        what: "one order for each try",
        drops: &[("payout_order", "unique (payout_id, try_no),", "")],
    },
    Guard {
        name: "bank_ref",
        what: "a reference is used once",
        drops: &[("payout_order", "bank_ref text not null unique", "bank_ref text not null")],
    },
    Guard {
        name: "dispatch_one_open",
        what: "one sending of a batch at a time",
        drops: &[("dispatch_one_open", "", "")],
    },
    Guard {
        name: "dispatch_answered_once",
        what: "what became of a sending is written once",
        drops: &[("dispatch_answered_once", "", "")],
    },
    Guard {
        name: "ledger_key",
        what: "an event is posted once",
        drops: &[("ledger_transaction", "idempotency_key text not null unique", "idempotency_key text not null")],
    },
    Guard {
        name: "entry_fingerprint",
        what: "a booking is taken once",
        drops: &[("statement_entry", "fingerprint text not null unique", "fingerprint text not null")],
    },
    Guard {
        name: "statement_seq",
        what: "a statement is taken once",
        drops: &[("statement", "unique (account, seq),", "")],
    },
    Guard {
        name: "same_person_check",
        what: "whoever prepared a batch does not release it",
        drops: &[("payout_batch", "check (checker_id is null or checker_id <> maker_id),", "")],
    },
    Guard {
        name: "released_hash_check",
        what: "what is released is what was prepared",
        drops: &[("payout_batch", ",\n    check (released_sha256 is null or released_sha256 = sha256)", "")],
    },
    Guard {
        name: "resolver_check",
        what: "whoever proposes a resolution does not confirm it",
        drops: &[("payout_resolution", "check (confirmed_by is null or confirmed_by <> proposed_by),", "")],
    },
    Guard {
        name: "transaction_balances",
        what: "a ledger transaction sums to zero",
        drops: &[("ledger_transaction_balances", "", "")],
    },
    Guard { name: "tie_once", what: "a booking is tied to one order", drops: &[("suspense_tie_once", "", "")] },
    Guard {
        name: "tie_check",
        what: "whoever proposes a tie does not confirm it",
        drops: &[("suspense_tie", "check (confirmed_by is null or confirmed_by <> proposed_by),", "")],
    },
    Guard {
        name: "entry_keeps",
        what: "a booking changes by a tie alone",
        drops: &[("statement_entry_never_changes", "", "")],
    },
    Guard {
        name: "taken_waited",
        what: "only what an order has in suspense is taken from there",
        drops: &[("statement_entry_taken_waited", "", "")],
    },
    Guard {
        name: "at_bank_stays",
        what: "a batch that the bank has is neither sent nor given up",
        drops: &[("payout_batch_is_at_the_bank", "", "")],
    },
    Guard {
        name: "order_keeps",
        what: "an order keeps its reference, amount and card",
        drops: &[("payout_order_keeps_its_reference", "", "")],
    },
];

/// The guard with this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Guard> {
    GUARDS.iter().find(|guard| guard.name == name)
}
