//! SAFE mode: nothing is released or sent, everything is asked about. Entered by an operator, by staff, or by itself when the database is
//! older than what this machine has seen of it; left by an operator once nothing is missing.
//!
//! A restored database does not know what was sent in the time that it lost. Sending on would pay twice what the bank already has.

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};

mod answer;
mod ask;
mod heartbeat;
mod http;
mod missing;

pub(super) use ask::{KIND as ASK_KIND, mark_asked, run as ask_all, take as take_answer};
pub use heartbeat::on_start;
pub(super) use heartbeat::{KIND as HEARTBEAT_KIND, beat, remember, run as keep_beating, went_back};
pub use missing::missing;

use crate::app::App;
use crate::http::{Code, Problem, Routes};
use crate::jobs::{self, JobSpec};
use crate::kernel::clock::Moment;

/// Who entered SAFE mode when nobody did.
pub const SYSTEM: &str = "system";

/// The routes of SAFE mode.
pub(super) fn routes(config: &mut Routes) {
    config
        .service(http::show_safe_mode)
        .service(http::enter_safe_mode)
        .service(answer::record_bank_answer)
        .service(answer::show_bank_answer)
        .service(answer::confirm_bank_answer);
}

/// Why and since when it is on.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Safe {
    /// Whether it is on; the newest row says so.
    pub safe: bool,
    /// Why, in somebody's words.
    pub reason: String,
    /// Who: `system`, or a kind and an identifier.
    pub by_whom: String,
    /// Since when.
    pub at_ms: Moment,
}

/// How SAFE mode stands; none when it is off.
///
/// # Errors
/// Those of the database.
pub async fn current(connection: &impl ConnectionTrait) -> Result<Option<Safe>, DbErr> {
    let sql = "select safe, reason, by_whom, at_ms from safe_mode_event order by id desc limit 1";
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    let newest = connection.query_one_raw(statement).await?;
    let newest = newest.map(|row| Safe::from_query_result(&row, "")).transpose()?;
    Ok(newest.filter(|newest| newest.safe))
}

/// Refuses what must not happen in SAFE mode.
///
/// # Errors
/// `safe_mode` while it is on.
pub(super) async fn refuse(connection: &impl ConnectionTrait) -> Result<(), Problem> {
    if current(connection).await?.is_some() { Err(Problem::new(Code::SafeMode)) } else { Ok(()) }
}

/// Enters SAFE mode and has everything asked about; nothing happens when it is on.
///
/// # Errors
/// Those of the database.
pub async fn enter(connection: &impl ConnectionTrait, app: &App, by_whom: &str, reason: &str) -> Result<Safe, DbErr> {
    if let Some(safe) = current(connection).await? {
        return Ok(safe);
    }
    write(connection, app, true, by_whom, reason).await?;
    tracing::error!(
        reason,
        "SAFE mode is on: nothing is released or sent until everything was asked about (huzhu safe-mode status)"
    );
    ask_all_later(connection, app).await?;
    Ok(Safe { safe: true, reason: reason.to_owned(), by_whom: by_whom.to_owned(), at_ms: app.clock.now() })
}

/// Writes the job that asks the bank about what we believe was not sent.
async fn ask_all_later(connection: &impl ConnectionTrait, app: &App) -> Result<(), DbErr> {
    jobs::enqueue(connection, app, JobSpec::new(ASK_KIND, serde_json::json!({})).unique("safe")).await
}

/// Leaves SAFE mode, when nothing is [`missing`].
///
/// # Errors
/// Those of the database.
pub async fn leave(connection: &impl ConnectionTrait, app: &App, by_whom: &str, reason: &str) -> Result<(), DbErr> {
    write(connection, app, false, by_whom, reason).await?;
    tracing::warn!(reason, "SAFE mode is off");
    Ok(())
}

async fn write(
    connection: &impl ConnectionTrait,
    app: &App,
    safe: bool,
    by_whom: &str,
    reason: &str,
) -> Result<(), DbErr> {
    let sql = "insert into safe_mode_event (safe, reason, by_whom, at_ms) values ($1, $2, $3, $4)";
    let values = [safe.into(), reason.into(), by_whom.into(), app.clock.now().into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.execute_raw(statement).await.map(drop)
}
