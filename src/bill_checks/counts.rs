//! What today's checks came to, for the operator.

use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;

use super::budget;
use super::rows::{Column, Entity, VerdictWord};
use crate::app::App;
use crate::kernel::clock::Moment;

/// Checks whose verdict was given today, in Asia/Shanghai, and how often the platform may still be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Bills that the platform has.
    pub said_true: i64,
    /// Bills that it has not.
    pub said_false: i64,
    /// Bills of which nobody knows.
    pub cannot_be_checked: i64,
    /// Questions that today still holds.
    pub left: u32,
}

/// Counts those of today.
///
/// # Errors
/// Those of the database.
pub async fn of_today(app: &App) -> Result<Counts, DbErr> {
    let connection = app.db.read();
    let rows: Vec<(Option<VerdictWord>, i64)> = Entity::find()
        .select_only()
        .column(Column::Verdict)
        .column_as(Column::Id.count(), "checks")
        .filter(Column::AnsweredAtMs.gte(Moment::start_of(app.clock.now().date())))
        .group_by(Column::Verdict)
        .into_tuple()
        .all(connection)
        .await?;
    let of = |word| rows.iter().find(|(verdict, _)| *verdict == Some(word)).map_or(0, |(_, checks)| *checks);
    Ok(Counts {
        said_true: of(VerdictWord::True),
        said_false: of(VerdictWord::False),
        cannot_be_checked: of(VerdictWord::CannotBeChecked),
        left: budget::left(connection, app).await?,
    })
}
