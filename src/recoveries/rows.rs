//! The tables of recoveries.

/// Money that was paid wrongly, and what became of it.
pub mod recovery {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;
    use crate::ledger::Basis;
    use crate::recoveries::state::{Outcome, Reason, RecoveryState};

    /// A row of `recovery`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The payout that paid it.
        pub payout_id: Uuid,
        /// Its claim.
        pub claim_id: Uuid,
        /// Who was paid.
        pub member_id: Uuid,
        /// Why it is too much.
        pub reason: Reason,
        /// Where the money stood in the books.
        pub basis: Basis,
        /// How much.
        pub amount_fen: Fen,
        /// How much of it came back.
        pub repaid_fen: Fen,
        /// What the fund bears of it.
        pub written_off_fen: Fen,
        /// The explanation for the member, sealed.
        pub explanation_sealed: Vec<u8>,
        /// Where it stands.
        pub state: RecoveryState,
        /// How it ended.
        pub outcome: Option<Outcome>,
        /// Which instalments are offered; 0 before the first.
        pub plan_revision: i32,
        /// Which instalments the member agreed to; 0 before.
        pub agreed_revision: i32,
        /// The day of the oldest agreed instalment that is not paid whole.
        pub due_on: Option<time::Date>,
        /// Who opened it.
        pub opened_by: Uuid,
        /// When.
        pub opened_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
        /// When it ended.
        pub closed_at_ms: Option<Moment>,
        /// Rises with every change.
        pub version: i64,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A recovery's amount by plan, never changed.
pub mod part {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `recovery_part`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_part")]
    pub struct Model {
        /// The recovery.
        #[sea_orm(primary_key, auto_increment = false)]
        pub recovery_id: Uuid,
        /// The plan.
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan_id: Uuid,
        /// Its part.
        pub amount_fen: Fen,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Instalments that were offered, never changed.
pub mod instalment {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `recovery_instalment`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_instalment")]
    pub struct Model {
        /// The recovery.
        #[sea_orm(primary_key, auto_increment = false)]
        pub recovery_id: Uuid,
        /// Which offer, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub revision: i32,
        /// Which instalment of it, from 1.
        #[sea_orm(primary_key, auto_increment = false)]
        pub instalment_no: i32,
        /// How much.
        pub amount_fen: Fen,
        /// Until the end of which day.
        pub due_on: time::Date,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// What a member says against a recovery, and the answer.
pub mod objection {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::recoveries::state::ObjectionKind;

    /// A row of `recovery_objection`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_objection")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The recovery.
        pub recovery_id: Uuid,
        /// What it asks for.
        pub kind: ObjectionKind,
        /// The member's words, sealed.
        pub words_sealed: Vec<u8>,
        /// When it was made.
        pub made_at_ms: Moment,
        /// The answer, sealed.
        pub answer_sealed: Option<Vec<u8>>,
        /// Who answered.
        pub answered_by: Option<Uuid>,
        /// When.
        pub answered_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A booking that two people call a repayment.
pub mod repayment {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// A row of `recovery_repayment`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_repayment")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The recovery.
        pub recovery_id: Uuid,
        /// The booking of a statement.
        pub entry_id: Uuid,
        /// How much of it.
        pub amount_fen: Fen,
        /// Who proposed it.
        pub proposed_by: Uuid,
        /// When.
        pub proposed_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
        /// Who took it back.
        pub withdrawn_by: Option<Uuid>,
        /// When.
        pub withdrawn_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A proposal to give up a recovery.
pub mod ending {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::recoveries::state::Outcome;

    /// A row of `recovery_ending`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_ending")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The recovery.
        pub recovery_id: Uuid,
        /// How it shall end: written off or withdrawn.
        pub outcome: Outcome,
        /// Why, sealed.
        pub reason_sealed: Vec<u8>,
        /// Who proposed it.
        pub proposed_by: Uuid,
        /// When.
        pub proposed_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
        /// Who took it back.
        pub withdrawn_by: Option<Uuid>,
        /// When.
        pub withdrawn_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Who did what to a recovery, never changed.
pub mod event {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `recovery_event`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "recovery_event")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The recovery.
        pub recovery_id: Uuid,
        /// What was done: a stable word.
        pub kind: String,
        /// Who of the staff did it.
        pub staff_id: Option<Uuid>,
        /// The member who did it.
        pub member_id: Option<Uuid>,
        /// When.
        pub at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
