//! Finders: every one is asked on somebody's behalf. What you may not know of is not found.

use sea_orm::sea_query::LockType;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef};
use uuid::Uuid;

use super::rows::claim;
use crate::http::{Code, MemberCaller, Problem, StaffCaller};
use crate::members::rows::member;
use crate::organisations::is_within;

/// A member's own claim.
///
/// # Errors
/// `not_found`, also for somebody else's.
pub async fn of_member(
    connection: &impl ConnectionTrait,
    caller: &MemberCaller,
    claim_id: Uuid,
) -> Result<claim::Model, Problem> {
    claim::Entity::find_by_id(claim_id)
        .filter(claim::Column::MemberId.eq(caller.member_id))
        .one(connection)
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))
}

/// The same, and as [`lock_member`].
///
/// # Errors
/// `not_found`, also for somebody else's.
pub async fn of_member_alone(
    connection: &impl ConnectionTrait,
    caller: &MemberCaller,
    claim_id: Uuid,
) -> Result<claim::Model, Problem> {
    let members: RelationDef =
        claim::Entity::belongs_to(member::Entity).from(claim::Column::MemberId).to(member::Column::Id).into();
    let mut query = claim::Entity::find_by_id(claim_id)
        .join(JoinType::InnerJoin, members)
        .filter(claim::Column::MemberId.eq(caller.member_id));
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, [member::Entity]);
    query.one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// A submitted claim in the subtree of the caller's organisation.
///
/// # Errors
/// `not_found`, also for one elsewhere in the tree and for a draft.
pub async fn of_staff(
    connection: &impl ConnectionTrait,
    caller: &StaffCaller,
    claim_id: Uuid,
) -> Result<claim::Model, Problem> {
    claim::Entity::find_by_id(claim_id)
        .one(connection)
        .await?
        .filter(|claim| {
            claim.submitted_at_ms.is_some() && is_within(&claim.organisation_path, &caller.organisation_path)
        })
        .ok_or_else(|| Problem::new(Code::NotFound))
}

/// Makes this transaction the only one that counts what this member was granted before, until it ends.
///
/// # Errors
/// `not_found` for an unknown member.
pub async fn lock_member(connection: &impl ConnectionTrait, member_id: Uuid) -> Result<(), Problem> {
    // SQLite has one writer anyway; PostgreSQL locks the row.
    let found: Option<Uuid> = member::Entity::find_by_id(member_id)
        .select_only()
        .column(member::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .one(connection)
        .await?;
    found.map(drop).ok_or_else(|| Problem::new(Code::NotFound))
}
