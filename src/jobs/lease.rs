//! Taking a job, holding it, and ending it: each one conditional UPDATE.

use std::sync::Arc;

use sea_orm::sea_query::ExprTrait;
use sea_orm::{
    ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, FromQueryResult,
    PaginatorTrait, QueryFilter, Statement, Value,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::JobError;
use super::rows::{Column, Entity, JobState, Lane, Model};
use crate::app::App;
use crate::db::literal;
use crate::kernel::clock::Moment;

/// How long a job waits that was tried `attempts` times, in milliseconds: 1 s, 2 s, 4 s … at most 15 minutes. After a death of its worker as
/// after a failure: whatever kills one process after another, twelve tries take half an hour.
const PAUSE_MS: &str = "case when attempts > 10 then 900000 else (1000 << (attempts - 1)) end";

/// What a handler is given.
#[derive(Clone)]
pub struct JobContext {
    /// Everything that a job may need.
    pub app: Arc<App>,
    /// The job as it was taken.
    pub job: Arc<Model>,
}

impl JobContext {
    /// The payload as the handler's type.
    ///
    /// # Errors
    /// [`JobError::Fail`] when it is not of that type: trying again would not help.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, JobError> {
        serde_json::from_value(self.job.payload.clone()).map_err(JobError::fail)
    }

    /// Marks the job done in the handler's own transaction, so that effect and end are one commit.
    ///
    /// # Errors
    /// [`JobError::Retry`] when the lease was lost: the transaction must not commit.
    pub async fn finish(&self, txn: &DatabaseTransaction) -> Result<(), JobError> {
        if finish(txn, &self.job, self.app.clock.now()).await? {
            Ok(())
        } else {
            Err(JobError::Retry(anyhow::anyhow!("the lease was lost")))
        }
    }

    /// True when this is the last attempt.
    #[must_use]
    pub fn is_last_attempt(&self) -> bool {
        self.job.attempts >= self.job.max_attempts
    }
}

fn statement(backend: DbBackend, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(backend, sql, values)
}

