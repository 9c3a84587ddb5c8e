//! The job that runs a claim's checks when a document that they waited for has been looked at.

use serde::Deserialize;
use uuid::Uuid;

use super::advance::load;
use super::checks;
use super::state::ClaimState;
use crate::jobs::{JobContext, JobError, JobResult};

pub(super) const CHECK: &str = "claims.check";

#[derive(Deserialize)]
struct Payload {
    claim_id: Uuid,
}

pub(super) async fn check(context: JobContext) -> JobResult {
    let Payload { claim_id } = context.payload()?;
    let app = &context.app;
    let txn = app.db.begin().await?;
    let claim = load(&txn, claim_id).await.map_err(JobError::fail)?;
    if claim.state == ClaimState::Checking {
        checks::run(&txn, app, claim).await?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}
