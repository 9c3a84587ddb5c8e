//! The calendar of this service: the lists that it carries and those that were loaded.

use std::sync::{Arc, PoisonError, RwLock};

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use sha2::{Digest, Sha256};

use super::days::Calendar;
use super::rows;
use super::year::YearList;
use crate::app::App;
use crate::jobs::{JobSpec, enqueue};
use crate::kernel::clock::Moment;

/// How long a calendar that was read is used before the table is looked at again.
const FRESH_SECS: i64 = 60;
/// The kind of the job that a load writes: whoever keeps dates handles it and computes them anew.
pub const LOADED: &str = "calendar.loaded";
/// It runs when every process follows the list, with as much again for a transaction that took its time.
const FOLLOWED_SECS: i64 = 2 * FRESH_SECS;

/// The calendar at hand, read from the table at most once a minute.
///
/// Another process that loads a list is followed within that minute; what was computed by the list before is computed again by a job
/// that runs after it (see [`LOADED`]).
#[derive(Debug, Default)]
pub struct Calendars(RwLock<Option<(Moment, Arc<Calendar>)>>);

impl Calendars {
    /// The calendar as of `now`.
    ///
    /// # Errors
    /// Those of the database, and a loaded list that does not read any more.
    pub async fn current(&self, connection: &impl ConnectionTrait, now: Moment) -> Result<Arc<Calendar>, DbErr> {
        if let Some((read_at, calendar)) = &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            let age = now.as_ms().saturating_sub(read_at.as_ms());
            if (0..FRESH_SECS * 1_000).contains(&age) {
                return Ok(calendar.clone());
            }
        }
        let calendar = Arc::new(read(connection).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some((now, calendar.clone()));
        Ok(calendar)
    }

    /// Forgets what was read: the next question reads the table.
    pub fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// The calendar of the lists that the program carries and of those in the table; a loaded list takes the place of a carried one.
///
/// # Errors
/// Those of the database, and a loaded list that does not read any more.
pub async fn read(connection: &impl ConnectionTrait) -> Result<Calendar, DbErr> {
    let loaded: Result<Vec<YearList>, DbErr> = rows::Entity::find()
        .all(connection)
        .await?
        .into_iter()
        .map(|row| {
            YearList::parse(&format!("calendar_year {}", row.year), &row.document)
                .map_err(|error| DbErr::Custom(error.to_string()))
        })
        .collect();
    Ok(Calendar::built_in().with(loaded?))
}

/// Puts `list` into the table; false when the very same list was there. The notice of a year can be changed later in the year, so a
/// list can be loaded again with another content.
///
/// A load writes the job [`LOADED`] with it, so that dates which another process computes by the list before do not stay.
///
/// # Errors
/// Those of the database.
pub async fn load(connection: &impl ConnectionTrait, app: &App, list: &YearList) -> Result<bool, DbErr> {
    let now = app.clock.now();
    let document = serde_json::to_string(list).map_err(|error| DbErr::Json(error.to_string()))?;
    let sha256 = Sha256::digest(document.as_bytes()).to_vec();
    let year = i64::from(list.year);
    let present = rows::Entity::find_by_id(year).one(connection).await?;
    if present.is_some_and(|row| row.sha256 == sha256) {
        return Ok(false);
    }
    let row =
        rows::ActiveModel { year: Set(year), document: Set(document), sha256: Set(sha256), loaded_at_ms: Set(now) };
    rows::Entity::insert(row)
        .on_conflict(
            OnConflict::column(rows::Column::Year)
                .update_columns([rows::Column::Document, rows::Column::Sha256, rows::Column::LoadedAtMs])
                .to_owned(),
        )
        .exec_without_returning(connection)
        .await?;
    // Not unique: the job of an earlier load may run too early for this one.
    let followed = JobSpec::new(LOADED, serde_json::json!({ "year": year })).not_before(now.plus_secs(FOLLOWED_SECS));
    enqueue(connection, app, followed).await?;
    Ok(true)
}
