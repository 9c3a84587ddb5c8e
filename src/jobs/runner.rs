//! The loop that takes jobs and runs them, and stops without losing one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::DbErr;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::rows::{Lane, Model};
use super::{JobContext, JobError, JobResult, JobSpec, Registry, enqueue, lease};
use crate::app::App;
use crate::kernel::clock::Moment;
use crate::telemetry;

/// A worker looks for news before work once in so many looks: they wait while there is much work, and not for ever.
const NEWS_ONCE_IN: u64 = 8;
/// Between two looks at what an operator sees of the table.
const SHOW_SECS: i64 = 30;

/// Runs jobs until `stop`; then takes no new one, lets those that run end, and returns.
pub async fn run(app: Arc<App>, registry: Registry, stop: CancellationToken) {
    let registry = Arc::new(registry);
    let mut workers = JoinSet::new();
    for number in 1..=app.config.jobs.workers {
        // The second of several keeps free of what is slow; a worker alone does everything.
        let out = if number == 2 { registry.slow.clone() } else { Vec::new() };
        workers.spawn(work(app.clone(), registry.clone(), out, stop.clone()));
    }
    workers.spawn(keep_time(app, registry, stop));
    while workers.join_next().await.is_some() {}
}

/// Runs every job that is due, and those they cause, until none is; answers how many ran. For tests and for one-off verbs.
///
/// # Errors
/// Those of the database.
pub async fn drain(app: &Arc<App>, registry: &Registry) -> Result<u64, DbErr> {
    let mut ran = 0;
    while run_next(app, registry).await?.is_some() {
        ran += 1;
    }
    Ok(ran)
}

/// Takes the job that has been due longest, work before news, and runs it; answers its kind, none when nothing is due.
///
/// # Errors
/// Those of the database.
pub async fn run_next(app: &Arc<App>, registry: &Registry) -> Result<Option<String>, DbErr> {
    let Some(job) = lease::take(app, Lane::Work, &[]).await? else { return Ok(None) };
    let kind = job.kind.clone();
    execute(app, registry, job).await;
    Ok(Some(kind))
}

async fn work(app: Arc<App>, registry: Arc<Registry>, out: Vec<&'static str>, stop: CancellationToken) {
    let pause = Duration::from_millis(app.config.jobs.poll_ms);
    for turn in 1_u64.. {
        if stop.is_cancelled() {
            return;
        }
        let first = if turn.is_multiple_of(NEWS_ONCE_IN) { Lane::News } else { Lane::Work };
        match lease::take(&app, first, &out).await {
            Ok(Some(job)) => execute(&app, &registry, job).await,
            Ok(None) => {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = app.job_written.notified() => {}
                    () = pause_for(pause) => {}
                }
            }
            Err(error) => {
                tracing::error!(error = %error, "jobs.take failed");
                tokio::select! { () = stop.cancelled() => {} () = pause_for(pause * 4) => {} }
            }
        }
    }
}

/// Writes each periodic job when its time has come; the unique key keeps processes from writing it twice.
async fn keep_time(app: Arc<App>, registry: Arc<Registry>, stop: CancellationToken) {
    let mut due: HashMap<&'static str, Moment> = HashMap::new();
    let mut show_at = app.clock.now();
    while !stop.is_cancelled() {
        let now = app.clock.now();
        if show_at <= now {
            show_at = now.plus_secs(SHOW_SECS);
            show_dead(&app).await;
            show_waiting(&app, "work", Lane::Work).await;
            show_waiting(&app, "news", Lane::News).await;
        }
        for (kind, every_secs) in &registry.periodic {
            if due.get(kind).is_some_and(|moment| *moment > now) {
                continue;
            }
            let spec = JobSpec::new(kind, serde_json::json!({})).unique("periodic");
            match enqueue(app.db.write(), &app, spec).await {
                Ok(()) => {
                    due.insert(kind, now.plus_secs(*every_secs));
                }
                Err(error) => tracing::error!(job.kind = kind, error = %error, "jobs.periodic failed"),
            }
        }
        tokio::select! { () = stop.cancelled() => {} () = pause_for(Duration::from_secs(1)) => {} }
    }
}

/// Shows how many dead jobs wait for a person. Every runner counts for itself: a figure of a process that ended goes with it.
async fn show_dead(app: &App) {
    match lease::count_dead(app.db.read()).await {
        Ok(dead) => metrics::gauge!("huzhu_jobs_dead").set(u32::try_from(dead).unwrap_or(u32::MAX)),
        Err(error) => tracing::error!(error = %error, "jobs.count_dead failed"),
    }
}

