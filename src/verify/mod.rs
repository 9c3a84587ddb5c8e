//! `huzhu verify`: proof, on any database and bucket, that what is kept agrees with itself.
//!
//! Asks each capability to check its own and only reads: each claim's state equals its timeline replayed, the books sum to zero and
//! equal their postings, each decision's payout agrees with its orders and the books, each stored object matches its hash, each job is done
//! or alive. The rows are read in one transaction, as of one moment: a service that works meanwhile is no finding.

mod jobs;

use serde::Serialize;

use crate::app::App;
use crate::http::Problem;
use crate::{bill_checks, claims, documents, payouts, recon};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which part looked: `claims`, `money`, `bills`, `documents` or `jobs`.
    pub area: &'static str,
    /// Where: a table or thing, and its identifier.
    pub subject: String,
    /// What is wrong, for the operator. Nothing personal.
    pub what: String,
}

/// What a run found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// True when nothing was found.
    pub clean: bool,
    /// Claims whose timelines were replayed.
    pub claims: u64,
    /// Jobs that wait or run.
    pub jobs_alive: u64,
    /// What was found.
    pub findings: Vec<Finding>,
}

/// Checks everything.
///
/// # Errors
/// When the database, the disk or the object store can't be asked.
pub async fn run(app: &App) -> anyhow::Result<Report> {
    let mut findings = Vec::new();
    let snapshot = app.db.snapshot().await?;
    let claims = claims::verify::check(&snapshot, &mut |subject, what| {
        findings.push(Finding { area: "claims", subject, what });
    })
    .await?;
    for finding in payouts::verify::check_at(&snapshot, app).await? {
        findings.push(Finding { area: "money", subject: finding.subject, what: finding.what });
    }
    bill_checks::verify::check(&snapshot, app, &mut |subject, what| {
        findings.push(Finding { area: "bills", subject, what });
    })
    .await?;
    let jobs_alive = jobs::check(&snapshot, &mut findings).await?;
    snapshot.rollback().await?;
    // Objects are not in the database: reading them all takes too long for one transaction.
    for (subject, what) in recon::documents::verify::check(app).await.map_err(plain)? {
        findings.push(Finding { area: "money", subject, what });
    }
    for finding in documents::verify::check(app).await? {
        findings.push(Finding { area: "documents", subject: finding.subject, what: finding.what });
    }
    Ok(Report { clean: findings.is_empty(), claims, jobs_alive, findings })
}

fn plain(problem: Problem) -> anyhow::Error {
    match problem.cause() {
        Some(cause) => anyhow::anyhow!("{problem}: {cause:#}"),
        None => anyhow::anyhow!("{problem}"),
    }
}
