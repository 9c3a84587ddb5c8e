//! `POST /v1/reviews/{claim_id}/decide`: the reviewer's decision. What it grants becomes a payout in the same transaction.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::matches;
use super::turn;
use super::view::{self, ReviewView};
use crate::app::App;
use crate::bill_checks::{self, BillCheck};
use crate::claims::advance::{By, Change, advance};
use crate::claims::assess::PlanAssessment;
use crate::claims::declaration::Declaration;
use crate::claims::rows::decision::{self, Outcome};
use crate::claims::rows::{claim, claim_plan, decision_line};
use crate::claims::state::Command;
use crate::claims::withdraw::let_event_go;
use crate::claims::{assess, checks, find};
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::ledger::PlanAmount;
use crate::notices;
use crate::payouts::{self, NewPayout};

/// What the access record says of it.
const WHAT: &str = "claim.decide";

/// A decision.
#[derive(Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideClaim {
    /// Approved grants all that was assessed, partly approved a part of it, rejected nothing.
    outcome: Outcome,
    /// A stable word for why.
    #[schema(min_length = 3, max_length = 60, pattern = "^[a-z_]{3,60}$", example = "as_assessed")]
    #[validate(length(min = 3, max = 60), custom(function = "stable_word"))]
    reason_code: String,
    /// Words for the member; a must unless all is granted, and then too when the fiscal platform does not have a bill of the claim.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    #[validate(length(min = 1, max = 1000))]
    remark: Option<String>,
    /// For partly approved: what each plan grants. A plan that is left out grants all that was assessed.
    #[serde(default)]
    #[schema(max_items = 50)]
    #[validate(length(max = 50), nested)]
    lines: Vec<DecideLine>,
}

/// What one plan grants.
#[derive(Clone, Deserialize, serde::Serialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
struct DecideLine {
    /// The plan.
    plan_id: Uuid,
    /// At most what was assessed.
    granted_fen: Fen,
    /// A stable word for why.
    #[schema(min_length = 3, max_length = 60, pattern = "^[a-z_]{3,60}$", example = "bill_not_legible")]
    #[validate(length(min = 3, max = 60), custom(function = "stable_word"))]
    reason_code: String,
}

fn stable_word(word: &str) -> Result<(), validator::ValidationError> {
    if word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
        return Ok(());
    }
    Err(validator::ValidationError::new("not_a_word")
        .with_message("只含小写字母和下划线|Small letters and underscores only".into()))
}

/// Decide a claim
///
/// 作出决定：批准、部分批准或不予赔付，必须说明理由；批准即生成赔付。What is granted becomes a payout at once; the reason goes to the member.
#[utoipa::path(tag = "staff", operation_id = "decide_claim", request_body = DecideClaim, params(
    ("claim_id" = Uuid, Path, description = "The claim"),
    ("Idempotency-Key" = String, Header, min_length = 8, max_length = 64, description = "Kept when the request is sent again"),
    ("If-Match" = String, Header, max_length = 24, description = "The version that was read, for example \"4\"")),
    security(("bearer" = ["review:decide"])), responses((status = 200, body = ReviewView)))]
#[post("/v1/reviews/{claim_id}/decide")]
pub(super) async fn decide_claim(
    app: web::Data<Arc<App>>,
    caller: StaffCaller,
    claim_id: web::Path<Uuid>,
    key: Idempotency,
    if_match: IfMatch,
    body: Body<DecideClaim>,
) -> Answer {
    let asked = &body.value;
    let again = async |txn: &DatabaseTransaction| view::look_again(txn, &app, &caller, *claim_id, WHAT).await;
    key.once_for(&app, body.fingerprint, again, async |txn: &DatabaseTransaction| {
        decide(txn, &app, &caller, *claim_id, if_match, asked).await
    })
    .await
}

async fn decide(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim_id: Uuid,
    if_match: IfMatch,
    asked: &DecideClaim,
) -> Result<Reply, Problem> {
    let claim = find::of_staff(txn, caller, claim_id).await?;
    if_match.check(claim.version)?;
    turn::check_taken(caller, &claim)?;
    if asked.outcome != Outcome::Rejected && asked.remark.is_none() {
        refuse_false_bills(txn, app, claim.id).await?;
    }
    if asked.outcome != Outcome::Rejected {
        matches::must_be_judged(txn, claim.id).await?;
    }
    let rows = current_assessments(txn, app, &claim, asked.outcome).await?;
    let lines = granted_lines(asked, &rows)?;
    let granted = Fen::sum(lines.iter().map(|line| line.granted_fen))?;
    // First the change of state, which refuses whoever decided the same version a moment later.
    let claim = advance(txn, app, &claim, change(caller, asked, granted)).await?;
    let decision_id = write_decision(txn, app, caller, &claim, asked, granted, &rows, &lines).await?;
    if granted.is_positive() {
        let granting = lines.iter().filter(|line| line.granted_fen.is_positive());
        let parts = granting.map(|line| PlanAmount { plan_id: line.plan_id, amount_fen: line.granted_fen }).collect();
        let new = NewPayout { decision_id, claim_id: claim.id, member_id: claim.member_id, parts };
        payouts::create_for_decision(txn, app, new).await?;
    } else {
        let_event_go(txn, claim.id).await?;
    }
    notices::queue(txn, app, claim.member_id, Some(claim.id), "claim_decided", &notice(asked, granted)).await?;
    view::reply(txn, app, caller, &claim, WHAT).await
}

