//! The `job` table.

use sea_orm::entity::prelude::*;
use serde::Serialize;

use crate::kernel::clock::Moment;

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its moment.
    Ready,
    /// A worker holds it until its lease ends.
    Running,
    /// Ended well.
    Done,
    /// Used up its attempts; an operator looks at it.
    Dead,
}

/// Which of the jobs that are due goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Work that somebody or some money waits for.
    #[default]
    Work = 0,
    /// News of work that was done: however much of it there is, it does not hold work up.
    News = 1,
}

/// A row of `job`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "job")]
pub struct Model {
    /// Identifier.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Which handler.
    pub kind: String,
    /// What the handler needs; identifiers only, nothing personal.
    pub payload: Json,
    /// See [`super::JobSpec::unique`].
    pub unique_key: Option<String>,
    /// Where it stands.
    pub state: JobState,
    /// Not before this moment.
    pub run_at_ms: Moment,
    /// How often it was begun.
    pub attempts: i32,
    /// How often it may be begun.
    pub max_attempts: i32,
    /// Rises with each lease; the holder's number is asked for at its last write.
    pub fencing: i64,
    /// When the holder's lease ends.
    pub lease_until_ms: Option<Moment>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The trace that caused it (W3C `traceparent`).
    pub trace_parent: Option<String>,
    /// When it was written.
    pub created_at_ms: Moment,
    /// When it ended.
    pub finished_at_ms: Option<Moment>,
    /// Which lane it waits in.
    pub lane: Lane,
}

impl ActiveModelBehavior for ActiveModel {}
