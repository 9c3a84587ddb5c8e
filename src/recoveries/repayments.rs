//! A booking of the bank's statement repays a recovery when two people say so: one ties it, another confirms. Nothing is tied by its amount.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::changes::{Who, balance, command, due_on, end_proposals, instalments_of, load, load_going, record};
use super::confirm::refuse_if_it_came_back;
use super::credits::left_of_credit;
use super::rows::{recovery, repayment};
use super::state::RecoveryCommand;
use super::views::RecoveryView;
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::ledger::{self, Event};
use crate::notices;
use crate::recon::rows::entry;
use crate::recon::{explain, suspense};

/// Which booking.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeRepayment {
    /// The credit, as the list of those in suspense shows it.
    entry_id: Uuid,
    /// How much of it: at most what is left of the credit and of the recovery, which is what it is when absent.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 100_000_000_000_i64, example = 20_000)]
    #[serde(default)]
    amount_fen: Option<Fen>,
}

/// Which proposal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichRepayment {
    /// The proposal as it was read.
    repayment_id: Uuid,
}

/// A booking that repays a recovery, or shall.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryRepayment)]
pub struct RepaymentView {
    /// Identifier.
    pub id: Uuid,
    /// The booking.
    pub entry_id: Uuid,
    /// The bank's serial number of it.
    #[schema(max_length = 40, example = "S0000012")]
    pub bank_serial: String,
    /// The day it was booked.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-04-20")]
    pub booked_on: time::Date,
    /// How much of it repays the recovery.
    pub amount_fen: Fen,
    /// Who proposed it.
    pub proposed_by: Uuid,
    /// When.
    pub proposed_at: Moment,
    /// Who confirmed it; only then it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Moment>,
    /// Who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Uuid>,
}

impl RepaymentView {
    pub(super) fn of(row: repayment::Model, entry: &entry::Model) -> Self {
        Self {
            id: row.id,
            entry_id: row.entry_id,
            bank_serial: entry.bank_serial.clone(),
            booked_on: entry.booked_on,
            amount_fen: row.amount_fen,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at_ms,
            confirmed_by: row.confirmed_by,
            confirmed_at: row.confirmed_at_ms,
            withdrawn_by: row.withdrawn_by,
        }
    }
}

/// Propose that a booking repays a recovery
///
/// A credit that waits in suspense, looked at by a person. Another confirms it.
#[utoipa::path(
    tag = "staff", operation_id = "propose_recovery_repayment", security(("bearer" = ["recovery:open"])),
    request_body = ProposeRepayment,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The proposal", body = RepaymentView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict`, `recovery_exceeds_paid`, `credit_not_in_suspense` or `resolution_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/repayments")]
pub(super) async fn propose_recovery_repayment(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ProposeRepayment>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = load_going(txn, *path).await?;
            let view = propose(txn, &app, &row, staff.staff_id, &body.value).await?;
            Reply::created(format!("/v1/recoveries/{}", row.id), &view)
        })
        .await
}

async fn propose(
    txn: &DatabaseTransaction,
    app: &App,
    row: &recovery::Model,
    staff_id: Uuid,
    asked: &ProposeRepayment,
) -> Result<RepaymentView, Problem> {
    refuse_if_it_came_back(txn, row).await?;
    let entry = credit_of(txn, row, asked.entry_id).await?;
    let most = left_of_credit(txn, &entry).await?.min(balance(row)?);
    let amount_fen = asked.amount_fen.unwrap_or(most);
    if !most.is_positive() {
        return Err(Problem::new(Code::CreditNotInSuspense));
    }
    if !amount_fen.is_positive() || amount_fen > most {
        return Err(Problem::new(Code::ValidationFailed).field(
            "/amount_fen",
            "range",
            Text::made(
                format!("金额须大于零，且不超过 {most} 元"),
                format!("It is more than nothing, and at most {most} yuan"),
            ),
        ));
    }
    let new = repayment::ActiveModel {
        id: Set(app.ids.next()),
        recovery_id: Set(row.id),
        entry_id: Set(entry.id),
        amount_fen: Set(amount_fen),
        proposed_by: Set(staff_id),
        proposed_at_ms: Set(app.clock.now()),
        ..Default::default()
    };
    let new = repayment::Entity::insert(new)
        .exec_with_returning(txn)
        .await
        .map_err(|error| if is_unique_violation(&error) { Problem::new(Code::ResolutionOpen) } else { error.into() })?;
    record(txn, app, row.id, "repayment_proposed", Who::Staff(staff_id)).await?;
    Ok(RepaymentView::of(new, &entry))
}

/// The credit, if it waits in suspense and may be of this recovery: one that names an order names one of its payout.
async fn credit_of(
    connection: &impl ConnectionTrait,
    row: &recovery::Model,
    entry_id: Uuid,
) -> Result<entry::Model, Problem> {
    use crate::payouts::rows::order;
    let found = suspense::credit(connection, entry_id).await?;
    let entry = found.ok_or_else(|| Problem::new(Code::CreditNotInSuspense))?;
    if let Some(order_id) = entry.order_id {
        let order = order::Entity::find_by_id(order_id).one(connection).await?;
        if order.is_none_or(|order| order.payout_id != row.payout_id) {
            return Err(Problem::new(Code::CreditNotInSuspense));
        }
    }
    Ok(entry)
}

