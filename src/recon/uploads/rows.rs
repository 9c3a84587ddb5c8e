//! The table of uploads.

/// Files that the bank's job announced.
pub mod upload {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::recon::documents::BankDocumentKind;

    /// A row of `recon_upload`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recon_upload")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Who announced it.
        pub client_id: String,
        /// The account.
        pub account: String,
        /// What it is.
        pub kind: BankDocumentKind,
        /// The day that it is about.
        pub business_date: time::Date,
        /// Its number, as the bank counts those of the kind.
        pub seq: Option<i64>,
        /// Bytes.
        pub size_bytes: i64,
        /// Digest of its bytes, hex.
        pub sha256: String,
        /// The bank's detached signature over its bytes.
        pub signature: Option<Vec<u8>>,
        /// The document that it became.
        pub document_id: Option<Uuid>,
        /// When it was announced.
        pub announced_at_ms: Moment,
        /// When it was completed.
        pub completed_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
