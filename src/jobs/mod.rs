//! Work that must happen later: a table of jobs, written in the transaction that causes them.
//!
//! A job runs at least once and its effect happens once: a worker holds a *lease* with a fencing number, so a late worker's
//! last write is refused. Attempts are bounded with growing pauses; a job that used them up is *dead*, stays visible, and
//! an operator can try it again (`huzhu jobs retry`). The engine knows no capability: each registers its handlers by name.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, DbErr, EntityTrait, Insert, QueryTrait};
use serde_json::Value;

use crate::app::App;
use crate::db::Writes;
use crate::kernel::clock::Moment;

mod lease;
mod rows;
mod runner;

pub use lease::{JobContext, oldest_due, release_all, retry_dead};
pub use rows::{Column, Entity, JobState, Lane, Model};
pub use runner::{drain, run, run_next};

/// A job to be written.
#[derive(Clone, Debug)]
pub struct JobSpec {
    kind: &'static str,
    payload: Value,
    unique_key: Option<String>,
    run_at: Option<Moment>,
    max_attempts: i32,
    lane: Lane,
}

impl JobSpec {
    /// A job of `kind` that may run at once. 12 attempts take half an hour.
    #[must_use]
    pub const fn new(kind: &'static str, payload: Value) -> Self {
        Self { kind, payload, unique_key: None, run_at: None, max_attempts: 12, lane: Lane::Work }
    }

    /// While a job of this kind with this key waits or runs, another is not written.
    #[must_use]
    pub fn unique(mut self, key: impl Into<String>) -> Self {
        self.unique_key = Some(key.into());
        self
    }

    /// Not before `moment`.
    #[must_use]
    pub const fn not_before(mut self, moment: Moment) -> Self {
        self.run_at = Some(moment);
        self
    }

    /// Gives up after `attempts` instead of 12.
    #[must_use]
    pub const fn attempts(mut self, attempts: i32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// In `lane` instead of among the work.
    #[must_use]
    pub const fn lane(mut self, lane: Lane) -> Self {
        self.lane = lane;
        self
    }
}

/// Writes `spec` in the caller's transaction.
///
/// # Errors
/// Those of the database.
pub async fn enqueue(connection: &impl ConnectionTrait, app: &App, spec: JobSpec) -> Result<(), DbErr> {
    insert(app, spec).exec_without_returning(connection).await.map(drop)
}

/// Adds to `writes` what [`enqueue`] writes, for a job without a unique key.
pub fn enqueue_with(writes: &mut Writes, backend: DbBackend, app: &App, spec: JobSpec) {
    writes.add(&insert(app, spec).build(backend), 1);
}

fn insert(app: &App, spec: JobSpec) -> Insert<rows::ActiveModel> {
    let now = app.clock.now();
    let unique = spec.unique_key.is_some();
    let row = rows::ActiveModel {
        id: Set(app.ids.next()),
        kind: Set(spec.kind.to_owned()),
        payload: Set(spec.payload),
        unique_key: Set(spec.unique_key),
        state: Set(JobState::Ready),
        run_at_ms: Set(spec.run_at.unwrap_or(now)),
        attempts: Set(0),
        max_attempts: Set(spec.max_attempts),
        fencing: Set(0),
        lease_until_ms: Set(None),
        last_error: Set(None),
        trace_parent: Set(crate::telemetry::trace_parent()),
        created_at_ms: Set(now),
        finished_at_ms: Set(None),
        lane: Set(spec.lane),
    };
    let insert = Entity::insert(row);
    if unique { insert.on_conflict(OnConflict::new().do_nothing().to_owned()) } else { insert }
}

/// How long a job that is done can still be looked at.
const DONE_KEPT_SECS: i64 = 7 * 24 * 60 * 60;

/// The engine's own job: forgets what was done a week ago.
pub fn register(registry: &mut Registry) {
    registry.every(3_600, "jobs.sweep", |context| async move {
        lease::sweep(&context.app, context.app.clock.now().plus_secs(-DONE_KEPT_SECS)).await?;
        Ok(())
    });
}

/// Why a job did not end well; the decision to try again is part of it.
#[derive(Debug)]
pub enum JobError {
    /// Something that may pass: try again after a pause.
    Retry(anyhow::Error),
    /// Something that will not: the job is dead at once.
    Fail(anyhow::Error),
}

impl JobError {
    /// A reason that will not pass.
    #[must_use]
    pub fn fail(reason: impl Into<anyhow::Error>) -> Self {
        Self::Fail(reason.into())
    }
}

impl<E: Into<anyhow::Error>> From<E> for JobError {
    fn from(error: E) -> Self {
        Self::Retry(error.into())
    }
}

/// What a handler answers.
pub type JobResult = Result<(), JobError>;

type Handler = Arc<dyn Fn(JobContext) -> Pin<Box<dyn Future<Output = JobResult> + Send>> + Send + Sync>;

/// The handlers by job kind.
#[derive(Clone, Default)]
pub struct Registry {
    handlers: HashMap<&'static str, Handler>,
    periodic: Vec<(&'static str, i64)>,
    slow: Vec<&'static str>,
}

impl Registry {
    /// Registers the handler of `kind`.
    pub fn on<F, Fut>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.handlers.insert(kind, Arc::new(move |context| Box::pin(handler(context))));
    }

    /// Registers the handler of `kind`, whose jobs take seconds and are waited for by nobody: of several workers one never takes them, so that
    /// what somebody waits for does not wait behind them.
    pub fn on_slow<F, Fut>(&mut self, kind: &'static str, handler: F)
    where
        F: Fn(JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.on(kind, handler);
        self.slow.push(kind);
    }

    /// Registers the handler of `kind` and has one job of it written every `every_secs`.
    pub fn every<F, Fut>(&mut self, every_secs: i64, kind: &'static str, handler: F)
    where
        F: Fn(JobContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = JobResult> + Send + 'static,
    {
        self.on(kind, handler);
        self.periodic.push((kind, every_secs));
    }
}
