//! Another person confirms a recovery: it is booked, and the member hears of it. Before that, one person may drop it.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::changes::{Who, change, command, load, parts, record};
use super::limit;
use super::rows::recovery;
use super::state::RecoveryCommand;
use super::views::RecoveryView;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::ledger::{self, Basis, Event};
use crate::notices;

/// Confirm a recovery
///
/// Never by the person who opened it. What is to come back then stands in the books as recoverable, and the member is told what was paid, why it
/// is too much, how to repay it, and that they may object.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_recovery", security(("bearer" = ["recovery:confirm"])),
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The recovery's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The recovery, confirmed", body = RecoveryView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever opened it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict`, or the money came back meanwhile: `recovery_exceeds_paid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/confirm")]
pub(super) async fn confirm_recovery(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
) -> Answer {
    idempotency
        .once(&app, [0; 32], async |txn| {
            let row = load(txn, *path).await?;
            if row.opened_by == staff.staff_id {
                return Err(Problem::new(Code::SamePerson));
            }
            version.check(row.version)?;
            if row.confirmed_by.is_some() || row.outcome.is_some() {
                return Err(Problem::new(Code::RecoveryStateConflict));
            }
            confirm(txn, &app, &row, staff.staff_id).await?;
            let row = load(txn, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}

async fn confirm(txn: &DatabaseTransaction, app: &App, row: &recovery::Model, staff_id: Uuid) -> Result<(), Problem> {
    refuse_if_it_came_back(txn, row).await?;
    let changes = recovery::ActiveModel {
        confirmed_by: Set(Some(staff_id)),
        confirmed_at_ms: Set(Some(app.clock.now())),
        ..Default::default()
    };
    change(txn, row, changes).await?;
    // A second debit stands in 1030 since the statement that showed it.
    if row.basis != Basis::DebitedTwice {
        let plans = parts(txn, row.id).await?;
        let event = Event::Recoverable { recovery_id: row.id, payout_id: row.payout_id, plans, basis: row.basis };
        ledger::post(txn, app, &[event]).await?;
    }
    record(txn, app, row.id, "confirmed", Who::Staff(staff_id)).await?;
    let text = Text::made(
        format!("您收到的一笔赔付中有 {} 元需要归还，原因和归还方式请登录查看；如有异议可以提出", row.amount_fen),
        format!(
            "{} yuan of a payout that you received are to be repaid. See why and how in the app; you may object",
            row.amount_fen
        ),
    );
    notices::queue(txn, app, row.member_id, Some(row.claim_id), "recovery_opened", &text).await
}

/// Refuses when less is still paid than a recovery asks for: the money was returned, or the bank gave back what it had debited twice.
pub(super) async fn refuse_if_it_came_back(txn: &DatabaseTransaction, row: &recovery::Model) -> Result<(), Problem> {
    let left = limit::left(txn, row.payout_id, row.basis, Some(row.id)).await?;
    if left.fen >= row.amount_fen {
        return Ok(());
    }
    let paid = left.fen.max(Fen::ZERO);
    Err(Problem::new(Code::RecoveryExceedsPaid).detail(Text::made(
        format!("银行已收回或退回部分款项，目前至多可追回 {paid} 元：请撤回此笔追回"),
        format!(
            "The bank took back what it had paid: {paid} yuan can be recovered at most now. Withdraw this recovery"
        ),
    )))
}

/// Drop a recovery that nobody confirmed
///
/// The member never hears of it. Once it is confirmed, two people end it.
#[utoipa::path(
    tag = "staff", operation_id = "drop_recovery", security(("bearer" = ["recovery:open", "recovery:confirm"])),
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The recovery's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The recovery, closed", body = RecoveryView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It is confirmed, or over: `recovery_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries/{recovery_id}/drop")]
pub(super) async fn drop_recovery(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
) -> Answer {
    idempotency
        .once(&app, [0; 32], async |txn| {
            let row = load(txn, *path).await?;
            version.check(row.version)?;
            if row.confirmed_by.is_some() {
                return Err(Problem::new(Code::RecoveryStateConflict));
            }
            command(txn, &app, &row, RecoveryCommand::Withdraw, recovery::ActiveModel::default()).await?;
            record(txn, &app, row.id, "dropped", Who::Staff(staff.staff_id)).await?;
            let row = load(txn, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}
