//! A break is closed in a person's words: a kind that stops sending by two people, of whom one proposes and the other closes.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::list_breaks::BreakView;
use super::raise::close;
use super::rows::recon_break;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;

/// What somebody proposes.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeBreakResolution {
    /// What was found out and done, without anything personal.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    proposal: String,
}

/// How it is closed.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveBreak {
    /// What was found out and done, without anything personal.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000)]
    resolution: String,
    /// `proposed_at` of the proposal that was read, for a break that takes two: another proposal since is not closed unseen.
    #[serde(default)]
    proposed_at: Option<Moment>,
}

/// Propose the end of a break
///
/// Of a kind that takes two people; another person closes it. A new proposal takes the place of one before.
#[utoipa::path(
    tag = "staff", operation_id = "propose_break_resolution", security(("bearer" = ["break:resolve"])),
    request_body = ProposeBreakResolution,
    params(
        ("break_id" = Uuid, Path, description = "The break"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The break with the proposal", body = BreakView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`break_closed`, or one person closes it: `break_takes_one`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/breaks/{break_id}/proposal")]
pub(super) async fn propose_break_resolution(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ProposeBreakResolution>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = propose(txn, &app, *path, staff.staff_id, &body.value.proposal).await?;
            Reply::ok(&BreakView::at(row, app.clock.now()))
        })
        .await
}

/// Resolve a break
///
/// With words of one's own. A kind that stops sending needs the proposal of another person before.
#[utoipa::path(
    tag = "staff", operation_id = "resolve_break", security(("bearer" = ["break:resolve"])),
    request_body = ResolveBreak,
    params(
        ("break_id" = Uuid, Path, description = "The break"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The break, resolved", body = BreakView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever proposed the end may not close it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`break_closed`, `break_needs_proposal`, or another proposal since: `conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/breaks/{break_id}/resolve")]
pub(super) async fn resolve_break(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ResolveBreak>,
) -> Answer {
    let ResolveBreak { resolution, proposed_at } = &body.value;
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = resolve(txn, &app, *path, staff.staff_id, *proposed_at, resolution).await?;
            Reply::ok(&BreakView::at(row, app.clock.now()))
        })
        .await
}

async fn load(connection: &impl ConnectionTrait, id: Uuid) -> Result<recon_break::Model, Problem> {
    recon_break::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Writes what a person proposes to be the end of a break that takes two; answers the break.
///
/// # Errors
/// `not_found`, `break_closed`, `break_takes_one`; those of the database.
pub async fn propose(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    staff_id: Uuid,
    proposal: &str,
) -> Result<recon_break::Model, Problem> {
    use recon_break::Column as C;
    let row = load(txn, id).await?;
    if !row.kind.takes_two() {
        return Err(Problem::new(Code::BreakTakesOne));
    }
    let done = recon_break::Entity::update_many()
        .col_expr(C::Proposal, Expr::value(proposal))
        .col_expr(C::ProposedBy, Expr::value(staff_id))
        .col_expr(C::ProposedAtMs, Expr::value(app.clock.now()))
        .filter(C::Id.eq(id))
        .filter(C::State.eq("open"))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { load(txn, id).await } else { Err(Problem::new(Code::BreakClosed)) }
}

/// Closes a break in a person's words; answers it. One that takes two needs the proposal of another person, made at `proposed_at`.
///
/// # Errors
/// `not_found`, `break_closed`, `break_needs_proposal`, `same_person`; `conflict` when there is another proposal since.
pub async fn resolve(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    staff_id: Uuid,
    proposed_at: Option<Moment>,
    resolution: &str,
) -> Result<recon_break::Model, Problem> {
    use recon_break::Column as C;
    let row = load(txn, id).await?;
    let mut update = close(app, resolution).col_expr(C::ResolvedBy, Expr::value(staff_id)).filter(C::Id.eq(id));
    if row.state == "open" && row.kind.takes_two() {
        let proposed_by = row.proposed_by.ok_or_else(|| Problem::new(Code::BreakNeedsProposal))?;
        if proposed_by == staff_id {
            return Err(Problem::new(Code::SamePerson));
        }
        if proposed_at != row.proposed_at_ms {
            return Err(Problem::new(Code::Conflict));
        }
        update = update.filter(C::ProposedBy.eq(proposed_by)).filter(C::ProposedAtMs.eq(row.proposed_at_ms));
    }
    let done = update.exec(txn).await?;
    if done.rows_affected == 1 { load(txn, id).await } else { Err(Problem::new(Code::BreakClosed)) }
}
