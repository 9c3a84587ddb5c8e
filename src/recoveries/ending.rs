//! Two people give up a recovery: what is left is written off, or it was none and is withdrawn.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::agree::objection_is_open;
use super::changes::{Who, balance, command, load, load_going, parts, parts_of, record};
use super::rows::{ending, recovery, repayment};
use super::state::{Outcome, RecoveryCommand};
use super::views::RecoveryView;
use super::{limit, object};
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::ledger::{self, Basis, Event};
use crate::notices;

/// How it shall end, and why.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeEnding {
    /// `written_off`: the fund bears what is left. `withdrawn`: nobody owed anything; only while nothing was repaid.
    outcome: Outcome,
    /// Why, for the record.
    #[validate(length(min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000, example = "会员家庭困难，主席办公会2026年第8次会议同意核销")]
    reason: String,
}

/// Which proposal.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichEnding {
    /// The proposal as it was read.
    ending_id: Uuid,
}

/// A proposal to end a recovery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecoveryEnding)]
pub struct EndingView {
    /// Identifier.
    id: Uuid,
    /// How it shall end.
    outcome: Outcome,
    /// Why.
    #[schema(max_length = 1000, example = "会员家庭困难，主席办公会2026年第8次会议同意核销")]
    reason: String,
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

impl EndingView {
    /// A proposal with its words opened.
    ///
    /// # Errors
    /// Those of the cipher.
    pub(super) fn of(app: &App, row: ending::Model) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            outcome: row.outcome,
            reason: app.sealer.open(Field::Remark, &row.reason_sealed)?.reveal().clone(),
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at_ms,
            confirmed_by: row.confirmed_by,
            confirmed_at: row.confirmed_at_ms,
            withdrawn_by: row.withdrawn_by,
        })
    }
}

/// Propose the end of a recovery
///
/// To write off what is left, or to withdraw one that was none. Another person confirms it.
#[utoipa::path(
    tag = "staff", operation_id = "propose_recovery_ending", security(("bearer" = ["recovery:open"])),
    request_body = ProposeEnding,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The proposal", body = EndingView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict` or `resolution_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/ending")]
pub(super) async fn propose_recovery_ending(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<ProposeEnding>,
) -> Answer {
    let asked = &body.value;
    let ends = command_of(asked.outcome)?;
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = load_going(txn, *path).await?;
            row.state.after(ends).ok_or_else(|| Problem::new(Code::RecoveryStateConflict))?;
            let new = ending::ActiveModel {
                id: Set(app.ids.next()),
                recovery_id: Set(row.id),
                outcome: Set(asked.outcome),
                reason_sealed: Set(app.sealer.seal(Field::Remark, &asked.reason)?),
                proposed_by: Set(staff.staff_id),
                proposed_at_ms: Set(app.clock.now()),
                ..Default::default()
            };
            let new = ending::Entity::insert(new).exec_with_returning(txn).await.map_err(|error| {
                if is_unique_violation(&error) { Problem::new(Code::ResolutionOpen) } else { error.into() }
            })?;
            record(txn, &app, row.id, "ending_proposed", Who::Staff(staff.staff_id)).await?;
            Reply::created(format!("/v1/recoveries/{}", row.id), &EndingView::of(&app, new)?)
        })
        .await
}

/// What an outcome does to a recovery. Bookings alone repay it.
fn command_of(outcome: Outcome) -> Result<RecoveryCommand, Problem> {
    match outcome {
        Outcome::WrittenOff => Ok(RecoveryCommand::WriteOff),
        Outcome::Withdrawn => Ok(RecoveryCommand::Withdraw),
        Outcome::Repaid => Err(Problem::new(Code::ValidationFailed).field(
            "/outcome",
            "not_proposed",
            Text::fixed(
                "还清由入账确认，请提出 written_off 或 withdrawn",
                "Bookings alone repay a recovery: propose written_off or withdrawn",
            ),
        )),
    }
}

/// Confirm the end of a recovery
///
/// Never by the person who proposed it. Written off, what is left costs the fund under the plans of the payout; withdrawn, the books stand as before
/// it. The member is told, and an open objection is answered by it.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_recovery_ending", security(("bearer" = ["recovery:confirm"])),
    request_body = WhichEnding,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The recovery, closed", body = RecoveryView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever proposed it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict`, `resolution_closed`, or a repayment waits to be confirmed: `resolution_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/ending/confirm")]
