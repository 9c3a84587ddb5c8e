//! The `notice` table.

use sea_orm::entity::prelude::*;

use crate::kernel::clock::Moment;

/// Where a notice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum NoticeState {
    /// Waits for its job.
    Queued,
    /// Handed to the channel.
    Sent,
    /// The channel refused it for good.
    Failed,
}

/// A row of `notice`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "notice")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// To whom.
    pub member_id: Uuid,
    /// About which claim.
    pub claim_id: Option<Uuid>,
    /// A stable word for what it is about.
    pub kind: String,
    /// `sms`, `wechat` or `app`.
    pub channel: String,
    /// The sentence, sealed.
    pub body_zh: Vec<u8>,
    /// The same in English, sealed.
    pub body_en: Vec<u8>,
    /// Where it stands.
    pub state: NoticeState,
    /// When it was queued.
    pub created_at_ms: Moment,
    /// When it was handed to the channel.
    pub sent_at_ms: Option<Moment>,
}

impl ActiveModelBehavior for ActiveModel {}
