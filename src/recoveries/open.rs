//! One person opens a recovery. Nothing is booked and the member hears nothing before another confirms it.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::changes::{Who, load, record};
use super::instalments::{self, NewInstalment};
use super::limit::{self, Left};
use super::rows::{part, recovery};
use super::state::{Reason, RecoveryState};
use super::views::RecoveryView;
use crate::app::App;
use crate::db::is_unique_violation;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::ledger::{Basis, PlanAmount};
use crate::payouts::rows::payout;
use crate::payouts::state::PayoutState;

/// What was paid wrongly.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenRecovery {
    /// The payout that paid it; a statement confirmed it.
    payout_id: Uuid,
    /// Why it is to come back.
    reason: Reason,
    /// How much: at most what was paid and is not recovered yet.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000_000_i64, example = 60_000)]
    amount_fen: Fen,
    /// Under which plans it was too much; in the proportion of what was paid when absent. Together exactly the amount. Not with
    /// `debited_twice` and `debited_more`, which are no plan's doing.
    #[validate(length(max = 100))]
    #[schema(max_items = 100)]
    #[serde(default)]
    parts: Vec<NewPart>,
    /// What happened, for the member, in plain words.
    #[validate(length(min = 1, max = 1000))]
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "医院于3月25日撤销了该次住院结算，新结算的自付一为2,000.00元，因此多付了600.00元。"
    )]
    explanation: String,
    /// In which instalments it shall come back; all of it within 30 days when absent.
    #[validate(length(max = 60))]
    #[schema(max_items = 60)]
    #[serde(default)]
    instalments: Vec<NewInstalment>,
}

/// What was too much under one plan.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewRecoveryPart)]
struct NewPart {
    /// The plan.
    plan_id: Uuid,
    /// How much.
    #[schema(value_type = i64, minimum = 1, maximum = 100_000_000_000_i64, example = 60_000)]
    amount_fen: Fen,
}

/// Open a recovery
///
/// Of money that a settled payout paid wrongly. Another person confirms it before anything is booked and the member hears of it.
#[utoipa::path(
    tag = "staff", operation_id = "open_recovery", security(("bearer" = ["recovery:open"])),
    request_body = OpenRecovery,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 201, description = "The recovery", body = RecoveryView, headers(("ETag" = String, description = "Its version"))),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such payout: `not_found`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`payout_not_settled`, `recovery_exceeds_paid` or `recovery_open`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recoveries")]
pub(super) async fn open_recovery(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    body: Body<OpenRecovery>,
) -> Answer {
    let asked = &body.value;
    check(&app, asked)?;
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let row = open(txn, &app, staff.staff_id, asked).await?;
            let (location, version) = (format!("/v1/recoveries/{}", row.id), row.version);
            Ok(Reply::created(location, &RecoveryView::one(txn, &app, row).await?)?.version(version))
        })
        .await
}

/// What can be said of a request without looking at the payout.
fn check(app: &App, asked: &OpenRecovery) -> Result<(), Problem> {
    let refused = |pointer: &str, reason: &str, text: Text| {
        Err(Problem::new(Code::ValidationFailed).field(pointer, reason, text))
    };
    if !asked.amount_fen.is_positive() {
        return refused("/amount_fen", "range", Text::fixed("金额须大于零", "A recovery is of more than nothing"));
    }
    if !asked.parts.is_empty() {
        if asked.reason.basis() != Basis::Claim {
            let text = Text::fixed(
                "银行多付的款项不分计划，请勿填写 parts",
                "What the bank paid too much is no plan's doing: leave parts out",
            );
            return refused("/parts", "not_by_plan", text);
        }
        let mut plans: Vec<Uuid> = asked.parts.iter().map(|part| part.plan_id).collect();
        plans.sort_unstable();
        plans.dedup();
        let is_sum = Fen::sum(asked.parts.iter().map(|part| part.amount_fen))? == asked.amount_fen;
        if plans.len() != asked.parts.len() || !is_sum || asked.parts.iter().any(|part| !part.amount_fen.is_positive())
        {
            let text = Text::fixed(
                "每个计划填写一次且大于零，合计等于 amount_fen",
                "Name each plan once with more than nothing; together they come to amount_fen",
            );
            return refused("/parts", "sum", text);
        }
    }
    if asked.instalments.is_empty() { Ok(()) } else { instalments::check(app, &asked.instalments, asked.amount_fen) }
}

