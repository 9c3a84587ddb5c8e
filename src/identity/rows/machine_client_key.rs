//! The `machine_client_key` table: public keys of machine clients.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `machine_client_key`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "machine_client_key")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub machine_client_id: Uuid,
    /// The key's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kid: String,
    /// The key.
    pub jwk: Json,
    /// When it was registered.
    pub created_at_ms: Moment,
    /// Refused from then on.
    pub retired_at_ms: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
