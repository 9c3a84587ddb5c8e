//! The job that checks one bill. It may die at any point and begin again: a unit of the budget is taken before each question, and an answer
//! is kept only by the try that asked last.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use time::{Date, Duration};
use uuid::Uuid;

use super::bill::BillQuery;
use super::budget::{self, Taken};
use super::rows::{Column, Entity, Model, VerdictWord};
use super::verifier::{Reason, Verdict};
use crate::app::App;
use crate::jobs::{self, JobContext, JobError, JobResult, JobSpec};
use crate::kernel::clock::Moment;

/// The job's kind.
pub(super) const CHECK: &str = "bill_checks.check";

/// How long "false" holds for the same question: a hospital may upload a bill late.
pub(super) const FALSE_HOLDS_SECS: i64 = 24 * 60 * 60;
/// The platform answers for bills of one year (`domain.md` 2.5, a vendor's notes).
const KNOWN_DAYS: i64 = 366;
/// Pauses after a question that brought no answer: four in a first day, which leaves one of the bill's five to a reviewer.
const PAUSES_SECS: [i64; 4] = [30 * 60, 3 * 60 * 60, 12 * 60 * 60, 24 * 60 * 60];
/// After so long nobody asks by themselves any more; a reviewer still may.
const ASKED_FOR_DAYS: i64 = 14;
/// Those whose day was used up begin the next one spread over this time.
const SPREAD_SECS: u64 = 60 * 60;

#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    check_id: Uuid,
}

/// The job that looks at a check at `moment`. The row says whether it is still due then: a job too many does nothing.
pub(super) fn check_job(check_id: Uuid, moment: Moment) -> JobSpec {
    let key = format!("{check_id}:{}", moment.as_ms());
    JobSpec::new(CHECK, serde_json::json!(Payload { check_id })).unique(key).not_before(moment)
}

/// What a look came to.
struct Outcome {
    verdict: Verdict,
    /// When the platform said so, or when we knew.
    at: Moment,
    /// The count that the row must have for this to be kept.
    tries: i32,
}

/// Checks a bill.
pub(super) async fn check(context: JobContext) -> JobResult {
    let Payload { check_id } = context.payload()?;
    let app = &context.app;
    let Some(row) = due(app, check_id).await? else { return Ok(()) };
    let query = BillQuery::open(&app.sealer, &row.query_sealed).map_err(JobError::fail)?;
    let outcome = match kept(app, &row).await? {
        Some(outcome) => Some(outcome),
        None => answer(app, &row, &query).await?,
    };
    match outcome {
        Some(outcome) => settle(&context, &row, outcome).await,
        None => Ok(()),
    }
}

/// The check, when it is to be looked at now; nothing when its document was taken back, or it waits for another moment or for nothing.
async fn due(app: &App, id: Uuid) -> Result<Option<Model>, JobError> {
    let now = app.clock.now();
    let row = Entity::find_by_id(id).one(app.db.write()).await?;
    Ok(row.filter(|row| row.next_ask_at_ms.is_some_and(|moment| moment <= now)))
}

/// What the same question was answered before, on whichever document, while that holds: "true" for good, "false" for a day.
async fn kept(app: &App, row: &Model) -> Result<Option<Outcome>, JobError> {
    let holds_from = app.clock.now().plus_secs(-FALSE_HOLDS_SECS);
    let holds = Condition::any()
        .add(Column::Verdict.eq(VerdictWord::True))
        .add(Condition::all().add(Column::Verdict.eq(VerdictWord::False)).add(Column::AnsweredAtMs.gt(holds_from)));
    let before = Entity::find()
        .filter(Column::QueryLookup.eq(row.query_lookup.clone()))
        .filter(holds)
        .order_by_desc(Column::AnsweredAtMs)
        .one(app.db.write())
        .await?;
    let outcome =
        |before: Model| Some(Outcome { verdict: before.outcome()?, at: before.answered_at_ms?, tries: row.tries });
    Ok(before.and_then(outcome))
}

