//! The tree of organisations (市 → 区/产业 → 基层), the units that hang on it, and the staff who work there.
//!
//! Owns who belongs where. Never says what somebody may do (that is `identity`) and never touches a claim.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub mod found;
pub mod rows;

/// A level of the tree, lowest first.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// 基层
    Grassroots,
    /// 区, 产业, 局总公司
    District,
    /// 市
    City,
}

impl Level {
    /// The level above; none above the city.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::Grassroots => Some(Self::District),
            Self::District => Some(Self::City),
            Self::City => None,
        }
    }
}

/// True when the organisation at `path` lies in the subtree of the one at `root` (or is it).
#[must_use]
pub fn is_within(path: &str, root: &str) -> bool {
    // Both end with a slash, so that one id never begins another.
    root.ends_with('/') && path.starts_with(root)
}

/// The path of the organisation that a member's unit hangs on; none for an unknown member.
///
/// # Errors
/// Those of the database.
pub async fn path_of_member(connection: &impl ConnectionTrait, member_id: Uuid) -> Result<Option<String>, DbErr> {
    use crate::members::rows::member;
    let Some(member) = member::Entity::find_by_id(member_id).one(connection).await? else { return Ok(None) };
    let Some(unit) = rows::unit::Entity::find_by_id(member.unit_id).one(connection).await? else { return Ok(None) };
    let organisation = rows::organisation::Entity::find_by_id(unit.organisation_id).one(connection).await?;
    Ok(organisation.map(|organisation| organisation.path))
}
