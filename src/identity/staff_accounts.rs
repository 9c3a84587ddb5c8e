//! Accounts of the staff: made, listed, released and disabled by an operator at the command line.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, Statement};
use uuid::Uuid;

use super::password::{self, HashError, PolicyError};
use super::rows::session::EndReason;
use super::rows::staff_credential;
use super::{permissions, sessions, staff_sign_in, totp};
use crate::app::App;
use crate::http::Role;
use crate::kernel::seal::{Field, SealError};
use crate::kernel::secret::Secret;

/// A person of the staff to be made.
pub struct NewStaff<'a> {
    /// The login: 3 to 64 letters, digits, dots, dashes and underscores; kept in lower case.
    pub login: &'a str,
    /// What colleagues and members see.
    pub display_name: &'a str,
    /// Where they work.
    pub organisation_id: Uuid,
    /// The unit that a liaison serves.
    pub unit_id: Option<Uuid>,
    /// What they are.
    pub roles: &'a [Role],
}

/// A person of the staff, as an operator sees them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Who.
    pub staff_id: Uuid,
    /// The login.
    pub login: String,
    /// The name.
    pub display_name: String,
    /// The organisation's name.
    pub organisation: String,
    /// `active` or `disabled`.
    pub state: String,
    /// The roles, by their words.
    pub roles: Vec<String>,
    /// True when the login waits to be released.
    pub locked: bool,
}

/// Why an account cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The login is not of the right form.
    #[error("a login has 3 to 64 letters, digits, dots, dashes and underscores")]
    Login,
    /// The login is taken.
    #[error("this login is taken")]
    LoginTaken,
    /// The roles do not go together, or are not for staff.
    #[error("a person of the staff has staff roles, and never both payout_maker and payout_checker")]
    Roles,
    /// A liaison without a unit, or a unit without a liaison.
    #[error("a liaison serves one unit; nobody else has one")]
    Unit,
    /// The organisation or the unit does not exist.
    #[error("there is no such organisation or unit")]
    NoSuchPlace,
    /// Nobody has this login.
    #[error("nobody has this login")]
    NoSuchLogin,
    /// The password.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Hashing.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// Makes the account of `new` without credentials: nobody can sign in with it yet.
///
/// # Errors
/// See [`AccountError`].
pub async fn create(txn: &DatabaseTransaction, app: &App, new: &NewStaff<'_>) -> Result<Uuid, AccountError> {
    check(new)?;
    let (id, now) = (app.ids.next(), app.clock.now());
    if !place_exists(txn, new).await? {
        return Err(AccountError::NoSuchPlace);
    }
    let sql = "insert into staff (id, organisation_id, unit_id, login, display_name, state, version, created_at_ms) \
               values ($1, $2, $3, $4, $5, 'active', 1, $6)";
    let login = new.login.to_lowercase();
    let values =
        [id.into(), new.organisation_id.into(), new.unit_id.into(), login.into(), new.display_name.into(), now.into()];
    execute(txn, sql, values).await.map_err(|error| {
        if crate::db::is_unique_violation(&error) { AccountError::LoginTaken } else { AccountError::Database(error) }
    })?;
    for role in new.roles {
        let sql = "insert into staff_role (staff_id, role, granted_at_ms) values ($1, $2, $3)";
        execute(txn, sql, [id.into(), permissions::word(*role).into(), now.into()]).await?;
    }
    Ok(id)
}

/// Sets password and a new TOTP secret; answers the secret, which is shown once and never again.
///
/// # Errors
/// See [`AccountError`].
pub async fn set_credentials(
    connection: &impl ConnectionTrait,
    app: &App,
    staff_id: Uuid,
    login: &str,
    new_password: Secret<String>,
) -> Result<Secret<String>, AccountError> {
    password::check_policy(new_password.reveal(), login)?;
    let secret = totp::new_secret(app.chance.as_ref());
    let row = staff_credential::ActiveModel {
        staff_id: Set(staff_id),
        password_hash: Set(password::hash(new_password, app.chance.as_ref()).await?),
        totp_secret_sealed: Set(app.sealer.seal(Field::TotpSecret, secret.reveal())?),
        totp_last_step: Set(0),
        changed_at_ms: Set(app.clock.now()),
    };
    staff_credential::Entity::insert(row)
        .on_conflict(
            OnConflict::column(staff_credential::Column::StaffId)
                .update_columns([
                    staff_credential::Column::PasswordHash,
                    staff_credential::Column::TotpSecretSealed,
                    staff_credential::Column::TotpLastStep,
                    staff_credential::Column::ChangedAtMs,
                ])
                .to_owned(),
        )
        .exec_without_returning(connection)
        .await?;
    Ok(secret)
}

