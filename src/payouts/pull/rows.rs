//! The tables of the bank's job.

/// What the bank's job says that it received of a batch, never changed.
pub mod receipt {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// A row of `payout_receipt`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_receipt")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The batch.
        pub batch_id: Uuid,
        /// Who says so.
        pub client_id: String,
        /// Digest of the bytes that arrived, hex.
        pub sha256: String,
        /// Orders in them.
        pub order_count: i64,
        /// Their sum.
        pub total_fen: Fen,
        /// When they arrived, by the bank's clock.
        pub received_at_ms: Moment,
        /// Whether all of that is what was released.
        pub fits: bool,
        /// When the receipt came.
        pub taken_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The sealed bytes of a batch as the bank's job takes them, never changed.
pub mod envelope {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `payout_envelope`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_envelope")]
    pub struct Model {
        /// The batch.
        #[sea_orm(primary_key, auto_increment = false)]
        pub batch_id: Uuid,
        /// Digest of the envelope, hex.
        pub sha256: String,
        /// The envelope, which only the bank opens.
        pub bytes: Vec<u8>,
        /// The fund's detached signature over what is in it.
        pub signature: Vec<u8>,
        /// When it was made.
        pub made_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
