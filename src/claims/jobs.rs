//! The jobs of claims: checks that waited for a document, and due dates after a year's list of working days was loaded.

use serde::Deserialize;
use uuid::Uuid;

use super::state::ClaimState;
use super::{checks, find, promise};
use crate::jobs::{JobContext, JobResult};

pub(super) const CHECK: &str = "claims.check";

#[derive(Deserialize)]
struct Payload {
    claim_id: Uuid,
}

pub(super) async fn check(context: JobContext) -> JobResult {
    let Payload { claim_id } = context.payload()?;
    let app = &context.app;
    let txn = app.db.begin().await?;
    let claim = find::hold(&txn, claim_id).await?;
    if claim.state == ClaimState::Checking {
        checks::run(&txn, app, claim).await?;
    }
    context.finish(&txn).await?;
    txn.commit().await?;
    app.job_written.notify_waiters();
    Ok(())
}

/// Every process follows the list by now: what was promised meanwhile by the one before is computed anew.
pub(super) async fn refresh_due(context: JobContext) -> JobResult {
    let app = &context.app;
    let promises = promise::refresh_all(app.db.write(), app).await?;
    tracing::info!(promises, "claims.due_dates were computed anew");
    Ok(())
}
