//! `huzhu jobs`: what waits, what died and why; and another try for what died.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::json;
use uuid::Uuid;

use crate::app::{App, Seams};
use crate::config::Config;
use crate::jobs::{Column, Entity, JobState, retry_dead};

/// Arguments of `huzhu jobs`.
#[derive(Debug, Args)]
pub(super) struct Jobs {
    #[command(subcommand)]
    verb: JobsVerb,
}

#[derive(Debug, Subcommand)]
enum JobsVerb {
    /// Jobs that are not done, dead ones first, 200 at most.
    List {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Makes dead jobs ready again: all, or one.
    Retry {
        /// The job.
        id: Option<Uuid>,
    },
}

pub(super) async fn jobs(config: Config, arguments: Jobs) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match arguments.verb {
        JobsVerb::List { json } => list(&app, json).await?,
        JobsVerb::Retry { id } => say!("{} jobs are ready again.", retry_dead(&app, id).await?),
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let rows = Entity::find()
        .filter(Column::State.ne(JobState::Done))
        .order_by_asc(Column::State)
        .order_by_asc(Column::RunAtMs)
        .limit(200)
        .all(app.db.read())
        .await?;
    for row in rows {
        if json {
            let line = json!({"id": row.id, "kind": row.kind, "lane": row.lane, "state": row.state, "run_at": row.run_at_ms,
                "attempts": row.attempts, "max_attempts": row.max_attempts, "last_error": row.last_error});
            say!("{line}");
        } else {
            let attempts = format!("{}/{}", row.attempts, row.max_attempts);
            let (state, error) = (format!("{:?}", row.state), row.last_error.unwrap_or_default());
            say!("{}  {:28} {:8} {:>6}  {}  {}", row.id, row.kind, state, attempts, row.run_at_ms, error);
        }
    }
    Ok(())
}
