//! One request writes an upload at a time. A newcomer asks the holder to let go and waits two seconds at most: a phone is back
//! long before a server notices that its old connection is dead.
//!
//! The lease is in the upload's row, with a fencing number: a holder that was overtaken can acknowledge nothing more. It may
//! still write bytes to the spool at offsets beyond its own; the whole file's hash is taken after the last writer, so that
//! what was acknowledged and what is checked are the same bytes.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use tokio::sync::Notify;
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
    fencing: i64,
}

/// Takes the lease of an upload; asks its holder to let go if there is one.
///
/// # Errors
/// `upload_locked` when the holder does not let go in time; `not_found` when there is no such upload.
pub async fn hold(app: &Arc<App>, id: Uuid) -> Result<Lease, Problem> {
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    let (mut asked, mut waited) = (false, Duration::ZERO);
    loop {
        ticks.tick().await;
        let upload = find(app, id).await?;
        if !is_held(&upload, app.clock.now()) {
            if let Some(lease) = take(app, id).await? {
                return Ok(lease);
            }
        } else {
            if waited.as_millis() >= u128::from(TAKE_OVER_MS) {
                return Err(Problem::new(Code::UploadLocked));
            }
            ask(app, &upload, &mut asked).await?;
        }
        waited += LOOK_AGAIN;
    }
}

/// The upload when nobody writes it: asks a holder to let go, so that the offset that is told is the last one.
///
/// # Errors
/// Those of [`hold`].
pub async fn settle(app: &App, id: Uuid) -> Result<Model, Problem> {
    let mut ticks = tokio::time::interval(LOOK_AGAIN);
    let (mut asked, mut waited) = (false, Duration::ZERO);
    loop {
        ticks.tick().await;
        let upload = find(app, id).await?;
        if !is_held(&upload, app.clock.now()) {
            return Ok(upload);
        }
        if waited.as_millis() >= u128::from(TAKE_OVER_MS) {
            return Err(Problem::new(Code::UploadLocked));
        }
        ask(app, &upload, &mut asked).await?;
        waited += LOOK_AGAIN;
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

async fn find(app: &App, id: Uuid) -> Result<Model, Problem> {
    Entity::find_by_id(id).one(app.db.read()).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

fn is_held(upload: &Model, now: Moment) -> bool {
    upload.lease_until_ms.is_some_and(|until| until > now)
}

async fn ask(app: &App, upload: &Model, asked: &mut bool) -> Result<(), DbErr> {
    app.uploads.ask(upload.document_id);
    if !*asked {
        *asked = true;
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

async fn take(app: &Arc<App>, id: Uuid) -> Result<Option<Lease>, DbErr> {
    let (now, holder) = (app.clock.now(), app.ids.next());
    let taken = Entity::update_many()
        .col_expr(Column::LeaseHolder, Expr::value(holder))
        .col_expr(Column::LeaseUntilMs, Expr::value(now.plus_secs(LEASE_SECS).as_ms()))
        .col_expr(Column::Takeover, Expr::value(false))
        .col_expr(Column::Fencing, sea_orm::ExprTrait::add(Expr::col(Column::Fencing), 1))
        .filter(Column::DocumentId.eq(id))
        .filter(Condition::any().add(Column::LeaseHolder.is_null()).add(Column::LeaseUntilMs.lte(now)))
        .exec(app.db.write())
        .await?;
    if taken.rows_affected != 1 {
        return Ok(None);
    }
    let mine = Entity::find_by_id(id).filter(Column::LeaseHolder.eq(holder)).one(app.db.write()).await?;
    Ok(mine.map(|upload| Lease { app: app.clone(), asked: app.uploads.enter(id), fencing: upload.fencing, upload }))
}

impl Lease {
    /// The upload's identifier.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.upload.document_id
    }

    /// Acknowledges `offset` and holds on; false when the lease was lost, and then nothing is acknowledged.
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
        let update =
            Entity::update_many().filter(Column::DocumentId.eq(self.id())).filter(Column::Fencing.eq(self.fencing));
        self.let_go(update).exec(self.app.db.write()).await.map(drop)
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
        self.at(offset, Some(now.plus_secs(UPLOAD_IDLE_SECS).min(latest).as_ms()))
    }

    fn at(&self, offset: u64, expires_at_ms: Option<i64>) -> sea_orm::UpdateMany<Entity> {
        Entity::update_many()
            .col_expr(Column::DurableOffset, Expr::value(i64::try_from(offset).unwrap_or(i64::MAX)))
            .col_expr(Column::ExpiresAtMs, Expr::value(expires_at_ms))
            .filter(Column::DocumentId.eq(self.id()))
            .filter(Column::Fencing.eq(self.fencing))
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
