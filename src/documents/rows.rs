//! The tables `document`, `document_file` and `upload`.

use sea_orm::entity::prelude::*;

use super::state::{DocumentKind, DocumentState};
use crate::kernel::clock::Moment;
use crate::storage::{Coding, StorageKey};

/// One document.
pub mod document {
    use super::*;

    /// A row of `document`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "document")]
    pub struct Model {
        /// Identifier; also that of its upload.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The claim that it belongs to.
        pub claim_id: Uuid,
        /// What it shows, as the member says.
        pub kind: DocumentKind,
        /// Where it stands.
        pub state: DocumentState,
        /// Why it was refused.
        pub reason_code: Option<String>,
        /// Bytes of the original, as announced.
        pub size_bytes: i64,
        /// SHA-256 of the original, as announced.
        pub declared_sha256: Option<Vec<u8>>,
        /// SHA-256 of the original, as it came.
        pub original_sha256: Option<Vec<u8>>,
        /// How the master must be turned to stand upright (EXIF, 1 to 8).
        pub orientation: Option<i32>,
        /// What was measured on a photograph.
        pub measures: Option<Json>,
        /// The codes on its pages: [`Code`](crate::documents::pictures::Code)s as JSON, sealed; none when there are none.
        pub codes_sealed: Option<Vec<u8>>,
        /// The try whose objects are the document's.
        pub set_id: Option<Uuid>,
        /// How many of its pages have a print; none when it was checked before there were any.
        pub prints: Option<i32>,
        /// When it was last held against the others; none while that is still to be done.
        pub compared_at_ms: Option<Moment>,
        /// The person who sends it.
        pub uploaded_by: Uuid,
        /// Rises with each change.
        pub version: i64,
        /// When it was announced.
        pub created_at_ms: Moment,
        /// When it last changed.
        pub updated_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which of a document's files.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Rendition {
    /// The original's own pixels without metadata; a PDF as it came.
    Master,
    /// Upright, at most 2,000 pixels a side.
    Reading,
    /// Upright, at most 320 pixels a side.
    Thumbnail,
}

/// One stored file of a document.
pub mod file {
    use super::*;

    /// A row of `document_file`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_file")]
    pub struct Model {
        /// The document.
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        /// Which file.
        #[sea_orm(primary_key, auto_increment = false)]
        pub rendition: Rendition,
        /// Which page, counted from one; a photograph has one.
        #[sea_orm(primary_key, auto_increment = false)]
        pub page: i32,
        /// Its name in the object store.
        pub object_key: String,
        /// Its media type.
        pub content_type: String,
        /// SHA-256 of its bytes.
        pub sha256: Vec<u8>,
        /// How many they are.
        pub size_bytes: i64,
        /// Width in pixels; of a PDF, in points of its first page.
        pub width: i32,
        /// Height in the same.
        pub height: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}

    impl Model {
        /// The object's key; nothing when the row's name is not one that we make.
        #[must_use]
        pub fn key(&self) -> Option<StorageKey> {
            StorageKey::parse(&self.object_key)
        }

        /// How the file is coded; nothing when the row's media type is not one of ours.
        #[must_use]
        pub fn coding(&self) -> Option<Coding> {
            Coding::of_content_type(&self.content_type)
        }
    }
}

/// One upload on its way, or arrived.
pub mod upload {
    use super::*;

    /// A row of `upload`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "upload")]
    pub struct Model {
        /// The document that it becomes; also its own identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        /// Who may send to it.
        pub sender_id: Uuid,
        /// Bytes of the whole.
        pub size_bytes: i64,
        /// Bytes that survive a power loss: the only offset that a client is ever told.
        pub durable_offset: i64,
        /// The spool that holds them: chosen by whoever writes the first byte.
        pub spool_id: Option<Uuid>,
        /// The request that writes at the moment.
        pub lease_holder: Option<Uuid>,
        /// Until when it holds without a sign of life.
        pub lease_until_ms: Option<Moment>,
        /// A newcomer asks the holder to let go.
        pub takeover: bool,
        /// Rises with each holder; a late holder's last write is refused.
        pub fencing: i64,
        /// When it ends unless more comes; empty when all bytes are here.
        pub expires_at_ms: Option<Moment>,
        /// When it began.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}

    impl Model {
        /// The durable offset in bytes.
        #[must_use]
        pub fn offset(&self) -> u64 {
            self.durable_offset.unsigned_abs()
        }

        /// The whole in bytes.
        #[must_use]
        pub fn size(&self) -> u64 {
            self.size_bytes.unsigned_abs()
        }
    }
}