/// Granting money on a bill that the platform does not have takes a word of why. What can't be checked takes none.
async fn refuse_false_bills(txn: &DatabaseTransaction, app: &App, claim_id: Uuid) -> Result<(), Problem> {
    let checks = bill_checks::of_claim(txn, app, claim_id).await?;
    if !checks.iter().any(BillCheck::is_false) {
        return Ok(());
    }
    Err(Problem::new(Code::DecisionRefused).field(
        "/remark",
        "bill_is_false",
        Text::fixed(
            "财政平台查无申报中的票据，批准须写明理由（会员可见）",
            "The fiscal platform does not have a bill of this claim: say why it is granted all the same (the member reads it)",
        ),
    ))
}

/// The kept assessments, refused when what was granted meanwhile (another claim of this member) changes one of them: taking the
/// claim again computes them anew. When no plan pays for the event any more there is nothing to compute: it can only be rejected.
async fn current_assessments(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    outcome: Outcome,
) -> Result<Vec<claim_plan::Model>, Problem> {
    find::hold(txn, claim.id).await?;
    let kept = kept_of(txn, claim.id).await?;
    let facts = Declaration::open(app, &claim.declaration_sealed)?.facts(app.clock.now().date())?;
    let mut now = assess::all_plans(txn, app, claim.member_id, claim.id, &facts).await?;
    now.retain(|one| kept.iter().any(|row| row.plan_id == one.plan.plan_id));
    if now.is_empty() {
        return if outcome == Outcome::Rejected { Ok(kept) } else { Err(no_plan_pays()) };
    }
    let keeps = |test: fn(&PlanAssessment, &claim_plan::Model) -> bool| {
        now.len() == kept.len() && now.iter().all(|one| kept.iter().any(|row| test(one, row)))
    };
    if keeps(PlanAssessment::is_kept_by) {
        return Ok(kept);
    }
    if keeps(|one, row| row.plan_id == one.plan.plan_id && row.assessed_fen == one.amount()) {
        // Days or ordinals moved and no amount did: what is kept is what the decision stands on.
        let written = checks::keep(txn, app, claim, &facts, claim.serial_lookup.clone(), &now).await?;
        if usize::try_from(written) != Ok(now.len()) {
            return Err(Problem::internal(anyhow::anyhow!(
                "claim {}: its own plans are claimed by another claim",
                claim.id
            )));
        }
        return kept_of(txn, claim.id).await;
    }
    Err(Problem::new(Code::AssessmentChanged).detail(Text::fixed(
        "会员的其他申报影响了核算，请退回后重新领取，再作决定",
        "Another claim of this member changes what is owed: release this one, take it again and look before you decide",
    )))
}

fn no_plan_pays() -> Problem {
    Problem::new(Code::DecisionRefused).field(
        "/outcome",
        "no_plan_pays",
        Text::fixed(
            "已没有保障计划赔付该事件，只能不予赔付",
            "No plan pays for this event any more; it can only be rejected",
        ),
    )
}

async fn kept_of(txn: &DatabaseTransaction, claim_id: Uuid) -> Result<Vec<claim_plan::Model>, Problem> {
    Ok(claim_plan::Entity::find().filter(claim_plan::Column::ClaimId.eq(claim_id)).all(txn).await?)
}

