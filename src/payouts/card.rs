//! The card that a payout goes to: resolved when paying, never when claiming.

pub(super) use crate::members::active_cards as active;
pub(super) use crate::members::rows::service_card::Model as Card;

use crate::kernel::clock::Moment;

/// Why an order can't be paid to a card now, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCard {
    /// The member has none.
    Missing,
    /// It was changed a short while ago and rests before it is paid to.
    Resting,
}

impl NoCard {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Missing => "no_card",
            Self::Resting => "card_resting",
        }
    }
}

/// The card to be paid, or why there is none now.
pub(super) fn usable(card: Option<&Card>, now: Moment) -> Result<&Card, NoCard> {
    match card {
        None => Err(NoCard::Missing),
        Some(card) if card.usable_from_ms > now => Err(NoCard::Resting),
        Some(card) => Ok(card),
    }
}
