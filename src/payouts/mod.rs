//! Payouts: what the fund owes one member for one decision, each try at paying it, and the bank that it goes through.
//!
//! It never decides a claim and never edits the books: it asks [`crate::ledger`] to post and tells the claim what happened. Start reading
//! at [`state`], the table of what may follow what.

pub mod bank;
pub mod state;
