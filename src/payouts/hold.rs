//! A person holds one order back, and lets it go again. No batch takes it until then.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::moves::move_order;
use super::rows::{hold, order};
use super::state::{OrderCommand, OrderState};
use super::views::OrderView;
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};

/// Why an order is held that a person holds.
pub const BY_PERSON: &str = "by_person";

/// Why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldReason {
    /// Why, in words for colleagues, without anything personal.
    #[validate(length(min = 1, max = 500))]
    #[schema(min_length = 1, max_length = 500, example = "会员来电称卡片遗失，待核实")]
    reason: String,
}

/// Hold an order back
///
/// Before it is in a batch. No batch takes it until somebody releases the hold.
#[utoipa::path(
    tag = "staff", operation_id = "hold_payout_order", security(("bearer" = ["payout:hold"])),
    request_body = HoldReason,
    params(
        ("order_id" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The order, held", body = OrderView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is in a batch, finished, or held by a person: `order_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-orders/{order_id}/hold")]
pub(super) async fn hold_payout_order(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<HoldReason>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let order = place(txn, &app, staff.staff_id, *path, &body.value.reason).await?;
            Reply::ok(&OrderView::from(order))
        })
        .await
}

/// Release the hold of an order
///
/// It waits for a batch again. Only the hold of a person is released so; the others end when their cause does.
#[utoipa::path(
    tag = "staff", operation_id = "release_payout_hold", security(("bearer" = ["payout:hold"])),
    request_body = HoldReason,
    params(
        ("order_id" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The order, which waits again", body = OrderView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "No person holds it: `order_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-orders/{order_id}/release-hold")]
pub(super) async fn release_payout_hold(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<HoldReason>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let order = lift(txn, &app, staff.staff_id, *path, &body.value.reason).await?;
            Reply::ok(&OrderView::from(order))
        })
        .await
}

/// The order, or 404.
pub(super) async fn load_order(connection: &impl ConnectionTrait, id: Uuid) -> Result<order::Model, Problem> {
    order::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Holds an order that is in no batch, in the name of a person; answers it as it stands then.
///
/// # Errors
/// `not_found`; `order_state_conflict` when it is past that, or a person holds it; `conflict` when somebody changed it meanwhile.
pub async fn place(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    order_id: Uuid,
    reason: &str,
) -> Result<order::Model, Problem> {
    let order = load_order(txn, order_id).await?;
    match order.state {
        OrderState::Created | OrderState::Queued => {
            let changes = order::ActiveModel { hold_reason: Set(Some(BY_PERSON.to_owned())), ..Default::default() };
            move_order(txn, app, &order, OrderCommand::Hold, changes).await?;
        }
        OrderState::Held if order.hold_reason.as_deref() != Some(BY_PERSON) => take_over(txn, app, &order).await?,
        _ => return Err(Problem::new(Code::OrderStateConflict)),
    }
    let row = hold::ActiveModel {
        id: Set(app.ids.next()),
        order_id: Set(order_id),
        placed_by: Set(staff_id),
        reason: Set(reason.to_owned()),
        placed_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    hold::Entity::insert(row).exec_without_returning(txn).await.map_err(|error| {
        if is_unique_violation(&error) { Problem::new(Code::OrderStateConflict) } else { error.into() }
    })?;
    load_order(txn, order_id).await
}

/// An order that is held for another reason is from now on held by a person.
async fn take_over(txn: &DatabaseTransaction, app: &App, order: &order::Model) -> Result<(), Problem> {
    let changes = order::ActiveModel {
        hold_reason: Set(Some(BY_PERSON.to_owned())),
        version: Set(order.version + 1),
        changed_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    let done = order::Entity::update_many()
        .set(changes)
        .filter(order::Column::Id.eq(order.id))
        .filter(order::Column::State.eq(order.state))
        .filter(order::Column::Version.eq(order.version))
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::Conflict)) }
}

/// Ends the hold of a person: the order waits for a batch again; answers it as it stands then.
///
/// # Errors
/// `not_found`; `order_state_conflict` when no person holds it; `conflict` when somebody changed it meanwhile.
pub async fn lift(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    order_id: Uuid,
    reason: &str,
) -> Result<order::Model, Problem> {
    let order = load_order(txn, order_id).await?;
    // First the hold: while it is open the database lets no order out.
    let done = hold::Entity::update_many()
        .col_expr(hold::Column::LiftedBy, Expr::value(staff_id))
        .col_expr(hold::Column::LiftedReason, Expr::value(reason))
        .col_expr(hold::Column::LiftedAtMs, Expr::value(app.clock.now()))
        .filter(hold::Column::OrderId.eq(order_id))
        .filter(hold::Column::LiftedAtMs.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected != 1 {
        return Err(Problem::new(Code::OrderStateConflict));
    }
    let changes = order::ActiveModel { hold_reason: Set(None), ..Default::default() };
    move_order(txn, app, &order, OrderCommand::Queue, changes).await?;
    load_order(txn, order_id).await
}
