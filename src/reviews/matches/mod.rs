//! Documents of a claim that may be somebody's twice: what the reviewer is shown of it, the two pictures side by side, and their answer.
//!
//! Whether there is such a match is nobody's business but the reviewers': no member is told, and the access record names a look at one as it
//! names every other.

mod judge;
mod picture;
mod shown;

pub(super) use judge::judge_match;
pub(super) use picture::show_match;
pub(super) use shown::{ReviewMatch, of};

use sea_orm::{ConnectionTrait, EntityTrait};
use uuid::Uuid;

use crate::claims::rows::claim;
use crate::claims::state::ClaimState;
use crate::documents::matches::{self, ClaimMatch};
use crate::http::{Code, Problem, StaffCaller};
use crate::kernel::text::Text;
use crate::organisations::is_within;

/// Whether the caller may know the claim behind a match: one that was handed in, in their subtree.
fn is_within_reach(claim: &claim::Model, caller: &StaffCaller) -> bool {
    claim.submitted_at_ms.is_some() && is_within(&claim.organisation_path, &caller.organisation_path)
}

/// Whether a claim's documents count against another: it was handed in, and not taken back or given up since.
fn counts(claim: &claim::Model) -> bool {
    claim.submitted_at_ms.is_some() && !matches!(claim.state, ClaimState::Withdrawn | ClaimState::Lapsed)
}

/// The claim that the other document of a match belongs to.
async fn other_claim(connection: &impl ConnectionTrait, found: &ClaimMatch) -> Result<Option<claim::Model>, Problem> {
    Ok(claim::Entity::find_by_id(found.other_claim_id).one(connection).await?)
}

/// Refuses to grant money while a match across claims is not judged, or a document was not held against the others yet.
///
/// # Errors
/// `match_not_judged`, `documents_not_compared`.
pub(super) async fn must_be_judged(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<(), Problem> {
    for found in matches::of_claim(connection, claim_id).await? {
        if found.within_claim || found.judgement.is_some() {
            continue;
        }
        if other_claim(connection, &found).await?.is_some_and(|claim| counts(&claim)) {
            return Err(Problem::new(Code::MatchNotJudged).detail(Text::fixed(
                "请先比对 matches 中的每一项并作出判断；涉及其他组织的，请上报上一级",
                "Look at each of `matches` and judge it first; pass the claim up when one lies in another organisation",
            )));
        }
    }
    if matches::in_doubt(connection, claim_id).await? {
        return Err(Problem::new(Code::DocumentsNotCompared));
    }
    Ok(())
}
