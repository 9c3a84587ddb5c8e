//! What documents ask of claims: whose it is, whether it takes documents, and who of the staff may look.

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::claims::rows::claim::{self, Origin};
use crate::claims::state::ClaimState;
use crate::http::StaffCaller;
use crate::organisations::is_within;

/// What documents need to know of a claim.
#[derive(Clone, Debug)]
pub(super) struct ClaimFacts {
    pub(super) member_id: Uuid,
    state: ClaimState,
    is_submitted: bool,
    is_of_unit: bool,
    organisation_path: String,
}

impl ClaimFacts {
    /// Whether documents may be added.
    pub(super) const fn takes_documents(&self) -> bool {
        matches!(self.state, ClaimState::Draft | ClaimState::WaitingForMember)
    }

    /// Whether the claim is still the member's own business.
    pub(super) const fn is_draft(&self) -> bool {
        matches!(self.state, ClaimState::Draft)
    }

    /// Whether the unit's liaison declared it.
    pub(super) const fn is_declared_by_unit(&self) -> bool {
        self.is_of_unit
    }

    /// Whether the claim was handed in, to an organisation in the subtree of the caller's.
    pub(super) fn is_within_reach_of(&self, staff: &StaffCaller) -> bool {
        self.is_submitted && is_within(&self.organisation_path, &staff.organisation_path)
    }
}

/// The facts of a claim; nothing when there is none.
///
/// # Errors
/// Those of the database.
pub(super) async fn facts(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<Option<ClaimFacts>, DbErr> {
    Ok(claim::Entity::find_by_id(claim_id).one(connection).await?.map(of))
}

/// The same, and has two announcements of one claim wait for each other, so that they can't pass the limits together.
///
/// # Errors
/// Those of the database.
pub(super) async fn locked_facts(txn: &impl ConnectionTrait, claim_id: Uuid) -> Result<Option<ClaimFacts>, DbErr> {
    Ok(claim::Entity::find_by_id(claim_id).lock_exclusive().one(txn).await?.map(of))
}

fn of(row: claim::Model) -> ClaimFacts {
    ClaimFacts {
        member_id: row.member_id,
        state: row.state,
        is_submitted: row.submitted_at_ms.is_some(),
        is_of_unit: row.origin == Origin::Unit,
        organisation_path: row.organisation_path,
    }
}
