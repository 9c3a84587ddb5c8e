//! One request writes an upload at a time. A newcomer asks the holder to let go and waits two seconds at most: a phone is back
//! long before a server notices that its old connection is dead.
//!
//! The lease is in the upload's row, with a fencing number, so that any process may take over from any other: a holder of this process is
//! woken, one of another looks at its row twice a second. A holder that was overtaken can acknowledge nothing more; one that did not let
//! go in time keeps its own copy of the file (see [`super::spool`]), so that a late write of it changes nothing either.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval};
use uuid::Uuid;

use super::limits::{LEASE_SECS, TAKE_OVER_MS, UPLOAD_IDLE_SECS, UPLOAD_LIFE_SECS};
use super::rows::upload::{Column, Entity, Model};
use crate::app::App;
use crate::http::{Code, Problem};
use crate::kernel::clock::Moment;

const LOOK_AGAIN: Duration = Duration::from_millis(40);

/// The right to write one upload. Ends with [`Lease::release`], or by itself some seconds after its holder died.
pub struct Lease {
    app: Arc<App>,
    /// The upload as it was when the lease began.
    pub upload: Model,
    /// Told when a newcomer of this process wants the upload.
    pub asked: Arc<Notify>,
    /// Whether the last holder never let go: it may be stuck, and still write when it wakes.
    pub holder_may_live: bool,
    fencing: i64,
}

/// Takes the lease of an upload; asks its holder to let go if there is one.
///
/// # Errors
/// `upload_locked` when the holder does not let go in time; `not_found` when there is no such upload.
pub async fn hold(app: &Arc<App>, id: Uuid) -> Result<Lease, Problem> {
    let mut newcomer = Newcomer::arrive(app).await;
    loop {
        let upload = newcomer.wait(app, id).await?;
        if let Some(lease) = take(app, &upload, newcomer.number).await? {
            return Ok(lease);
        }
    }
}

/// The upload when nobody writes it: asks a holder to let go, so that the offset that is told is the last one.
///
/// # Errors
/// Those of [`hold`].
pub async fn settle(app: &App, id: Uuid) -> Result<Model, Problem> {
    Newcomer::arrive(app).await.wait(app, id).await
}

/// A request that wants an upload. It asks only who came before it to let go: of two that wait for a third, the one whose connection
/// died long ago must not throw out the one that is alive.
struct Newcomer {
    number: u64,
    /// The fencing number of the holder that was asked through the database: the first that was met, and no later one.
    asked: Option<i64>,
    looks: Interval,
    patience: Interval,
}

impl Newcomer {
    async fn arrive(app: &App) -> Self {
        let mut looks = interval(LOOK_AGAIN);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut patience = interval(Duration::from_millis(TAKE_OVER_MS));
        patience.tick().await;
        Self { number: app.uploads.number(), asked: None, looks, patience }
    }

    /// The upload, once nobody writes it.
    async fn wait(&mut self, app: &App, id: Uuid) -> Result<Model, Problem> {
        loop {
            // Only the waiting is given up, never a statement under way.
            tokio::select! {
                biased;
                _ = self.patience.tick() => return Err(Problem::new(Code::UploadLocked)),
                _ = self.looks.tick() => {}
            }
            let upload = Entity::find_by_id(id).one(app.db.read()).await?;
            let upload = upload.ok_or_else(|| Problem::new(Code::NotFound))?;
            if !is_held(&upload, app.clock.now()) {
                return Ok(upload);
            }
            self.ask(app, &upload).await?;
        }
    }

    async fn ask(&mut self, app: &App, upload: &Model) -> Result<(), DbErr> {
        app.uploads.ask(upload.document_id, self.number);
        if self.asked.is_none() {
            self.asked = Some(upload.fencing);
            Entity::update_many()
                .col_expr(Column::Takeover, Expr::value(true))
                .filter(Column::DocumentId.eq(upload.document_id))
                .filter(Column::Fencing.eq(upload.fencing))
                .filter(Column::LeaseHolder.is_not_null())
                .exec(app.db.write())
                .await?;
        }
        Ok(())
    }
}

/// Ends every lease at once: for a start after a crash of the only process on an embedded database.
///
/// # Errors
/// Those of the database.
pub async fn release_all(app: &App) -> Result<u64, DbErr> {
    let released = Entity::update_many()
        .col_expr(Column::LeaseHolder, Expr::value(Option::<Uuid>::None))
        .col_expr(Column::LeaseUntilMs, Expr::value(Option::<i64>::None))
        .col_expr(Column::Takeover, Expr::value(false))
        .col_expr(Column::Fencing, sea_orm::ExprTrait::add(Expr::col(Column::Fencing), 1))
        .filter(Column::LeaseHolder.is_not_null())
        .exec(app.db.write())
        .await?;
    Ok(released.rows_affected)
}

fn is_held(upload: &Model, now: Moment) -> bool {
    upload.lease_until_ms.is_some_and(|until| until > now)
}

