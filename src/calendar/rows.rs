//! The table of lists that an operator loaded.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `calendar_year`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_year")]
pub struct Model {
    /// The year that the list is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub year: i64,
    /// The list as JSON.
    #[sea_orm(column_type = "Text")]
    pub document: String,
    /// SHA-256 of the document's bytes.
    pub sha256: Vec<u8>,
    /// When it was loaded, or loaded again with another content.
    pub loaded_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
