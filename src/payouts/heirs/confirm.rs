//! A checker confirms an heir by typing number and card again from the documents. After a day of rest the payout is paid to that card.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, UpdateMany};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::HOLD_SECS;
use super::death::{load_payout, must_be_owed};
use super::rows::heir;
use super::views::HeirView;
use crate::app::App;
use crate::claims::advance::{self, By};
use crate::claims::card;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

/// What the documents say, typed again.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmHeir {
    /// The record as it was read.
    heir_id: Uuid,
    /// The heir's identity number, from the documents.
    #[validate(length(equal = 18))]
    #[schema(min_length = 18, max_length = 18, pattern = "^[0-9]{17}[0-9X]$", example = "110101199003070775")]
    national_id: String,
    /// The heir's card, from the documents.
    #[validate(length(min = 16, max = 19))]
    #[schema(min_length = 16, max_length = 19, pattern = "^[0-9]{16,19}$", example = "6222021234567890136")]
    card_number: String,
}

/// Which record.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichHeir {
    /// The record as it was read.
    heir_id: Uuid,
}

/// Confirm the heir of a payout
///
/// Never by the person who recorded it, and only with the same number and card, typed again. The payout is in the first batch after 24 hours.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_heir", security(("bearer" = ["heir:confirm"])),
    request_body = ConfirmHeir,
    params(
        ("payout_id" = Uuid, Path, description = "The payout"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The heir, confirmed", body = HeirView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever recorded it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`payout_not_owed`, `heir_differs` or `resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payouts/{payout_id}/heir/confirm")]
pub(super) async fn confirm_heir(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ConfirmHeir>,
) -> Answer {
    let asked = &body.value;
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let payout = load_payout(txn, *path).await?;
            let row = find(txn, payout.id, asked.heir_id).await?;
            if row.recorded_by == staff.staff_id {
                return Err(Problem::new(Code::SamePerson));
            }
            must_be_owed(&payout)?;
            let same = app.sealer.lookup(Field::NationalId, &asked.national_id) == row.national_id_lookup
                && app.sealer.lookup(Field::CardNumber, &asked.card_number) == row.number_lookup;
            if !same {
                return Err(Problem::new(Code::HeirDiffers));
            }
            let now = app.clock.now();
            let update = open(row.id)
                .col_expr(heir::Column::ConfirmedBy, Expr::value(staff.staff_id))
                .col_expr(heir::Column::ConfirmedAtMs, Expr::value(now))
                .col_expr(heir::Column::UsableFromMs, Expr::value(now.plus_secs(HOLD_SECS)));
            close(txn, update).await?;
            let claim = advance::load(txn, payout.claim_id).await?;
            let text =
                Text::fixed("已登记继承人，我们将支付给继承人", "An heir is recorded; it will be paid to the heir");
            card::go_on_by(txn, &app, &claim, By::staff(staff.staff_id), text).await?;
            tracing::warn!(payout.id = %payout.id, heir.id = %row.id, "payouts.heir was confirmed by two people");
            Reply::ok(&HeirView::of(&app, find(txn, payout.id, row.id).await?)?)
        })
        .await
}

/// Withdraw the record of an heir
///
/// One that nobody confirmed.
#[utoipa::path(
    tag = "staff", operation_id = "withdraw_heir", security(("bearer" = ["heir:record", "heir:confirm"])),
    request_body = WhichHeir,
    params(
        ("payout_id" = Uuid, Path, description = "The payout"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The heir, withdrawn", body = HeirView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payouts/{payout_id}/heir/withdraw")]
pub(super) async fn withdraw_heir(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichHeir>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = find(txn, *path, body.value.heir_id).await?;
            let update = open(row.id)
                .col_expr(heir::Column::WithdrawnBy, Expr::value(staff.staff_id))
                .col_expr(heir::Column::WithdrawnAtMs, Expr::value(app.clock.now()));
            close(txn, update).await?;
            Reply::ok(&HeirView::of(&app, find(txn, *path, row.id).await?)?)
        })
        .await
}

async fn find(txn: &DatabaseTransaction, payout_id: Uuid, id: Uuid) -> Result<heir::Model, Problem> {
    let row = heir::Entity::find_by_id(id).one(txn).await?.filter(|row| row.payout_id == payout_id);
    row.ok_or_else(|| Problem::new(Code::NotFound))
}

/// A record that waits.
fn open(id: Uuid) -> UpdateMany<heir::Entity> {
    heir::Entity::update_many()
        .filter(heir::Column::Id.eq(id))
        .filter(heir::Column::ConfirmedAtMs.is_null())
        .filter(heir::Column::WithdrawnAtMs.is_null())
}

async fn close(txn: &DatabaseTransaction, update: UpdateMany<heir::Entity>) -> Result<(), Problem> {
    let done = update.exec(txn).await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::ResolutionClosed)) }
}