pub(super) async fn confirm_recovery_ending(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichEnding>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let found = find(txn, *path, body.value.ending_id).await?;
            if found.proposed_by == staff.staff_id {
                return Err(Problem::new(Code::SamePerson));
            }
            close(txn, &app, &found, (ending::Column::ConfirmedBy, ending::Column::ConfirmedAtMs), staff.staff_id)
                .await?;
            let row = load_going(txn, *path).await?;
            end(txn, &app, &row, found.outcome, staff.staff_id).await?;
            let row = load(txn, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}

async fn end(
    txn: &DatabaseTransaction,
    app: &App,
    row: &recovery::Model,
    outcome: Outcome,
    staff_id: Uuid,
) -> Result<(), Problem> {
    if repayment_is_open(txn, row.id).await? {
        return Err(Problem::new(Code::ResolutionOpen));
    }
    let (recovery_id, payout_id, basis) = (row.id, row.payout_id, row.basis);
    let what = command_of(outcome)?;
    let mut changes = recovery::ActiveModel::default();
    let written_off_fen = if what == RecoveryCommand::WriteOff { stands(txn, row).await? } else { Fen::ZERO };
    changes.written_off_fen = Set(written_off_fen);
    command(txn, app, row, what, changes).await?;
    let event = match what {
        RecoveryCommand::WriteOff if written_off_fen == Fen::ZERO => None,
        RecoveryCommand::WriteOff => {
            let plans = parts_of(txn, row, written_off_fen).await?;
            Some(Event::WrittenOff { recovery_id, payout_id, plans })
        }
        // What the bank debited twice stays recoverable: it is the bank that owes it.
        _ if basis == Basis::DebitedTwice => None,
        _ => Some(Event::NotRecoverable { recovery_id, payout_id, plans: parts(txn, row.id).await?, basis }),
    };
    ledger::post(txn, app, event.as_slice()).await?;
    record(txn, app, row.id, "closed", Who::Staff(staff_id)).await?;
    let text = match what {
        RecoveryCommand::WriteOff => Text::fixed(
            "此前请您归还的款项，剩余部分已免除，您无需再做什么",
            "What was left to repay is waived; you need not do anything more",
        ),
        _ => Text::fixed(
            "此前请您归还款项的通知已撤回，您无需归还，给您带来不便敬请谅解",
            "You need not repay anything: the request was withdrawn. We are sorry for the trouble",
        ),
    };
    if objection_is_open(txn, row.id).await? {
        let closed = load(txn, row.id).await?;
        object::answer(txn, app, &closed, staff_id, &text.zh).await?;
    }
    notices::queue(txn, app, row.member_id, Some(row.claim_id), "recovery_closed", &text).await
}

/// What of the balance stands in 1030: a second debit that the bank gave back meanwhile is borne by nobody.
async fn stands(txn: &DatabaseTransaction, row: &recovery::Model) -> Result<Fen, Problem> {
    let balance = balance(row)?;
    if row.basis != Basis::DebitedTwice {
        return Ok(balance);
    }
    let left = limit::left(txn, row.payout_id, row.basis, Some(row.id)).await?;
    Ok(left.fen.checked_sub(row.repaid_fen)?.max(Fen::ZERO).min(balance))
}

async fn repayment_is_open(txn: &DatabaseTransaction, recovery_id: Uuid) -> Result<bool, Problem> {
    let open = repayment::Entity::find()
        .filter(repayment::Column::RecoveryId.eq(recovery_id))
        .filter(repayment::Column::ConfirmedAtMs.is_null())
        .filter(repayment::Column::WithdrawnAtMs.is_null())
        .count(txn)
        .await?;
    Ok(open > 0)
}

/// Withdraw a proposal to end a recovery
///
/// One that nobody confirmed, by any of those who may propose or confirm.
#[utoipa::path(
    tag = "staff", operation_id = "withdraw_recovery_ending", security(("bearer" = ["recovery:open", "recovery:confirm"])),
    request_body = WhichEnding,
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The proposal, withdrawn", body = EndingView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`resolution_closed`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/ending/withdraw")]
pub(super) async fn withdraw_recovery_ending(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichEnding>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let found = find(txn, *path, body.value.ending_id).await?;
            close(txn, &app, &found, (ending::Column::WithdrawnBy, ending::Column::WithdrawnAtMs), staff.staff_id)
                .await?;
            record(txn, &app, found.recovery_id, "ending_withdrawn", Who::Staff(staff.staff_id)).await?;
            let found = find(txn, *path, found.id).await?;
            Reply::ok(&EndingView::of(&app, found)?)
        })
        .await
}

async fn find(txn: &DatabaseTransaction, recovery_id: Uuid, id: Uuid) -> Result<ending::Model, Problem> {
    let found = ending::Entity::find_by_id(id).one(txn).await?.filter(|row| row.recovery_id == recovery_id);
    found.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Ends an open proposal, in one way or the other.
async fn close(
    txn: &DatabaseTransaction,
    app: &App,
    row: &ending::Model,
    (by, at): (ending::Column, ending::Column),
    staff_id: Uuid,
) -> Result<(), Problem> {
    let done = ending::Entity::update_many()
        .col_expr(by, Expr::value(staff_id))
        .col_expr(at, Expr::value(app.clock.now()))
        .filter(ending::Column::Id.eq(row.id))
        .filter(ending::Column::ConfirmedAtMs.is_null())
        .filter(ending::Column::WithdrawnAtMs.is_null())
        .exec(txn)
        .await?;
    if done.rows_affected == 1 { Ok(()) } else { Err(Problem::new(Code::ResolutionClosed)) }
}
