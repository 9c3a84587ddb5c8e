//! Members and their service cards.
//!
//! Owns a member's sealed personal fields and the versions of the card that payouts go to. Never decides what is paid.

mod cards;
pub mod rows;

pub use cards::active_cards;
