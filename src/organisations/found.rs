//! Making the tree: the city, what lies below it, and the units that hang on it. An operator does it at the command line.

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::Level;
use super::rows::{organisation, unit};
use crate::app::App;

/// Characters of a name at most.
const LONGEST_NAME: usize = 100;

/// Why an organisation or a unit can't be made.
#[derive(Debug, thiserror::Error)]
pub enum FoundError {
    /// The name is empty, too long, or not one line.
    #[error("a name is one line of 1 to {LONGEST_NAME} characters")]
    Name,
    /// The credit code is not of the right form.
    #[error("a credit code (统一社会信用代码) has 18 digits and capital letters")]
    CreditCode,
    /// There is a city: one installation serves one.
    #[error("there is a city: one installation serves one")]
    SecondCity,
    /// The level above was not named, or what was named is on another level or not there.
    #[error("a district lies below the city, a grassroots organisation below a district: name the one above")]
    Parent,
    /// What a unit is to hang on is not there.
    #[error("there is no such organisation")]
    NoSuchOrganisation,
    /// The credit code is taken.
    #[error("there is a unit with this credit code")]
    UnitThere,
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
}

/// The city, when there is exactly one.
///
/// # Errors
/// Those of the database.
pub async fn the_city(connection: &impl ConnectionTrait) -> Result<Option<organisation::Model>, DbErr> {
    let mut cities =
        organisation::Entity::find().filter(organisation::Column::Level.eq(Level::City)).all(connection).await?;
    let city = cities.pop();
    Ok(if cities.is_empty() { city } else { None })
}

/// Makes an organisation on `level` below `parent`; without a parent a district lies below the city. Answers its id.
///
/// # Errors
/// See [`FoundError`].
pub async fn add(
    txn: &DatabaseTransaction,
    app: &App,
    name: &str,
    level: Level,
    parent: Option<Uuid>,
) -> Result<Uuid, FoundError> {
    let (id, name) = (app.ids.next(), checked_name(name)?);
    let above = match (level.above(), parent) {
        (None, Some(_)) => return Err(FoundError::Parent),
        (None, None) => {
            let cities = organisation::Entity::find().filter(organisation::Column::Level.eq(Level::City));
            if cities.one(txn).await?.is_some() {
                return Err(FoundError::SecondCity);
            }
            None
        }
        (Some(Level::City), None) => Some(the_city(txn).await?.ok_or(FoundError::Parent)?),
        (Some(_), None) => return Err(FoundError::Parent),
        (Some(above), Some(parent)) => {
            let found = organisation::Entity::find_by_id(parent).one(txn).await?;
            Some(found.filter(|found| found.level == above).ok_or(FoundError::Parent)?)
        }
    };
    let row = organisation::ActiveModel {
        id: Set(id),
        parent_id: Set(above.as_ref().map(|above| above.id)),
        level: Set(level),
        name: Set(name),
        path: Set(format!("{}{id}/", above.as_ref().map_or("/", |above| &above.path))),
        created_at_ms: Set(app.clock.now()),
    };
    organisation::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(id)
}

/// Makes a unit that hangs on `organisation_id`. Answers its id.
///
/// # Errors
/// See [`FoundError`].
pub async fn add_unit(
    txn: &DatabaseTransaction,
    app: &App,
    name: &str,
    organisation_id: Uuid,
    credit_code: &str,
) -> Result<Uuid, FoundError> {
    let (id, name) = (app.ids.next(), checked_name(name)?);
    let symbol = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if credit_code.len() != 18 || !credit_code.bytes().all(symbol) {
        return Err(FoundError::CreditCode);
    }
    if organisation::Entity::find_by_id(organisation_id).one(txn).await?.is_none() {
        return Err(FoundError::NoSuchOrganisation);
    }
    let row = unit::ActiveModel {
        id: Set(id),
        organisation_id: Set(organisation_id),
        name: Set(name),
        credit_code: Set(credit_code.to_owned()),
        created_at_ms: Set(app.clock.now()),
    };
    unit::Entity::insert(row).exec_without_returning(txn).await.map_err(|error| {
        if crate::db::is_unique_violation(&error) { FoundError::UnitThere } else { FoundError::Database(error) }
    })?;
    Ok(id)
}

fn checked_name(name: &str) -> Result<String, FoundError> {
    let name = name.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(FoundError::Name) }
}
