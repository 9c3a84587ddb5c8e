//! The table of wrapped data keys: made at first start, opened with the root key at every start.

use std::collections::BTreeMap;
use std::sync::Arc;

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ConnectionTrait};
use zeroize::Zeroizing;

use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;
use crate::kernel::seal::{Key, SealError, Sealer, unwrap_key, wrap_key};

const SEAL: &str = "seal";
const LOOKUP: &str = "lookup";

/// A row of `sealing_key`.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sealing_key")]
pub struct Model {
    /// Rises by one with each key; sealed values carry it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// `seal` or `lookup`.
    pub purpose: String,
    /// The key under the root key.
    pub wrapped: Vec<u8>,
    /// When it was made.
    pub created_at_ms: Moment,
}

impl ActiveModelBehavior for ActiveModel {}

/// Why the keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyTableError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DbErr),
    /// A key does not open under this root key.
    #[error("the root key does not open the sealing keys of this database: {0}")]
    Root(#[from] SealError),
}

/// The sealer of this database; makes the first keys when there are none.
///
/// # Errors
/// See [`KeyTableError`].
pub async fn open(
    connection: &impl ConnectionTrait,
    root: &Key,
    chance: Arc<dyn Chance>,
    now: Moment,
) -> Result<Sealer, KeyTableError> {
    let mut rows = Entity::find().all(connection).await?;
    if rows.is_empty() {
        for (id, purpose) in [(1, LOOKUP), (2, SEAL)] {
            let key: Key = Zeroizing::new(chance.bytes());
            let row = ActiveModel {
                id: Set(i64::from(id)),
                purpose: Set(purpose.to_owned()),
                wrapped: Set(wrap_key(chance.as_ref(), root, id, purpose, &key)?),
                created_at_ms: Set(now),
            };
            // Two processes may start at once: the first one's keys stay.
            Entity::insert(row)
                .on_conflict(OnConflict::new().do_nothing().to_owned())
                .exec_without_returning(connection)
                .await?;
        }
        rows = Entity::find().all(connection).await?;
    }
    sealer(&rows, root, chance)
}

/// True when the table holds keys: from then on only the root key that wrapped them is of use.
///
/// # Errors
/// Those of the database.
pub async fn are_there(connection: &impl ConnectionTrait) -> Result<bool, DbErr> {
    Ok(Entity::find().one(connection).await?.is_some())
}

/// Opens what the table holds with `root`, if it holds anything, and changes nothing: what `doctor` goes by.
///
/// # Errors
/// See [`KeyTableError`].
pub async fn check(
    connection: &impl ConnectionTrait,
    root: &Key,
    chance: Arc<dyn Chance>,
) -> Result<(), KeyTableError> {
    let rows = Entity::find().all(connection).await?;
    if rows.is_empty() { Ok(()) } else { sealer(&rows, root, chance).map(drop) }
}

fn sealer(rows: &[Model], root: &Key, chance: Arc<dyn Chance>) -> Result<Sealer, KeyTableError> {
    let mut seal = BTreeMap::new();
    let mut lookup = None;
    for row in rows {
        let key = unwrap_key(root, &row.purpose, &row.wrapped)?;
        let id = u32::try_from(row.id).map_err(|_| SealError::Malformed)?;
        if row.purpose == LOOKUP {
            lookup = Some(key);
        } else {
            seal.insert(id, key);
        }
    }
    Ok(Sealer::new(chance, seal, lookup.ok_or(SealError::UnknownKey(0))?)?)
}
