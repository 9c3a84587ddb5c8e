//! A claim as its member sees it.

use sea_orm::ConnectionTrait;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::declaration::Declaration;
use super::promise::{self, PromiseView};
use super::rows::claim::{self, Origin};
use super::state::{ClaimState, Holder};
use super::supplements::{self, SupplementView};
use crate::app::App;
use crate::http::{Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::promise::ClockRow;

/// A claim.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimView {
    /// Made by the client.
    pub id: Uuid,
    /// Rises by one with each change; the entity tag.
    #[schema(minimum = 1)]
    pub version: i64,
    /// How it came.
    pub origin: Origin,
    /// Where it stands.
    pub state: ClaimState,
    /// What that is called.
    pub state_title: Text,
    /// Who has the ball.
    pub holder: Holder,
    /// What was declared.
    pub declaration: Declaration,
    /// The ten-working-day promise; absent before acceptance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promise: Option<PromiseView>,
    /// What the member is asked for, while the claim waits for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplement: Option<SupplementView>,
    /// When it was begun.
    pub created_at: Moment,
    /// When it was handed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Moment>,
    /// When it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Moment>,
}

/// The view of a row.
///
/// # Errors
/// When the row does not open.
pub async fn of(connection: &impl ConnectionTrait, app: &App, claim: &claim::Model) -> Result<ClaimView, Problem> {
    let clock = promise::clock_of(connection, claim).await?;
    with_clock(connection, app, claim, &clock).await
}

async fn with_clock(
    connection: &impl ConnectionTrait,
    app: &App,
    claim: &claim::Model,
    clock: &[ClockRow],
) -> Result<ClaimView, Problem> {
    let supplement = match claim.state {
        ClaimState::WaitingForMember => supplements::open_of(connection, claim.id).await?,
        _ => None,
    };
    Ok(ClaimView {
        id: claim.id,
        version: claim.version,
        origin: claim.origin,
        state: claim.state,
        state_title: claim.state.title(),
        holder: claim.state.holder(claim.awaits_card),
        declaration: Declaration::open(app, &claim.declaration_sealed)?,
        promise: promise::of_claim(connection, app, claim, clock).await?,
        supplement: supplement.map(|row| supplements::view(app, &row)).transpose()?,
        created_at: claim.created_at_ms,
        submitted_at: claim.submitted_at_ms,
        accepted_at: claim.accepted_at_ms,
    })
}

/// 200 with the view and its version.
///
/// # Errors
/// When the row does not open.
pub async fn reply(connection: &impl ConnectionTrait, app: &App, claim: &claim::Model) -> Result<Reply, Problem> {
    Ok(Reply::ok(&of(connection, app, claim).await?)?.version(claim.version))
}

/// The same for a caller that knows the rows of its promise clock.
///
/// # Errors
/// When the row does not open.
pub(super) async fn reply_with(
    connection: &impl ConnectionTrait,
    app: &App,
    claim: &claim::Model,
    clock: &[ClockRow],
) -> Result<Reply, Problem> {
    Ok(Reply::ok(&with_clock(connection, app, claim, clock).await?)?.version(claim.version))
}
