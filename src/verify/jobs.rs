//! Each job is done or alive: a dead one is a finding.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Finding;
use crate::jobs::{Column, Entity, JobState};

/// Dead jobs named in one report.
const NAMED: u64 = 1_000;

pub(super) async fn check(connection: &impl ConnectionTrait, findings: &mut Vec<Finding>) -> anyhow::Result<u64> {
    let dead = Entity::find().filter(Column::State.eq(JobState::Dead));
    let more = dead.clone().count(connection).await?.saturating_sub(NAMED);
    for job in dead.order_by_asc(Column::Id).limit(NAMED).all(connection).await? {
        let what =
            format!("{} is dead after {} attempts: {}", job.kind, job.attempts, job.last_error.unwrap_or_default());
        findings.push(Finding { area: "jobs", subject: format!("job {}", job.id), what });
    }
    if more > 0 {
        findings.push(Finding { area: "jobs", subject: "job".into(), what: format!("{more} more are dead") });
    }
    let alive = Entity::find().filter(Column::State.is_in([JobState::Ready, JobState::Running]));
    Ok(alive.count(connection).await?)
}
