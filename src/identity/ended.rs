//! Sessions that ended while access tokens of theirs may still be alive.
//!
//! A token lives ten minutes at most, so the list is short. This process puts in what it ends itself and reads what others ended
//! every two seconds: signing out counts at once here and almost at once elsewhere, without a look at the database per request.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{PoisonError, RwLock};

use sea_orm::{ConnectionTrait, DbErr, Statement};
use uuid::Uuid;

use super::jwt::MAX_LIFE_SECS;
use crate::app::App;
use crate::kernel::clock::Moment;

const READ_EVERY_MS: i64 = 2_000;

/// The list.
#[derive(Debug, Default)]
pub struct Ended {
    /// With the moment at which each was put in.
    sessions: RwLock<HashMap<Uuid, Moment>>,
    read_at_ms: AtomicI64,
}

impl Ended {
    /// True when the session has ended.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn contains(&self, app: &App, session_id: Uuid) -> Result<bool, DbErr> {
        let now_ms = app.clock.now().as_ms();
        let read_at_ms = self.read_at_ms.load(Ordering::Acquire);
        let due = (now_ms - read_at_ms).abs() >= READ_EVERY_MS;
        // Of the requests that find it due, one reads; the others go by what is there.
        if due
            && self.read_at_ms.compare_exchange(read_at_ms, now_ms, Ordering::AcqRel, Ordering::Acquire).is_ok()
            && let Err(error) = self.read(app).await
        {
            self.read_at_ms.store(read_at_ms, Ordering::Release);
            return Err(error);
        }
        Ok(self.sessions.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session_id))
    }

    /// Puts in a session that this process has just ended.
    pub fn add(&self, app: &App, session_id: Uuid) {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner).insert(session_id, app.clock.now());
    }

    async fn read(&self, app: &App) -> Result<(), DbErr> {
        let connection = app.db.read();
        // Twice the life of a token: what the last list held and a slow clock are covered.
        let since = app.clock.now().plus_secs(-2 * MAX_LIFE_SECS);
        let sql = "select id from session where ended_at_ms >= $1";
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [since.into()]);
        let now = app.clock.now();
        let found: Result<Vec<Uuid>, DbErr> =
            connection.query_all_raw(statement).await?.into_iter().map(|row| row.try_get("", "id")).collect();
        let found = found?;
        let mut sessions = self.sessions.write().unwrap_or_else(PoisonError::into_inner);
        // What was put in while the database was asked stays.
        sessions.retain(|_, added_at| *added_at >= since);
        sessions.extend(found.into_iter().map(|id| (id, now)));
        Ok(())
    }
}
