//! What the bank leaves in doubt for ever is resolved by two people: one proposes on the bank's written answer, another confirms.
//!
//! Never before the statement of its value date is closed and shows no debit. A rejected order needs none of this: the statement alone
//! confirms it; it never goes back to the queue under its own reference.

use std::sync::Arc;

use actix_web::{get, post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveEnum, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::apply;
use super::hold::load_order;
use super::reason::NOT_PAID;
use super::release::load;
use super::rows::resolution::{self, Outcome};
use super::rows::{dispatch, order};
use super::state::{OrderCommand, OrderState};
use super::views::OrderView;
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::recon;

/// What the bank wrote, and what follows.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeResolution {
    /// What became of it: `never_paid` of an order in doubt or called paid, `cancelled` of an accepted one.
    pub(crate) outcome: Outcome,
    /// The number or name of the bank's letter.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "京银函〔2026〕17号")]
    pub(crate) bank_reference: String,
    /// What the bank wrote, without a card number or a name.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000, example = "经查，该笔指令我行未收到，未扣款")]
    pub(crate) bank_answer: String,
    /// The bank's reason code when it names one, such as AC04: then the member is asked for another card.
    #[validate(length(equal = 4))]
    #[schema(min_length = 4, max_length = 4, pattern = "^[A-Z0-9]{4}$", example = "AC04")]
    #[serde(default)]
    pub(crate) reason_code: Option<String>,
}

/// Which proposal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichResolution {
    /// The proposal as it was read.
    resolution_id: Uuid,
}

/// How an order was, or shall be, resolved by hand.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutResolution)]
pub struct ResolutionView {
    /// Identifier.
    id: Uuid,
    /// The order, as it stands now.
    order: OrderView,
    /// What became of it.
    outcome: Outcome,
    /// The number or name of the bank's letter.
    #[schema(max_length = 100, example = "京银函〔2026〕17号")]
    bank_reference: String,
    /// What the bank wrote.
    #[schema(max_length = 2000, example = "经查，该笔指令我行未收到，未扣款")]
    bank_answer: String,
    /// Who proposed it.
    proposed_by: Uuid,
    /// When.
    proposed_at: Moment,
    /// Who confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<Moment>,
    /// Who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn_by: Option<Uuid>,
}

/// Propose how an order is resolved
///
/// On the bank's written answer, when the statement of its value date is closed and shows no debit. Another person confirms it.
#[utoipa::path(
    tag = "staff", operation_id = "propose_payout_resolution", security(("bearer" = ["payout:resolve"])),
    request_body = ProposeResolution,
    params(
        ("order_id" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The proposal", body = ResolutionView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`order_state_conflict`, `statement_not_closed`, `order_debited` or `resolution_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-orders/{order_id}/resolution")]
pub(super) async fn propose_payout_resolution(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ProposeResolution>,
) -> Answer {
    let asked = &body.value;
    let is_code = |code: &String| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if !asked.reason_code.as_ref().is_none_or(is_code) {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/reason_code",
            "pattern",
            Text::fixed("原因码为四位大写字母或数字", "A reason code is four capital letters or digits"),
        ));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let (order, row) = propose(txn, &app, staff.staff_id, *path, asked).await?;
            Reply::created(format!("/v1/payout-orders/{}/resolution", order.id), &view(order, row))
        })
        .await
}

