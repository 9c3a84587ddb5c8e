//! Password and one-time password of the staff: tries, pauses between them, the lock after five, and the check itself.
//!
//! A login that nobody has behaves like one that somebody has, up to the lock. A try is counted before it is judged, so that tries
//! at once are not free; a right one sets the count back to nothing.

use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rows::{sign_in_failure, staff_credential};
use super::sessions::SessionError;
use super::{password, totp};
use crate::app::App;
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;
use crate::kernel::secret::Secret;

/// After so many failures an administrator must release the login.
pub const MAX_FAILURES: i32 = 5;

/// Whether a login may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It may; the try is counted.
    Taken,
    /// Not before that moment.
    TooSoon(Moment),
    /// Not before an administrator has released it.
    Locked,
}

/// Counts a try for `login`, whoever it belongs to. Runs in a transaction of its own, committed before the password is looked at.
///
/// # Errors
/// Those of the database.
pub async fn take_turn(
    connection: &impl ConnectionTrait,
    app: &App,
    login: &str,
    staff_id: Option<Uuid>,
) -> Result<Turn, DbErr> {
    let (bucket, now) = (login_lookup(app, login), app.clock.now());
    let fresh = sign_in_failure::ActiveModel {
        login_lookup: Set(bucket.clone()),
        staff_id: Set(staff_id),
        failures: Set(0),
        last_try_at_ms: Set(Moment::EPOCH),
    };
    sign_in_failure::Entity::insert(fresh)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(connection)
        .await?;
    let Some(row) = sign_in_failure::Entity::find_by_id(bucket.clone()).one(connection).await? else {
        return Ok(Turn::TooSoon(now));
    };
    if row.failures >= MAX_FAILURES {
        return Ok(Turn::Locked);
    }
    let from = row.last_try_at_ms.plus_secs(pause_secs(row.failures));
    if now < from {
        return Ok(Turn::TooSoon(from));
    }
    let counted = sign_in_failure::Entity::update_many()
        .col_expr(sign_in_failure::Column::Failures, Expr::value(row.failures + 1))
        .col_expr(sign_in_failure::Column::LastTryAtMs, Expr::value(now))
        .filter(sign_in_failure::Column::LoginLookup.eq(bucket))
        .filter(sign_in_failure::Column::Failures.eq(row.failures))
        .exec(connection)
        .await?;
    // Somebody else's try came between: theirs counts, this one waits.
    let soon = now.plus_secs(pause_secs(row.failures + 1));
    Ok(if counted.rows_affected == 1 { Turn::Taken } else { Turn::TooSoon(soon) })
}

/// True when the password and the code are right. The code's step is then used up; both are always judged.
///
/// # Errors
/// See [`SessionError`]; and a hash that cannot be computed.
pub async fn judge(
    app: &App,
    staff_id: Option<Uuid>,
    given_password: Secret<String>,
    code: &Secret<String>,
) -> Result<bool, JudgeError> {
    let credential = match staff_id {
        Some(id) => staff_credential::Entity::find_by_id(id).one(app.db.read()).await?,
        None => None,
    };
    let hash = credential.as_ref().map(|row| row.password_hash.clone());
    let right_password = password::verify(given_password, hash).await?;
    let Some(credential) = credential else { return Ok(false) };
    let secret = app.sealer.open(Field::TotpSecret, &credential.totp_secret_sealed)?;
    let step = totp::matching_step(secret.reveal(), code.reveal(), app.clock.now());
    match step {
        Some(step) if right_password => Ok(use_step(app.db.write(), credential.staff_id, step).await?),
        _ => Ok(false),
    }
}

/// Sets the count of failures back: after a right try, or by an administrator. False when there was none.
///
/// # Errors
/// Those of the database.
pub async fn release(connection: &impl ConnectionTrait, app: &App, login: &str) -> Result<bool, DbErr> {
    let released = sign_in_failure::Entity::update_many()
        .col_expr(sign_in_failure::Column::Failures, Expr::value(0))
        .col_expr(sign_in_failure::Column::LastTryAtMs, Expr::value(Moment::EPOCH))
        .filter(sign_in_failure::Column::LoginLookup.eq(login_lookup(app, login)))
        .filter(sign_in_failure::Column::Failures.gt(0))
        .exec(connection)
        .await?;
    Ok(released.rows_affected == 1)
}

/// True when `login` waits for an administrator.
///
/// # Errors
/// Those of the database.
pub async fn is_locked(connection: &impl ConnectionTrait, app: &App, login: &str) -> Result<bool, DbErr> {
    let row = sign_in_failure::Entity::find_by_id(login_lookup(app, login)).one(connection).await?;
    Ok(row.is_some_and(|row| row.failures >= MAX_FAILURES))
}

/// Why a try cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The database or a sealed value.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The hash.
    #[error(transparent)]
    Hash(#[from] password::HashError),
}

impl From<DbErr> for JudgeError {
    fn from(error: DbErr) -> Self {
        Self::Session(error.into())
    }
}

impl From<crate::kernel::seal::SealError> for JudgeError {
    fn from(error: crate::kernel::seal::SealError) -> Self {
        Self::Session(error.into())
    }
}

/// Uses up the step: false when it, or a later one, was used before.
async fn use_step(connection: &impl ConnectionTrait, staff_id: Uuid, step: i64) -> Result<bool, DbErr> {
    let used = staff_credential::Entity::update_many()
        .col_expr(staff_credential::Column::TotpLastStep, Expr::value(step))
        .filter(staff_credential::Column::StaffId.eq(staff_id))
        .filter(staff_credential::Column::TotpLastStep.lt(step))
        .exec(connection)
        .await?;
    Ok(used.rows_affected == 1)
}

fn login_lookup(app: &App, login: &str) -> Vec<u8> {
    app.sealer.lookup(Field::Session, format!("login:{}", login.to_lowercase()))
}

/// No pause before the first two tries; then 1, 2, 4 seconds.
const fn pause_secs(failures: i32) -> i64 {
    match failures {
        ..=1 => 0,
        2 => 1,
        3 => 2,
        _ => 4,
    }
}
