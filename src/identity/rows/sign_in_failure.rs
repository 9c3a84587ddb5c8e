//! The `sign_in_failure` table: tries of a staff login since the last right one.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `sign_in_failure`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sign_in_failure")]
pub struct Model {
    /// Keyed hash of the login, known or not.
    #[sea_orm(primary_key, auto_increment = false)]
    pub login_lookup: Vec<u8>,
    /// Whose login it is, if anybody's.
    pub staff_id: Option<Uuid>,
    /// Tries since the last right one; at five the login is locked.
    pub failures: i32,
    /// When the last try was.
    pub last_try_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
