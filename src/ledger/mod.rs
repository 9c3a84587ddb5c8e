//! The books: double entry, per plan, append-only. Exactly the events of [`event::Event`] are posted, each once for ever.
//!
//! It knows payouts and orders by their identifiers only, and never decides whether something may be paid.

pub mod accounts;
pub mod event;
mod post;
pub mod postings;
pub mod rows;
mod trial_balance;
mod verify;

pub use event::{Basis, Event, OrderMoney, PlanAmount, Source};
pub use post::{PostError, post};
pub use trial_balance::{TrialLine, balance_of, trial_balance};
pub use verify::{Parts, parts, settled_by_plan, verify};
