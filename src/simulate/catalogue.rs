//! The 46 faults of the payout contract (5.9), and how each is played.

/// A fault of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Played {
    /// Its number.
    pub number: &'static str,
    /// What it is.
    pub fault: &'static str,
    /// By which of the simulator's faults it is played.
    pub by: &'static [&'static str],
    /// In so many words.
    pub how: &'static str,
}

const fn by(number: &'static str, fault: &'static str, by: &'static [&'static str], how: &'static str) -> Played {
    Played { number, fault, by, how }
}

/// All of them, in their order.
pub const FAULTS: [Played; 46] = [
    by("F01", "crash before the dispatch row commits", &["crash_at_commit"], "death before a commit"),
    by(
        "F02",
        "crash after the commit, before the first byte",
        &["crash_at_commit", "crash_at_byte"],
        "death after a commit, or at byte 0",
    ),
    by(
        "F03",
        "crash after full send, before the answer",
        &["crash_at_byte"],
        "death at the last byte, the bank executes",
    ),
    by("F04", "crash after the answer, before its commit", &["crash_at_commit"], "death before a commit"),
    by("F05", "connection refused", &["connect_refused"], "no connection comes about"),
    by(
        "F06",
        "connection cut in mid body",
        &["cut_in_body", "part_taken_for_all", "request_again_in_part"],
        "cut at any byte; the part is lost, taken for all, or taken so after the whole",
    ),
    by("F07", "answer lost, bank executed", &["answer_lost", "answer_lost_on_the_line"], "executed, then nothing"),
    by(
        "F08",
        "timeout, bank did not receive",
        &["cut_before", "not_found", "cut_then_refused"],
        "cut, then \"not found\"; sent again, it is refused a connection",
    ),
    by(
        "F09",
        "not found at first, executed later",
        &["late_queue", "request_late"],
        "executed 20 minutes later, or delivered up to 90 minutes later",
    ),
    by(
        "F10",
        "window or cut-off passed while in doubt",
        &["bank_down"],
        "down beyond the value date, or beyond the cut-off of a bank that closes early",
    ),
    by("F11", "HTTP 500", &["server_error", "server_error_after"], "before and after execution"),
    by(
        "F12",
        "declared not accepted, not enough funds",
        &["not_accepted"],
        "429; accounts that are too small for their orders",
    ),
    by(
        "F13",
        "two workers take the batch",
        &["sender_sleeps_before", "sender_sleeps_after"],
        "a sender sleeps while others work",
    ),
    by(
        "F14",
        "an old worker wakes after its lease",
        &["sender_sleeps_before", "sender_sleeps_after"],
        "it wakes any time later",
    ),
    by(
        "F15",
        "a POST repeated with the same key",
        &["asked_again"],
        "whoever prepared, released or gave up asks again, for the same or for something else",
    ),
    by("F16", "same claim approved twice", &["decision_twice"], "the decision is handed over again"),
    by(
        "F17",
        "file altered after approval",
        &["file_altered", "other_hash"],
        "stored bytes changed; another hash signed",
    ),
    by("F18", "own batch, revoked checker", &["own_batch", "checker_revoked"], "both, at any moment"),
    by("F19", "duplicate on our first send", &["says_duplicate"], "executed, and called DU01"),
    by("F20", "bank debits twice", &["double_debit"], "two debits of the first line"),
    by("F21", "rejected, then debited", &["says_rejected"], "the results say F of what was paid"),
    by(
        "F22",
        "paid, but no debit",
        &["says_paid", "batch_debit"],
        "the results say S of what was refused; no debit names the order",
    ),
    by(
        "F23",
        "paid first, pending later",
        &["delayed_result", "answer_repeated"],
        "\"in progress\" after a final result, old answers again",
    ),
    by("F24", "paid, later rejected", &["says_rejected"], "after an honest answer"),
    by(
        "F25",
        "results delivered again",
        &["repeated_results", "answer_repeated"],
        "lines twice, answers twice, all again at the end",
    ),
    by("F26", "results name only the rejected", &["partial_results"], "what was paid is left out"),
    by("F27", "finished without details", &["empty_results"], "no lines at all"),
    by(
        "F28",
        "unknown reference or another amount",
        &["strange_result", "other_amount"],
        "a line too many, a fen too many",
    ),
    by("F29", "return days later", &["money_returned"], "a credit that names the order, days later"),
    by(
        "F30",
        "return before the debit's statement",
        &["late_booking", "money_returned"],
        "debits booked a day after execution",
    ),
    by("F31", "return of a part, return twice", &["money_returned"], "half, the whole again, more than the whole"),
    by(
        "F32",
        "return without reference",
        &["anonymous_return"],
        "a credit that names nothing, until two people say whose it is",
    ),
    by(
        "F33",
        "re-issue while the statement is open",
        &["card_refused"],
        "batches are prepared at any time after a refusal",
    ),
    by("F34", "card changed between release and dispatch", &["card_changed"], "at any moment"),
    by("F35", "odd names", &["card_changed"], "members with 䶮, •, 63 bytes and a bar in their names are always there"),
    by(
        "F36",
        "statement missing, twice, out of order",
        &["missing_statement", "old_statement", "next_statement", "statement_by_hand"],
        "by the bank and by hand",
    ),
    by(
        "F37",
        "statement that does not roll",
        &["wrong_balance", "cut_statement"],
        "one fen too much; cut in the middle",
    ),
    by(
        "F38",
        "one batch debit without details",
        &["batch_debit"],
        "a sum without references: a break that waits for a person",
    ),
    by(
        "F39",
        "corrected statement of a past day",
        &["corrected_statement"],
        "another content under a number that was taken: quarantine",
    ),
    by("F40", "odd amounts", &["odd_amount"], "1e3 in results; others by unit tests of the readers"),
    by(
        "F41",
        "bombs",
        &["bomb"],
        "a statement of entities, of elements in elements or of attributes; sizes and zips are in iso20022 and tests/parsers",
    ),
    by(
        "F42",
        "signatures",
        &["signature_wrong"],
        "none, another's, ended, of other bytes; yesterday's signed file again is everyday",
    ),
    by(
        "F43",
        "half files of a transport",
        &["file_incomplete"],
        "half of a file, one that changed after its mark, another one under a name that was there",
    ),
    by(
        "F44",
        "clock step, holiday during dispatch",
        &["clock_step"],
        "up to two hours either way; cut-offs and holidays are in tests/it/payouts/hours.rs",
    ),
    by(
        "F45",
        "restore from a backup",
        &["restored"],
        "releases, sendings, results and statements are lost, then SAFE mode; what is lost of decisions and batches is in tests/it/payouts/safe.rs",
    ),
    by(
        "F46",
        "bank down for a day",
        &["bank_down", "answer_repeated"],
        "up to 25 hours, then everything at once; all documents again in reverse at the end",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_contract_has_its_row_and_names_faults_that_there_are() {
        let names = crate::simulate::fault_names();
        for (played, number) in FAULTS.iter().zip(1..) {
            assert_eq!(played.number, format!("F{number:02}"));
            assert!(!played.by.is_empty());
            for name in played.by {
                assert!(names.iter().any(|known| known == name), "{} {name}", played.number);
            }
        }
    }

    #[test]
    fn every_fault_that_is_played_is_one_of_the_contract() {
        // Voiding is no fault, and a request that comes twice is what a bank deduplicates; a lost, refused or garbled enquiry is one of every number that enquires.
        let others = [
            "batch_voided",
            "run_voided",
            "enquiry_refused",
            "enquiry_lost",
            "answer_cut",
            "crash_at_enquiry",
            "enquiry_error",
            "wrong_hash",
            "other_results",
            "reject_file",
            "request_twice",
            // People may hold an order, and a letter that the account contradicts is theirs to refuse.
            "order_held",
            "letter_wrong",
        ];
        for name in crate::simulate::fault_names() {
            let named = FAULTS.iter().any(|played| played.by.contains(&name.as_str()));
            assert!(named || others.contains(&name.as_str()), "{name}");
        }
    }
}