/// Shows for how long the job of a lane that has been due longest waits, in seconds; 0 when none does.
async fn show_waiting(app: &App, name: &'static str, lane: Lane) {
    let now = app.clock.now();
    match lease::oldest_due(app.db.read(), lane, now).await {
        Ok(due) => {
            let secs = due.map_or(0, |due| now.as_secs().saturating_sub(due.as_secs()));
            metrics::gauge!("huzhu_jobs_waiting_secs", "lane" => name).set(u32::try_from(secs).unwrap_or(u32::MAX));
        }
        Err(error) => tracing::error!(error = %error, "jobs.oldest_due failed"),
    }
}

async fn execute(app: &Arc<App>, registry: &Registry, job: Model) {
    let span = tracing::info_span!("job", job.id = %job.id, job.kind = %job.kind, job.attempt = job.attempts);
    if let Some(trace_parent) = &job.trace_parent {
        telemetry::follow(&span, trace_parent);
    }
    execute_in_span(app, registry, job).instrument(span).await;
}

async fn execute_in_span(app: &Arc<App>, registry: &Registry, job: Model) {
    let job = Arc::new(job);
    let outcome = if job.attempts > job.max_attempts {
        Err(JobError::Fail(anyhow::anyhow!("its worker died {} times", job.max_attempts)))
    } else {
        match registry.handlers.get(job.kind.as_str()) {
            Some(handler) => {
                let context = JobContext { app: app.clone(), job: job.clone() };
                hold_while(app, &job, caught(handler(context))).await
            }
            None => Err(JobError::Fail(anyhow::anyhow!("no handler for this kind"))),
        }
    };
    let kind = job.kind.clone();
    let ended = match outcome {
        Ok(()) => {
            metrics::counter!("huzhu_jobs_total", "kind" => kind, "outcome" => "done").increment(1);
            // A handler that finished in its own transaction has left nothing to change here.
            lease::finish(app.db.write(), &job, app.clock.now()).await.map(|_| ())
        }
        Err(JobError::Retry(reason)) if job.attempts < job.max_attempts => {
            metrics::counter!("huzhu_jobs_total", "kind" => kind, "outcome" => "retry").increment(1);
            tracing::warn!(error = format!("{reason:#}"), "job.retry");
            lease::put_back(app, &job, &format!("{reason:#}")).await.map(|_| ())
        }
        Err(JobError::Retry(reason) | JobError::Fail(reason)) => {
            metrics::counter!("huzhu_jobs_total", "kind" => kind, "outcome" => "dead").increment(1);
            tracing::error!(error = format!("{reason:#}"), "job.dead");
            lease::bury(app, &job, &format!("{reason:#}")).await.map(|_| ())
        }
    };
    if let Err(error) = ended {
        // The lease runs out and the job is taken again: nothing is lost.
        tracing::error!(error = %error, "job.end could not be written");
    }
}

/// Runs `handler` and renews the lease meanwhile. A lost lease does not stop the handler: its last write is refused by the fencing number.
async fn hold_while(app: &App, job: &Model, handler: impl Future<Output = JobResult>) -> JobResult {
    let third = Duration::from_secs(u64::try_from(app.config.jobs.lease_secs / 3).unwrap_or(1).max(1));
    beside(handler, third, || async {
        match lease::renew(app, job).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("job.lease was lost"),
            Err(error) => tracing::warn!(error = %error, "job.lease could not be renewed"),
        }
    })
    .await
}

/// Runs `work` and, every `pause`, `renewal` beside it. The two must never wait for each other: a renewal may need the row or the
/// connection that the work's transaction holds, so the work goes on while a renewal is under way.
async fn beside<T, R: Future<Output = ()>>(
    work: impl Future<Output = T>,
    pause: Duration,
    renewal: impl Fn() -> R,
) -> T {
    let renewals = async || -> Infallible {
        loop {
            pause_for(pause).await;
            renewal().await;
        }
    };
    tokio::select! {
        outcome = work => outcome,
        never = renewals() => match never {},
    }
}

/// A handler that panics is a job that failed, not the end of its worker.
async fn caught(handler: impl Future<Output = JobResult>) -> JobResult {
    let outcome = AssertUnwindSafe(handler).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(JobError::Retry(anyhow::anyhow!("the handler panicked; its log line says where"))))
}

/// The runner's only waits: between two looks at the table, and between two renewals of a lease. A wake-up ends the first early.
#[expect(clippy::disallowed_methods, reason = "a poll needs a pause; tests drain the table instead")]
async fn pause_for(duration: Duration) {
    tokio::time::sleep(duration).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_goes_on_while_a_renewal_waits_for_it() {
        let (renewing, worked) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
        let work = async {
            renewing.notified().await;
            // Here a transaction would commit and free the row that the renewal waits for.
            worked.notify_one();
        };
        let both = beside(work, Duration::ZERO, || async {
            renewing.notify_one();
            worked.notified().await;
        });
        tokio::time::timeout(Duration::from_secs(30), both).await.expect("the work must not wait for the renewal");
    }
}