fn granted_lines(asked: &DecideClaim, rows: &[claim_plan::Model]) -> Result<Vec<DecideLine>, Problem> {
    let refuse =
        |pointer: &str, reason: &str, text| Err(Problem::new(Code::DecisionRefused).field(pointer, reason, text));
    if asked.outcome != Outcome::PartlyApproved && !asked.lines.is_empty() {
        return refuse(
            "/lines",
            "only_when_partly_approved",
            Text::fixed("只有部分批准才列明细", "Lines go with partly_approved only"),
        );
    }
    if asked.outcome != Outcome::Approved && asked.remark.is_none() {
        return refuse("/remark", "missing", Text::fixed("请向会员说明理由", "Tell the member why"));
    }
    for (index, line) in asked.lines.iter().enumerate() {
        let twice = asked.lines.iter().filter(|other| other.plan_id == line.plan_id).count() > 1;
        let assessed = rows.iter().find(|row| row.plan_id == line.plan_id).map(|row| row.assessed_fen);
        match assessed {
            Some(assessed) if !twice && line.granted_fen >= Fen::ZERO && line.granted_fen <= assessed => {}
            Some(_) => {
                return refuse(
                    &format!("/lines/{index}/granted_fen"),
                    "out_of_range",
                    Text::fixed("每个计划一行，金额在 0 与核算金额之间", "One line a plan, 0 to what was assessed"),
                );
            }
            None => {
                return refuse(
                    &format!("/lines/{index}/plan_id"),
                    "unknown_plan",
                    Text::fixed("此申报没有该计划的核算", "The claim has no assessment under this plan"),
                );
            }
        }
    }
    let lines: Vec<DecideLine> = rows
        .iter()
        .map(|row| match (asked.outcome, asked.lines.iter().find(|line| line.plan_id == row.plan_id)) {
            (Outcome::Rejected, _) => {
                DecideLine { plan_id: row.plan_id, granted_fen: Fen::ZERO, reason_code: asked.reason_code.clone() }
            }
            (_, Some(line)) => line.clone(),
            (_, None) => DecideLine {
                plan_id: row.plan_id,
                granted_fen: row.assessed_fen,
                reason_code: asked.reason_code.clone(),
            },
        })
        .collect();
    let granted = Fen::sum(lines.iter().map(|line| line.granted_fen))?;
    let assessed = Fen::sum(rows.iter().map(|row| row.assessed_fen))?;
    match asked.outcome {
        Outcome::Approved if granted.is_positive() => Ok(lines),
        Outcome::PartlyApproved if granted.is_positive() && granted < assessed => Ok(lines),
        Outcome::Rejected => Ok(lines),
        Outcome::Approved => refuse(
            "/outcome",
            "nothing_assessed",
            Text::fixed("核算金额为零，不能批准", "Nothing was assessed; it can't be approved"),
        ),
        Outcome::PartlyApproved => refuse(
            "/lines",
            "not_a_part",
            Text::fixed("部分批准的金额应大于零且小于核算金额", "A part is more than nothing and less than all"),
        ),
    }
}

#[expect(clippy::too_many_arguments, reason = "a decision is written in one place from all that it stands on")]
async fn write_decision(
    txn: &DatabaseTransaction,
    app: &App,
    caller: &StaffCaller,
    claim: &claim::Model,
    asked: &DecideClaim,
    granted: Fen,
    rows: &[claim_plan::Model],
    lines: &[DecideLine],
) -> Result<Uuid, Problem> {
    let id = app.ids.next();
    let remark = asked.remark.as_ref().map(|remark| app.sealer.seal(Field::Remark, remark)).transpose()?;
    let row = decision::ActiveModel {
        id: Set(id),
        claim_id: Set(claim.id),
        number: Set(1),
        outcome: Set(asked.outcome),
        granted_fen: Set(granted),
        reason_code: Set(asked.reason_code.clone()),
        remark_sealed: Set(remark),
        decided_by: Set(Some(caller.staff_id)),
        decided_at_ms: Set(app.clock.now()),
    };
    decision::Entity::insert(row).exec_without_returning(txn).await?;
    for (row, line) in rows.iter().zip(lines) {
        let new = decision_line::ActiveModel {
            decision_id: Set(id),
            plan_id: Set(line.plan_id),
            assessed_fen: Set(row.assessed_fen),
            granted_fen: Set(line.granted_fen),
            reason_code: Set(line.reason_code.clone()),
        };
        decision_line::Entity::insert(new).exec_without_returning(txn).await?;
        claim_plan::Entity::update_many()
            .col_expr(claim_plan::Column::GrantedFen, Expr::value(line.granted_fen))
            .filter(claim_plan::Column::ClaimId.eq(claim.id))
            .filter(claim_plan::Column::PlanId.eq(line.plan_id))
            .exec(txn)
            .await?;
    }
    Ok(id)
}

fn change(caller: &StaffCaller, asked: &DecideClaim, granted: Fen) -> Change {
    let (command, text) = match asked.outcome {
        Outcome::Approved => {
            (Command::Approve, Text::made(format!("已批准，赔付 {granted} 元"), format!("Approved: {granted} yuan")))
        }
        Outcome::PartlyApproved => (
            Command::ApprovePartly,
            Text::made(format!("部分批准，赔付 {granted} 元"), format!("Partly approved: {granted} yuan")),
        ),
        Outcome::Rejected => (Command::Reject, Text::fixed("不予赔付", "Nothing is paid")),
    };
    Change::new(command, By::staff(caller.staff_id), text)
        .reason(asked.reason_code.clone())
        .set(claim::Column::ReviewerId, Option::<Uuid>::None)
        .set(claim::Column::LastReviewerId, caller.staff_id)
}

fn notice(asked: &DecideClaim, granted: Fen) -> Text {
    match asked.outcome {
        Outcome::Approved | Outcome::PartlyApproved => Text::made(
            format!("您的申报已审核，赔付 {granted} 元，将汇入您的互助服务卡。明细请在申报详情中查看。"),
            format!(
                "Your claim was decided: {granted} yuan will be paid to your service card. See the claim for each line."
            ),
        ),
        Outcome::Rejected => Text::fixed(
            "您的申报未获赔付，理由请在申报详情中查看；如有异议，请联系您的工会。",
            "Your claim was rejected. See the claim for the reason; if you disagree, ask your union.",
        ),
    }
}
