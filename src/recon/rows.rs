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

/// A booking that left suspense because more is known of its order now; never changed.
pub mod taken {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `statement_entry_taken`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "statement_entry_taken")]
    pub struct Model {
        /// The booking.
        #[sea_orm(primary_key, auto_increment = false)]
        pub entry_id: Uuid,
        /// How it stands in the books since.
        pub treatment: String,
        /// When it left suspense.
        pub taken_at_ms: Moment,
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

/// What the bank says about breaks, never changed.
pub mod break_answer {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `recon_break_answer`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recon_break_answer")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The break.
        pub break_id: Uuid,
        /// Who says it.
        pub client_id: String,
        /// The explanation.
        pub answer: String,
        /// The bank's serial number of the booking that it speaks of.
        pub bank_serial: Option<String>,
        /// When it came.
        pub answered_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What changed, in the order in which it was numbered.
pub mod change {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `recon_change`, written by the database itself.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recon_change")]
    pub struct Model {
        /// Identifier, in the order of writing.
        #[sea_orm(primary_key)]
        pub id: i64,
        /// Its number, once it has one.
        pub seq: Option<i64>,
        /// `batch`, `break` or `document`.
        pub subject: String,
        /// The batch.
        pub batch_id: Option<Uuid>,
        /// The break.
        pub break_id: Option<Uuid>,
        /// The document.
        pub document_id: Option<Uuid>,
        /// Where it stood then.
        pub state: String,
        /// When it was numbered.
        pub numbered_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Reconciliation runs that were asked for.
pub mod run {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `recon_run`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recon_run")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The account.
        pub account: String,
        /// The day that it is about; none: the last one that is closed.
        pub business_date: Option<time::Date>,
        /// `queued` or `done`.
        pub state: String,
        /// The statement that it is about, once there is one.
        pub statement_id: Option<Uuid>,
        /// Statements taken by it.
        pub statements_taken: Option<i32>,
        /// Breaks of the account that were open when it ended.
        pub breaks_open: Option<i64>,
        /// When it was asked for.
        pub started_at_ms: Moment,
        /// When it ended.
        pub done_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// The position of the account when a statement had been taken, never changed.
pub mod position {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `statement_position`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "statement_position")]
    pub struct Model {
        /// The statement.
        #[sea_orm(primary_key, auto_increment = false)]
        pub statement_id: Uuid,
        /// What the books held at the bank.
        pub ledger_fen: Fen,
        /// On its way to members.
        pub clearing_fen: Fen,
        /// Debits nobody could explain.
        pub unknown_debits_fen: Fen,
        /// Credits nobody could explain.
        pub unknown_credits_fen: Fen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
