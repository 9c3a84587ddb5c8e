//! A match as the reviewer sees it.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{counts, is_within_reach, other_claim};
use crate::app::App;
use crate::claims::declaration::Declaration;
use crate::claims::rows::{claim, claim_plan};
use crate::claims::state::ClaimState;
use crate::documents::matches::{self, ClaimMatch, How, Judgement};
use crate::http::{Problem, StaffCaller};
use crate::kernel::clock::Moment;

/// A document of this claim that may be the same as another.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::reviews) struct ReviewMatch {
    /// The match.
    id: Uuid,
    /// How they are the same. A signal, never proof.
    how: How,
    /// The document of this claim.
    document_id: Uuid,
    /// Which page of it.
    #[schema(minimum = 1, maximum = 30, example = 1)]
    page: i32,
    /// In thousandths, how much differs between two pictures of a page; 0 when nothing does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, maximum = 1000, example = 12)]
    distance: Option<i32>,
    /// Both documents belong to this claim: a page that was photographed twice, seldom more.
    within_claim: bool,
    /// Whether it must be judged before money is granted.
    must_be_judged: bool,
    /// The other side, when you may see it; none when it lies in a claim outside your organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<OtherSide>,
    /// What a reviewer says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<Judgement>,
    /// When it was found.
    found_at: Moment,
}

/// The other side of a match.
#[derive(Debug, Serialize, ToSchema)]
struct OtherSide {
    /// The document.
    document_id: Uuid,
    /// Which page of it.
    #[schema(minimum = 1, maximum = 30, example = 1)]
    page: i32,
    /// The claim that it belongs to.
    claim_id: Uuid,
    /// Whose claim that is.
    member_id: Uuid,
    /// Where that claim stands.
    state: ClaimState,
    /// It is the same person's.
    same_member: bool,
    /// Both claims are of events that have a day in common.
    same_days: bool,
    /// One plan was assessed for both.
    same_plan: bool,
}

/// The matches of a claim whose other side was handed in, those that must be judged first.
///
/// # Errors
/// Those of the database, and a declaration that does not open.
pub(in crate::reviews) async fn of(
    connection: &impl ConnectionTrait,
    app: &App,
    caller: &StaffCaller,
    claim: &claim::Model,
) -> Result<Vec<ReviewMatch>, Problem> {
    let mut shown = Vec::new();
    for found in matches::of_claim(connection, claim.id).await? {
        let Some(other) = other_claim(connection, &found).await? else { continue };
        // What nobody handed in yet is nobody's receipt.
        if other.submitted_at_ms.is_none() {
            continue;
        }
        let side = if is_within_reach(&other, caller) {
            Some(side(connection, app, claim, &other, &found).await?)
        } else {
            None
        };
        shown.push(ReviewMatch {
            id: found.id,
            how: found.how,
            document_id: found.document_id,
            page: found.page,
            distance: found.distance,
            within_claim: found.within_claim,
            must_be_judged: !found.within_claim && found.judgement.is_none() && counts(&other),
            other: side,
            judgement: found.judgement,
            found_at: found.found_at_ms,
        });
    }
    shown.sort_by_key(|one| !one.must_be_judged);
    Ok(shown)
}

async fn side(
    connection: &impl ConnectionTrait,
    app: &App,
    claim: &claim::Model,
    other: &claim::Model,
    found: &ClaimMatch,
) -> Result<OtherSide, Problem> {
    Ok(OtherSide {
        document_id: found.other_document_id,
        page: found.other_page,
        claim_id: other.id,
        member_id: other.member_id,
        state: other.state,
        same_member: claim.member_id == other.member_id,
        same_days: have_days_in_common(app, claim, other)?,
        same_plan: have_plan_in_common(connection, claim.id, other.id).await?,
    })
}

fn have_days_in_common(app: &App, one: &claim::Model, other: &claim::Model) -> Result<bool, Problem> {
    let days = |claim: &claim::Model| {
        let declaration = Declaration::open(app, &claim.declaration_sealed)?;
        Ok::<_, Problem>(declaration.starts_on.zip(declaration.ends_on))
    };
    let both = days(one)?.zip(days(other)?);
    Ok(both
        .is_some_and(|((starts, ends), (others_starts, others_ends))| starts <= others_ends && others_starts <= ends))
}

async fn have_plan_in_common(connection: &impl ConnectionTrait, one: Uuid, other: Uuid) -> Result<bool, Problem> {
    let rows =
        claim_plan::Entity::find().filter(claim_plan::Column::ClaimId.is_in([one, other])).all(connection).await?;
    let (own, others): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.claim_id == one);
    Ok(one == other || own.iter().any(|row| others.iter().any(|theirs| theirs.plan_id == row.plan_id)))
}
