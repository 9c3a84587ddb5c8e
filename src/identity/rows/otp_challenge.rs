//! The `otp_challenge` table: one request for a one-time password.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// A row of `otp_challenge`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "otp_challenge")]
pub struct Model {
    /// Identifier; the client gives it back with the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose number it is; nobody's for an unknown number.
    pub member_id: Option<Uuid>,
    /// Keyed hash of the device that asked.
    pub device_lookup: Vec<u8>,
    /// Keyed hash of the challenge and its code.
    pub code_lookup: Vec<u8>,
    /// How often somebody tried, 0 to 5.
    pub tries: i32,
    /// When it was asked.
    pub created_at_ms: Moment,
    /// Refused from then on.
    pub expires_at_ms: Moment,
    /// When the right code came.
    pub used_at_ms: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
