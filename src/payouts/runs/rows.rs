//! The tables of runs.

/// A run.
pub mod run {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};
    use utoipa::ToSchema;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// Where a run stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    #[schema(as = PayoutRunState)]
    pub enum RunState {
        /// Its batches are being prepared.
        Preparing,
        /// Its list is closed and waits for its checker.
        Prepared,
        /// Signed; its batches are being released.
        Releasing,
        /// Every batch of it was released, or given up.
        Released,
        /// Its batches are being given up.
        Voiding,
        /// Given up before it was signed, or nothing could go into it.
        Void,
    }

    impl RunState {
        /// Whether `next` may follow.
        #[must_use]
        pub const fn may_become(self, next: Self) -> bool {
            match self {
                Self::Preparing => matches!(next, Self::Preparing | Self::Prepared | Self::Voiding | Self::Void),
                Self::Prepared => matches!(next, Self::Releasing | Self::Voiding),
                Self::Releasing => matches!(next, Self::Released),
                Self::Voiding => matches!(next, Self::Void),
                Self::Released | Self::Void => false,
            }
        }
    }

    /// A row of `payout_run`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_run")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The account that pays.
        pub debit_account: String,
        /// The day on which all of it shall be paid.
        pub value_date: time::Date,
        /// Where it stands.
        pub state: RunState,
        /// Batches on its list.
        pub batch_count: i64,
        /// Orders in them.
        pub order_count: i64,
        /// Their sum.
        pub total_fen: Fen,
        /// Batches that may be prepared for it.
        pub max_batches: i64,
        /// Digest of its list, hex, once the list is closed.
        pub sha256: Option<String>,
        /// Who made it.
        pub maker_id: Uuid,
        /// Rises with every change.
        pub version: i64,
        /// When it was made.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A batch on the list of a run, never changed.
pub mod line {
    use sea_orm::entity::prelude::*;

    /// A row of `payout_run_line`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_run_line")]
    pub struct Model {
        /// The run.
        #[sea_orm(primary_key, auto_increment = false)]
        pub run_id: Uuid,
        /// Its place on the list, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub line_no: i64,
        /// The batch.
        pub batch_id: Uuid,
        /// The batch's hash as it is signed.
        pub sha256: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The signature of a run, once for ever.
pub mod signature {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `payout_run_signature`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_run_signature")]
    pub struct Model {
        /// The run.
        #[sea_orm(primary_key, auto_increment = false)]
        pub run_id: Uuid,
        /// Who signed.
        pub checker_id: Uuid,
        /// What was signed.
        pub sha256: String,
        /// When.
        pub signed_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
