//! What is over is removed: codes, messages, budgets, used assertions, and sessions that ended long ago.

use sea_orm::{ConnectionTrait, DbErr, Statement};

use super::staff_sign_in::MAX_FAILURES;
use crate::app::App;
use crate::jobs::{JobContext, JobResult};

/// The kind of the job.
pub const JOB: &str = "identity.sweep";
/// How often it runs.
pub const EVERY_SECS: i64 = 600;

const DAY_SECS: i64 = 24 * 60 * 60;
/// How long an ended session stays for its owner's questions.
const SESSION_KEPT_SECS: i64 = 90 * DAY_SECS;

/// Removes what is over. Each statement stands alone: a sweep that dies half-way is finished by the next.
///
/// # Errors
/// Those of the database; the job is tried again.
pub async fn sweep(context: JobContext) -> JobResult {
    let removed = run(&context.app).await?;
    tracing::debug!(rows = removed, "identity.swept");
    Ok(())
}

/// Removes what is over; answers how many rows.
///
/// # Errors
/// Those of the database.
pub async fn run(app: &App) -> Result<u64, DbErr> {
    let now = app.clock.now();
    let (day_ago, long_ago) = (now.plus_secs(-DAY_SECS), now.plus_secs(-SESSION_KEPT_SECS));
    let mut removed = 0;
    for (sql, before) in [
        ("delete from otp_challenge where expires_at_ms < $1", day_ago),
        ("delete from sms_outbox where expires_at_ms < $1", now),
        ("delete from sign_in_budget where window_ends_at_ms < $1", now),
        ("delete from client_assertion_jti where expires_at_ms < $1", now),
        (
            "delete from refresh_token where session_id in \
             (select id from session where ended_at_ms < $1 or ends_at_ms < $1)",
            long_ago,
        ),
        ("delete from session where ended_at_ms < $1 or ends_at_ms < $1", long_ago),
    ] {
        let statement = Statement::from_sql_and_values(app.db.write().get_database_backend(), sql, [before.into()]);
        removed += app.db.write().execute_raw(statement).await?.rows_affected();
    }
    // A locked login stays, known or not: one that opened by itself would say which of them exist.
    let sql = "delete from sign_in_failure where last_try_at_ms < $1 and failures < $2";
    let values = [day_ago.into(), MAX_FAILURES.into()];
    let statement = Statement::from_sql_and_values(app.db.write().get_database_backend(), sql, values);
    Ok(removed + app.db.write().execute_raw(statement).await?.rows_affected())
}
