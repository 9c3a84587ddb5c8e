//! The reconciler of uploads and objects: takes no input, compares what should be with what is, and may run at any time.
//!
//! It ends uploads that ran out of time, removes spool files that nothing needs, and removes objects that no document names
//! (a try that died between the object store and the database) when they are a day old. It looks at the last days alone, so that
//! its cost does not grow with the documents ever stored.

use std::collections::HashSet;

use sea_orm::sea_query::{Expr, IntoCondition};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::change::{Change, change};
use super::rows::{document, file, upload};
use super::state::DocumentState;
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{JobContext, JobResult, JobSpec};
use crate::storage::StorageKey;

/// The periodic job's kind.
pub const SWEEP: &str = "documents.sweep";
/// The kind of the job that removes the objects of a document that was taken back.
pub const REMOVE_OBJECTS: &str = "documents.remove_objects";
/// Seconds between two sweeps.
pub const SWEEP_EVERY_SECS: i64 = 15 * 60;

const BATCH: u64 = 200;
const DAY_SECS: i64 = 24 * 60 * 60;
/// Days back that are looked at: an object is at least one day old before it may be an orphan.
const ORPHAN_DAYS: std::ops::RangeInclusive<i64> = 1..=8;

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads that ran out of time.
    pub expired: u64,
    /// Spool files that nothing needed.
    pub spool_files: u64,
    /// Objects that no document named.
    pub objects: u64,
}

/// The job.
pub(super) async fn sweep_job(context: JobContext) -> JobResult {
    let swept = sweep(&context.app).await?;
    if swept != Swept::default() {
        tracing::info!(
            expired = swept.expired,
            spool_files = swept.spool_files,
            objects = swept.objects,
            "documents.swept"
        );
    }
    Ok(())
}

/// Sweeps once.
///
/// # Errors
/// Those of the database, the disk and the object store; what was swept before stays swept.
pub async fn sweep(app: &App) -> anyhow::Result<Swept> {
    Ok(Swept { expired: expire(app).await?, spool_files: sweep_spool(app).await?, objects: sweep_objects(app).await? })
}

async fn expire(app: &App) -> anyhow::Result<u64> {
    let mut expired = 0;
    loop {
        let due = upload::Entity::find()
            .filter(upload::Column::ExpiresAtMs.lte(app.clock.now()))
            .order_by_asc(upload::Column::ExpiresAtMs)
            .limit(BATCH)
            .all(app.db.read())
            .await?;
        if due.is_empty() {
            return Ok(expired);
        }
        for row in due {
            let ended = expire_one(app, row.document_id).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
            expired += u64::from(ended);
        }
    }
}

/// Ends an upload that ran out of time; false when a byte came after all since it was listed.
async fn expire_one(app: &App, id: Uuid) -> Result<bool, Problem> {
    let txn = app.db.begin().await?;
    if let Some(document) = super::find(&txn, id).await?
        && document.state == DocumentState::Receiving
    {
        change(app, &txn, &document, Change::to(DocumentState::Expired)).await?;
    }
    if close(&txn, id, upload::Column::ExpiresAtMs.lte(app.clock.now())).await? == 0 {
        txn.rollback().await?;
        return Ok(false);
    }
    txn.commit().await?;
    forget_spool(app, id).await;
    Ok(true)
}

/// Ends an upload for good: whoever holds it can acknowledge nothing more.
pub(super) async fn close_upload(connection: &impl ConnectionTrait, id: Uuid) -> Result<(), DbErr> {
    close(connection, id, upload::Column::DocumentId.eq(id)).await.map(drop)
}

async fn close(connection: &impl ConnectionTrait, id: Uuid, also: impl IntoCondition) -> Result<u64, DbErr> {
    use upload::Column;
    let closed = upload::Entity::update_many()
        .col_expr(Column::ExpiresAtMs, Expr::value(Option::<i64>::None))
        .col_expr(Column::LeaseHolder, Expr::value(Option::<Uuid>::None))
        .col_expr(Column::LeaseUntilMs, Expr::value(Option::<i64>::None))
        .col_expr(Column::Takeover, Expr::value(false))
        .col_expr(Column::Fencing, sea_orm::ExprTrait::add(Expr::col(Column::Fencing), 1))
        .filter(Column::DocumentId.eq(id))
        .filter(also)
        .exec(connection)
        .await?;
    Ok(closed.rows_affected)
}

async fn sweep_spool(app: &App) -> anyhow::Result<u64> {
    let ids = app.uploads.spool.ids().await?;
    let mut removed = 0;
    for batch in ids.chunks(usize::try_from(BATCH)?) {
        let needed: HashSet<Uuid> = document::Entity::find()
            .filter(document::Column::Id.is_in(batch.iter().copied()))
            .all(app.db.read())
            .await?
            .into_iter()
            .filter(|document| document.state.needs_spool())
            .map(|document| document.id)
            .collect();
        for id in batch.iter().filter(|id| !needed.contains(id)) {
            app.uploads.spool.remove(*id).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

async fn sweep_objects(app: &App) -> anyhow::Result<u64> {
    let mut removed = 0;
    for days in ORPHAN_DAYS {
        let prefix = StorageKey::day_prefix(app.clock.now().plus_secs(-days * DAY_SECS).date());
        let mut after: Option<String> = None;
        loop {
            let names = app.storage.list(&prefix, after.as_deref()).await?;
            let Some(last) = names.last().cloned() else { break };
            for batch in names.chunks(usize::try_from(BATCH)?) {
                removed += sweep_names(app, batch).await?;
            }
            after = Some(last);
        }
    }
    Ok(removed)
}

async fn sweep_names(app: &App, names: &[String]) -> anyhow::Result<u64> {
    let mut removed = 0;
    let named: HashSet<String> = file::Entity::find()
        .filter(file::Column::ObjectKey.is_in(names.iter().map(String::as_str)))
        .all(app.db.read())
        .await?
        .into_iter()
        .map(|file| file.object_key)
        .collect();
    for name in names.iter().filter(|name| !named.contains(*name)) {
        let Some(key) = StorageKey::parse(name) else { continue };
        app.storage.delete(&key).await?;
        removed += 1;
    }
    Ok(removed)
}

/// The job that removes objects by name.
pub(super) fn remove_objects_job(document_id: Uuid, names: &[String]) -> JobSpec {
    JobSpec::new(REMOVE_OBJECTS, serde_json::json!(names)).unique(document_id.to_string())
}

/// Removes objects by name; safe to repeat.
pub(super) async fn remove_objects(context: JobContext) -> JobResult {
    let names: Vec<String> = context.payload()?;
    for key in names.iter().filter_map(|name| StorageKey::parse(name)) {
        context.app.storage.delete(&key).await?;
    }
    Ok(())
}

/// Removes a spool file that is not needed any more. A failure is no harm: the sweeper comes again.
pub(super) async fn forget_spool(app: &App, id: Uuid) {
    if let Err(error) = app.uploads.spool.remove(id).await {
        tracing::warn!(document.id = %id, error = %error, "a spool file could not be removed");
    }
}
