//! Claims (申报): one declaration of one event, from draft to money.
//!
//! [`state`] says what may follow what, [`advance`] is the only way to change a claim, [`checks`] decides whether it is accepted,
//! [`assess`] asks the rules. Review is next door in `reviews`; documents and payouts tell a claim what happened through the functions
//! of this file. A claim is decided by people or by straight-through rules, never by a read-out of a picture alone.

pub mod advance;
pub mod declaration;
pub mod find;
pub mod rows;
pub mod state;
