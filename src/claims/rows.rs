//! The tables of claims.

/// `claim`.
pub mod claim {
    use sea_orm::entity::prelude::*;

    use crate::claims::state::ClaimState;
    use crate::kernel::clock::Moment;
    use crate::organisations::Level;

    /// How a claim came.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, serde::Serialize, utoipa::ToSchema)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    pub enum Origin {
        /// By the member.
        MemberApp,
        /// By the unit's liaison.
        Unit,
        /// From a data feed.
        DataFeed,
        /// By staff.
        Staff,
    }

    /// A row of `claim`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim")]
    pub struct Model {
        /// Made by the client.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Whose claim it is.
        pub member_id: Uuid,
        /// How it came.
        pub origin: Origin,
        /// Where it stands.
        pub state: ClaimState,
        /// Rises by one with each change; the entity tag.
        pub version: i64,
        /// The declaration, sealed.
        pub declaration_sealed: Vec<u8>,
        /// Keyed hash of member, kind and first day; set at submission.
        pub event_lookup: Option<Vec<u8>>,
        /// Keyed hash of the settlement's serial, when it was given.
        pub serial_lookup: Option<Vec<u8>>,
        /// The organisation that the member's unit hangs on.
        pub organisation_path: String,
        /// The level whose turn it is.
        pub review_level: Option<Level>,
        /// Who has taken it.
        pub reviewer_id: Option<Uuid>,
        /// Who had it last.
        pub last_reviewer_id: Option<Uuid>,
        /// When it was begun.
        pub created_at_ms: Moment,
        /// When it last changed.
        pub updated_at_ms: Moment,
        /// When it was handed in.
        pub submitted_at_ms: Option<Moment>,
        /// When it was accepted.
        pub accepted_at_ms: Option<Moment>,
        /// The last day of the promise as far as known.
        pub due_on: Option<TimeDate>,
        /// True while a payout that failed waits for another card of the member: the promise is paused.
        pub awaits_card: bool,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `claim_timeline`.
pub mod timeline {
    use sea_orm::entity::prelude::*;

    use crate::claims::state::{ClaimState, Command};
    use crate::kernel::clock::Moment;

    /// Who did it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, serde::Serialize, utoipa::ToSchema)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    pub enum ActorKind {
        /// The member.
        Member,
        /// A staff member.
        Staff,
        /// The system.
        System,
        /// The bank.
        Bank,
    }

    /// A row of `claim_timeline`: never changed, never deleted.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim_timeline")]
    pub struct Model {
        /// The claim.
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim_id: Uuid,
        /// 1, 2, 3 …
        #[sea_orm(primary_key, auto_increment = false)]
        pub seq: i64,
        /// What was done.
        pub command: Command,
        /// The state before; none at the start.
        pub from_state: Option<ClaimState>,
        /// The state after.
        pub to_state: ClaimState,
        /// What it did to the promise clock.
        pub promise: Option<String>,
        /// When that took effect: the bank's moment for a payment.
        pub promise_at_ms: Option<Moment>,
        /// Who did it.
        pub actor_kind: ActorKind,
        /// Which of them.
        pub actor_id: Option<Uuid>,
        /// A stable word for why.
        pub reason_code: Option<String>,
        /// A sentence for the member, Chinese.
        pub text_zh: String,
        /// A sentence for the member, English.
        pub text_en: String,
        /// When.
        pub at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `claim_plan`.
pub mod claim_plan {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// A row of `claim_plan`: what one plan owes for one claim.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "claim_plan")]
    pub struct Model {
        /// The claim.
        #[sea_orm(primary_key, auto_increment = false)]
        pub claim_id: Uuid,
        /// The plan.
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan_id: Uuid,
        /// Whose claim.
        pub member_id: Uuid,
        /// The cover it is owed under.
        pub enrolment_id: Uuid,
        /// The version that judges it.
        pub plan_version_id: Uuid,
        /// The claim's event.
        pub event_lookup: Vec<u8>,
        /// The settlement's serial, when it was given.
        pub serial_lookup: Option<Vec<u8>>,
        /// The event's first day.
        pub event_on: TimeDate,
        /// Settlement periods counted.
        pub stays: i64,
        /// Settlement periods of the year that were counted before them: its first one is the next.
        pub stays_before: i64,
        /// Days that an allowance is paid for.
        pub days: i64,
        /// What the rules give.
        pub assessed_fen: Fen,
        /// What was decided; none before the decision.
        pub granted_fen: Option<Fen>,
        /// [`crate::claims::assess::Kept`] as JSON, packed by zlib and sealed: basis, terms and trace.
        pub assessment_sealed: Vec<u8>,
        /// False once the claim is rejected, withdrawn or lapsed: the event may be claimed again.
        pub live: bool,
        /// When it was computed.
        pub assessed_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `decision`.
pub mod decision {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::kernel::money::Fen;

    /// What was decided.
    #[derive(
        Clone,
        Copy,
        Debug,
        PartialEq,
        Eq,
        EnumIter,
        DeriveActiveEnum,
        serde::Serialize,
        serde::Deserialize,
        utoipa::ToSchema,
    )]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    pub enum Outcome {
        /// All that was assessed is granted.
        Approved,
        /// Something is granted, something refused.
        PartlyApproved,
        /// Nothing is granted.
        Rejected,
    }

    /// A row of `decision`: never changed, never deleted.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "decision")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The claim.
        pub claim_id: Uuid,
        /// 1; an appeal makes the next.
        pub number: i64,
        /// What was decided.
        pub outcome: Outcome,
        /// Sum of the lines.
        pub granted_fen: Fen,
        /// A stable word for why.
        pub reason_code: String,
        /// The reviewer's words to the member, sealed.
        pub remark_sealed: Option<Vec<u8>>,
        /// The reviewer; none for the system.
        pub decided_by: Option<Uuid>,
        /// When.
        pub decided_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `decision_line`.
pub mod decision_line {
    use sea_orm::entity::prelude::*;

    use crate::kernel::money::Fen;

    /// A row of `decision_line`: one plan of a decision.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "decision_line")]
    pub struct Model {
        /// The decision.
        #[sea_orm(primary_key, auto_increment = false)]
        pub decision_id: Uuid,
        /// The plan.
        #[sea_orm(primary_key, auto_increment = false)]
        pub plan_id: Uuid,
        /// What the rules give.
        pub assessed_fen: Fen,
        /// What is granted, at most that.
        pub granted_fen: Fen,
        /// A stable word for why it is that much.
        pub reason_code: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `supplement`.
pub mod supplement {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// Where a request stands.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, serde::Serialize, utoipa::ToSchema)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    pub enum SupplementState {
        /// The member has not answered.
        Open,
        /// The member answered.
        Answered,
        /// Closed by withdrawal or because its term was over.
        Closed,
    }

    /// A row of `supplement`: one itemised request.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "supplement")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The claim.
        pub claim_id: Uuid,
        /// Where it stands.
        pub state: SupplementState,
        /// What is asked for: [`crate::claims::supplements::Item`]s as JSON, sealed.
        pub items_sealed: Vec<u8>,
        /// What the member said to each, sealed.
        pub answers_sealed: Option<Vec<u8>>,
        /// The reviewer; none for the system.
        pub asked_by: Option<Uuid>,
        /// When.
        pub asked_at_ms: Moment,
        /// The last day to answer.
        pub term_ends_on: TimeDate,
        /// When it was answered.
        pub answered_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
