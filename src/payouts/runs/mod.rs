//! Runs: many batches that one person puts on a list and another signs, once, over the hash of that list.
//!
//! The signature is what authorises; a job then releases batch after batch, each in a transaction of its own, so that half a million orders
//! never hang on one. A crash in the middle goes on where it was: the list and the states of its batches say what is left.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

mod job;
pub mod manifest;
mod release;
pub mod rows;
mod start;
mod view;
mod void;

pub(super) use job::{KIND, work};
pub(crate) use release::release;
pub(crate) use start::of_all;
pub use view::{RunDetail, RunView, detail};
pub(crate) use void::void;

use super::rows::batch;
use crate::http::{Code, Problem, Routes};
use rows::{line, run};

/// The routes of runs.
pub(super) fn routes(config: &mut Routes) {
    config
        .service(start::start_payout_run)
        .service(view::list_payout_runs)
        .service(view::show_payout_run)
        .service(release::release_payout_run)
        .service(void::void_payout_run);
}

/// True when a batch stands on the list of a run that is not void: it is released with the run alone.
pub(super) async fn holds(connection: &impl ConnectionTrait, batch_id: Uuid) -> Result<bool, Problem> {
    use sea_orm::{QuerySelect, QueryTrait};
    let runs = line::Entity::find()
        .select_only()
        .column(line::Column::RunId)
        .filter(line::Column::BatchId.eq(batch_id))
        .into_query();
    let live = run::Entity::find()
        .filter(run::Column::Id.in_subquery(runs))
        .filter(run::Column::State.ne(run::RunState::Void));
    Ok(live.count(connection).await? > 0)
}

/// The run, or 404.
async fn load(connection: &impl ConnectionTrait, id: Uuid) -> Result<run::Model, Problem> {
    run::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// The lines of a run with their batches, in the order of its list.
async fn lines_of(
    connection: &impl ConnectionTrait,
    run_id: Uuid,
) -> Result<Vec<(line::Model, batch::Model)>, Problem> {
    use sea_orm::{QueryOrder, QuerySelect, QueryTrait};
    let lines = line::Entity::find()
        .filter(line::Column::RunId.eq(run_id))
        .order_by_asc(line::Column::LineNo)
        .all(connection)
        .await?;
    let ids = line::Entity::find()
        .select_only()
        .column(line::Column::BatchId)
        .filter(line::Column::RunId.eq(run_id))
        .into_query();
    let batches = batch::Entity::find().filter(batch::Column::Id.in_subquery(ids)).all(connection).await?;
    let mut batches: std::collections::HashMap<Uuid, batch::Model> =
        batches.into_iter().map(|batch| (batch.id, batch)).collect();
    lines
        .into_iter()
        .map(|line| {
            let batch = batches.remove(&line.batch_id);
            batch
                .map(|batch| (line, batch))
                .ok_or_else(|| Problem::internal(anyhow::anyhow!("a line without its batch")))
        })
        .collect()
}

/// Moves a run on from the state in which it was read.
async fn move_run(
    connection: &impl ConnectionTrait,
    row: &run::Model,
    state: run::RunState,
    mut changes: run::ActiveModel,
) -> Result<(), Problem> {
    use sea_orm::ActiveValue::Set;
    if !row.state.may_become(state) {
        return Err(Problem::new(Code::RunStateConflict));
    }
    changes.state = Set(state);
    changes.version = Set(row.version + 1);
    let done = run::Entity::update_many()
        .set(changes)
        .filter(run::Column::Id.eq(row.id))
        .filter(run::Column::State.eq(row.state))
        .filter(run::Column::Version.eq(row.version))
        .exec(connection)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::Conflict)) }
}
