//! The `staff_credential` table: password and one-time password secret of a person of the staff.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `staff_credential`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "staff_credential")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub staff_id: Uuid,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
    /// The TOTP secret.
    pub totp_secret_sealed: Vec<u8>,
    /// The last step whose code was used.
    pub totp_last_step: i64,
    /// When either was set.
    pub changed_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}