/// Everybody of the staff, by login.
///
/// # Errors
/// Those of the database.
pub async fn list(app: &App) -> Result<Vec<Account>, DbErr> {
    let connection = app.db.read();
    let backend = connection.get_database_backend();
    let sql = "select s.id, s.login, s.display_name, s.state, o.name from staff s \
               join organisation o on o.id = s.organisation_id order by s.login";
    let mut accounts = Vec::new();
    for row in connection.query_all_raw(Statement::from_string(backend, sql)).await? {
        let (staff_id, login): (Uuid, String) = (row.try_get("", "id")?, row.try_get("", "login")?);
        let sql = "select role from staff_role where staff_id = $1 order by role";
        let roles = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [staff_id.into()])).await?;
        accounts.push(Account {
            staff_id,
            locked: staff_sign_in::is_locked(connection, app, &login).await?,
            login,
            display_name: row.try_get("", "display_name")?,
            organisation: row.try_get("", "name")?,
            state: row.try_get("", "state")?,
            roles: roles.iter().map(|row| row.try_get("", "role")).collect::<Result<_, _>>()?,
        });
    }
    Ok(accounts)
}

/// Releases a locked login; false when it was not locked and had no failures.
///
/// # Errors
/// See [`AccountError`].
pub async fn unlock(app: &App, login: &str) -> Result<bool, AccountError> {
    find(app, login).await?;
    Ok(staff_sign_in::release(app.db.write(), app, login).await?)
}

/// Disables the login and ends its sessions, in one transaction; answers how many sessions there were.
///
/// # Errors
/// See [`AccountError`].
pub async fn disable(app: &App, login: &str) -> Result<u64, AccountError> {
    let staff_id = find(app, login).await?;
    let txn = app.db.begin().await?;
    let sql = "update staff set state = 'disabled', version = version + 1 where id = $1 and state = 'active'";
    execute(&txn, sql, [staff_id.into()]).await?;
    let ended = sessions::end_all(&txn, app, staff_id, EndReason::Disabled).await?;
    txn.commit().await?;
    Ok(ended)
}

async fn find(app: &App, login: &str) -> Result<Uuid, AccountError> {
    let connection = app.db.read();
    let values = [login.to_lowercase().into()];
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        "select id from staff where login = $1",
        values,
    );
    let row = connection.query_one_raw(statement).await?.ok_or(AccountError::NoSuchLogin)?;
    Ok(row.try_get("", "id")?)
}

fn check(new: &NewStaff<'_>) -> Result<(), AccountError> {
    let symbols = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    if !(3..=64).contains(&new.login.len()) || !new.login.bytes().all(symbols) {
        return Err(AccountError::Login);
    }
    let both = new.roles.contains(&Role::PayoutMaker) && new.roles.contains(&Role::PayoutChecker);
    if new.roles.is_empty() || both || !new.roles.iter().all(|role| permissions::is_staff(*role)) {
        return Err(AccountError::Roles);
    }
    if new.roles.contains(&Role::Liaison) != new.unit_id.is_some() {
        return Err(AccountError::Unit);
    }
    Ok(())
}

/// True when the organisation exists, and the unit hangs on it.
async fn place_exists(connection: &impl ConnectionTrait, new: &NewStaff<'_>) -> Result<bool, DbErr> {
    let backend = connection.get_database_backend();
    let statement = match new.unit_id {
        None => Statement::from_sql_and_values(
            backend,
            "select id from organisation where id = $1",
            [new.organisation_id.into()],
        ),
        Some(unit_id) => Statement::from_sql_and_values(
            backend,
            "select id from unit where id = $1 and organisation_id = $2",
            [unit_id.into(), new.organisation_id.into()],
        ),
    };
    Ok(connection.query_one_raw(statement).await?.is_some())
}

async fn execute<const N: usize>(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: [sea_orm::Value; N],
) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    Ok(connection.execute_raw(statement).await?.rows_affected())
}
