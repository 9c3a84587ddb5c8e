//! Sessions and their refresh tokens: opaque, kept as hashes, rotated at each use, bound to the device.
//!
//! The rule of the lost answer: a device that uses a token twice, because the first answer never arrived, gets the *same* successor
//! again for as long as that successor has not been used. A token that comes from another device, or comes back after its successor
//! was used, is in two hands: the session ends for both.
//!
//! ```text
//! token             device   successor      then
//! not yet rotated   same     –              rotate: a new successor
//! not yet rotated   other    –              end the session
//! rotated           same     not yet used   the same successor again
//! rotated           same     used           end the session
//! rotated           other    any            end the session
//! ```

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::device::DeviceProof;
use super::rows::session::{Actor, EndReason};
use super::rows::{refresh_token, session};
use crate::app::App;
use crate::kernel::seal::{Field, SealError};
use crate::kernel::secret::Secret;

/// A session to be opened.
pub struct NewSession<'a> {
    /// Member or staff.
    pub actor: Actor,
    /// Who.
    pub subject_id: Uuid,
    /// The client that signed in.
    pub client_id: &'static str,
    /// How the person proved who they are.
    pub acr: &'static str,
    /// The device.
    pub device: &'a DeviceProof,
    /// What the device calls itself.
    pub device_name: Option<&'a str>,
    /// Over after that many seconds without a fetch.
    pub idle_secs: i64,
    /// Over after that many seconds in any case.
    pub life_secs: i64,
}

/// Why a session cannot be opened or renewed.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A sealed value.
    #[error(transparent)]
    Seal(#[from] SealError),
}

impl From<SessionError> for crate::http::Problem {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Database(error) => error.into(),
            SessionError::Seal(error) => error.into(),
        }
    }
}

/// What became of a refresh token.
pub enum Rotation {
    /// The session goes on, with this token.
    Renewed(session::Model, Secret<String>),
    /// The token is in two hands: the session has ended, and its owner should hear of it.
    Reused(session::Model),
    /// No such token, or the session is over.
    Refused,
}

/// Opens a session; answers it with its first refresh token.
///
/// # Errors
/// See [`SessionError`].
pub async fn open(
    connection: &impl ConnectionTrait,
    app: &App,
    new: NewSession<'_>,
) -> Result<(session::Model, Secret<String>), SessionError> {
    let now = app.clock.now();
    let device_name_sealed = new.device_name.map(|name| app.sealer.seal(Field::Session, name)).transpose()?;
    let row = session::Model {
        id: app.ids.next(),
        actor: new.actor,
        subject_id: new.subject_id,
        client_id: new.client_id.to_owned(),
        acr: new.acr.to_owned(),
        device_lookup: new.device.id_lookup(&app.sealer),
        device_key_lookup: new.device.lookup(&app.sealer),
        device_name_sealed,
        started_at_ms: now,
        last_used_at_ms: now,
        idle_secs: new.idle_secs,
        ends_at_ms: now.plus_secs(new.life_secs),
        ended_at_ms: None,
        end_reason: None,
    };
    session::Entity::insert(session::ActiveModel::from(row.clone()).reset_all())
        .exec_without_returning(connection)
        .await?;
    let (id, token) = (app.ids.next(), new_token(app));
    insert_token(connection, app, id, row.id, &token).await?;
    Ok((row, token))
}

/// True when `subject_id` has signed in on that device before, as far back as sessions are kept.
///
/// # Errors
/// Those of the database.
pub async fn knows_device(
    connection: &impl ConnectionTrait,
    subject_id: Uuid,
    device_lookup: &[u8],
) -> Result<bool, DbErr> {
    let known = session::Entity::find()
        .filter(session::Column::SubjectId.eq(subject_id))
        .filter(session::Column::DeviceLookup.eq(device_lookup))
        .one(connection)
        .await?;
    Ok(known.is_some())
}

/// Uses `token` from `device`: see the table above. Runs in a transaction, which the caller commits also when the answer is
/// [`Rotation::Reused`].
///
/// # Errors
/// See [`SessionError`].
pub async fn rotate(
    connection: &impl ConnectionTrait,
    app: &App,
    token: &Secret<String>,
    device: &DeviceProof,
) -> Result<Rotation, SessionError> {
    let Some(row) = find_token(connection, app, token).await? else { return Ok(Rotation::Refused) };
    let now = app.clock.now();
    let Some(session) = session::Entity::find_by_id(row.session_id).one(connection).await? else {
        return Ok(Rotation::Refused);
    };
    if !session.is_alive(now) {
        return Ok(Rotation::Refused);
    }
    let same_device = bool::from(device.lookup(&app.sealer).ct_eq(&session.device_key_lookup));
    if !same_device {
        return reused(connection, app, session).await;
    }
    if row.rotated_at_ms.is_none()
        && let Some(successor) = make_successor(connection, app, &row).await?
    {
        return touch(connection, app, session, successor).await;
    }
    // Rotated before, or by somebody else a moment ago.
    match successor_again(connection, app, row.id).await? {
        Some(successor) => touch(connection, app, session, successor).await,
        None => reused(connection, app, session).await,
    }
}

