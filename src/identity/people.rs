//! What identity must know of members and staff: whose number it is, whose login, and what they may do at this moment.

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement};
use uuid::Uuid;

use super::permissions;
use crate::app::App;
use crate::http::Role;
use crate::kernel::seal::Field;
use crate::kernel::text::Language;

/// A person of the staff as they stand now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Who.
    pub staff_id: Uuid,
    /// Where they work.
    pub organisation_id: Uuid,
    /// The way from the root to it.
    pub organisation_path: String,
    /// The unit that a liaison serves.
    pub unit_id: Option<Uuid>,
    /// What they are.
    pub roles: Vec<Role>,
}

/// The member with this number, and the language of their messages.
///
/// # Errors
/// Those of the database.
pub async fn member_by_phone(
    connection: &impl ConnectionTrait,
    app: &App,
    phone: &str,
) -> Result<Option<(Uuid, Language)>, DbErr> {
    let lookup = app.sealer.lookup(Field::Phone, phone);
    let row = one(connection, "select id, language from member where phone_lookup = $1", lookup).await?;
    row.map(|row| {
        let language: String = row.try_get("", "language")?;
        let language = if language == Language::English.tag() { Language::English } else { Language::Chinese };
        Ok((row.try_get("", "id")?, language))
    })
    .transpose()
}

/// True when the member exists.
///
/// # Errors
/// Those of the database.
pub async fn member_exists(connection: &impl ConnectionTrait, member_id: Uuid) -> Result<bool, DbErr> {
    Ok(one(connection, "select id from member where id = $1", member_id).await?.is_some())
}

/// The active person with this login.
///
/// # Errors
/// Those of the database.
pub async fn staff_by_login(connection: &impl ConnectionTrait, login: &str) -> Result<Option<Uuid>, DbErr> {
    let sql = "select id from staff where login = $1 and state = 'active'";
    one(connection, sql, login.to_lowercase()).await?.map(|row| row.try_get("", "id")).transpose()
}

/// What an active person of the staff is at this moment; `None` when they are disabled or gone.
///
/// # Errors
/// Those of the database.
pub async fn standing(connection: &impl ConnectionTrait, staff_id: Uuid) -> Result<Option<Standing>, DbErr> {
    let sql = "select s.organisation_id, s.unit_id, o.path from staff s \
               join organisation o on o.id = s.organisation_id where s.id = $1 and s.state = 'active'";
    let Some(row) = one(connection, sql, staff_id).await? else { return Ok(None) };
    let backend = connection.get_database_backend();
    let sql = "select role from staff_role where staff_id = $1 order by role";
    let words = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, [staff_id.into()])).await?;
    let mut roles = Vec::with_capacity(words.len());
    for word in words {
        let word: String = word.try_get("", "role")?;
        roles.extend(permissions::role_of(&word));
    }
    Ok(Some(Standing {
        staff_id,
        organisation_id: row.try_get("", "organisation_id")?,
        organisation_path: row.try_get("", "path")?,
        unit_id: row.try_get("", "unit_id")?,
        roles,
    }))
}

async fn one(
    connection: &impl ConnectionTrait,
    sql: &str,
    value: impl Into<sea_orm::Value>,
) -> Result<Option<QueryResult>, DbErr> {
    let backend = connection.get_database_backend();
    connection.query_one_raw(Statement::from_sql_and_values(backend, sql, [value.into()])).await
}
