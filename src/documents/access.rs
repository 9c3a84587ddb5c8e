//! Who may look at a document: its member, and staff whose organisation the member belongs to. Every look of the staff is recorded
//! before the answer leaves.

use uuid::Uuid;

use super::claim::{self, ClaimFacts};
use super::rows::document;
use crate::app::App;
use crate::audit;
use crate::http::{Actor, Caller, Code, Problem};

/// The claim, if the caller may look at its documents.
///
/// # Errors
/// `not_found` for everybody else: whether it exists is not told.
pub(super) async fn claim_for(app: &App, caller: &Caller, claim_id: Uuid) -> Result<ClaimFacts, Problem> {
    let claim = claim::facts(app.db.read(), claim_id).await?;
    claim.filter(|claim| may_look(caller, claim)).ok_or_else(|| Problem::new(Code::NotFound))
}

/// The document with its claim, if the caller may look at it.
///
/// # Errors
/// `not_found` for everybody else.
pub(super) async fn document_for(
    app: &App,
    caller: &Caller,
    document_id: Uuid,
) -> Result<(document::Model, ClaimFacts), Problem> {
    let document = super::find(app.db.read(), document_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let claim = claim_for(app, caller, document.claim_id).await?;
    Ok((document, claim))
}

fn may_look(caller: &Caller, claim: &ClaimFacts) -> bool {
    match &caller.actor {
        Actor::Member { member_id } => *member_id == claim.member_id,
        Actor::Staff(staff) => caller.may("review:document") && claim.is_within_reach_of(staff),
        Actor::Machine(_) => false,
    }
}

/// Writes a look of the staff into the member's access record; a member's own look is not recorded.
///
/// # Errors
/// Those of the database: then nothing is shown.
pub(super) async fn record(
    app: &App,
    caller: &Caller,
    claim: &ClaimFacts,
    what: &'static str,
    subject_id: Uuid,
) -> Result<(), Problem> {
    if let Actor::Staff(staff) = &caller.actor {
        audit::record_access(app.db.write(), app, staff, claim.member_id, what, subject_id).await?;
    }
    Ok(())
}
