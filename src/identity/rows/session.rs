//! The `session` table: one sign-in of one person on one device, the family of its refresh tokens.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum Actor {
    /// A member's.
    Member,
    /// A person's of the staff.
    Staff,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum EndReason {
    /// Its own device signed out.
    SignedOut,
    /// The owner ended it from another device.
    EndedByOwner,
    /// A refresh token came back that somebody else had used.
    TokenReused,
    /// The person may no longer sign in.
    Disabled,
    /// An operator ended it.
    Operator,
}

/// A row of `session`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "session")]
pub struct Model {
    /// Identifier; the `sid` of access tokens.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Member or staff.
    pub actor: Actor,
    /// Who.
    pub subject_id: Uuid,
    /// The client that signed in.
    pub client_id: String,
    /// How the person proved who they are.
    pub acr: String,
    /// Keyed hash of the device's identifier.
    pub device_lookup: Vec<u8>,
    /// Keyed hash of the device's key.
    pub device_key_lookup: Vec<u8>,
    /// What the device calls itself.
    pub device_name_sealed: Option<Vec<u8>>,
    /// When the person signed in.
    pub started_at_ms: Moment,
    /// When a token was last fetched.
    pub last_used_at_ms: Moment,
    /// Over after that many seconds without a fetch.
    pub idle_secs: i64,
    /// Over then in any case.
    pub ends_at_ms: Moment,
    /// When it was ended before its time.
    pub ended_at_ms: Option<Moment>,
    /// Why it was.
    pub end_reason: Option<EndReason>,
}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// True while tokens may be fetched.
    #[must_use]
    pub fn is_alive(&self, now: Moment) -> bool {
        self.ended_at_ms.is_none() && now < self.ends_at_ms && now < self.last_used_at_ms.plus_secs(self.idle_secs)
    }
}