/// Show how an order is resolved
///
/// The newest proposal and what became of it.
#[utoipa::path(
    tag = "staff", operation_id = "show_payout_resolution", security(("bearer" = ["payout:read"])),
    params(("order_id" = Uuid, Path, description = "The order")),
    responses(
        (status = 200, description = "The proposal", body = ResolutionView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payout-orders/{order_id}/resolution")]
pub(super) async fn show_payout_resolution(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let order = load_order(app.db.read(), *path).await?;
    let row = resolution::Entity::find()
        .filter(resolution::Column::OrderId.eq(order.id))
        .order_by_desc(resolution::Column::Id)
        .one(app.db.read())
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Reply::ok(&view(order, row))?.into_response())
}

/// Confirm how an order is resolved
///
/// Never by the person who proposed it. What was reserved goes back in the books, the payout has failed and is paid anew under a new
/// reference.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_payout_resolution", security(("bearer" = ["payout:resolve"])),
    request_body = WhichResolution,
    params(
        ("order_id" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The proposal, confirmed", body = ResolutionView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever proposed it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`order_state_conflict`, `statement_not_closed`, `order_debited` or `resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-orders/{order_id}/resolution/confirm")]
pub(super) async fn confirm_payout_resolution(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichResolution>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let (order, row) = confirm(txn, &app, staff.staff_id, *path, body.value.resolution_id).await?;
            Reply::ok(&view(order, row))
        })
        .await
}

/// Withdraw a proposal
///
/// One that nobody confirmed, by any of those who may propose.
#[utoipa::path(
    tag = "staff", operation_id = "withdraw_payout_resolution", security(("bearer" = ["payout:resolve"])),
    request_body = WhichResolution,
    params(
        ("order_id" = Uuid, Path, description = "The order"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The proposal, withdrawn", body = ResolutionView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-orders/{order_id}/resolution/withdraw")]
pub(super) async fn withdraw_payout_resolution(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichResolution>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let order = load_order(txn, *path).await?;
            let row = find(txn, order.id, body.value.resolution_id).await?;
            let columns = (resolution::Column::WithdrawnBy, resolution::Column::WithdrawnAtMs);
            close(txn, &row, columns, &app, staff.staff_id).await?;
            let row = find(txn, order.id, row.id).await?;
            Reply::ok(&view(order, row))
        })
        .await
}

/// Proposes how an order is resolved; answers the order and the proposal.
///
/// # Errors
/// `not_found`; `order_state_conflict`, `statement_not_closed` or `order_debited` when it may not be; `resolution_open` when somebody proposed.
pub(crate) async fn propose(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    order_id: Uuid,
    asked: &ProposeResolution,
) -> Result<(order::Model, resolution::Model), Problem> {
    let order = load_order(txn, order_id).await?;
    check(txn, &order, asked.outcome).await?;
    let row = resolution::ActiveModel {
        id: Set(app.ids.next()),
        order_id: Set(order.id),
        outcome: Set(asked.outcome),
        bank_reference: Set(asked.bank_reference.clone()),
        bank_answer: Set(asked.bank_answer.clone()),
        reason_code: Set(asked.reason_code.clone()),
        proposed_by: Set(staff_id),
        proposed_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    let row = resolution::Entity::insert(row)
        .exec_with_returning(txn)
        .await
        .map_err(|error| if is_unique_violation(&error) { Problem::new(Code::ResolutionOpen) } else { error.into() })?;
    Ok((order, row))
}

/// Confirms a proposal and does to the order what it says; answers both as they stand then.
///
/// # Errors
/// `same_person` for whoever proposed it; `resolution_closed` when it is confirmed or withdrawn; otherwise as [`propose`].
pub(crate) async fn confirm(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    order_id: Uuid,
    resolution_id: Uuid,
) -> Result<(order::Model, resolution::Model), Problem> {
    let order = load_order(txn, order_id).await?;
    let row = find(txn, order.id, resolution_id).await?;
    if row.proposed_by == staff_id {
        return Err(Problem::new(Code::SamePerson));
    }
    close(txn, &row, (resolution::Column::ConfirmedBy, resolution::Column::ConfirmedAtMs), app, staff_id).await?;
    let command = check(txn, &order, row.outcome).await?;
    let code = row.reason_code.clone().unwrap_or_else(|| NOT_PAID.to_owned());
    apply::confirm_by_hand(txn, app, &order, command, &code).await?;
    tracing::warn!(order.id = %order.id, outcome = row.outcome.to_value(), "payouts.order was resolved by two people");
    Ok((load_order(txn, order.id).await?, find(txn, order.id, row.id).await?))
}

fn view(order: order::Model, row: resolution::Model) -> ResolutionView {
    ResolutionView {
        id: row.id,
        order: order.into(),
        outcome: row.outcome,
        bank_reference: row.bank_reference,
        bank_answer: row.bank_answer,
        proposed_by: row.proposed_by,
        proposed_at: row.proposed_at_ms,
        confirmed_by: row.confirmed_by,
        confirmed_at: row.confirmed_at_ms,
        withdrawn_by: row.withdrawn_by,
    }
}

async fn find(txn: &DatabaseTransaction, order_id: Uuid, id: Uuid) -> Result<resolution::Model, Problem> {
    let row = resolution::Entity::find_by_id(id).one(txn).await?.filter(|row| row.order_id == order_id);
    row.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Ends an open proposal, in one way or the other.
async fn close(
    txn: &DatabaseTransaction,
    row: &resolution::Model,
    (by, at): (resolution::Column, resolution::Column),
    app: &App,
    staff_id: Uuid,
) -> Result<(), Problem> {
    let done = resolution::Entity::update_many()
        .col_expr(by, Expr::value(staff_id))
        .col_expr(at, Expr::value(app.clock.now()))
        .filter(resolution::Column::Id.eq(row.id))
        .filter(resolution::Column::ConfirmedAtMs.is_null())
        .filter(resolution::Column::WithdrawnAtMs.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::ResolutionClosed)) }
}

