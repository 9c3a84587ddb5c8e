//! The tables of payouts.

/// What the fund owes one member for one decision.
pub mod payout {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;
    use crate::payouts::state::PayoutState;

    /// A row of `payout`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The decision that grants it.
        pub decision_id: Uuid,
        /// The claim that was decided.
        pub claim_id: Uuid,
        /// Who is owed.
        pub member_id: Uuid,
        /// How much.
        pub amount_fen: Fen,
        /// Where it stands.
        pub state: PayoutState,
        /// Rises with every change.
        pub version: i64,
        /// When it was made.
        pub created_at_ms: Moment,
        /// When the bank paid it.
        pub paid_at_ms: Option<Moment>,
        /// The day on whose statement the debit stands.
        pub settled_on: Option<time::Date>,
        /// Since when it lies with the fund because its member must act, or it came back; none once it is paid.
        pub unclaimed_since_ms: Option<Moment>,
        /// The age in days at which the member was last reminded of that.
        pub reminded_days: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A payout's amount by plan, never changed.
pub mod payout_plan {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `payout_plan`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_plan")]
    pub struct Model {
        /// The payout.
        #[sea_orm(primary_key, auto_increment = false)]
        pub payout_id: Uuid,
        /// The plan.
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan_id: Uuid,
        /// Its part.
        pub amount_fen: Fen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One try at paying a payout.
pub mod order {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;
    use crate::payouts::state::OrderState;

    /// A row of `payout_order`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_order")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// What it pays.
        pub payout_id: Uuid,
        /// Which try, from 1.
        pub try_no: i32,
        /// The try before it, known to have failed.
        pub supersedes_id: Option<Uuid>,
        /// Its name at the bank, for ever.
        pub bank_ref: String,
        /// How much.
        pub amount_fen: Fen,
        /// The account that its money is reserved from: 2010, or 2030 after a return.
        pub source_code: i32,
        /// How often its money was reserved.
        pub reserve_round: i32,
        /// Where it stands.
        pub state: OrderState,
        /// Why it is held.
        pub hold_reason: Option<String>,
        /// Its batch.
        pub batch_id: Option<Uuid>,
        /// Its line in the batch's file.
        pub line_no: Option<i32>,
        /// The card that was resolved.
        pub card_id: Option<Uuid>,
        /// The card's version then.
        pub card_version: Option<i64>,
        /// The card's number then, sealed.
        pub card_sealed: Option<Vec<u8>>,
        /// Its last four digits.
        pub card_tail: Option<String>,
        /// The holder's name then, sealed.
        pub name_sealed: Option<Vec<u8>>,
        /// The bank's last reason code.
        pub reason_code: Option<String>,
        /// The bank's serial number.
        pub bank_serial: Option<String>,
        /// When the bank booked or refused it.
        pub posted_at_ms: Option<Moment>,
        /// The bank's day of its last final news.
        pub final_on: Option<time::Date>,
        /// How much the strongest news so far weighs.
        pub evidence_rank: i32,
        /// Rises with every change.
        pub version: i64,
        /// When it was made.
        pub created_at_ms: Moment,
        /// When it last changed.
        pub changed_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A file of orders.
pub mod batch {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;
    use crate::payouts::state::BatchState;

    /// A row of `payout_batch`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_batch")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Its name at the bank, for ever.
        pub batch_ref: String,
        /// The account that pays.
        pub debit_account: String,
        /// The day on which it shall be paid.
        pub value_date: time::Date,
        /// Where it stands.
        pub state: BatchState,
        /// Number of its orders.
        pub order_count: i64,
        /// Their sum.
        pub total_fen: Fen,
        /// Digest of its bytes, hex.
        pub sha256: String,
        /// Who prepared it.
        pub maker_id: Uuid,
        /// Who released it.
        pub checker_id: Option<Uuid>,
        /// The digest that the checker signed.
        pub released_sha256: Option<String>,
        /// When it was released.
        pub released_at_ms: Option<Moment>,
        /// How often the bank said "not found" since the last sending ended in doubt.
        pub not_found_count: i32,
        /// When it said so first.
        pub not_found_first_at_ms: Option<Moment>,
        /// When it said so last.
        pub not_found_last_at_ms: Option<Moment>,
        /// Since when it is in doubt.
        pub in_doubt_since_ms: Option<Moment>,
        /// Whether its total counts against the limit of its value date.
        pub counted: bool,
        /// When the bank last answered about it.
        pub asked_at_ms: Option<Moment>,
        /// Whether the bank had it before it was released here: a restore lost the first release.
        pub at_bank: bool,
        /// Rises with every change.
        pub version: i64,
        /// When it was made.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A batch's bytes, never changed.
pub mod file {
    use sea_orm::entity::prelude::*;