async fn open(
    txn: &DatabaseTransaction,
    app: &App,
    staff_id: Uuid,
    asked: &OpenRecovery,
) -> Result<recovery::Model, Problem> {
    let payout = payout::Entity::find_by_id(asked.payout_id).one(txn).await?;
    let payout = payout.ok_or_else(|| Problem::new(Code::NotFound))?;
    if payout.state != PayoutState::Settled {
        return Err(Problem::new(Code::PayoutNotSettled));
    }
    let basis = asked.reason.basis();
    let left = limit::left(txn, payout.id, basis, None).await?;
    let parts = parts(asked, &left, basis)?;
    let row = recovery::ActiveModel {
        id: Set(app.ids.next()),
        payout_id: Set(payout.id),
        claim_id: Set(payout.claim_id),
        member_id: Set(payout.member_id),
        reason: Set(asked.reason),
        basis: Set(basis),
        amount_fen: Set(asked.amount_fen),
        repaid_fen: Set(Fen::ZERO),
        written_off_fen: Set(Fen::ZERO),
        explanation_sealed: Set(app.sealer.seal(Field::Remark, &asked.explanation)?),
        state: Set(RecoveryState::Open),
        plan_revision: Set(0),
        agreed_revision: Set(0),
        opened_by: Set(staff_id),
        opened_at_ms: Set(app.clock.now()),
        version: Set(1),
        ..Default::default()
    };
    let row = recovery::Entity::insert(row)
        .exec_with_returning(txn)
        .await
        .map_err(|error| if is_unique_violation(&error) { Problem::new(Code::RecoveryOpen) } else { error.into() })?;
    let rows = parts.iter().map(|plan| part::ActiveModel {
        recovery_id: Set(row.id),
        plan_id: Set(plan.plan_id),
        amount_fen: Set(plan.amount_fen),
    });
    part::Entity::insert_many(rows).exec_without_returning(txn).await?;
    if asked.instalments.is_empty() {
        instalments::offer(txn, &row, &instalments::at_once(app, asked.amount_fen)).await?;
    } else {
        instalments::offer(txn, &row, &asked.instalments).await?;
    }
    record(txn, app, row.id, "opened", Who::Staff(staff_id)).await?;
    load(txn, row.id).await
}

/// The amount by plan, as it was asked or in the proportion of what was paid; none of them more than that.
fn parts(asked: &OpenRecovery, left: &Left, basis: Basis) -> Result<Vec<PlanAmount>, Problem> {
    let exceeds = || {
        let most = left.fen.max(Fen::ZERO);
        Problem::new(Code::RecoveryExceedsPaid)
            .detail(Text::made(format!("至多可追回 {most} 元"), format!("At most {most} yuan can be recovered")))
    };
    if asked.parts.is_empty() || asked.amount_fen > left.fen {
        return limit::parts_of(left, asked.amount_fen, basis).ok_or_else(exceeds);
    }
    let paid = |part: &NewPart| left.plans.iter().find(|plan| plan.plan_id == part.plan_id);
    if let Some((_, index)) = asked
        .parts
        .iter()
        .zip(0..)
        .find(|(part, _): &(&NewPart, i32)| paid(part).is_none_or(|plan| plan.amount_fen < part.amount_fen))
    {
        let text = Text::fixed("超过该计划已付且尚未追回的金额", "It is more than was paid under this plan");
        return Err(exceeds().field(format!("/parts/{index}/amount_fen"), "range", text));
    }
    Ok(asked.parts.iter().map(|part| PlanAmount { plan_id: part.plan_id, amount_fen: part.amount_fen }).collect())
}
