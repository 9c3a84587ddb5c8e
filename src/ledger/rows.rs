//! The tables of the books.

/// Accounts: one for each of the chart, and one more for each plan where it is kept per plan.
pub mod account {
    use sea_orm::entity::prelude::*;

    use crate::ledger::accounts::Account;

    /// A row of `ledger_account`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_account")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Which account of the chart.
        pub code: Account,
        /// Which plan, for accounts kept per plan.
        pub plan_id: Option<Uuid>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Balances: the running sums of each account's postings.
pub mod balance {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;
    use crate::ledger::accounts::Account;

    /// A row of `ledger_balance`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_balance")]
    pub struct Model {
        /// The account.
        #[sea_orm(primary_key, auto_increment = false)]
        pub account_id: Uuid,
        /// Which account of the chart.
        pub code: Account,
        /// Sum of its debits.
        pub debits_fen: Fen,
        /// Sum of its credits.
        pub credits_fen: Fen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Where each plan's part of a payout stands; the parts of a row sum to its amount, and none is below nothing.
pub mod part {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `ledger_part`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_part")]
    pub struct Model {
        /// The payout.
        #[sea_orm(primary_key, auto_increment = false)]
        pub payout_id: Uuid,
        /// The plan.
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan_id: Uuid,
        /// The part's amount.
        pub amount_fen: Fen,
        /// Still payable (2010).
        pub payable_fen: Fen,
        /// On its way (2020).
        pub clearing_fen: Fen,
        /// Came back, owed (2030).
        pub returned_fen: Fen,
        /// Paid, as the statement shows.
        pub settled_fen: Fen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Transactions: one for each event, never changed.
pub mod transaction {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `ledger_transaction`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_transaction")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// What makes the event one.
        pub idempotency_key: String,
        /// Which event.
        pub kind: String,
        /// The payout that it concerns.
        pub payout_id: Option<Uuid>,
        /// The order that it concerns.
        pub order_id: Option<Uuid>,
        /// The statement's booking that caused it.
        pub entry_id: Option<Uuid>,
        /// When.
        pub posted_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Postings: the lines of the transactions, never changed.
pub mod posting {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `ledger_posting`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "ledger_posting")]
    pub struct Model {
        /// The transaction.
        #[sea_orm(primary_key, auto_increment = false)]
        pub transaction_id: Uuid,
        /// Its line, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub line_no: i32,
        /// The account.
        pub account_id: Uuid,
        /// Debit above zero, credit below.
        pub amount_fen: Fen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
