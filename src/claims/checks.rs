//! The checks between submission and acceptance: complete, covered, in time, not a duplicate of the same plan and event.
//!
//! They run in the transaction that submits, and again when a document that they waited for has been checked or the member answered.
//! What passes is accepted and its assessments are kept: the promise starts.

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use time::{Date, Duration};

use super::advance::{By, Change, Moved, advance, prepare};
use super::assess::{self, PlanAssessment};
use super::declaration::Declaration;
use super::rows::{claim, claim_plan};
use super::state::Command;
use super::{excused, promise, supplements};
use crate::app::App;
use crate::assessment::{ClaimFacts, EventKind};
use crate::db::Writes;
use crate::documents::{self, DocumentKind, DocumentState, Held};
use crate::http::{Code, Problem};
use crate::kernel::text::Text;
use crate::notices;
use crate::organisations::Level;

/// What the checks found.
enum Finding {
    /// A document is still on its way through its own checks.
    Wait,
    /// Something is missing: the member is asked once for all of it.
    Missing(Vec<supplements::Item>),
    /// Not covered or late.
    Refuse(&'static str, Text),
    /// Accepted with these assessments.
    Pass(Vec<PlanAssessment>),
    /// It was accepted before and goes on.
    PassAgain,
}

/// Runs the checks on a claim in state checking and moves it accordingly. What the member said they can't get is not asked for again:
/// a person decides without it. The caller holds the claim ([`super::find::hold`]).
///
/// # Errors
/// Those of the database.
pub async fn run(txn: &DatabaseTransaction, app: &App, claim: claim::Model) -> Result<claim::Model, Problem> {
    let declaration = Declaration::open(app, &claim.declaration_sealed)?;
    let held = documents::of_claim(txn, claim.id).await?;
    let (claim, writes) = checked(txn, app, claim, &declaration, &held, None).await?;
    if writes.run(txn).await? { Ok(claim) } else { Err(Problem::new(Code::StaleVersion)) }
}

/// The same for a draft that `submission` hands in. When it passes, both changes are one, and left to the caller to write.
///
/// # Errors
/// Those of the database.
pub(super) async fn run_at_submission(
    txn: &DatabaseTransaction,
    app: &App,
    claim: claim::Model,
    declaration: &Declaration,
    held: &[Held],
    submission: Change,
) -> Result<(claim::Model, Writes), Problem> {
    checked(txn, app, claim, declaration, held, Some(submission)).await
}

async fn checked(
    txn: &DatabaseTransaction,
    app: &App,
    claim: claim::Model,
    declaration: &Declaration,
    held: &[Held],
    submission: Option<Change>,
) -> Result<(claim::Model, Writes), Problem> {
    let facts = declaration.facts(app.clock.now().date())?;
    let finding = find(txn, app, &claim, &facts, held).await?;
    if let Finding::Pass(assessments) = &finding
        && keep(txn, app, &claim, &facts, declaration.serial_lookup(app), assessments).await? > 0
    {
        return accept(txn, app, &claim, submission).await;
    }
    let claim = match submission {
        Some(submission) => advance(txn, app, &claim, submission).await?,
        None => claim,
    };
    let claim = match finding {
        Finding::Wait => claim,
        Finding::Missing(items) => supplements::ask(txn, app, &claim, By::SYSTEM, items).await?,
        Finding::Refuse(reason, text) => refuse(txn, app, &claim, reason, text).await?,
        Finding::Pass(_) => {
            let text =
                Text::fixed("同一事件已在同一计划下申报过", "This event has been claimed under the same plan already");
            refuse(txn, app, &claim, "duplicate", text).await?
        }
        Finding::PassAgain => go_on(txn, app, &claim).await?,
    };
    Ok((claim, Writes::default()))
}

async fn find(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    facts: &ClaimFacts,
    held: &[Held],
) -> Result<Finding, Problem> {
    let submitted_on = claim.submitted_at_ms.unwrap_or_else(|| app.clock.now()).date();
    let on_its_way =
        |state| matches!(state, DocumentState::Receiving | DocumentState::Received | DocumentState::Checking);
    if held.iter().any(|document| on_its_way(document.state)) {
        return Ok(Finding::Wait);
    }
    let clean = |kind| held.iter().any(|document| document.kind == kind && document.state == DocumentState::Clean);
    let mut missing = missing(facts.event, clean);
    if !missing.is_empty() {
        let excused = excused::kinds(txn, app, claim.id).await?;
        missing.retain(|item| !excused.contains(&item.kind));
    }
    if !missing.is_empty() {
        return Ok(Finding::Missing(missing));
    }
    if claim.accepted_at_ms.is_some() {
        // Cover, time and duplicates were judged when it was first handed in.
        return Ok(Finding::PassAgain);
    }
    let assessments = assess::all_plans(txn, app, claim.member_id, claim.id, facts).await?;
    if assessments.is_empty() {
        return Ok(Finding::Refuse(
            "not_covered",
            Text::fixed("发生日期时没有可赔付的保障计划", "No plan covered you on the day of the event"),
        ));
    }
    let in_time: Vec<PlanAssessment> =
        assessments.into_iter().filter(|one| submitted_on <= last_day(one, facts.starts_on)).collect();
    if in_time.is_empty() {
        return Ok(Finding::Refuse("late", Text::fixed("已超过申报期限", "The time for claiming is over")));
    }
    Ok(Finding::Pass(in_time))
}

/// What a claim for this kind of event needs, and lacks.
fn missing(event: EventKind, clean: impl Fn(DocumentKind) -> bool) -> Vec<supplements::Item> {
    let mut items = Vec::new();
    let mut need = |present: bool, kind, zh, en| {
        if !present {
            items.push(supplements::Item { kind, detail: Text::fixed(zh, en) });
        }
    };
    match event {
        EventKind::HospitalStay | EventKind::OutpatientCosts => need(
            clean(DocumentKind::SettlementSheet) || clean(DocumentKind::Bill),
            DocumentKind::SettlementSheet,
            "请补充医疗保险结算单或医疗票据的照片",
            "Send a photo of the settlement sheet or of the medical bill",
        ),
        EventKind::Diagnosis => need(
            clean(DocumentKind::Diagnosis),
            DocumentKind::Diagnosis,
            "请补充诊断证明的照片",
            "Send a photo of the diagnosis",
        ),
        EventKind::Accident | EventKind::Death | EventKind::PropertyLoss => need(
            clean(DocumentKind::Other) || clean(DocumentKind::Diagnosis),
            DocumentKind::Other,
            "请补充事故或损失证明的照片",
            "Send a photo of the certificate of what happened",
        ),
    }
    need(
        clean(DocumentKind::IdCard),
        DocumentKind::IdCard,
        "请补充身份证人像面的照片",
        "Send a photo of the front of your identity card",
    );
    items
}

fn last_day(one: &PlanAssessment, event_on: Date) -> Date {
    let days = i64::from(one.plan.document.filing.days_after_event);
    event_on.checked_add(Duration::days(days)).unwrap_or(Date::MAX)
}

async fn refuse(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    reason: &'static str,
    text: Text,
) -> Result<claim::Model, Problem> {
    let notice = Text::made(
        format!("您的申报未能受理：{}。如有异议，请联系您的工会。", text.zh),
        format!("Your claim was not accepted: {}. If you disagree, ask your union.", text.en),
    );
    let change = Change::new(Command::RefuseByChecks, By::SYSTEM, text).reason(reason);
    let claim = advance(txn, app, claim, change).await?;
    notices::queue(txn, app, claim.member_id, Some(claim.id), "claim_rejected", &notice).await?;
    Ok(claim)
}

/// Its assessments are kept: the promise starts when what is answered is written.
async fn accept(
    txn: &DatabaseTransaction,
    app: &App,
    claim: &claim::Model,
    submission: Option<Change>,
) -> Result<(claim::Model, Writes), Problem> {
    let now = app.clock.now();
    let due_on = promise::due_on_from(txn, app, now).await?;
    let text =
        Text::made(format!("已受理，承诺 {due_on} 前到账"), format!("Accepted; the money will be there by {due_on}"));
    let change = Change::new(Command::PassChecks, By::SYSTEM, text)
        .set(claim::Column::AcceptedAtMs, now)
        .set(claim::Column::ReviewLevel, Level::Grassroots)
        .set(claim::Column::DueOn, due_on);
    let (mut writes, backend) = (Writes::default(), txn.get_database_backend());
    let changes = submission.into_iter().chain([change]).collect();
    let Moved { claim, .. } = prepare(&mut writes, backend, app, claim, changes)?;
    let notice = Text::made(
        format!("您的申报已受理，十个工作日内到账，最迟 {due_on}。"),
        format!("Your claim is accepted. The money will be there within ten working days, by {due_on}."),
    );
    notices::queue_with(&mut writes, backend, app, claim.member_id, Some(claim.id), "claim_accepted", &notice)?;
    Ok((claim, writes))
}

/// Back to the office: the promise runs on, what was assessed is computed anew when a reviewer takes it.
async fn go_on(txn: &DatabaseTransaction, app: &App, claim: &claim::Model) -> Result<claim::Model, Problem> {
    let text = Text::fixed("您的答复已核查，继续审核", "Your answer was checked; the review goes on");
    advance(txn, app, claim, Change::new(Command::PassChecks, By::SYSTEM, text)).await
}

/// Writes one row a plan and answers how many: a plan under which the event, or the settlement's serial, is claimed already (by anybody)
/// gets none. The unique indexes decide, so that of two claims at the same moment one is the duplicate.
pub(crate) async fn keep(
    connection: &impl ConnectionTrait,
    app: &App,
    claim: &claim::Model,
    facts: &ClaimFacts,
    serial_lookup: Option<Vec<u8>>,
    assessments: &[PlanAssessment],
) -> Result<u64, Problem> {
    let event_lookup = Declaration::event_lookup(app, claim.member_id, facts);
    if claim.accepted_at_ms.is_some() {
        claim_plan::Entity::delete_many().filter(claim_plan::Column::ClaimId.eq(claim.id)).exec(connection).await?;
    }
    let rows = assessments.iter().map(|one| {
        Ok(claim_plan::ActiveModel {
            claim_id: Set(claim.id),
            plan_id: Set(one.plan.plan_id),
            member_id: Set(claim.member_id),
            enrolment_id: Set(one.plan.cover.enrolment_id),
            plan_version_id: Set(one.plan.plan_version_id),
            event_lookup: Set(event_lookup.clone()),
            serial_lookup: Set(serial_lookup.clone()),
            event_on: Set(facts.starts_on),
            stays: Set(i64::try_from(facts.settlements.len()).map_err(Problem::internal)?),
            stays_before: Set(one.kept.basis.before.stays_in_year.into()),
            days: Set(one.paid_days()),
            assessed_fen: Set(one.amount()),
            granted_fen: Set(None),
            assessment_sealed: Set(assess::seal(app, &one.kept)?),
            live: Set(true),
            assessed_at_ms: Set(app.clock.now()),
        })
    });
    let rows = rows.collect::<Result<Vec<_>, Problem>>()?;
    let insert = claim_plan::Entity::insert_many(rows).on_conflict(OnConflict::new().do_nothing().to_owned());
    Ok(insert.exec_without_returning(connection).await?)
}
