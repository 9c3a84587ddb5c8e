//! `POST /v1/reviews/{claim_id}/lapse`: closes a claim whose member did not answer within the term. A person does it, never a job.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::turn;
use super::view::{self, ReviewView};
use crate::app::App;
use crate::claims::advance::{By, Change, advance};
use crate::claims::find;
use crate::claims::rows::claim;
use crate::claims::state::Command;
use crate::claims::supplements;
use crate::claims::withdraw::let_event_go;
use crate::http::{Answer, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::text::Text;
use crate::notices;

/// What the access record says of it.
const WHAT: &str = "claim.lapse";

/// Close a claim that was not answered
///
/// 逾期未补件的申报由审核员结束，会员可重新申报。Only after the term of the request; a new claim may be filed.
#[utoipa::path(tag = "staff", operation_id = "lapse_claim", params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"4\"")),
    security(("bearer" = ["review:decide"])), responses((status = 200, body = ReviewView)))]
#[post("/v1/reviews/{claim_id}/lapse")]
pub(super) async fn lapse_claim(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
) -> Answer {
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, *claim_id, WHAT).await;
    key.once_for(&app, [0; 32], again, async |txn: &DatabaseTransaction| {
        lapse(txn, &app, &caller, *claim_id, if_match).await
    })
    .await
}

async fn lapse(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    if_match: IfMatch,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    if_match.check(claim.version)?;
    turn::check(txn, caller, &claim).await?;
    let open = supplements::open_of(txn, claim.id).await?;
    if open.is_some_and(|request| request.term_ends_on >= app.clock.now().date()) {
        return Err(Problem::new(Code::ClaimStateConflict)
            .detail(Text::fixed("补件期限未到", "The member still has time to answer")));
    }
    let text = Text::fixed(
        "逾期未补件，申报已结束；您可以重新申报",
        "Closed because nothing came in time; you may claim again",
    );
    let change = Change::new(Command::Lapse, By::staff(caller.staff_id), text.clone())
        .reason("term_over")
        .set(claim::Column::ReviewerId, Option::<Uuid>::None);
    let claim = advance(txn, app, &claim, change).await?;
    supplements::close(txn, app, claim.id, None).await?;
    let_event_go(txn, claim.id).await?;
    notices::queue(txn, app, claim.member_id, Some(claim.id), "claim_lapsed", &text).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}