/// Takes a free upload; nothing when another was quicker.
async fn take(app: &Arc<App>, found: &Model, number: u64) -> Result<Option<Lease>, DbErr> {
    let (id, now, holder) = (found.document_id, app.clock.now(), app.ids.next());
    // Who writes the first byte chooses the spool: the rest belongs beside it.
    let spool = Expr::case(Column::DurableOffset.eq(0), app.uploads.spool.id()).finally(Expr::col(Column::SpoolId));
    let taken = Entity::update_many()
        .col_expr(Column::LeaseHolder, Expr::value(holder))
        .col_expr(Column::LeaseUntilMs, Expr::value(now.plus_secs(LEASE_SECS).as_ms()))
        .col_expr(Column::Takeover, Expr::value(false))
        .col_expr(Column::Fencing, sea_orm::ExprTrait::add(Expr::col(Column::Fencing), 1))
        .col_expr(Column::SpoolId, spool.into())
        .filter(Column::DocumentId.eq(id))
        .filter(Column::Fencing.eq(found.fencing))
        .filter(Condition::any().add(Column::LeaseHolder.is_null()).add(Column::LeaseUntilMs.lte(now)))
        .exec(app.db.write())
        .await?;
    if taken.rows_affected != 1 {
        return Ok(None);
    }
    let mine = Entity::find_by_id(id).filter(Column::LeaseHolder.eq(holder)).one(app.db.write()).await?;
    Ok(mine.map(|upload| Lease {
        app: app.clone(),
        asked: app.uploads.enter(id, number),
        holder_may_live: found.lease_holder.is_some(),
        fencing: upload.fencing,
        upload,
    }))
}

impl Lease {
    /// The upload's identifier.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.upload.document_id
    }

    /// Acknowledges `offset` and holds on; false when the lease was lost, and then nothing is acknowledged. The whole is acknowledged by
    /// [`Lease::finish`] alone: a client that hears of it never comes back, so the document must be received by then.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn acknowledge(&self, offset: u64) -> Result<bool, DbErr> {
        let now = self.app.clock.now();
        let until = Some(now.plus_secs(LEASE_SECS).as_ms());
        let changed = self
            .update(offset, now)
            .col_expr(Column::LeaseUntilMs, Expr::value(until))
            .exec(self.app.db.write())
            .await?;
        Ok(changed.rows_affected == 1)
    }

    /// Acknowledges `offset` and lets go; false when the lease was lost, and then nothing is acknowledged.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release(&self, offset: u64) -> Result<bool, DbErr> {
        let changed = self.let_go(self.update(offset, self.app.clock.now())).exec(self.app.db.write()).await?;
        Ok(changed.rows_affected == 1)
    }

    /// Lets go and changes nothing else: the request was not one for this upload.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn release_unchanged(&self) -> Result<(), DbErr> {
        self.let_go(self.mine()).exec(self.app.db.write()).await.map(drop)
    }

    /// Lets go because nothing more will come, in the caller's transaction; false when the lease was lost.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn finish(&self, txn: &impl ConnectionTrait, offset: u64) -> Result<bool, DbErr> {
        let changed = self.let_go(self.at(offset, None)).exec(txn).await?;
        Ok(changed.rows_affected == 1)
    }

    /// Whether a newcomer of another process wants the upload, or already has it.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn is_wanted(&self) -> Result<bool, DbErr> {
        let row = Entity::find_by_id(self.id()).one(self.app.db.read()).await?;
        Ok(row.is_none_or(|row| row.takeover || row.fencing != self.fencing))
    }

    fn update(&self, offset: u64, now: Moment) -> sea_orm::UpdateMany<Entity> {
        let latest = self.upload.created_at_ms.plus_secs(UPLOAD_LIFE_SECS);
        let expires_at_ms = Some(now.plus_secs(UPLOAD_IDLE_SECS).min(latest).as_ms());
        if offset < self.upload.size() { self.at(offset, expires_at_ms) } else { self.mine() }
    }

    fn mine(&self) -> sea_orm::UpdateMany<Entity> {
        Entity::update_many().filter(Column::DocumentId.eq(self.id())).filter(Column::Fencing.eq(self.fencing))
    }

    fn at(&self, offset: u64, expires_at_ms: Option<i64>) -> sea_orm::UpdateMany<Entity> {
        self.mine()
            .col_expr(Column::DurableOffset, Expr::value(i64::try_from(offset).unwrap_or(i64::MAX)))
            .col_expr(Column::ExpiresAtMs, Expr::value(expires_at_ms))
            .filter(Column::DurableOffset.lte(i64::try_from(offset).unwrap_or(i64::MAX)))
    }

    fn let_go(&self, update: sea_orm::UpdateMany<Entity>) -> sea_orm::UpdateMany<Entity> {
        update
            .col_expr(Column::LeaseHolder, Expr::value(Option::<Uuid>::None))
            .col_expr(Column::LeaseUntilMs, Expr::value(Option::<i64>::None))
            .col_expr(Column::Takeover, Expr::value(false))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.app.uploads.leave(self.id(), &self.asked);
    }
}
