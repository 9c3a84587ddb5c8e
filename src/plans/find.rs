//! Which enrolments of a member may pay for an event, each with the plan version that judges it: one statement.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Statement};
use time::Date;
use uuid::Uuid;

use super::document::PlanDocument;
use super::document_cache::DocumentCache;
use crate::assessment::{Cover, EventKind, PlanTerms};

/// An enrolment with the plan version that judges an event of a given day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoveredPlan {
    /// The plan.
    pub plan_id: Uuid,
    /// The version that judges.
    pub plan_version_id: Uuid,
    /// Its document.
    pub document: Arc<PlanDocument>,
    /// The unit that enrolled the member; none when cover is free with membership.
    pub unit_id: Option<Uuid>,
    /// The enrolment as the engine takes it.
    pub cover: Cover,
}

impl CoveredPlan {
    /// The terms for the engine.
    #[must_use]
    pub fn terms(&self) -> PlanTerms {
        self.document.terms(self.plan_version_id)
    }

    /// True when `day` lies in the enrolment.
    #[must_use]
    pub fn is_in_cover(&self, day: Date) -> bool {
        day >= self.cover.starts_on && self.cover.ends_on.is_none_or(|last| day <= last)
    }
}

/// The enrolments of `member_id` that were in cover on `event_on` and whose plan pays for `event` at all: the ones that an assessment is made for.
/// A claim is judged once under each plan: of enrolments of one plan that overlap, by the one that started last.
///
/// # Errors
/// Those of the database.
pub async fn that_may_pay(
    connection: &impl ConnectionTrait,
    documents: &DocumentCache,
    member_id: Uuid,
    event: EventKind,
    event_on: Date,
) -> Result<Vec<CoveredPlan>, DbErr> {
    let mut plans = fetch(connection, documents, member_id, event_on, IN_COVER).await?;
    plans.retain(|plan| plan.document.rules.rules.iter().any(|rule| rule.event == event));
    Ok(last_of_each_plan(plans))
}

/// They come by plan and first day.
fn last_of_each_plan(plans: Vec<CoveredPlan>) -> Vec<CoveredPlan> {
    let mut chosen: Vec<CoveredPlan> = Vec::with_capacity(plans.len());
    for plan in plans {
        match chosen.last_mut() {
            Some(last) if last.plan_id == plan.plan_id => *last = plan,
            _ => chosen.push(plan),
        }
    }
    chosen
}

/// Every enrolment of `member_id` whose plan has a version for `day`, in cover or not: for the member's own view, and for saying
/// why nothing pays.
///
/// # Errors
/// Those of the database.
pub async fn every_enrolment(
    connection: &impl ConnectionTrait,
    documents: &DocumentCache,
    member_id: Uuid,
    day: Date,
) -> Result<Vec<CoveredPlan>, DbErr> {
    fetch(connection, documents, member_id, day, "").await
}

#[derive(FromQueryResult)]
struct Found {
    enrolment_id: Uuid,
    plan_id: Uuid,
    unit_id: Option<Uuid>,
    shares: i64,
    starts_on: Date,
    ends_on: Option<Date>,
    renewal: bool,
    plan_version_id: Uuid,
}

const SELECT: &str = "select e.id as enrolment_id, e.plan_id, e.unit_id, e.shares, e.starts_on, e.ends_on, e.renewal, \
     v.id as plan_version_id \
     from enrolment e join plan p on p.id = e.plan_id join plan_version v on v.plan_id = e.plan_id \
     where e.member_id = $1 and (v.ends_on is null or v.ends_on >= $2) and v.id = coalesce(e.plan_version_id, \
     (select w.id from plan_version w where w.plan_id = e.plan_id and w.starts_on <= $2 order by w.starts_on desc limit 1))";
const IN_COVER: &str = " and e.starts_on <= $2 and (e.ends_on is null or e.ends_on >= $2)";
const ORDER: &str = " order by p.code, e.starts_on";

async fn fetch(
    connection: &impl ConnectionTrait,
    documents: &DocumentCache,
    member_id: Uuid,
    day: Date,
    filter: &str,
) -> Result<Vec<CoveredPlan>, DbErr> {
    let statement = Statement::from_sql_and_values(
        connection.get_database_backend(),
        format!("{SELECT}{filter}{ORDER}"),
        [member_id.into(), day.into()],
    );
    let found = Found::find_by_statement(statement).all(connection).await?;
    let mut plans = Vec::with_capacity(found.len());
    for row in found {
        let document = documents.document(connection, row.plan_version_id).await?;
        plans.push(covered(row, document));
    }
    Ok(plans)
}

fn covered(row: Found, document: Arc<PlanDocument>) -> CoveredPlan {
    CoveredPlan {
        plan_id: row.plan_id,
        plan_version_id: row.plan_version_id,
        document,
        unit_id: row.unit_id,
        cover: Cover {
            enrolment_id: row.enrolment_id,
            starts_on: row.starts_on,
            ends_on: row.ends_on,
            shares: u32::try_from(row.shares).unwrap_or(0),
            renewal: row.renewal,
        },
    }
}
