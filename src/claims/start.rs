//! `POST /v1/claims`: begins a claim under an id that the phone made.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, PaginatorTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::advance::{By, record_start};
use super::declaration::Declaration;
use super::find;
use super::rows::claim::{self, Origin};
use super::state::ClaimState;
use super::view::{self, ClaimView};
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, MemberCaller, Problem, Reply};
use crate::kernel::text::Text;
use crate::organisations;

/// Drafts that a member may have at once.
const MAX_DRAFTS: u64 = 20;

/// A claim to begin.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct StartClaim {
    /// Made by the client, best a UUID version 7. Sending the same id again never makes a second claim.
    id: Uuid,
    /// What is known so far.
    #[serde(default)]
    #[validate(nested)]
    declaration: Declaration,
}

/// Begin a claim
///
/// 新建申报（草稿）。编号由手机生成，重复发送不会产生第二笔。The client makes the id; a draft may be incomplete and is kept for another device.
#[utoipa::path(tag = "member", operation_id = "start_claim", request_body = StartClaim, params(
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again")),
    security(("bearer" = ["claim:declare"])),
    responses((status = 201, body = ClaimView), (status = 200, body = ClaimView, description = "It was begun before"),
        (status = 409, description = "`claim_id_taken`, `too_many_drafts`", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/v1/claims")]
pub(super) async fn start_claim(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    key: Idempotency,
    body: Body<StartClaim>,
) -> Answer {
    key.once(&app, body.fingerprint, async |txn: &DatabaseTransaction| start(txn, &app, &caller, &body.value).await)
        .await
}

async fn start(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &MemberCaller,
    asked: &StartClaim,
) -> Result<Reply, Problem> {
    // Of two at once, the second finds what the first began.
    find::lock_member(txn, caller.member_id).await?;
    if let Some(twin) = claim::Entity::find_by_id(asked.id).one(txn).await? {
        // Somebody else's id is as taken as one's own: nothing is said of whose it is.
        let same = twin.member_id == caller.member_id
            && Declaration::open(app, &twin.declaration_sealed)? == asked.declaration;
        return if same { view::reply(txn, app, &twin).await } else { Err(Problem::new(Code::ClaimIdTaken)) };
    }
    let drafts = claim::Entity::find()
        .filter(claim::Column::MemberId.eq(caller.member_id))
        .filter(claim::Column::State.eq(ClaimState::Draft));
    if drafts.count(txn).await? >= MAX_DRAFTS {
        return Err(Problem::new(Code::TooManyDrafts));
    }
    let path = organisations::path_of_member(txn, caller.member_id).await?;
    let now = app.clock.now();
    let row = claim::ActiveModel {
        id: Set(asked.id),
        member_id: Set(caller.member_id),
        origin: Set(Origin::MemberApp),
        state: Set(ClaimState::Draft),
        version: Set(1),
        declaration_sealed: Set(asked.declaration.seal(app)?),
        event_lookup: Set(None),
        serial_lookup: Set(None),
        organisation_path: Set(path.ok_or_else(|| Problem::new(Code::NotFound))?),
        review_level: Set(None),
        reviewer_id: Set(None),
        last_reviewer_id: Set(None),
        created_at_ms: Set(now),
        updated_at_ms: Set(now),
        submitted_at_ms: Set(None),
        accepted_at_ms: Set(None),
        due_on: Set(None),
        awaits_card: Set(false),
    };
    claim::Entity::insert(row).exec_without_returning(txn).await.map_err(taken)?;
    let claim = super::advance::load(txn, asked.id).await?;
    let by = By::member(caller.member_id);
    record_start(txn, &claim, by, Text::fixed("已新建草稿", "A draft was begun")).await?;
    let view = view::of(txn, app, &claim).await?;
    Ok(Reply::created(format!("/v1/claims/{}", claim.id), &view)?.version(claim.version))
}

/// An id that another member's phone made at the same moment is as taken as one that is found.
fn taken(error: DbErr) -> Problem {
    if is_unique_violation(&error) { Problem::new(Code::ClaimIdTaken) } else { error.into() }
}
