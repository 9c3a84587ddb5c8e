//! Whose turn a claim is.

use sea_orm::ConnectionTrait;

use super::take::level_of;
use crate::claims::advance::conflict;
use crate::claims::rows::claim;
use crate::claims::state::ClaimState;
use crate::http::{Code, Problem, StaffCaller};
use crate::kernel::text::Text;

/// A claim that somebody holds is theirs alone; one that nobody holds is for its level and those above.
///
/// # Errors
/// `not_your_review`; `forbidden` when the claim was passed up to a level above the caller's.
pub(super) async fn check(
    connection: &impl ConnectionTrait,
    caller: &StaffCaller,
    claim: &claim::Model,
) -> Result<(), Problem> {
    if let Some(reviewer) = claim.reviewer_id {
        return if reviewer == caller.staff_id { Ok(()) } else { Err(Problem::new(Code::NotYourReview)) };
    }
    let own_level = level_of(connection, caller).await?;
    if claim.review_level.is_some_and(|level| level > own_level) {
        return Err(Problem::new(Code::Forbidden)
            .detail(Text::fixed("该申报已上报，由上一级审核", "The claim was passed up; a higher level reviews it")));
    }
    Ok(())
}

/// A claim that the caller has taken, and nobody else's.
///
/// # Errors
/// `not_your_review` when somebody else has it; `claim_state_conflict` when nobody has.
pub(super) fn check_taken(caller: &StaffCaller, claim: &claim::Model) -> Result<(), Problem> {
    match claim.reviewer_id {
        Some(reviewer) if reviewer == caller.staff_id && claim.state == ClaimState::InReview => Ok(()),
        Some(_) => Err(Problem::new(Code::NotYourReview)),
        None => Err(conflict(claim)),
    }
}
