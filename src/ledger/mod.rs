//! The books: double entry, per plan, append-only. Exactly the events of [`event::Event`] are posted, each once for ever.
//!
//! It knows payouts and orders by their identifiers only, and never decides whether something may be paid.

pub mod accounts;
pub mod event;
