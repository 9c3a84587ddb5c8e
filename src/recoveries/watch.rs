//! The job that shows operators how many recoveries are open, and how many of them are overdue.

use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};

use super::rows::recovery;
use super::state::RecoveryState;
use crate::jobs::{JobContext, JobResult};

/// The job's name.
pub(super) const KIND: &str = "recoveries.watch";

pub(super) async fn run(context: JobContext) -> JobResult {
    let (app, read) = (&context.app, context.app.db.read());
    let going = [RecoveryState::Open, RecoveryState::Agreed, RecoveryState::Repaying];
    let going = recovery::Entity::find().filter(recovery::Column::State.is_in(going)).count(read).await?;
    let overdue = recovery::Entity::find()
        .filter(recovery::Column::DueOn.into_expr().lt(app.clock.now().date()))
        .count(read)
        .await?;
    metrics::gauge!("huzhu_recoveries_open").set(u32::try_from(going).unwrap_or(u32::MAX));
    metrics::gauge!("huzhu_recoveries_overdue").set(u32::try_from(overdue).unwrap_or(u32::MAX));
    Ok(())
}
