//! How a restored database is recognised: a number that only rises, in the database and in a file of the data directory. It is counted up
//! with each sending and each minute; the file is written after the commit and before the first byte leaves. A file that is ahead of the
//! database has seen what the database lost.

use std::io::Write;
use std::path::PathBuf;

use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Statement};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{SYSTEM, ask_all_later, current, enter};
use crate::app::App;
use crate::jobs::{JobContext, JobResult};

/// The job's name.
pub(in crate::payouts) const KIND: &str = "payouts.heartbeat";
/// Why SAFE mode is entered without anybody's doing.
const RESTORED: &str =
    "the database is older than what this machine has seen of it: it was restored, or lost its last seconds";

/// A count of one database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::payouts) struct Beat {
    /// Which database.
    epoch: Uuid,
    /// How far it was counted.
    beat: i64,
}

impl Beat {
    /// True when `self` was seen of another database, or later than `now` of this one.
    const fn is_ahead_of(self, now: Self) -> bool {
        self.epoch.as_u128() != now.epoch.as_u128() || self.beat > now.beat
    }
}

fn file_of(app: &App) -> PathBuf {
    app.config.data_dir.join("installation.json")
}

/// What the file holds; none before the first start. One that does not read is no proof of anything, and is told.
fn seen(app: &App) -> Option<Beat> {
    if app.config.without_installation_file {
        return None;
    }
    let text = std::fs::read_to_string(file_of(app)).ok()?;
    serde_json::from_str(&text)
        .map_err(|error| tracing::error!(error = %error, "installation.json does not read; it is written anew"))
        .ok()
}

/// Writes down how far the database was counted, where a restore of the database does not reach.
///
/// # Errors
/// Those of the file system.
pub(in crate::payouts) fn remember(app: &App, beat: Beat) -> std::io::Result<()> {
    if app.config.without_installation_file {
        return Ok(());
    }
    let (file, draft) = (file_of(app), app.config.data_dir.join(format!("installation.{}.tmp", app.ids.next())));
    let mut out = std::fs::File::create(&draft)?;
    out.write_all(serde_json::to_string(&beat)?.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft, &file)
}

/// Counts the database up by one.
///
/// # Errors
/// Those of the database.
pub(in crate::payouts) async fn beat(txn: &DatabaseTransaction, app: &App) -> Result<Beat, DbErr> {
    let backend = txn.get_database_backend();
    let first = "insert into installation (id, epoch, beat) values (1, $1, 0) on conflict (id) do nothing";
    txn.execute_raw(Statement::from_sql_and_values(backend, first, [app.ids.next().into()])).await?;
    let sql = "update installation set beat = beat + 1 where id = 1 returning epoch, beat";
    let row = txn.query_one_raw(Statement::from_string(backend, sql)).await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("installation".to_owned()))?;
    Ok(Beat { epoch: row.try_get("", "epoch")?, beat: row.try_get("", "beat")? })
}

/// True when this machine has seen the database further than `now`: it went back under a running process.
pub(in crate::payouts) fn went_back(app: &App, now: Beat) -> bool {
    // The count of `now` is not written down before it is committed: whatever is there was seen before.
    seen(app).is_some_and(|seen| seen.epoch != now.epoch || seen.beat >= now.beat)
}

/// At each start: enters SAFE mode when the database is older than what this machine has seen of it.
///
/// # Errors
/// Those of the database and of the file.
pub async fn on_start(app: &App) -> anyhow::Result<()> {
    let txn = app.db.begin().await?;
    let now = beat(&txn, app).await?;
    let seen = seen(app);
    let now = match seen {
        Some(seen) if seen.is_ahead_of(Beat { beat: now.beat - 1, ..now }) => {
            enter(&txn, app, SYSTEM, RESTORED).await?;
            catch_up(&txn, now, seen).await?
        }
        _ => now,
    };
    let safe = current(&txn).await?;
    if safe.is_some() {
        ask_all_later(&txn, app).await?;
    }
    txn.commit().await?;
    remember(app, now)?;
    if let Some(safe) = safe {
        tracing::error!(since = %safe.at_ms, reason = safe.reason, "SAFE mode is on: huzhu safe-mode status says what is missing");
    }
    Ok(())
}

/// From now on the database counts past what was seen, so that one restore is told once.
async fn catch_up(txn: &DatabaseTransaction, now: Beat, seen: Beat) -> Result<Beat, DbErr> {
    let beat = if seen.epoch == now.epoch { seen.beat.max(now.beat) + 1 } else { now.beat };
    let sql = "update installation set beat = $1 where id = 1";
    txn.execute_raw(Statement::from_sql_and_values(txn.get_database_backend(), sql, [beat.into()])).await?;
    Ok(Beat { beat, ..now })
}

/// The job: counts on, and shows operators how it stands.
pub(in crate::payouts) async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    let txn = app.db.begin().await?;
    let now = beat(&txn, app).await?;
    if went_back(app, now) {
        txn.rollback().await?;
        on_start(app).await?;
    } else {
        txn.commit().await?;
        remember(app, now)?;
    }
    let safe = current(app.db.read()).await?.is_some();
    metrics::gauge!("huzhu_safe_mode").set(if safe { 1.0 } else { 0.0 });
    let open = crate::recon::count_open(app.db.read()).await?;
    metrics::gauge!("huzhu_breaks_open").set(u32::try_from(open).unwrap_or(u32::MAX));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_ahead_of_the_database_or_of_another_one_tells_of_a_restore() {
        let at = |epoch: u128, beat| Beat { epoch: Uuid::from_u128(epoch), beat };
        assert!(!at(1, 7).is_ahead_of(at(1, 7)));
        assert!(!at(1, 6).is_ahead_of(at(1, 7)));
        assert!(at(1, 8).is_ahead_of(at(1, 7)));
        assert!(at(2, 1).is_ahead_of(at(1, 7)));
    }
}
