//! Debits that nobody can explain yet. Each may be that of an order that no statement names, so such an order was not "never paid".

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::BreakKind;
use super::rows::{entry, recon_break};
use crate::db::literal;
use crate::kernel::money::Fen;
use crate::payouts::rows::order;

/// The debits of an account that are open questions.
#[derive(Debug, Default)]
pub(crate) struct Unexplained {
    /// The largest debit that names no order.
    largest_fen: Fen,
    /// Batches that were debited in one sum of which nobody knows the parts.
    batches: Vec<Uuid>,
}

impl Unexplained {
    /// What is open for `account` now: whatever a person has resolved hides nothing any more.
    ///
    /// # Errors
    /// Those of the database.
    pub(crate) async fn of(connection: &impl ConnectionTrait, account: &str) -> Result<Self, DbErr> {
        use recon_break::Column as C;
        let open = recon_break::Entity::find()
            .filter(C::Account.eq(account))
            .filter(C::State.into_expr().eq(literal("open")))
            .filter(C::Kind.is_in([BreakKind::B02, BreakKind::B17]))
            .all(connection)
            .await?;
        let mut found = Self::default();
        let mut unnamed = Vec::new();
        for open in open {
            match (open.kind, open.entry_id) {
                (BreakKind::B17, _) => found.batches.extend(open.batch_id),
                (_, Some(entry_id)) => unnamed.push(entry_id),
                _ => {}
            }
        }
        for chunk in unnamed.chunks(500) {
            let entries = entry::Entity::find().filter(entry::Column::Id.is_in(chunk.to_vec())).all(connection).await?;
            let largest = entries.iter().filter(|entry| entry.order_id.is_none()).map(|entry| entry.amount_fen).max();
            found.largest_fen = Ord::max(found.largest_fen, largest.unwrap_or_default());
        }
        Ok(found)
    }

    /// True when one of them may be the debit of `order`, alone or as a part.
    pub(crate) fn may_hide(&self, order: &order::Model) -> bool {
        self.largest_fen >= order.amount_fen || order.batch_id.is_some_and(|id| self.batches.contains(&id))
    }
}
