//! The table of ties.

/// What people say of a booking in suspense.
pub mod tie {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `suspense_tie`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "suspense_tie")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The booking.
        pub entry_id: Uuid,
        /// The order that it is said to be of.
        pub order_id: Uuid,
        /// Why.
        pub reason: String,
        /// Who said so.
        pub proposed_by: Uuid,
        /// When.
        pub proposed_at_ms: Moment,
        /// Who confirmed it.
        pub confirmed_by: Option<Uuid>,
        /// When.
        pub confirmed_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