/// Confirm that a booking repays a recovery
///
/// Never by the person who proposed it. The books take it out of suspense, the member is told; when nothing is left the recovery is over.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_recovery_repayment", security(("bearer" = ["recovery:confirm"])),
    request_body = WhichRepayment,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The recovery", body = RecoveryView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever proposed it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict`, `recovery_exceeds_paid`, `credit_not_in_suspense` or `resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/repayments/confirm")]
pub(super) async fn confirm_recovery_repayment(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichRepayment>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let found = find(txn, *path, body.value.repayment_id).await?;
            if found.proposed_by == staff.staff_id {
                return Err(Problem::new(Code::SamePerson));
            }
            close(
                txn,
                &app,
                &found,
                (repayment::Column::ConfirmedBy, repayment::Column::ConfirmedAtMs),
                staff.staff_id,
            )
            .await?;
            let row = load_going(txn, *path).await?;
            repay(txn, &app, &row, &found, staff.staff_id).await?;
            let row = load(txn, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}

async fn repay(
    txn: &DatabaseTransaction,
    app: &App,
    row: &recovery::Model,
    found: &repayment::Model,
    staff_id: Uuid,
) -> Result<(), Problem> {
    refuse_if_it_came_back(txn, row).await?;
    let entry = credit_of(txn, row, found.entry_id).await?;
    let left = balance(row)?.checked_sub(found.amount_fen)?;
    if left < Fen::ZERO {
        return Err(Problem::new(Code::RecoveryStateConflict));
    }
    let repaid_fen = row.repaid_fen.checked_add(found.amount_fen)?;
    let mut changes = recovery::ActiveModel { repaid_fen: Set(repaid_fen), ..Default::default() };
    let rest = left == Fen::ZERO;
    if !rest && row.agreed_revision > 0 {
        let instalments = instalments_of(txn, row.id, row.agreed_revision).await?;
        changes.due_on = Set(due_on(&instalments, row.amount_fen, repaid_fen)?);
    }
    let what = if rest { RecoveryCommand::RepayRest } else { RecoveryCommand::Repay };
    command(txn, app, row, what, changes).await?;
    let event = Event::Repaid {
        repayment_id: found.id,
        payout_id: row.payout_id,
        entry_id: entry.id,
        amount_fen: found.amount_fen,
    };
    ledger::post(txn, app, &[event]).await?;
    if left_of_credit(txn, &entry).await? == Fen::ZERO {
        explain(txn, app, entry.id, "two people found that it repays a recovery").await?;
    }
    record(txn, app, row.id, "repaid", Who::Staff(staff_id)).await?;
    let text = if rest {
        end_proposals(txn, app, row.id, staff_id).await?;
        record(txn, app, row.id, "closed", Who::Staff(staff_id)).await?;
        Text::made(
            format!("已收到您归还的 {} 元，款项已全部还清，谢谢", found.amount_fen),
            format!("{} yuan that you repaid have come in. Nothing is left to repay; thank you", found.amount_fen),
        )
    } else {
        Text::made(
            format!("已收到您归还的 {} 元，尚余 {left} 元", found.amount_fen),
            format!("{} yuan that you repaid have come in; {left} yuan are left", found.amount_fen),
        )
    };
    notices::queue(txn, app, row.member_id, Some(row.claim_id), "recovery_repaid", &text).await
}

/// Withdraw a proposal that a booking repays a recovery
///
/// One that nobody confirmed. The credit is free again.
#[utoipa::path(
    tag = "staff", operation_id = "withdraw_recovery_repayment", security(("bearer" = ["recovery:open", "recovery:confirm"])),
    request_body = WhichRepayment,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The proposal, withdrawn", body = RepaymentView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/repayments/withdraw")]
pub(super) async fn withdraw_recovery_repayment(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichRepayment>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let found = find(txn, *path, body.value.repayment_id).await?;
            close(
                txn,
                &app,
                &found,
                (repayment::Column::WithdrawnBy, repayment::Column::WithdrawnAtMs),
                staff.staff_id,
            )
            .await?;
            record(txn, &app, found.recovery_id, "repayment_withdrawn", Who::Staff(staff.staff_id)).await?;
            let found = find(txn, *path, found.id).await?;
            let entry = entry::Entity::find_by_id(found.entry_id).one(txn).await?;
            let entry = entry.ok_or_else(|| Problem::internal(anyhow::anyhow!("a repayment without its booking")))?;
            Reply::ok(&RepaymentView::of(found, &entry))
        })
        .await
}

async fn find(txn: &DatabaseTransaction, recovery_id: Uuid, id: Uuid) -> Result<repayment::Model, Problem> {
    let found = repayment::Entity::find_by_id(id).one(txn).await?.filter(|row| row.recovery_id == recovery_id);
    found.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Ends an open proposal, in one way or the other.
async fn close(
    txn: &DatabaseTransaction,
    app: &App,
    row: &repayment::Model,
    (by, at): (repayment::Column, repayment::Column),
    staff_id: Uuid,
) -> Result<(), Problem> {
    let done = repayment::Entity::update_many()
        .col_expr(by, Expr::value(staff_id))
        .col_expr(at, Expr::value(app.clock.now()))
        .filter(repayment::Column::Id.eq(row.id))
        .filter(repayment::Column::ConfirmedAtMs.is_null())
        .filter(repayment::Column::WithdrawnAtMs.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::ResolutionClosed)) }
}
