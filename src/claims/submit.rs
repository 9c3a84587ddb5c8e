//! `POST /v1/claims/{claim_id}/submit`: hands a draft in; the checks run at once when every document has been looked at.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::advance::{By, Change, conflict};
use super::declaration::Declaration;
use super::rows::claim;
use super::state::{ClaimState, Command};
use super::view::{self, ClaimView};
use super::{checks, find};
use crate::app::App;
use crate::db::Writes;
use crate::documents;
use crate::http::{Answer, Code, Idempotency, IfMatch, MemberCaller, Problem, Reply};
use crate::kernel::text::Text;
use crate::promise::{ClockEvent, ClockRow};

/// Submit a claim
///
/// 提交申报。核查通过即受理，十个工作日的承诺开始计时；缺什么会一次说清。When the checks pass the claim is accepted and the promise starts.
#[utoipa::path(tag = "member", operation_id = "submit_claim", params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"2\"")),
    security(("bearer" = ["claim:declare"])), responses((status = 200, body = ClaimView)))]
#[post("/v1/claims/{claim_id}/submit")]
pub(super) async fn submit_claim(
    app: web::Data<Arc<App>>,
    caller: MemberCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
) -> Answer {
    key.once_by_itself(&app, [0; 32], async |txn: &DatabaseTransaction| {
        submit(txn, &app, &caller, *claim_id, if_match).await
    })
    .await
}

async fn submit(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &MemberCaller,
    claim_id: Uuid,
    if_match: IfMatch,
) -> Result<(Reply, Writes), Problem> {
    let claim = find::of_member_alone(txn, caller, claim_id).await?;
    if claim.state != ClaimState::Draft {
        return Err(conflict(&claim));
    }
    if_match.check(claim.version)?;
    let declaration = Declaration::open(app, &claim.declaration_sealed)?;
    let now = app.clock.now();
    let facts = declaration.facts(now.date())?;
    let held = documents::of_claim(txn, claim.id).await?;
    if held.is_empty() {
        return Err(Problem::new(Code::ClaimIncomplete).field(
            "/documents",
            "missing",
            Text::fixed(
                "请至少上传一张结算单或票据的照片",
                "Upload at least a photo of the settlement sheet or the bill",
            ),
        ));
    }
    let submission = Change::new(
        Command::Submit,
        By::member(caller.member_id),
        Text::fixed("已提交，系统正在核查", "Submitted; the system checks it"),
    )
    .set(claim::Column::SubmittedAtMs, now)
    .set(claim::Column::EventLookup, Declaration::event_lookup(app, claim.member_id, &facts))
    .set(claim::Column::SerialLookup, declaration.serial_lookup(app));
    let (claim, writes) = checks::run_at_submission(txn, app, claim, &declaration, &held, submission).await?;
    // It was a draft: its clock has nothing but a start.
    let clock: Vec<ClockRow> =
        claim.accepted_at_ms.map(|at| ClockRow { at, event: ClockEvent::Start }).into_iter().collect();
    Ok((view::reply_with(txn, app, &claim, &clock).await?, writes))
}
