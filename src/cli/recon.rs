//! `huzhu recon`: disagreements with the bank, and statements by hand.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

use super::{named, table};
use crate::app::{App, Seams};
use crate::config::Config;
use crate::gm::MAX_SIGNATURE_BYTES;
use crate::http::Problem;
use crate::kernel::clock::iso_date;
use crate::recon::documents::{self, BankDocumentKind, BankDocumentSource, BankDocumentState, Incoming};
use crate::recon::rows::recon_break;
use crate::recon::{self, BreakView};
use crate::suspense::{self, SuspenseBooking};

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
    /// One break: what happened, what to do, who does it.
    Show {
        /// The break.
        id: Uuid,
        /// As a JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Proposes the end of a break that takes two people; another closes it through the API.
    Propose {
        /// The break.
        id: Uuid,
        /// Your login; it stands in the record.
        #[arg(long)]
        by: String,
        /// What was found out and done, without anything personal.
        #[arg(long)]
        reason: String,
    },
    /// Closes a break that takes one person, in your words.
    Resolve {
        /// The break.
        id: Uuid,
        /// Your login; it stands in the record.
        #[arg(long)]
        by: String,
        /// What was found out and done, without anything personal.
        #[arg(long)]
        reason: String,
    },
    /// Takes a file of the bank, with the signature beside it (FILE.p7s) where the bank signs: keeps it, and gives it its effect.
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
        ReconVerb::Show { id, json } => show(&*app().await?, id, json).await,
        ReconVerb::Propose { id, by, reason } => propose(&*app().await?, id, &by, &reason).await,
        ReconVerb::Resolve { id, by, reason } => resolve(&*app().await?, id, &by, &reason).await,
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
            let cells = [view.id.to_string(), format!("{:?}", view.kind), view.age_bucket.word().to_owned()];
            let more = [view.amount_fen.to_string(), stops.to_owned(), view.owner_role.clone(), view.detail.clone()];
            cells.into_iter().chain(more).collect()
        })
        .collect();
    table::print(&["break", "kind", "days", "yuan>", "stops", "owner", "what"], &rows);
    Ok(ExitCode::SUCCESS)
}

async fn show(app: &App, id: Uuid, json: bool) -> anyhow::Result<ExitCode> {
    let view = BreakView::at(find(app, id).await?, app.clock.now());
    if json {
        table::json_lines(&[view])?;
        return Ok(ExitCode::SUCCESS);
    }
    let state = if view.resolved_at.is_some() { "resolved" } else { "open" };
    say!(
        "{:?} {}  {state}, {} days, {} yuan, for the {}",
        view.kind,
        view.name.zh,
        view.age_days,
        view.amount_fen,
        view.owner_role
    );
    say!("  {}", view.detail);
    say!("  {}\n  {}", view.playbook.zh, view.playbook.en);
    let booking = match view.entry_id {
        Some(entry_id) => suspense::shown(app.db.read(), entry_id).await.map_err(plain)?,
        None => None,
    };
    if let Some(booking) = booking {
        show_booking(&booking);
    }
    if let Some(proposal) = &view.proposal {
        say!("  proposed: {proposal}");
    }
    if let Some(resolution) = &view.resolution {
        say!("  resolved: {resolution}");
    }
    Ok(ExitCode::SUCCESS)
}

/// A booking in suspense, and the orders that it may be of: two people tie it to one over HTTP.
fn show_booking(booking: &SuspenseBooking) {
    let SuspenseBooking { id, bank_serial, booked_on, amount_fen, .. } = booking;
    let side = if booking.credit { "credit" } else { "debit" };
    let state = if booking.waits { "waits in suspense" } else { "left suspense" };
    say!("  booking {id}: {side} of {amount_fen} yuan on {booked_on}, {bank_serial}; it {state}");
    for candidate in &booking.candidates {
        let card = if candidate.same_card { ", the same card" } else { "" };
        let (name, state, day) = (&candidate.bank_ref, candidate.state.word(), candidate.value_date);
        say!("  it may be of {name}: {state}, value date {day}{card} (order {})", candidate.order_id);
    }
}

async fn find(app: &App, id: Uuid) -> anyhow::Result<recon_break::Model> {
    let found = recon_break::Entity::find_by_id(id).one(app.db.read()).await?;
    found.ok_or_else(|| anyhow::anyhow!("there is no break {id}"))
}

/// Words for the record.
fn words(reason: &str) -> anyhow::Result<&str> {
    let reason = reason.trim();
    anyhow::ensure!(
        (1..=2000).contains(&reason.chars().count()),
        "say what was found out and done, in 1 to 2000 characters"
    );
    Ok(reason)
}

async fn propose(app: &App, id: Uuid, by: &str, reason: &str) -> anyhow::Result<ExitCode> {
    let (reason, staff_id) = (words(reason)?, named::payout_staff(app, by).await?);
    let txn = app.db.begin().await?;
    recon::propose(&txn, app, id, staff_id, reason)
        .await
        .map_err(|problem| anyhow::anyhow!("break {id}: {problem}"))?;
    txn.commit().await?;
    say!("Proposed. Another person closes break {id} through the API.");
    Ok(ExitCode::SUCCESS)
}

/// Nobody at this machine can prove to be the second of two: those that take two are closed by somebody who signed in.
async fn resolve(app: &App, id: Uuid, by: &str, reason: &str) -> anyhow::Result<ExitCode> {
    let (reason, staff_id) = (words(reason)?, named::payout_staff(app, by).await?);
    if find(app, id).await?.kind.takes_two() {
        anyhow::bail!(
            "break {id} stops sending and takes two people: `huzhu recon propose`, then another closes it through the API"
        );
    }
    let txn = app.db.begin().await?;
    let done = recon::resolve(&txn, app, id, staff_id, None, reason).await;
    done.map_err(|problem| anyhow::anyhow!("break {id}: {problem}"))?;
    txn.commit().await?;
    say!("Break {id} is resolved.");
    Ok(ExitCode::SUCCESS)
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
    let signature = signature_of(file).await?;
    let signature = signature.as_deref();
    let incoming = Incoming { name: name.as_deref(), signature, ..Incoming::new(kind, BankDocumentSource::Cli) };
    let taken = documents::take(app, link, incoming, head.as_slice().chain(source)).await.map_err(plain)?;
    if !taken.is_new && matches!(taken.state, BankDocumentState::Applied | BankDocumentState::Duplicate) {
        say!("This file was taken before as document {}; nothing changed.", taken.id);
        return Ok(ExitCode::SUCCESS);
    }
    apply(app, taken.id).await
}

/// The signature beside a file, FILE.p7s; none when there is none.
async fn signature_of(file: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let mut path = file.as_os_str().to_owned();
    path.push(".p7s");
    let source = match tokio::fs::File::open(&path).await {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        source => source.with_context(|| format!("{}.p7s", file.display()))?,
    };
    let mut bytes = Vec::new();
    source.take(MAX_SIGNATURE_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
    Ok(Some(bytes))
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
