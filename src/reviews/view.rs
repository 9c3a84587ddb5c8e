//! A claim as its reviewer sees it.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::matches::{self, ReviewMatch};
use crate::app::App;
use crate::audit::record_access;
use crate::bill_checks::{self, BillCheck};
use crate::claims::explanation::{Explanation, explanation};
use crate::claims::find;
use crate::claims::reading::{self, ClaimReading};
use crate::claims::rows::claim;
use crate::claims::view::{self, ClaimView};
use crate::http::{Problem, Reply, StaffCaller};
use crate::organisations::Level;

/// A claim with what the rules give.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReviewView {
    /// The claim as its member sees it.
    claim: ClaimView,
    /// The level whose turn it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    /// Who has taken it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reviewer_id: Option<Uuid>,
    /// True when that is the caller.
    mine: bool,
    /// What was assessed and decided, line by line.
    explanation: Explanation,
    /// What the documents say, and where it differs from what was declared.
    reading: ClaimReading,
    /// What the fiscal platform says of the bills on the documents.
    #[schema(max_items = 480)]
    bill_checks: Vec<BillCheck>,
    /// Documents that may be somebody's twice, those that must be judged first. The member never sees them.
    #[schema(max_items = 3_000)]
    matches: Vec<ReviewMatch>,
}

/// 200 with the view and the claim's version. The look is recorded first, as `what` was done (a stable word).
///
/// # Errors
/// When the look can't be recorded or a row does not open.
pub(super) async fn reply(
    connection: &impl ConnectionTrait,
    app: &App,
    caller: &StaffCaller,
    claim: &claim::Model,
    what: &'static str,
) -> Result<Reply, Problem> {
    record_access(connection, app, caller, claim.member_id, what, claim.id).await?;
    let body = ReviewView {
        claim: view::of(connection, app, claim).await?,
        level: claim.review_level,
        reviewer_id: claim.reviewer_id,
        mine: claim.reviewer_id == Some(caller.staff_id),
        explanation: explanation(connection, app, claim.id).await?,
        reading: reading::of(connection, app, claim).await?,
        bill_checks: bill_checks::of_claim(connection, app, claim.id).await?,
        matches: matches::of(connection, app, caller, claim).await?,
    };
    Ok(Reply::ok(&body)?.version(claim.version))
}

/// Before a stored view is given again: the claim must still be in the caller's subtree, and the look is recorded like the first.
///
/// # Errors
/// `not_found` for a claim that has left the subtree, or whose reviewer has.
pub(super) async fn look_again(
    connection: &impl ConnectionTrait,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    what: &'static str,
) -> Result<(), Problem> {
    let claim = find::of_staff(connection, caller, claim_id).await?;
    record_access(connection, app, caller, claim.member_id, what, claim.id).await
}