/// What confirming would do to the order, if it may be done: its state allows it, and the statement gate is open.
async fn check(txn: &DatabaseTransaction, order: &order::Model, outcome: Outcome) -> Result<OrderCommand, Problem> {
    let command = match (order.state, outcome) {
        (OrderState::InDoubt | OrderState::Paid, Outcome::NeverPaid) => OrderCommand::ConfirmNeverPaid,
        (OrderState::Accepted, Outcome::Cancelled) => OrderCommand::ConfirmCancelled,
        _ => return Err(Problem::new(Code::OrderStateConflict)),
    };
    let batch_id = order.batch_id.ok_or_else(|| Problem::new(Code::OrderStateConflict))?;
    let batch = load(txn, batch_id).await?;
    let sent_on = last_sent_on(txn, batch_id).await?;
    let last_day = [Some(batch.value_date), sent_on, order.final_on].into_iter().flatten().max();
    let last_day = last_day.unwrap_or(batch.value_date);
    // What the bank itself called paid may still be booked, whatever it writes now: it is missing only when B01 says so.
    let days = if order.state == OrderState::Paid { recon::DEBIT_DAYS } else { 0 };
    let last_day = last_day.saturating_add(time::Duration::days(days));
    match recon::gate(txn, &batch.debit_account, order, last_day).await? {
        recon::Gate::Open => Ok(command),
        recon::Gate::Debited => Err(Problem::new(Code::OrderDebited)),
        recon::Gate::Unexplained => Err(Problem::new(Code::OrderDebited).detail(Text::fixed(
            "账户有尚未查明的借记，可能就是这笔指令：请先处理相关差异（B02、B17）",
            "A debit of the account that nobody can explain may be this order's: resolve its break first (B02, B17)",
        ))),
        recon::Gate::NotClosed => Err(Problem::new(Code::StatementNotClosed).detail(Text::made(
            format!("须等 {last_day} 的对账单入账后才能处理"),
            format!("The statement of {last_day} must be taken first"),
        ))),
    }
}

/// The last day on which a sending of the batch began.
async fn last_sent_on(connection: &impl ConnectionTrait, batch_id: Uuid) -> Result<Option<time::Date>, Problem> {
    let last = dispatch::Entity::find()
        .filter(dispatch::Column::BatchId.eq(batch_id))
        .order_by_desc(dispatch::Column::AttemptNo)
        .one(connection)
        .await?;
    Ok(last.map(|last| last.started_at_ms.date()))
}
