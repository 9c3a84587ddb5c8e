//! `POST /v1/reviews/{claim_id}/ask`: one itemised request for everything that is missing. The promise pauses.

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
use crate::claims::advance::By;
use crate::claims::find;
use crate::claims::supplements::{self, Item};
use crate::http::{Answer, Body, Idempotency, IfMatch, Problem, Reply, StaffCaller};

/// What the access record says of it.
const WHAT: &str = "claim.ask";

/// What is missing.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskSupplement {
    /// Everything at once.
    #[schema(min_items = 1, max_items = 30)]
    #[validate(length(min = 1, max = 30), nested)]
    items: Vec<Item>,
}

/// Ask for what is missing
///
/// 补件：一次列清全部缺少的材料；等待期间承诺暂停。Names everything at once; the promise pauses while the member has the ball.
#[utoipa::path(tag = "staff", operation_id = "ask_supplement", request_body = AskSupplement, params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"4\"")),
    security(("bearer" = ["review:ask"])), responses((status = 200, body = ReviewView)))]
#[post("/v1/reviews/{claim_id}/ask")]
pub(super) async fn ask_supplement(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
    body: Body<AskSupplement>,
) -> Answer {
    let items = &body.value.items;
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, *claim_id, WHAT).await;
    key.once_for(&app, body.fingerprint, again, async |txn: &DatabaseTransaction| {
        ask(txn, &app, &caller, *claim_id, if_match, items.clone()).await
    })
    .await
}

async fn ask(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    if_match: IfMatch,
    items: Vec<Item>,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    if_match.check(claim.version)?;
    turn::check(txn, caller, &claim).await?;
    let claim = supplements::ask(txn, app, &claim, By::staff(caller.staff_id), items).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}
