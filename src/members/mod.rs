//! Members and their service cards.
//!
//! Owns a member's sealed personal fields and the versions of the card that payouts go to. Never decides what is paid.

pub(crate) mod card;
mod cards;
mod me;
pub mod rows;

pub use cards::{active_cards, block_card, unblock_card};

/// The routes of this capability.
pub fn routes(config: &mut crate::http::Routes) {
    config.service(me::show_me).service(card::show_card).service(card::change_card);
}
