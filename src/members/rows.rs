//! The tables of members.

/// `member`.
pub mod member {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `member`. Every personal field is sealed.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "member")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The employer whose union enrolled them.
        pub unit_id: Uuid,
        /// Name, sealed.
        pub name_sealed: Vec<u8>,
        /// Identity number, sealed.
        pub national_id_sealed: Vec<u8>,
        /// Keyed hash of the identity number.
        pub national_id_lookup: Vec<u8>,
        /// Phone, sealed.
        pub phone_sealed: Vec<u8>,
        /// Keyed hash of the phone.
        pub phone_lookup: Vec<u8>,
        /// `zh-CN` or `en`: for notices.
        pub language: String,
        /// Rises with each change.
        pub version: i64,
        /// When they were added.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `service_card`.
pub mod service_card {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// Whether a card is the one that payouts go to.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    pub enum CardState {
        /// The card in use.
        Active,
        /// Another took its place.
        Replaced,
        /// Not to be paid to.
        Blocked,
    }

    /// A row of `service_card`: one version of a member's card.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "service_card")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Whose card.
        pub member_id: Uuid,
        /// 1, 2, 3 …
        pub card_version: i64,
        /// Number, sealed.
        pub number_sealed: Vec<u8>,
        /// Keyed hash of the number.
        pub number_lookup: Vec<u8>,
        /// The last four digits, all that is ever shown.
        pub number_tail: String,
        /// The holder's name as the bank knows it, sealed.
        pub holder_name_sealed: Vec<u8>,
        /// Whether it is in use.
        pub state: CardState,
        /// Payouts wait until then: 24 hours after a change.
        pub usable_from_ms: Moment,
        /// When this version was made.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