    /// A row of `payout_file`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_file")]
    pub struct Model {
        /// The batch.
        #[sea_orm(primary_key, auto_increment = false)]
        pub batch_id: Uuid,
        /// The bytes, sealed.
        pub bytes_sealed: Vec<u8>,
        /// Their number before sealing.
        pub size_bytes: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// One sending of a batch's bytes.
pub mod dispatch {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `dispatch`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "dispatch")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The batch.
        pub batch_id: Uuid,
        /// Which sending, from 1.
        pub attempt_no: i32,
        /// The number that the sender's last write must show.
        pub fencing: i64,
        /// True when the same bytes are sent again while the sending before is in doubt.
        pub resend: bool,
        /// Until when nobody else may conclude anything.
        pub lease_until_ms: Moment,
        /// When it began.
        pub started_at_ms: Moment,
        /// Whether a byte of the request was written, once that is known.
        pub first_byte_sent: Option<bool>,
        /// How it ended.
        pub outcome: Option<String>,
        /// A fixed word for why.
        pub detail: Option<String>,
        /// The bank's name for it.
        pub bank_id: Option<String>,
        /// When it ended.
        pub answered_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What the bank said about an order, never changed.
pub mod bank_fact {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// A row of `bank_fact`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bank_fact")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The same news has the same one.
        pub fingerprint: String,
        /// By which road it came.
        pub source: String,
        /// How much it weighs.
        pub evidence_rank: i32,
        /// The order's name at the bank.
        pub bank_ref: String,
        /// The amount that the bank names.
        pub amount_fen: Fen,
        /// Its class.
        pub status: String,
        /// The bank's reason code.
        pub reason_code: Option<String>,
        /// The bank's serial number.
        pub bank_serial: Option<String>,
        /// When the bank booked or refused it.
        pub posted_at_ms: Option<Moment>,
        /// What it did when it came first.
        pub effect: String,
        /// When it came first.
        pub seen_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A hold that a person placed on an order.
pub mod hold {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `payout_hold`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_hold")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The order.
        pub order_id: Uuid,
        /// Who placed it.
        pub placed_by: Uuid,
        /// Why, in their words.
        pub reason: String,
        /// When.
        pub placed_at_ms: Moment,
        /// Who lifted it.
        pub lifted_by: Option<Uuid>,
        /// Why, in their words.
        pub lifted_reason: Option<String>,
        /// When.
        pub lifted_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What two people make of an order that the bank left in doubt.
pub mod resolution {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};
    use utoipa::ToSchema;

    use crate::kernel::clock::Moment;

    /// What became of it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    #[schema(as = ResolutionOutcome)]
    pub enum Outcome {
        /// The bank never paid it, and never will.
        NeverPaid,
        /// The bank cancelled it.
        Cancelled,
    }

    /// A row of `payout_resolution`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_resolution")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The order.
        pub order_id: Uuid,
        /// What became of it.
        pub outcome: Outcome,
        /// The number or name of the bank's letter.
        pub bank_reference: String,
        /// What the bank wrote.
        pub bank_answer: String,
        /// The bank's reason code.
        pub reason_code: Option<String>,
        /// Who proposed it.
        pub proposed_by: Uuid,
        /// When.
        pub proposed_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
        /// Who withdrew it.
        pub withdrawn_by: Option<Uuid>,
        /// When.
        pub withdrawn_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What the bank wrote about a batch in SAFE mode.
pub mod batch_answer {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `payout_batch_answer`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_batch_answer")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The batch.
        pub batch_id: Uuid,
        /// Whether the bank has it.
        pub at_bank: bool,
        /// The number or name of the bank's letter.
        pub bank_reference: String,
        /// What the bank wrote.
        pub bank_answer: String,
        /// Who recorded it.
        pub recorded_by: Uuid,
        /// When.
        pub recorded_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
