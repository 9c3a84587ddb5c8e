//! The tables of plans.

/// `plan`.
pub mod plan {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `plan`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Stable code.
        pub code: String,
        /// Name as the first version gave it.
        pub name_zh: String,
        /// The same in English.
        pub name_en: String,
        /// `with_membership` or `by_share`.
        pub funding: String,
        /// When it was added.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `plan_version`: rows are only added.
pub mod plan_version {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `plan_version`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan_version")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The plan.
        pub plan_id: Uuid,
        /// Its name within the plan.
        pub version: String,
        /// The document as JSON.
        #[sea_orm(column_type = "Text")]
        pub document: String,
        /// SHA-256 of the document's bytes.
        pub sha256: Vec<u8>,
        /// First event date that it judges.
        pub starts_on: TimeDate,
        /// Last event date, when the document names one.
        pub ends_on: Option<TimeDate>,
        /// True when every number stands in a public source.
        pub verified: bool,
        /// When it was loaded.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `enrolment`.
pub mod enrolment {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `enrolment`: member × plan × shares × period.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "enrolment")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Who is covered.
        pub member_id: Uuid,
        /// By which plan.
        pub plan_id: Uuid,
        /// The version that the enrolment is bound to; without one the day of the event chooses.
        pub plan_version_id: Option<Uuid>,
        /// The unit that enrolled the member; none when cover is free with membership.
        pub unit_id: Option<Uuid>,
        /// Shares, from 1.
        pub shares: i64,
        /// First day of cover.
        pub starts_on: TimeDate,
        /// Last day of cover; none while it lasts as long as membership.
        pub ends_on: Option<TimeDate>,
        /// True when it follows a cover of the same plan without a gap.
        pub renewal: bool,
        /// When it was written.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