/// Ends the session when it is still open; false when it was not.
///
/// # Errors
/// Those of the database.
pub async fn end(connection: &impl ConnectionTrait, app: &App, id: Uuid, reason: EndReason) -> Result<bool, DbErr> {
    let ended = session::Entity::update_many()
        .col_expr(session::Column::EndedAtMs, Expr::value(app.clock.now()))
        .col_expr(session::Column::EndReason, Expr::value(reason))
        .filter(session::Column::Id.eq(id))
        .filter(session::Column::EndedAtMs.is_null())
        .exec(connection)
        .await?;
    Ok(ended.rows_affected == 1)
}

/// Ends every open session of `subject_id`; answers how many.
///
/// # Errors
/// Those of the database.
pub async fn end_all(
    connection: &impl ConnectionTrait,
    app: &App,
    subject_id: Uuid,
    reason: EndReason,
) -> Result<u64, DbErr> {
    let ended = session::Entity::update_many()
        .col_expr(session::Column::EndedAtMs, Expr::value(app.clock.now()))
        .col_expr(session::Column::EndReason, Expr::value(reason))
        .filter(session::Column::SubjectId.eq(subject_id))
        .filter(session::Column::EndedAtMs.is_null())
        .exec(connection)
        .await?;
    Ok(ended.rows_affected)
}

/// 256 random bits, base64url.
fn new_token(app: &App) -> Secret<String> {
    Secret::new(URL_SAFE_NO_PAD.encode(app.chance.bytes::<32>()))
}

fn token_lookup(app: &App, token: &Secret<String>) -> Vec<u8> {
    app.sealer.lookup(Field::Session, format!("refresh:{}", token.reveal()))
}

async fn find_token(
    connection: &impl ConnectionTrait,
    app: &App,
    token: &Secret<String>,
) -> Result<Option<refresh_token::Model>, DbErr> {
    refresh_token::Entity::find()
        .filter(refresh_token::Column::TokenLookup.eq(token_lookup(app, token)))
        .one(connection)
        .await
}

async fn insert_token(
    connection: &impl ConnectionTrait,
    app: &App,
    id: Uuid,
    session_id: Uuid,
    token: &Secret<String>,
) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        id: Set(id),
        session_id: Set(session_id),
        token_lookup: Set(token_lookup(app, token)),
        created_at_ms: Set(app.clock.now()),
        rotated_at_ms: Set(None),
        successor_id: Set(None),
        successor_sealed: Set(None),
    };
    refresh_token::Entity::insert(row).exec_without_returning(connection).await.map(drop)
}

/// Rotates `row` when nobody has; `None` when somebody was first.
async fn make_successor(
    connection: &impl ConnectionTrait,
    app: &App,
    row: &refresh_token::Model,
) -> Result<Option<Secret<String>>, SessionError> {
    let (id, token) = (app.ids.next(), new_token(app));
    let sealed = app.sealer.seal(Field::Session, token.reveal())?;
    let rotated = refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::RotatedAtMs, Expr::value(app.clock.now()))
        .col_expr(refresh_token::Column::SuccessorId, Expr::value(id))
        .col_expr(refresh_token::Column::SuccessorSealed, Expr::value(sealed))
        .filter(refresh_token::Column::Id.eq(row.id))
        .filter(refresh_token::Column::RotatedAtMs.is_null())
        .exec(connection)
        .await?;
    if rotated.rows_affected != 1 {
        return Ok(None);
    }
    insert_token(connection, app, id, row.session_id, &token).await?;
    // This token was a successor itself; now that it is used, its predecessor's copy of it goes.
    refresh_token::Entity::update_many()
        .col_expr(refresh_token::Column::SuccessorSealed, Expr::value(Option::<Vec<u8>>::None))
        .filter(refresh_token::Column::SuccessorId.eq(row.id))
        .exec(connection)
        .await?;
    Ok(Some(token))
}

/// The successor of the token `id` while it is unused.
async fn successor_again(
    connection: &impl ConnectionTrait,
    app: &App,
    id: Uuid,
) -> Result<Option<Secret<String>>, SessionError> {
    let row = refresh_token::Entity::find_by_id(id).one(connection).await?;
    let sealed = row.and_then(|row| row.successor_sealed);
    Ok(sealed.map(|sealed| app.sealer.open(Field::Session, &sealed)).transpose()?)
}

/// Marks the session used, provided that it is still open.
async fn touch(
    connection: &impl ConnectionTrait,
    app: &App,
    session: session::Model,
    token: Secret<String>,
) -> Result<Rotation, SessionError> {
    let now = app.clock.now();
    let touched = session::Entity::update_many()
        .col_expr(session::Column::LastUsedAtMs, Expr::value(now))
        .filter(session::Column::Id.eq(session.id))
        .filter(session::Column::EndedAtMs.is_null())
        .exec(connection)
        .await?;
    if touched.rows_affected != 1 {
        return Ok(Rotation::Refused);
    }
    Ok(Rotation::Renewed(session::Model { last_used_at_ms: now, ..session }, token))
}

async fn reused(
    connection: &impl ConnectionTrait,
    app: &App,
    session: session::Model,
) -> Result<Rotation, SessionError> {
    let first = end(connection, app, session.id, EndReason::TokenReused).await?;
    Ok(if first { Rotation::Reused(session) } else { Rotation::Refused })
}
