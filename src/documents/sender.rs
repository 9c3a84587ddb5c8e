//! Who sends documents: a member for their own claim, or the liaison of the member's unit for a claim that the unit declared.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use sea_orm::{ConnectionTrait, DatabaseTransaction, EntityTrait, QuerySelect};
use uuid::Uuid;

use super::claim::ClaimFacts;
use crate::http::{Actor, Caller, Code, Problem, Role};
use crate::members::rows::member;
use crate::organisations::rows::staff;

/// Somebody who may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The member.
    Member(Uuid),
    /// The liaison of a unit.
    Liaison {
        /// The person.
        staff_id: Uuid,
        /// The unit.
        unit_id: Uuid,
    },
}

impl Sender {
    /// The person who sends.
    pub(super) const fn id(self) -> Uuid {
        match self {
            Self::Member(id) | Self::Liaison { staff_id: id, .. } => id,
        }
    }

    /// Whether the claim is theirs to send to.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn owns(self, connection: &impl ConnectionTrait, claim: &ClaimFacts) -> Result<bool, Problem> {
        match self {
            Self::Member(member_id) => Ok(claim.member_id == member_id),
            Self::Liaison { .. } if !claim.is_declared_by_unit() => Ok(false),
            Self::Liaison { unit_id, .. } => {
                let member = member::Entity::find_by_id(claim.member_id).one(connection).await?;
                Ok(member.is_some_and(|member| member.unit_id == unit_id))
            }
        }
    }

    /// Has two announcements of one sender wait for each other, until the transaction ends. Taken after the claim's row, never before.
    ///
    /// # Errors
    /// `not_found` for somebody who is gone.
    pub(super) async fn lock(self, txn: &DatabaseTransaction) -> Result<(), Problem> {
        match self {
            Self::Member(member_id) => crate::claims::find::lock_member(txn, member_id).await,
            Self::Liaison { staff_id, .. } => {
                let found = staff::Entity::find_by_id(staff_id).lock_exclusive().one(txn).await?;
                found.map(drop).ok_or_else(|| Problem::new(Code::NotFound))
            }
        }
    }
}

impl FromRequest for Sender {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Caller::from_request(request, payload).into_inner().and_then(|caller| {
            match caller.actor {
                Actor::Member { member_id } => Ok(Self::Member(member_id)),
                Actor::Staff(staff) if staff.roles.contains(&Role::Liaison) => staff
                    .unit_id
                    .map(|unit_id| Self::Liaison { staff_id: staff.staff_id, unit_id })
                    .ok_or_else(|| Problem::new(Code::NotFound)),
                _ => Err(Problem::new(Code::Forbidden)),
            }
        }))
    }
}
