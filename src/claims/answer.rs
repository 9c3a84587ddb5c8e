//! `POST /v1/claims/{claim_id}/answer`: the member answers a request, item by item; the checks run again.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::advance::{By, Change, advance, conflict};
use super::state::{ClaimState, Command};
use super::supplements::{self, ItemAnswer};
use super::view::{self, ClaimView};
use super::{checks, find};
use crate::app::App;
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, MemberCaller, Problem, Reply};
use crate::kernel::text::Text;

/// The member's word on every item.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct AnswerSupplement {
    /// One answer an item.
    #[schema(min_items = 1, max_items = 30)]
    #[validate(length(min = 1, max = 30), nested)]
    answers: Vec<ItemAnswer>,
}

/// Answer a request
///
/// 答复补件：每一项或已上传，或说明无法取得。One answer an item: uploaded, or "I cannot get it".
#[utoipa::path(tag = "member", operation_id = "answer_supplement", request_body = AnswerSupplement, params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"3\"")),
    security(("bearer" = ["claim:answer"])), responses((status = 200, body = ClaimView)))]
#[post("/v1/claims/{claim_id}/answer")]
pub(super) async fn answer_supplement(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
    body: Body<AnswerSupplement>,
) -> Answer {
    let answers = &body.value.answers;
    key.once(&app, body.fingerprint, async |txn: &DatabaseTransaction| {
        answer(txn, &app, &caller, *claim_id, if_match, answers).await
    })
    .await
}

async fn answer(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &MemberCaller,
    claim_id: Uuid,
    if_match: IfMatch,
    answers: &[ItemAnswer],
) -> Result<Reply, Problem> {
    let claim = find::of_member_alone(txn, caller, claim_id).await?;
    if claim.state != ClaimState::WaitingForMember {
        return Err(conflict(&claim));
    }
    if_match.check(claim.version)?;
    let open = supplements::open_of(txn, claim.id).await?.ok_or_else(|| conflict(&claim))?;
    let asked = supplements::items(app, &open)?.len();
    let covered = |item: usize| answers.iter().filter(|answer| usize::try_from(answer.item) == Ok(item)).count() == 1;
    if answers.len() != asked || !(0..asked).all(covered) {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/answers",
            "not_every_item",
            Text::fixed("请对每一项各答复一次", "Answer every item once"),
        ));
    }
    supplements::close(txn, app, claim.id, Some(answers)).await?;
    let text = Text::fixed("您已答复补件", "You answered the request");
    let claim = advance(txn, app, &claim, Change::new(Command::Answer, By::member(caller.member_id), text)).await?;
    let claim = checks::run(txn, app, claim).await?;
    view::reply(txn, app, &claim).await
}
