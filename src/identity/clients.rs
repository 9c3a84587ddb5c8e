//! Machine clients: registered by an operator, known by their public keys.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Statement};

use super::client_assertion::{AssertionClaims, ClientKey, KeyRefused, is_client_id};
use super::permissions;
use super::rows::machine_client::ClientState;
use super::rows::{machine_client, machine_client_key};
use crate::app::App;
use crate::http::Role;
use crate::kernel::clock::Moment;
use crate::kernel::seal::Field;

/// Why a client cannot be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The name.
    #[error("a client's name has 1 to 100 visible ASCII characters")]
    Name,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyRefused),
    /// The database; a name that is taken among it.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// The key does not serialise.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// True when the client may ask for tokens.
#[must_use]
pub fn is_active(client: &machine_client::Model) -> bool {
    client.state == ClientState::Active
}

/// Registers the client `client_id` with one key.
///
/// # Errors
/// See [`RegisterError`].
pub async fn register(
    connection: &impl ConnectionTrait,
    app: &App,
    client_id: &str,
    name: &str,
    role: Role,
    key: &ClientKey,
) -> Result<machine_client::Model, RegisterError> {
    if !is_client_id(client_id) {
        return Err(RegisterError::Name);
    }
    let client = machine_client::Model {
        id: app.ids.next(),
        client_id: client_id.to_owned(),
        name: name.to_owned(),
        role: permissions::word(role).to_owned(),
        state: ClientState::Active,
        created_at_ms: app.clock.now(),
    };
    machine_client::Entity::insert(machine_client::ActiveModel::from(client.clone()).reset_all())
        .exec_without_returning(connection)
        .await?;
    add_key(connection, app, &client, key).await?;
    Ok(client)
}

/// Adds a key to a client: it then has both until the old one is retired.
///
/// # Errors
/// See [`RegisterError`].
pub async fn add_key(
    connection: &impl ConnectionTrait,
    app: &App,
    client: &machine_client::Model,
    key: &ClientKey,
) -> Result<(), RegisterError> {
    key.verifying()?;
    let row = machine_client_key::ActiveModel {
        machine_client_id: Set(client.id),
        kid: Set(key.kid.clone()),
        jwk: Set(serde_json::to_value(key)?),
        created_at_ms: Set(app.clock.now()),
        retired_at_ms: Set(None),
    };
    machine_client_key::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}

/// The active client of this name with its live keys.
///
/// # Errors
/// Those of the database; also for a stored key that is none.
pub async fn find(
    connection: &impl ConnectionTrait,
    client_id: &str,
) -> Result<Option<(machine_client::Model, Vec<ClientKey>)>, DbErr> {
    let client = machine_client::Entity::find()
        .filter(machine_client::Column::ClientId.eq(client_id))
        .filter(machine_client::Column::State.eq(ClientState::Active))
        .one(connection)
        .await?;
    let Some(client) = client else { return Ok(None) };
    let rows = machine_client_key::Entity::find()
        .filter(machine_client_key::Column::MachineClientId.eq(client.id))
        .filter(machine_client_key::Column::RetiredAtMs.is_null())
        .all(connection)
        .await?;
    let keys: Result<Vec<ClientKey>, _> = rows.into_iter().map(|row| serde_json::from_value(row.jwk)).collect();
    Ok(Some((client, keys.map_err(|error| DbErr::Json(error.to_string()))?)))
}

/// Disables a client: its tokens end at once, and it gets no more. False when there is no active one of this name.
///
/// # Errors
/// Those of the database.
pub async fn disable(connection: &impl ConnectionTrait, client_id: &str) -> Result<bool, DbErr> {
    let disabled = machine_client::Entity::update_many()
        .col_expr(machine_client::Column::State, Expr::value(ClientState::Disabled))
        .filter(machine_client::Column::ClientId.eq(client_id))
        .filter(machine_client::Column::State.eq(ClientState::Active))
        .exec(connection)
        .await?;
    Ok(disabled.rows_affected == 1)
}

/// Retires a key of a client: no assertion that it signed is believed any more. False when the client has no such live key.
///
/// # Errors
/// Those of the database.
pub async fn retire_key(
    connection: &impl ConnectionTrait,
    app: &App,
    client: &machine_client::Model,
    kid: &str,
) -> Result<bool, DbErr> {
    let retired = machine_client_key::Entity::update_many()
        .col_expr(machine_client_key::Column::RetiredAtMs, Expr::value(app.clock.now()))
        .filter(machine_client_key::Column::MachineClientId.eq(client.id))
        .filter(machine_client_key::Column::Kid.eq(kid))
        .filter(machine_client_key::Column::RetiredAtMs.is_null())
        .exec(connection)
        .await?;
    Ok(retired.rows_affected == 1)
}

/// Uses up the assertion's `jti`: false when it was used before. Kept until the assertion could not be believed any more.
///
/// # Errors
/// Those of the database.
pub async fn use_jti(
    connection: &impl ConnectionTrait,
    app: &App,
    client: &machine_client::Model,
    claims: &AssertionClaims,
) -> Result<bool, DbErr> {
    let jti = app.sealer.lookup(Field::Session, format!("jti:{}", claims.jti));
    let until = Moment::from_ms(claims.exp.saturating_mul(1_000)).plus_secs(60);
    let sql = "insert into client_assertion_jti (machine_client_id, jti_lookup, expires_at_ms) values ($1, $2, $3) \
               on conflict do nothing";
    let values = [client.id.into(), jti.into(), until.into()];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected() == 1)
}
