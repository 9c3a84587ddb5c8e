//! The tables of reconciliation.

/// Statements that were taken, never changed.
pub mod statement {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// A row of `statement`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "statement")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The account.
        pub account: String,
        /// Its number, gapless per account.
        pub seq: i64,
        /// The closed business day.
        pub business_date: time::Date,
        /// Balance at its start.
        pub opening_fen: Fen,
        /// Balance at its end.
        pub closing_fen: Fen,
        /// Number of bookings.
        pub entry_count: i64,
        /// Sum of what left.
        pub debits_fen: Fen,
        /// Sum of what came in.
        pub credits_fen: Fen,
        /// Digest of the file, hex.
        pub sha256: String,
        /// The file as it came, of one that was taken before its document kept it.
        pub bytes: Option<Vec<u8>>,
        /// The document that it came in.
        pub document_id: Option<Uuid>,
        /// While it is being taken: how many of its bookings are in the books.
        pub taking_count: Option<i64>,
        /// While it is being taken: the balance that they leave.
        pub taking_fen: Option<Fen>,
        /// When it was taken.
        pub imported_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Bookings of statements, never changed.
pub mod entry {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `statement_entry`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "statement_entry")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The statement.
        pub statement_id: Uuid,
        /// Its number on it.
        pub entry_no: i64,
        /// The day it was booked.
        pub booked_on: time::Date,
        /// True for money in.
        pub credit: bool,
        /// How much.
        pub amount_fen: Fen,
        /// The bank's serial number.
        pub bank_serial: String,
        /// Our reference.
        pub bank_ref: Option<String>,
        /// Last four digits of the other account.
        pub counterparty_tail: Option<String>,
        /// The bank's word for what it is.
        pub kind: String,
        /// The same booking has the same one.
        pub fingerprint: String,
        /// How it was posted.
        pub treatment: String,
        /// The order that it belongs to.
        pub order_id: Option<Uuid>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What notices of the bank tell of single payments; never changed.
pub mod notice {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `bank_notice`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "bank_notice")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The document that tells.
        pub document_id: Uuid,
        /// The account.
        pub account: String,
        /// The bank's name for the booking that it is part of; empty when it gives none.
        pub entry_serial: String,
        /// Its place in the document.
        pub entry_no: i64,
        /// The bank's name for the payment.
        pub bank_serial: String,
        /// Our reference.
        pub bank_ref: Option<String>,
        /// How much.
        pub amount_fen: Fen,
        /// True for money in.
        pub credit: bool,
        /// The day it was booked.
        pub booked_on: time::Date,
        /// It sends money back: the bank's code, empty when it gives none.
        pub return_reason: Option<String>,
        /// The same payment has the same one.
        pub fingerprint: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Disagreements.
pub mod recon_break {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;
    use crate::recon::BreakKind;

    /// A row of `recon_break`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recon_break")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Which kind.
        pub kind: BreakKind,
        /// The account.
        pub account: String,
        /// The same disagreement has the same one.
        pub fingerprint: String,
        /// The order.
        pub order_id: Option<Uuid>,
        /// The batch.
        pub batch_id: Option<Uuid>,
        /// The booking.
        pub entry_id: Option<Uuid>,
        /// How much is at stake.
        pub amount_fen: Fen,
        /// What was seen, without anything personal.
        pub detail: String,
        /// Who looks after it.
        pub owner_role: String,
        /// `open` or `resolved`.
        pub state: String,
        /// When it was seen.
        pub opened_at_ms: Moment,
        /// When it was resolved.
        pub resolved_at_ms: Option<Moment>,
        /// How, in a person's words.
        pub resolution: Option<String>,
        /// What somebody proposes to be the end of it.
        pub proposal: Option<String>,
        /// Who.
        pub proposed_by: Option<Uuid>,
        /// When.
        pub proposed_at_ms: Option<Moment>,
        /// Who closed it; nobody when a later statement explained it.
        pub resolved_by: Option<Uuid>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
