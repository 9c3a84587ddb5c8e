//! Indexes for what the daily work on payouts looks for: the few that wait, among all that were ever paid.

crate::sql_migration! {
    /// Indexes of payouts.
    SQL
}

// A partial index serves a statement only that has the index's condition in its text, on SQLite word for word. Lists, whose state is a
// value, need the whole index.
const SQL: &str = r"
drop index payout_order_waiting
;;
create index payout_order_waiting on payout_order (id) where state in ('queued', 'held')
;;
create index payout_order_rejected on payout_order (final_on, id) where state = 'rejected'
;;
create index payout_order_paid on payout_order (final_on, id) where state = 'paid'
;;
drop index payout_open
;;
create index payout_state on payout (state, id)
;;
drop index payout_batch_open
;;
create index payout_batch_state on payout_batch (state, id)
;;
create index recon_break_state on recon_break (state, id)
;;
create index recon_break_entry on recon_break (entry_id) where entry_id is not null
;;
create index recon_break_batch on recon_break (batch_id) where batch_id is not null
;;
";
