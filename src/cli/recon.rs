//! `huzhu recon`: disagreements with the bank, and statements by hand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use super::table;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::recon::rows::recon_break;
use crate::recon::{self, BreakView, Imported};

/// Arguments of `huzhu recon`.
#[derive(Debug, Args)]
pub(super) struct Recon {
    #[command(subcommand)]
    verb: ReconVerb,
}

#[derive(Debug, Subcommand)]
enum ReconVerb {
    /// Breaks, newest first.
    Breaks {
        /// Also those that are resolved.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Closes a break in your words.
    Resolve {
        /// The break.
        id: Uuid,
        /// What was found out and done, without anything personal.
        #[arg(long)]
        reason: String,
    },
    /// Takes a statement file.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// Says what each file of a directory holds, or why nobody should post from it; touches no books.
    Inspect {
        /// The directory, or one file.
        files: PathBuf,
        /// One JSON object a file, with every booking.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn recon(config: Config, arguments: Recon) -> anyhow::Result<ExitCode> {
    let app = async || App::build(config, Seams::default()).await;
    match arguments.verb {
        ReconVerb::Breaks { all, limit, json } => breaks(&*app().await?, all, limit, json).await,
        ReconVerb::Resolve { id, reason } => resolve(&*app().await?, id, &reason).await,
        ReconVerb::Import { file } => import(&*app().await?, &file).await,
        ReconVerb::Inspect { files, json } => super::recon_inspect::inspect(&files, json),
    }
}

async fn breaks(app: &App, all: bool, limit: u64, json: bool) -> anyhow::Result<ExitCode> {
    let mut query = recon_break::Entity::find();
    if !all {
        query = query.filter(recon_break::Column::State.eq("open"));
    }
    let now = app.clock.now();
    let rows = query.order_by_desc(recon_break::Column::Id).limit(limit).all(app.db.read()).await?;
    let views: Vec<BreakView> = rows.into_iter().map(|row| BreakView::at(row, now)).collect();
    if json {
        table::json_lines(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let stops = if view.stops_dispatch { "yes" } else { "" };
            let cells = [view.id.to_string(), format!("{:?}", view.kind), view.age_days.to_string()];
            let more = [view.amount_fen.to_string(), stops.to_owned(), view.owner_role.clone(), view.detail.clone()];
            cells.into_iter().chain(more).collect()
        })
        .collect();
    table::print(&["break", "kind", "days>", "yuan>", "stops", "owner", "what"], &rows);
    Ok(ExitCode::SUCCESS)
}

async fn resolve(app: &App, id: Uuid, reason: &str) -> anyhow::Result<ExitCode> {
    if reason.trim().is_empty() {
        anyhow::bail!("say what was found out and done");
    }
    if recon::resolve(app, id, reason.trim()).await? {
        say!("Break {id} is resolved.");
        Ok(ExitCode::SUCCESS)
    } else {
        eprintln!("huzhu: there is no open break {id}");
        Ok(ExitCode::FAILURE)
    }
}

async fn import(app: &App, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let link = app.bank.as_ref().ok_or_else(|| anyhow::anyhow!("no bank is configured: set [bank]"))?;
    let bytes = std::fs::read(file)?;
    let imported = recon::import(app, link, &bytes).await.map_err(|problem| match problem.cause() {
        Some(cause) => anyhow::anyhow!("{problem}: {cause:#}"),
        None => anyhow::anyhow!("{problem}"),
    })?;
    match imported {
        Imported::Taken { seq, entries } => say!("Statement {seq} with {entries} bookings was taken."),
        Imported::Duplicate => say!("This statement was taken before; nothing changed."),
        Imported::Quarantined { why } => {
            eprintln!("huzhu: the statement is in quarantine: {why}");
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}
