//! Who is asking: put into the request by [`super::permit`], taken out by extractors named for the right they prove.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Code, Problem};

/// What a signed-in person or machine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 会员
    Member,
    /// 基层联络人
    Liaison,
    /// Reviewer; the level is that of the staff member's organisation.
    Reviewer,
    /// Prepares batches.
    PayoutMaker,
    /// Releases batches.
    PayoutChecker,
    /// Publishes plan versions.
    PlanEditor,
    /// Reads everything, changes nothing.
    Auditor,
    /// The card bank's job.
    CardBank,
}

/// Who is asking, as the access token says.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The person or machine.
    pub actor: Actor,
    /// What they may do, by the names that routes declare.
    pub permissions: Arc<[&'static str]>,
    /// The sign-in that the token came from.
    pub session_id: Uuid,
}

/// The person or machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A member.
    Member {
        /// The member.
        member_id: Uuid,
    },
    /// A staff member.
    Staff(StaffCaller),
    /// A machine client.
    Machine(MachineCaller),
}

impl Caller {
    /// A stable name of the caller for idempotency rows, limits and logs: a kind and an id, nothing personal.
    #[must_use]
    pub fn subject(&self) -> String {
        match &self.actor {
            Actor::Member { member_id } => format!("member:{member_id}"),
            Actor::Staff(staff) => format!("staff:{}", staff.staff_id),
            Actor::Machine(machine) => format!("machine:{}", machine.client_id),
        }
    }

    /// True when the caller holds `permission`.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.permissions.contains(&permission)
    }
}

/// A signed-in member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberCaller {
    /// The member.
    pub member_id: Uuid,
    /// The sign-in that the token came from.
    pub session_id: Uuid,
}

/// A signed-in staff member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffCaller {
    /// The staff member.
    pub staff_id: Uuid,
    /// Where they work; they see its subtree.
    pub organisation_id: Uuid,
    /// The way from the root to it, `/<id>/<id>/`.
    pub organisation_path: String,
    /// The unit that a liaison serves.
    pub unit_id: Option<Uuid>,
    /// What they are.
    pub roles: Vec<Role>,
}

/// A signed-in machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineCaller {
    /// The client.
    pub client_id: String,
}

fn caller(request: &HttpRequest) -> Result<Caller, Problem> {
    request.extensions().get::<Caller>().cloned().ok_or_else(|| Problem::new(Code::Unauthenticated))
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request))
    }
}

impl FromRequest for MemberCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|caller| match caller.actor {
            Actor::Member { member_id } => Ok(Self { member_id, session_id: caller.session_id }),
            _ => Err(Problem::new(Code::Forbidden)),
        }))
    }
}

impl FromRequest for StaffCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|caller| match caller.actor {
            Actor::Staff(staff) => Ok(staff),
            _ => Err(Problem::new(Code::Forbidden)),
        }))
    }
}

impl FromRequest for MachineCaller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(caller(request).and_then(|caller| match caller.actor {
            Actor::Machine(machine) => Ok(machine),
            _ => Err(Problem::new(Code::Forbidden)),
        }))
    }
}

/// Turns an access token into a caller: the identity capability's part, behind a trait so that the rim knows none of it.
#[async_trait::async_trait]
pub trait Authenticator: Send + Sync {
    /// The caller that `token` speaks for.
    ///
    /// # Errors
    /// `unauthenticated` or `token_expired`.
    async fn authenticate(&self, token: &str) -> Result<Caller, Problem>;
}