/// Takes the job that has been due longest, if there is one: ready, or running with a lease that ended a pause ago, as its worker died; none of
/// the kinds that are left `out`. One of the other lane only when the lane that goes `first` has none.
pub(super) async fn take(app: &App, first: Lane, out: &[&'static str]) -> Result<Option<Model>, DbErr> {
    let now = app.clock.now();
    let not_these: String = (4..).zip(out).map(|(number, _)| format!(" and kind <> ${number}")).collect();
    let skip_locked = app.db.skip_locked();
    let due_in = |lane: Lane| {
        format!(
            "(select id from job where lane = {} and state in ('ready', 'running') and run_at_ms <= $2 \
             and (state = 'ready' or lease_until_ms + {PAUSE_MS} < $3){not_these} order by run_at_ms limit 1{skip_locked})",
            lane.into_value()
        )
    };
    let then = if first == Lane::Work { Lane::News } else { Lane::Work };
    let sql = format!(
        "update job set state = 'running', attempts = attempts + 1, fencing = fencing + 1, lease_until_ms = $1 \
         where id = coalesce({}, {}) returning *",
        due_in(first),
        due_in(then)
    );
    let until = now.plus_secs(app.config.jobs.lease_secs);
    let mut values: Vec<Value> = vec![until.into(), now.into(), now.into()];
    values.extend(out.iter().map(|kind| Value::from(*kind)));
    let connection = app.db.write();
    connection
        .query_one_raw(statement(connection.get_database_backend(), &sql, values))
        .await?
        .map(|row| Model::from_query_result(&row, ""))
        .transpose()
}

/// Holds the job for another lease; false when somebody else has it.
pub(super) async fn renew(app: &App, job: &Model) -> Result<bool, DbErr> {
    let until = app.clock.now().plus_secs(app.config.jobs.lease_secs);
    change(
        app.db.write(),
        "update job set lease_until_ms = $1 where id = $2 and fencing = $3 and state = 'running'",
        vec![until.into(), job.id.into(), job.fencing.into()],
    )
    .await
}

/// Done; false when the lease was lost.
pub(super) async fn finish(connection: &impl ConnectionTrait, job: &Model, now: Moment) -> Result<bool, DbErr> {
    let sql = "update job set state = 'done', lease_until_ms = null, last_error = null, finished_at_ms = $1 \
               where id = $2 and fencing = $3 and state = 'running'";
    change(connection, sql, vec![now.into(), job.id.into(), job.fencing.into()]).await
}

/// Back to ready after its pause, with the reason.
pub(super) async fn put_back(app: &App, job: &Model, reason: &str) -> Result<bool, DbErr> {
    let sql = format!(
        "update job set state = 'ready', lease_until_ms = null, run_at_ms = $1 + {PAUSE_MS}, last_error = $2 \
         where id = $3 and fencing = $4 and state = 'running'"
    );
    change(app.db.write(), &sql, vec![app.clock.now().into(), reason.into(), job.id.into(), job.fencing.into()]).await
}

/// Dead, with the reason.
pub(super) async fn bury(app: &App, job: &Model, reason: &str) -> Result<bool, DbErr> {
    let sql = "update job set state = 'dead', lease_until_ms = null, last_error = $1, finished_at_ms = $2 \
               where id = $3 and fencing = $4 and state = 'running'";
    change(app.db.write(), sql, vec![reason.into(), app.clock.now().into(), job.id.into(), job.fencing.into()]).await
}

/// Makes dead jobs ready again, all or one; answers how many. A dead job whose twin is alive stays dead; of dead twins the last is tried.
///
/// # Errors
/// Those of the database.
pub async fn retry_dead(app: &App, id: Option<Uuid>) -> Result<u64, DbErr> {
    let mut sql =
        "update job set state = 'ready', attempts = 0, finished_at_ms = null, run_at_ms = $1 where state = 'dead' \
                   and (unique_key is null or not exists (select 1 from job twin where twin.kind = job.kind \
                   and twin.unique_key = job.unique_key and twin.state in ('ready', 'running')))"
            .to_owned();
    let mut values: Vec<Value> = vec![app.clock.now().into()];
    if let Some(id) = id {
        sql.push_str(" and id = $2");
        values.push(id.into());
    } else {
        sql.push_str(
            " and (unique_key is null or id = (select twin.id from job twin where twin.kind = job.kind \
             and twin.unique_key = job.unique_key and twin.state = 'dead' order by twin.id desc limit 1))",
        );
    }
    let connection = app.db.write();
    let answer = connection.execute_raw(statement(connection.get_database_backend(), &sql, values)).await?;
    Ok(answer.rows_affected())
}

/// How many jobs are dead.
pub(super) async fn count_dead(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    Entity::find().filter(Column::State.into_expr().eq(literal(JobState::Dead))).count(connection).await
}

/// When the job of `lane` that has been due longest was due; none when none is.
///
/// # Errors
/// Those of the database.
pub async fn oldest_due(connection: &impl ConnectionTrait, lane: Lane, now: Moment) -> Result<Option<Moment>, DbErr> {
    let sql = format!(
        "select run_at_ms from job where lane = $1 and state in ('ready', 'running') and run_at_ms <= $2 \
         and (state = 'ready' or lease_until_ms + {PAUSE_MS} < $2) order by run_at_ms limit 1"
    );
    let values = vec![lane.into_value().into(), now.into()];
    let row = connection.query_one_raw(statement(connection.get_database_backend(), &sql, values)).await?;
    row.map(|row| row.try_get("", "run_at_ms")).transpose()
}

/// Ends every lease at once, for a start at which nobody else works on this data: the jobs are tried again after their pause, without the wait
/// for the lease. Lanes and states stand there as in the index of what is due, by which it finds them.
///
/// # Errors
/// Those of the database.
pub async fn release_all(app: &App) -> Result<u64, DbErr> {
    let connection = app.db.write();
    let lanes: Vec<String> = Lane::values().iter().map(ToString::to_string).collect();
    let sql = format!(
        "update job set state = 'ready', lease_until_ms = null, run_at_ms = $1 + {PAUSE_MS} \
         where lane in ({}) and state in ('ready', 'running') and state = 'running'",
        lanes.join(", ")
    );
    let values = vec![app.clock.now().into()];
    let answer = connection.execute_raw(statement(connection.get_database_backend(), &sql, values)).await?;
    Ok(answer.rows_affected())
}

/// Deletes jobs that were done before `before`; answers how many.
///
/// # Errors
/// Those of the database.
pub(super) async fn sweep(app: &App, before: Moment) -> Result<u64, DbErr> {
    let connection = app.db.write();
    let sql = "delete from job where state = 'done' and finished_at_ms < $1";
    let answer = connection.execute_raw(statement(connection.get_database_backend(), sql, vec![before.into()])).await?;
    Ok(answer.rows_affected())
}

async fn change(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<bool, DbErr> {
    let answer = connection.execute_raw(statement(connection.get_database_backend(), sql, values)).await?;
    Ok(answer.rows_affected() == 1)
}
