//! The card that a payout goes to: the member's, or their heir's. Resolved when paying, never when claiming.

use std::collections::{HashMap, HashSet};

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::heirs;
use super::rows::payout;
use crate::kernel::clock::Moment;
use crate::members::active_cards;
use crate::members::rows::service_card;

/// A card that a payout may go to.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// The member's card, or the heir.
    pub id: Uuid,
    /// Its version: one of a kind among all cards that the member's payouts go to.
    pub card_version: i64,
    /// Its number, sealed.
    pub number_sealed: Vec<u8>,
    /// Its last four digits.
    pub number_tail: String,
    /// The holder's name as the bank knows it, sealed.
    pub holder_name_sealed: Vec<u8>,
    /// Payouts wait until then.
    pub usable_from_ms: Moment,
    /// True for the card of an heir.
    pub of_heir: bool,
}

impl From<service_card::Model> for Card {
    fn from(row: service_card::Model) -> Self {
        Self {
            id: row.id,
            card_version: row.card_version,
            number_sealed: row.number_sealed,
            number_tail: row.number_tail,
            holder_name_sealed: row.holder_name_sealed,
            usable_from_ms: row.usable_from_ms,
            of_heir: false,
        }
    }
}

/// The cards of some payouts.
#[derive(Debug, Default)]
pub(super) struct Payees {
    cards: HashMap<Uuid, Card>,
    orphaned: HashSet<Uuid>,
}

impl Payees {
    /// The card that a payout goes to now.
    pub(super) fn get(&self, payout_id: &Uuid) -> Option<&Card> {
        self.cards.get(payout_id)
    }

    /// True when the member died and no heir is confirmed.
    pub(super) fn is_orphaned(&self, payout_id: &Uuid) -> bool {
        self.orphaned.contains(payout_id)
    }

    /// The card that a payout can be paid to now, or why there is none.
    pub(super) fn usable(&self, payout_id: &Uuid, now: Moment) -> Result<&Card, NoCard> {
        match self.cards.get(payout_id) {
            None if self.is_orphaned(payout_id) => Err(NoCard::Died),
            None => Err(NoCard::Missing),
            Some(card) if card.usable_from_ms > now => Err(NoCard::Resting),
            Some(card) => Ok(card),
        }
    }
}

/// The cards that these payouts go to now. The card of somebody who died is blocked: theirs go to their heirs.
pub(super) async fn payees<'a>(
    connection: &impl ConnectionTrait,
    payouts: impl IntoIterator<Item = &'a payout::Model>,
) -> Result<Payees, DbErr> {
    let payouts: Vec<&payout::Model> = payouts.into_iter().collect();
    let members: Vec<Uuid> = payouts.iter().map(|payout| payout.member_id).collect();
    let active = active_cards(connection, &members).await?;
    let mut found = Payees::default();
    let mut without = Vec::new();
    for payout in payouts {
        match active.get(&payout.member_id) {
            Some(card) => {
                found.cards.insert(payout.id, card.clone().into());
            }
            None => without.push(payout),
        }
    }
    if without.is_empty() {
        return Ok(found);
    }
    let dead = heirs::dead(connection, without.iter().map(|payout| payout.member_id)).await?;
    let theirs: Vec<Uuid> =
        without.into_iter().filter(|payout| dead.contains(&payout.member_id)).map(|payout| payout.id).collect();
    let mut heirs = heirs::confirmed(connection, &theirs).await?;
    for payout_id in theirs {
        match heirs.remove(&payout_id) {
            Some(card) => {
                found.cards.insert(payout_id, card);
            }
            None => {
                found.orphaned.insert(payout_id);
            }
        }
    }
    Ok(found)
}

/// Why an order can't be paid to a card now, as a stable word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoCard {
    /// The member has none.
    Missing,
    /// It was changed a short while ago and rests before it is paid to.
    Resting,
    /// The member died, and no heir is confirmed.
    Died,
}

impl NoCard {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Missing => "no_card",
            Self::Resting => "card_resting",
            Self::Died => "member_died",
        }
    }
}
