//! The tables of organisations.

/// `organisation`.
pub mod organisation {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;
    use crate::organisations::Level;

    /// A row of `organisation`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "organisation")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The organisation above; none for the city.
        pub parent_id: Option<Uuid>,
        /// Its level.
        pub level: Level,
        /// Its name.
        pub name: String,
        /// The way from the root, `/<id>/<id>/`.
        pub path: String,
        /// When it was made.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `unit`.
pub mod unit {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `unit`: an employer whose union enrols people.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "unit")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Where it hangs.
        pub organisation_id: Uuid,
        /// Its name.
        pub name: String,
        /// 统一社会信用代码
        pub credit_code: String,
        /// When it was made.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `staff`.
pub mod staff {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// Whether somebody may sign in.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
    #[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
    pub enum StaffState {
        /// May sign in.
        Active,
        /// May not.
        Disabled,
    }

    /// A row of `staff`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// Where they work.
        pub organisation_id: Uuid,
        /// The unit that a liaison serves.
        pub unit_id: Option<Uuid>,
        /// Their sign-in name.
        pub login: String,
        /// What colleagues see.
        pub display_name: String,
        /// Whether they may sign in.
        pub state: StaffState,
        /// Rises with each change.
        pub version: i64,
        /// When they were added.
        pub created_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `staff_role`.
pub mod staff_role {
    use sea_orm::entity::prelude::*;

    use crate::kernel::clock::Moment;

    /// A row of `staff_role`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "staff_role")]
    pub struct Model {
        /// Who.
        #[sea_orm(primary_key, auto_increment = false)]
        pub staff_id: Uuid,
        /// What: a word of `http::Role`.
        #[sea_orm(primary_key, auto_increment = false)]
        pub role: String,
        /// Since when.
        pub granted_at_ms: Moment,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
