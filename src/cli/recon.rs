//! `huzhu recon`: disagreements with the bank, and statements by hand.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::table;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::http::Problem;
use crate::kernel::clock::iso_date;
use crate::recon::documents::{self, BankDocumentKind, BankDocumentSource, BankDocumentState, Incoming};
use crate::recon::rows::recon_break;
use crate::recon::{self, BreakView};

/// Bytes at the start of a file that say what it is.
const HEAD_BYTES: u64 = 4 * 1024;

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
    /// Takes a file of the bank: keeps it, and gives it its effect.
    Import {
        /// The file.
        file: PathBuf,
        /// What it is, when it does not say so itself: pain.002, camt.052, camt.053, camt.054, cn-result, cn-return or cn-statement.
        #[arg(long, value_parser = kind)]
        kind: Option<BankDocumentKind>,
    },
    /// The files that the bank gave, newest first.
    Documents {
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line, with what is wrong in each.
        #[arg(long)]
        json: bool,
    },
    /// Gives a document its effect that it has not had: what kept it out is mended.
    Apply {
        /// The document.
        id: Uuid,
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
        ReconVerb::Import { file, kind } => import(&*app().await?, &file, kind).await,
        ReconVerb::Documents { limit, json } => list_documents(&*app().await?, limit, json).await,
        ReconVerb::Apply { id } => apply(&*app().await?, id).await,
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

fn kind(word: &str) -> Result<BankDocumentKind, String> {
    BankDocumentKind::of_word(word).ok_or_else(|| {
        let words: Vec<&str> = BankDocumentKind::ALL.iter().map(|kind| kind.word()).collect();
        format!("one of {}", words.join(", "))
    })
}

async fn import(app: &App, file: &Path, kind: Option<BankDocumentKind>) -> anyhow::Result<ExitCode> {
    let link = app.bank.as_ref().ok_or_else(|| anyhow::anyhow!("no bank is configured: set [bank]"))?;
    let mut source = tokio::fs::File::open(file).await?;
    let mut head = Vec::new();
    (&mut source).take(HEAD_BYTES).read_to_end(&mut head).await?;
    let kind = kind.or_else(|| BankDocumentKind::of_bytes(&head));
    let kind = kind.ok_or_else(|| anyhow::anyhow!("the file does not say what it is: use --kind"))?;
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
    let incoming = Incoming { name: name.as_deref(), ..Incoming::new(kind, BankDocumentSource::Cli) };
    let taken = documents::take(app, link, incoming, head.as_slice().chain(source)).await.map_err(plain)?;
    if !taken.is_new && matches!(taken.state, BankDocumentState::Applied | BankDocumentState::Duplicate) {
        say!("This file was taken before as document {}; nothing changed.", taken.id);
        return Ok(ExitCode::SUCCESS);
    }
    apply(app, taken.id).await
}

async fn apply(app: &App, id: Uuid) -> anyhow::Result<ExitCode> {
    let link = app.bank.as_ref().ok_or_else(|| anyhow::anyhow!("no bank is configured: set [bank]"))?;
    let outcome = documents::apply(app, link, id).await.map_err(plain)?;
    let why = outcome.why.unwrap_or_default();
    match (outcome.state, outcome.seq) {
        (BankDocumentState::Applied, Some(seq)) => {
            say!("Document {id}, number {seq} with {} items, was taken.", outcome.items);
        }
        (BankDocumentState::Applied, None) => say!("Document {id} with {} items was taken.", outcome.items),
        (BankDocumentState::Duplicate, _) => say!("Document {id} says what another said; nothing changed."),
        (state, _) if state.is_open() => say!("Document {id} waits: {why}"),
        (state, _) => {
            eprintln!("huzhu: document {id} is {}: {why}", state.word());
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn plain(problem: Problem) -> anyhow::Error {
    match problem.cause() {
        Some(cause) => anyhow::anyhow!("{problem}: {cause:#}"),
        None => anyhow::anyhow!("{problem}"),
    }
}

async fn list_documents(app: &App, limit: u64, json: bool) -> anyhow::Result<ExitCode> {
    let views = documents::list(app.db.read(), limit).await.map_err(plain)?;
    if json {
        table::json_lines(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = views
        .iter()
        .map(|view| {
            let date = view.business_date.map(iso_date::text).unwrap_or_default();
            let seq = view.seq.map(|seq| seq.to_string()).unwrap_or_default();
            let cells = [view.id.to_string(), view.kind.word().to_owned(), view.state.word().to_owned(), date, seq];
            let counts = [view.items, view.applied, view.ignored, view.size_bytes].map(|count| count.to_string());
            let name = view.name.clone().unwrap_or_default();
            cells.into_iter().chain(counts).chain([name, view.why.clone().unwrap_or_default()]).collect()
        })
        .collect();
    let head = ["document", "kind", "state", "day", "no>", "items>", "applied>", "ignored>", "bytes>", "name", "why"];
    table::print(&head, &rows);
    Ok(ExitCode::SUCCESS)
}
