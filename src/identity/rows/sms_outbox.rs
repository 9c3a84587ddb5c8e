//! The `sms_outbox` table: short messages to be sent.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `sms_outbox`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sms_outbox")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Keyed hash of the number.
    pub phone_lookup: Vec<u8>,
    /// The number.
    pub phone_sealed: Vec<u8>,
    /// What it says.
    pub body_sealed: Vec<u8>,
    /// False for a number that belongs to nobody: the row is written so that both cost the same, and is never sent.
    pub deliverable: bool,
    /// When it was written.
    pub created_at_ms: Moment,
    /// Of no use from then on, and removed.
    pub expires_at_ms: Moment,
    /// When the sender took it.
    pub sent_at_ms: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
