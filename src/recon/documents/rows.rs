//! The tables of the bank's documents.

/// Files of the bank.
pub mod document {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::recon::documents::{BankDocumentKind, BankDocumentSource, BankDocumentState};

    /// A row of `bank_document`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bank_document")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The account.
        pub account: String,
        /// What it is.
        pub kind: BankDocumentKind,
        /// By which road it came.
        pub source: BankDocumentSource,
        /// Its name on that road.
        pub name: Option<String>,
        /// The day that it is about.
        pub business_date: Option<time::Date>,
        /// Its number, as the bank counts those of the kind.
        pub seq: Option<i64>,
        /// Digest of its bytes, hex.
        pub sha256: String,
        /// Digest of what it says, hex: of two that say the same in other bytes, one counts.
        pub content_sha256: Option<String>,
        /// Bytes.
        pub size_bytes: i64,
        /// In how many pieces they lie in the object store; 0 when they lie in the database.
        pub part_count: i32,
        /// Where it stands.
        pub state: BankDocumentState,
        /// What it holds: bookings or results.
        pub item_count: i64,
        /// Those of them that had an effect.
        pub applied_count: i64,
        /// Those that had none.
        pub ignored_count: i64,
        /// Why it was kept out, or what it waits for; nothing personal.
        pub why: Option<String>,
        /// [`Fault`](super::super::Fault)s as JSON.
        pub errors: Json,
        /// The detached signature that came with it.
        pub signature: Option<Vec<u8>>,
        /// SHA-256 of the certificate by which that signature counts, hex; none before it was held against the bytes.
        pub signed_by: Option<String>,
        /// Whether the adapter fetched the same bytes after they had come by another road.
        pub fetched: bool,
        /// When it came.
        pub received_at_ms: Moment,
        /// When it took effect.
        pub applied_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Their bytes, where they are few; never changed.
pub mod bytes {
    use sea_orm::entity::prelude::*;

    /// A row of `bank_document_bytes`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bank_document_bytes")]
    pub struct Model {
        /// The document.
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        /// The bytes, sealed.
        pub bytes_sealed: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
