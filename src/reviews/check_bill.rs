//! `POST /v1/reviews/{claim_id}/bill-checks`: the reviewer has the bill on a document checked again.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::turn;
use super::view::{self, ReviewView};
use crate::app::App;
use crate::bill_checks;
use crate::claims::find;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Idempotency, Problem, Reply, StaffCaller};

/// What the access record says of it.
const WHAT: &str = "claim.bill_checks";

/// Which bill.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct CheckBill {
    /// The document that tells it.
    document_id: Uuid,
}

/// Check a bill again
///
/// 再次查验票据：在每张票每天五次及每日总次数之内；“无法查验”不等于“不实”。Asks the fiscal platform again within the day's budgets; the answer comes
/// with a later look. A bill that can't be checked is not a false one.
#[utoipa::path(tag = "staff", operation_id = "check_bill", request_body = CheckBill, params(
    ("claim_id" = Uuid, Path, description = "The claim, taken by the caller"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again")),
    security(("bearer" = ["review:check_bill"])), responses(
        (status = 200, body = ReviewView),
        (status = 409, description = "Nothing to ask (`bill_check_refused`), or the claim is not the caller's to review (`not_your_review`, `claim_state_conflict`)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "The day has no question left for this bill (`bill_checks_spent`), or the caller asks too much (`too_many_requests`)", body = ProblemBody, content_type = "application/problem+json"),
    ))]
#[post("/v1/reviews/{claim_id}/bill-checks")]
pub(super) async fn check_bill(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    body: Body<CheckBill>,
) -> Answer {
    let document_id = body.value.document_id;
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, *claim_id, WHAT).await;
    key.once_for(&app, body.fingerprint, again, async |txn: &DatabaseTransaction| {
        check(txn, &app, &caller, *claim_id, document_id).await
    })
    .await
}

async fn check(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    document_id: Uuid,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    turn::check_taken(caller, &claim)?;
    bill_checks::ask_again(txn, app, claim.id, document_id).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}