/// Asks the platform, if there is one and the day has a question left; nothing when the row moved meanwhile.
async fn answer(app: &App, row: &Model, query: &BillQuery) -> Result<Option<Outcome>, JobError> {
    let today = app.clock.now().date();
    let unasked = |reason| Some(Outcome { verdict: Verdict::cannot(reason), at: app.clock.now(), tries: row.tries });
    let Some(link) = &app.bill_checks else { return Ok(unasked(Reason::NoPlatformConfigured)) };
    if query.issued_on < today.saturating_sub(Duration::days(KNOWN_DAYS)) {
        return Ok(unasked(Reason::BillTooOld));
    }
    match budget::take(app, row, link.per_day).await? {
        Taken::Yes { tries } => {
            let verdict = link.verifier.verify(query, today).await;
            Ok(Some(Outcome { verdict, at: app.clock.now(), tries }))
        }
        Taken::UsedUp => Ok(unasked(Reason::BudgetUsedUp)),
        Taken::Moved => Ok(None),
    }
}

async fn settle(context: &JobContext, row: &Model, outcome: Outcome) -> JobResult {
    let app = &context.app;
    let Outcome { verdict, at, tries } = outcome;
    let next = next_ask(app, row, verdict, tries);
    let mut update = Entity::update_many().col_expr(Column::NextAskAtMs, Expr::value(next));
    // What the platform said is not unsaid by a try that brought no answer.
    if verdict.reason().is_none() || row.verdict != Some(VerdictWord::False) {
        update = update
            .col_expr(Column::Verdict, Expr::value(VerdictWord::from(verdict)))
            .col_expr(Column::Reason, Expr::value(verdict.reason()))
            .col_expr(Column::AnsweredAtMs, Expr::value(at));
    }
    // A try that found the day used up counts nothing: what another one was told meanwhile stays.
    let as_read = match row.verdict {
        Some(word) => Column::Verdict.eq(word),
        None => Column::Verdict.is_null(),
    };
    let txn = app.db.begin().await?;
    let settled =
        update.filter(Column::Id.eq(row.id)).filter(Column::Tries.eq(tries)).filter(as_read).exec(&txn).await?;
    if settled.rows_affected == 1
        && let Some(moment) = next
    {
        jobs::enqueue(&txn, app, check_job(row.id, moment)).await?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    if settled.rows_affected == 1 {
        let word = VerdictWord::from(verdict).word();
        metrics::counter!("huzhu_bill_checks_total", "verdict" => word).increment(1);
    }
    Ok(())
}

/// When to look again, if the verdict may change by waiting.
fn next_ask(app: &App, row: &Model, verdict: Verdict, tries: i32) -> Option<Moment> {
    let now = app.clock.now();
    let pause = usize::try_from(tries.saturating_sub(1)).unwrap_or(0);
    let next = match verdict.reason()? {
        Reason::NoPlatformConfigured | Reason::BillTooOld => return None,
        Reason::BudgetUsedUp => {
            let spread = i64::try_from(app.chance.below(SPREAD_SECS)).unwrap_or(0);
            Moment::start_of(tomorrow(now)).plus_secs(spread)
        }
        Reason::BillTooNew => now.plus_secs(24 * 60 * 60),
        Reason::PlatformUnavailable | Reason::AnswerNotUnderstood => {
            now.plus_secs(PAUSES_SECS.get(pause).or(PAUSES_SECS.last()).copied().unwrap_or_default())
        }
    };
    (next <= row.created_at_ms.plus_secs(ASKED_FOR_DAYS * 24 * 60 * 60)).then_some(next)
}

/// The day after `now` in Asia/Shanghai.
pub(super) fn tomorrow(now: Moment) -> Date {
    now.date().saturating_add(Duration::days(1))
}
