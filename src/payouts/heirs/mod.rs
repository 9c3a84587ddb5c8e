//! Heirs (继承人): a member died, and what is still owed goes to somebody else.
//!
//! A maker records the death, and from then on the member's card is blocked. A maker records one heir for each payout, whom all heirs named; a checker, who
//! types number and card again from the documents, confirms; after the same day of rest as a changed card the payout is paid to the heir.

use std::collections::{HashMap, HashSet};

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

mod confirm;
mod death;
mod record;
pub mod rows;
mod views;

use super::card::Card;
use crate::http::Routes;
use rows::{death as deaths, heir};

/// A new heir's card is not paid to for a day, as a changed card.
const HOLD_SECS: i64 = 24 * 60 * 60;

/// The routes of deaths and heirs.
pub(super) fn routes(config: &mut Routes) {
    config
        .service(death::record_death)
        .service(death::show_death)
        .service(death::withdraw_death)
        .service(record::record_heir)
        .service(record::show_heir)
        .service(confirm::confirm_heir)
        .service(confirm::withdraw_heir);
}

/// Those of these members who died.
///
/// # Errors
/// Those of the database.
pub(super) async fn dead(
    connection: &impl ConnectionTrait,
    members: impl IntoIterator<Item = Uuid>,
) -> Result<HashSet<Uuid>, DbErr> {
    let rows = deaths::Entity::find()
        .filter(deaths::Column::MemberId.is_in(members))
        .filter(deaths::Column::WithdrawnAtMs.is_null())
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.member_id).collect())
}

/// The cards of the newest confirmed heirs of these payouts.
///
/// # Errors
/// Those of the database.
pub(super) async fn confirmed(
    connection: &impl ConnectionTrait,
    payouts: &[Uuid],
) -> Result<HashMap<Uuid, Card>, DbErr> {
    if payouts.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = heir::Entity::find()
        .filter(heir::Column::PayoutId.is_in(payouts.to_vec()))
        .filter(heir::Column::ConfirmedAtMs.is_not_null())
        .order_by_asc(heir::Column::Id)
        .all(connection)
        .await?;
    let card = |row: heir::Model| {
        let usable_from_ms = row.usable_from_ms?;
        let card = Card {
            id: row.id,
            card_version: row.card_version,
            number_sealed: row.number_sealed,
            number_tail: row.number_tail,
            holder_name_sealed: row.name_sealed,
            usable_from_ms,
            of_heir: true,
        };
        Some((row.payout_id, card))
    };
    Ok(rows.into_iter().filter_map(card).collect())
}
