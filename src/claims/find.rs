//! Finders: every one is asked on somebody's behalf. What you may not know of is not found.

use sea_orm::sea_query::{IntoTableRef, LockType};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, JoinType, QueryFilter, QuerySelect, RelationDef, Select};
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

/// The same, and as [`hold`].
///
/// # Errors
/// `not_found`, also for somebody else's.
pub async fn of_member_alone(
    connection: &impl ConnectionTrait,
    caller: &MemberCaller,
    claim_id: Uuid,
) -> Result<claim::Model, Problem> {
    let own = claim::Entity::find_by_id(claim_id).filter(claim::Column::MemberId.eq(caller.member_id));
    held(own).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// A claim, held with its member until the transaction ends: neither its documents nor what its member was granted before change
/// meanwhile. The claim comes first, as for everybody who holds both, so that no two wait for each other.
///
/// # Errors
/// `not_found`.
pub async fn hold(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<claim::Model, Problem> {
    let claim = held(claim::Entity::find_by_id(claim_id)).one(connection).await?;
    claim.ok_or_else(|| Problem::new(Code::NotFound))
}

fn held(query: Select<claim::Entity>) -> Select<claim::Entity> {
    let members: RelationDef =
        claim::Entity::belongs_to(member::Entity).from(claim::Column::MemberId).to(member::Column::Id).into();
    let mut query = query.join(JoinType::InnerJoin, members);
    // PostgreSQL locks in the order of this list; SQLite has one writer anyway.
    let tables = [claim::Entity.into_table_ref(), member::Entity.into_table_ref()];
    QuerySelect::query(&mut query).lock_with_tables(LockType::Update, tables);
    query
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
