//! The table `document_reading`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Moment;

/// Whether a document's print was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum ReadingState {
    /// It will be.
    Waiting,
    /// It was; perhaps nothing was found.
    Read,
    /// No page could be read.
    Unreadable,
}

/// A row of `document_reading`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "document_reading")]
pub struct Model {
    /// The document.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document_id: Uuid,
    /// Whether it was read.
    pub state: ReadingState,
    /// Which engine reads it.
    pub engine: String,
    /// What stands on its pages: [`Pages`](super::pages::Pages), sealed.
    pub pages_sealed: Option<Vec<u8>>,
    /// When it was clean.
    pub asked_at_ms: Moment,
    /// When it was read.
    pub read_at_ms: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
