//! The member agrees to the instalments that are offered.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use super::changes::{Who, balance, command, due_on, instalments_of, of_member, record};
use super::confirm::refuse_if_it_came_back;
use super::member_view::{MyRecovery, view};
use super::rows::{objection, recovery};
use super::state::RecoveryCommand;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Idempotency, IfMatch, MemberCaller, Problem, Reply};
use crate::kernel::money::Fen;

/// Agree to a recovery
///
/// 同意追回：按所示分期归还。To what is to be repaid, in the instalments that are offered.
#[utoipa::path(
    tag = "member", operation_id = "agree_to_recovery", security(("bearer" = ["own_recovery:answer"])),
    params(
        ("recovery_id" = Uuid, Path, description = "The recovery"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The recovery's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The recovery, agreed", body = MyRecovery),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`recovery_state_conflict`, `objection_open`, `recovery_plan_stale` or `recovery_exceeds_paid`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/me/recoveries/{recovery_id}/agree")]
pub(super) async fn agree_to_recovery(
    app: web::Data<Arc<App>>,
    member: MemberCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
) -> Answer {
    idempotency
        .once(&app, [0; 32], async |txn| {
            let row = of_member(txn, member.member_id, *path).await?;
            version.check(row.version)?;
            agree(txn, &app, &row).await?;
            let row = of_member(txn, member.member_id, row.id).await?;
            let version = row.version;
            Ok(Reply::ok(&view(txn, &app, row).await?)?.version(version))
        })
        .await
}

async fn agree(txn: &DatabaseTransaction, app: &App, row: &recovery::Model) -> Result<(), Problem> {
    if row.outcome.is_some() || row.plan_revision == row.agreed_revision {
        return Err(Problem::new(Code::RecoveryStateConflict));
    }
    if objection_is_open(txn, row.id).await? {
        return Err(Problem::new(Code::ObjectionOpen));
    }
    refuse_if_it_came_back(txn, row).await?;
    let instalments = instalments_of(txn, row.id, row.plan_revision).await?;
    if Fen::sum(instalments.iter().map(|one| one.amount_fen))? != balance(row)? {
        return Err(Problem::new(Code::RecoveryPlanStale));
    }
    let changes = recovery::ActiveModel {
        agreed_revision: Set(row.plan_revision),
        due_on: Set(due_on(&instalments, row.amount_fen, row.repaid_fen)?),
        ..Default::default()
    };
    command(txn, app, row, RecoveryCommand::Agree, changes).await?;
    record(txn, app, row.id, "agreed", Who::Member(row.member_id)).await
}

/// True while an objection waits for its answer.
pub(super) async fn objection_is_open(txn: &DatabaseTransaction, recovery_id: Uuid) -> Result<bool, Problem> {
    let open = objection::Entity::find()
        .filter(objection::Column::RecoveryId.eq(recovery_id))
        .filter(objection::Column::AnsweredAtMs.is_null())
        .count(txn)
        .await?;
    Ok(open > 0)
}
