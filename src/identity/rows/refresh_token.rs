//! The `refresh_token` table: each token of a session, its successor, and when it was rotated.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `refresh_token`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refresh_token")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The session that it belongs to.
    pub session_id: Uuid,
    /// Keyed hash of the token.
    pub token_lookup: Vec<u8>,
    /// When it was made.
    pub created_at_ms: Moment,
    /// When it was first used.
    pub rotated_at_ms: Option<Moment>,
    /// The token that took its place.
    pub successor_id: Option<Uuid>,
    /// That token itself, until it is used: a device that lost the answer gets the same one again.
    pub successor_sealed: Option<Vec<u8>>,
}

impl ActiveModelBehavior for ActiveModel {}
