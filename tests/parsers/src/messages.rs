//! Messages: what a bank sends as XML.

use huzhu::recon::inspect::{self, AccountHeld, Rolls};

/// Any bytes are told or refused: no panic, nothing is held of what is refused, and all that is listed is counted.
#[test]
fn messages() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let held = inspect::inspect(bytes);
        let is_held = !held.accounts.is_empty() || !held.statuses.is_empty();
        assert!(held.message.is_some() || (!held.quarantined.is_empty() && !is_held));
        let listed: usize = held.accounts.iter().map(|account| account.entries.len()).sum();
        let counted: u64 = held.accounts.iter().flat_map(|account| &account.totals).map(|total| total.count).sum();
        assert_eq!(counted, listed as u64);
        if held.message.as_deref().is_some_and(|message| message.starts_with("camt.053.")) {
            let differs = |account: &AccountHeld| matches!(account.balance, Rolls::Differs { .. });
            assert_eq!(held.quarantined.len(), held.accounts.iter().filter(|account| differs(account)).count());
        }
    });
}
