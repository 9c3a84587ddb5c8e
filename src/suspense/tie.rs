//! Two people tie a booking in suspense to an order: then it counts as if it had named it.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::rows::tie;
use super::show::{SuspenseBooking, newest, view};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::text::Text;
use crate::payouts::rows::{batch, order};
use crate::recon::rows::{entry, statement};
use crate::recon::suspense;
use crate::recoveries;

/// Whose a booking is.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeBookingOrder {
    /// The order, one of the candidates or another of the same amount.
    pub(crate) order_id: Uuid,
    /// How you know, without a card number or a name.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "银行来电确认为该笔退汇")]
    pub(crate) reason: String,
}

/// Which proposal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichTie {
    /// The proposal as it was read.
    tie_id: Uuid,
}

/// Propose whose a booking in suspense is
///
/// A debit of an order on its way, or the return of a settled one: the amounts are equal to the fen. Another person confirms it; what nobody
/// confirmed is replaced by what is proposed next.
#[utoipa::path(
    tag = "staff", operation_id = "propose_booking_order", security(("bearer" = ["payout:resolve"])),
    request_body = ProposeBookingOrder,
    params(
        ("entry_id" = Uuid, Path, description = "The booking"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The booking, with the proposal", body = SuspenseBooking),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`booking_not_in_suspense` or `booking_does_not_fit`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/suspense-bookings/{entry_id}/order")]
pub(super) async fn propose_booking_order(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ProposeBookingOrder>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let booking = propose(txn, &app, staff.staff_id, *path, &body.value).await?;
            let location = format!("/v1/suspense-bookings/{}", booking.id);
            Reply::created(location, &view(txn, booking).await?)
        })
        .await
}

/// Confirm whose a booking in suspense is
///
/// Never by the person who proposed it. The booking leaves suspense: its order is settled, or its money has come back and the member is asked for
/// another card.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_booking_order", security(("bearer" = ["payout:resolve"])),
    request_body = WhichTie,
    params(
        ("entry_id" = Uuid, Path, description = "The booking"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The booking, tied to its order", body = SuspenseBooking),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever proposed it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`booking_not_in_suspense`, `booking_does_not_fit` or `resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/suspense-bookings/{entry_id}/order/confirm")]
pub(super) async fn confirm_booking_order(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichTie>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let booking = confirm(txn, &app, staff.staff_id, *path, body.value.tie_id).await?;
            Reply::ok(&view(txn, booking).await?)
        })
        .await
}

/// The booking, while it waits in suspense, names no order, and no recovery has any of it.
async fn unnamed(txn: &DatabaseTransaction, entry_id: Uuid) -> Result<entry::Model, Problem> {
    let booking = suspense::booking(txn, entry_id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let is_whole = !booking.credit || recoveries::left_of_credit(txn, &booking).await? == booking.amount_fen;
    if booking.order_id.is_some() || !is_whole {
        return Err(Problem::new(Code::BookingNotInSuspense));
    }
    Ok(booking)
}

/// Refuses an order that is not there, of another account or of another amount.
async fn check(txn: &DatabaseTransaction, booking: &entry::Model, order_id: Uuid) -> Result<(), Problem> {
    let order = order::Entity::find_by_id(order_id).one(txn).await?.ok_or_else(|| {
        Problem::new(Code::ValidationFailed).field(
            "/order_id",
            "unknown_order",
            Text::fixed("没有这笔付款指令", "There is no such order"),
        )
    })?;
    let fits = is_of_account(txn, booking, &order).await? && suspense::would_take(txn, booking, order).await?;
    if fits { Ok(()) } else { Err(Problem::new(Code::BookingDoesNotFit)) }
}

/// True when the order's batch is debited to the account of the booking's statement.
async fn is_of_account(
    txn: &DatabaseTransaction,
    booking: &entry::Model,
    order: &order::Model,
) -> Result<bool, Problem> {
    let Some(batch_id) = order.batch_id else { return Ok(false) };
    let batch = batch::Entity::find_by_id(batch_id).one(txn).await?;
    let statement = statement::Entity::find_by_id(booking.statement_id).one(txn).await?;
    Ok(batch.zip(statement).is_some_and(|(batch, statement)| batch.debit_account == statement.account))
}

/// Proposes whose a booking is; answers the booking.
///
/// # Errors
/// `not_found`; `booking_not_in_suspense`, `booking_does_not_fit` or `validation_failed` when it may not be.
pub(crate) async fn propose(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    entry_id: Uuid,
    asked: &ProposeBookingOrder,
) -> Result<entry::Model, Problem> {
    let booking = unnamed(txn, entry_id).await?;
    check(txn, &booking, asked.order_id).await?;
    let row = tie::ActiveModel {
        id: Set(app.ids.next()),
        entry_id: Set(booking.id),
        order_id: Set(asked.order_id),
        reason: Set(asked.reason.clone()),
        proposed_by: Set(staff_id),
        proposed_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    tie::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(booking)
}

/// Confirms the proposal that was made last, and takes the booking from suspense; answers it.
///
/// # Errors
/// `resolution_closed` when it is not the last or was confirmed, `same_person` for whoever made it; otherwise as [`propose`].
pub(crate) async fn confirm(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    entry_id: Uuid,
    tie_id: Uuid,
) -> Result<entry::Model, Problem> {
    let booking = unnamed(txn, entry_id).await?;
    let row = newest(txn, booking.id).await?.filter(|row| row.id == tie_id && row.confirmed_by.is_none());
    let row = row.ok_or_else(|| Problem::new(Code::ResolutionClosed))?;
    if row.proposed_by == staff_id {
        return Err(Problem::new(Code::SamePerson));
    }
    check(txn, &booking, row.order_id).await?;
    let done = tie::Entity::update_many()
        .col_expr(tie::Column::ConfirmedBy, Expr::value(staff_id))
        .col_expr(tie::Column::ConfirmedAtMs, Expr::value(app.clock.now()))
        .filter(tie::Column::Id.eq(row.id))
        .filter(tie::Column::ConfirmedBy.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected != 1 {
        return Err(Problem::new(Code::ResolutionClosed));
    }
    suspense::tie(txn, app, &booking, row.order_id).await?;
    tracing::warn!(entry.id = %booking.id, order.id = %row.order_id, "suspense.booking was tied to an order by two people");
    suspense::booking(txn, booking.id).await?.ok_or_else(|| Problem::new(Code::NotFound))
}
