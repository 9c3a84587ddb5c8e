//! The tables of deaths and heirs.

/// That a member died.
pub mod death {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `member_death`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "member_death")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Who.
        pub member_id: Uuid,
        /// When.
        pub died_on: time::Date,
        /// The documents that show it, by name, sealed.
        pub evidence_sealed: Vec<u8>,
        /// The card that was blocked by it.
        pub blocked_card_id: Option<Uuid>,
        /// Who recorded it.
        pub recorded_by: Uuid,
        /// When.
        pub recorded_at_ms: Moment,
        /// Who took it back.
        pub withdrawn_by: Option<Uuid>,
        /// Why, sealed.
        pub withdrawn_reason_sealed: Option<Vec<u8>>,
        /// When.
        pub withdrawn_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Whom a payout goes to after its member's death.
pub mod heir {
    use sea_orm::entity::prelude::*;
    use serde::{Deserialize, Serialize};
    use utoipa::ToSchema;

    use crate::kernel::clock::Moment;

    /// What the heir was to the member.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    #[serde(rename_all = "snake_case")]
    pub enum HeirRelation {
        /// 配偶
        Spouse,
        /// 子女
        Child,
        /// 父母
        Parent,
        /// 兄弟姐妹
        Sibling,
        /// Somebody else, as a will or a court says.
        Other,
    }

    /// A row of `payout_heir`. Every personal field is sealed.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "payout_heir")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The payout.
        pub payout_id: Uuid,
        /// Who was owed.
        pub member_id: Uuid,
        /// Their death.
        pub death_id: Uuid,
        /// What the heir was to them.
        pub relation: HeirRelation,
        /// The heir's name, sealed.
        pub name_sealed: Vec<u8>,
        /// The heir's identity number, sealed.
        pub national_id_sealed: Vec<u8>,
        /// Its keyed hash.
        pub national_id_lookup: Vec<u8>,
        /// The heir's card, sealed.
        pub number_sealed: Vec<u8>,
        /// Its keyed hash.
        pub number_lookup: Vec<u8>,
        /// Its last four digits.
        pub number_tail: String,
        /// Counts on from the member's own cards.
        pub card_version: i64,
        /// The documents that show it, by name, sealed.
        pub evidence_sealed: Vec<u8>,
        /// Who recorded it.
        pub recorded_by: Uuid,
        /// When.
        pub recorded_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
        /// Payouts wait until then: 24 hours after it was confirmed.
        pub usable_from_ms: Option<Moment>,
        /// Who took it back.
        pub withdrawn_by: Option<Uuid>,
        /// When.
        pub withdrawn_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
