//! `POST /v1/reviews/{claim_id}/matches/{match_id}/judge`: whether two documents are one receipt.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{is_within_reach, other_claim};
use crate::app::App;
use crate::claims::find;
use crate::documents::matches::{self, Judgement};
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::text::Text;
use crate::reviews::turn;
use crate::reviews::view::{self, ReviewView};

/// What the access record says of it: the member sees that word, and is not told that there is a match.
const WHAT: &str = "claim";

/// A judgement.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct JudgeMatch {
    /// Whether they are one receipt. It does not decide the claim.
    judgement: Judgement,
    /// Why, for the next reviewer. The member never sees it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    #[validate(length(min = 1, max = 1000))]
    remark: Option<String>,
}

/// Judge a match
///
/// 判断疑似重复票据：同一张或不同；每两份材料只判断一次，会员不会看到。Once for two documents, however they match; it stays, the member never sees it,
/// and the claim is decided apart.
#[utoipa::path(tag = "staff", operation_id = "judge_match", request_body = JudgeMatch, params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("match_id" = Uuid, Path, description = "The match"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version of the claim that was read, for example \"4\"")),
    security(("bearer" = ["review:decide"])), responses((status = 200, body = ReviewView)))]
#[post("/v1/reviews/{claim_id}/matches/{match_id}/judge")]
pub(in crate::reviews) async fn judge_match(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    path: web::Path<(Uuid, Uuid)>,
    key: Idempotency,
    if_match: IfMatch,
    body: Body<JudgeMatch>,
) -> Answer {
    let ((claim_id, match_id), asked) = (*path, &body.value);
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, claim_id, WHAT).await;
    key.once_for(&app, body.fingerprint, again, async |txn: &DatabaseTransaction| {
        judge(txn, &app, &caller, (claim_id, match_id), if_match, asked).await
    })
    .await
}

async fn judge(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    (claim_id, match_id): (Uuid, Uuid),
    if_match: IfMatch,
    asked: &JudgeMatch,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    if_match.check(claim.version)?;
    turn::check_taken(caller, &claim)?;
    let not_found = || Problem::new(Code::NotFound);
    let found = matches::one_of_claim(txn, claim_id, match_id).await?.ok_or_else(not_found)?;
    let other =
        other_claim(txn, &found).await?.filter(|other| other.submitted_at_ms.is_some()).ok_or_else(not_found)?;
    if !is_within_reach(&other, caller) {
        return Err(Problem::new(Code::Forbidden).detail(Text::fixed(
            "另一份材料属于其他组织的申报，请上报上一级判断",
            "The other document belongs to a claim of another organisation; pass the claim up to be judged",
        )));
    }
    matches::judge(txn, app, &found, caller.staff_id, asked.judgement, asked.remark.as_deref()).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}
