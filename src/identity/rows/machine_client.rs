//! The `machine_client` table: programs of partners.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// Whether a client may ask for tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ClientState {
    /// It may.
    Active,
    /// It may not.
    Disabled,
}

/// A row of `machine_client`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "machine_client")]
pub struct Model {
    /// Identifier; the `sub` of its access tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The name by which it asks.
    pub client_id: String,
    /// Who runs it.
    pub name: String,
    /// Its one role.
    pub role: String,
    /// Whether it may ask.
    pub state: ClientState,
    /// When it was registered.
    pub created_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
