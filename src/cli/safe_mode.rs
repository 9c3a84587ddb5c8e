//! `huzhu safe-mode`: entered after a restore, left once nothing is missing.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{named, table};
use crate::app::{App, Seams};
use crate::config::Config;
use crate::payouts::safe_mode;

/// Arguments of `huzhu safe-mode`.
#[derive(Debug, Args)]
pub(super) struct SafeMode {
    #[command(subcommand)]
    verb: SafeModeVerb,
}

#[derive(Debug, Subcommand)]
enum SafeModeVerb {
    /// From now on nothing is released or sent, and the bank is asked about everything.
    On(Why),
    /// Releases and sendings go on; refused while something is missing.
    Off(Why),
    /// Whether it is on, since when, and what is missing.
    Status {
        /// As a JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Who and why.
#[derive(Debug, Args)]
struct Why {
    /// Your login; it stands in the record.
    #[arg(long)]
    by: String,
    /// Why, without anything personal.
    #[arg(long)]
    reason: String,
}

pub(super) async fn safe_mode(config: Config, arguments: SafeMode) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match arguments.verb {
        SafeModeVerb::On(why) => on(&app, &why).await,
        SafeModeVerb::Off(why) => off(&app, &why).await,
        SafeModeVerb::Status { json } => status(&app, json).await,
    }
}

/// Who it is, for the record, and their words.
async fn record<'a>(app: &App, why: &'a Why) -> anyhow::Result<(String, &'a str)> {
    let reason = why.reason.trim();
    anyhow::ensure!((1..=500).contains(&reason.chars().count()), "say why, in 1 to 500 characters");
    Ok((format!("operator:{}", named::payout_staff(app, &why.by).await?), reason))
}

async fn on(app: &App, why: &Why) -> anyhow::Result<ExitCode> {
    let (by, reason) = record(app, why).await?;
    let txn = app.db.begin().await?;
    safe_mode::enter(&txn, app, &by, reason).await?;
    txn.commit().await?;
    status(app, false).await
}

async fn off(app: &App, why: &Why) -> anyhow::Result<ExitCode> {
    let (by, reason) = record(app, why).await?;
    let txn = app.db.begin().await?;
    let Some(safe) = safe_mode::current(&txn).await? else {
        say!("SAFE mode is off.");
        return Ok(ExitCode::SUCCESS);
    };
    let missing = safe_mode::missing(&txn, app, &safe).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    if !missing.is_empty() {
        eprintln!("huzhu: SAFE mode stays on:");
        for text in missing {
            eprintln!("  {}\n  {}", text.zh, text.en);
        }
        return Ok(ExitCode::FAILURE);
    }
    safe_mode::leave(&txn, app, &by, reason).await?;
    txn.commit().await?;
    say!("SAFE mode is off.");
    Ok(ExitCode::SUCCESS)
}

async fn status(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let safe = safe_mode::current(app.db.read()).await?;
    let missing = match &safe {
        Some(safe) => {
            safe_mode::missing(app.db.read(), app, safe).await.map_err(|problem| anyhow::anyhow!("{problem}"))?
        }
        None => Vec::new(),
    };
    if json {
        let since = safe.as_ref().map(|safe| safe.at_ms);
        let reason = safe.as_ref().map(|safe| &safe.reason);
        table::json_lines(&[json!({"safe": safe.is_some(), "since": since, "reason": reason, "missing": missing})])?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(safe) = safe else {
        say!("SAFE mode is off.");
        return Ok(ExitCode::SUCCESS);
    };
    say!("SAFE mode is on since {}: {} ({})", safe.at_ms, safe.reason, safe.by_whom);
    for text in missing {
        say!("  missing: {}\n           {}", text.zh, text.en);
    }
    Ok(ExitCode::SUCCESS)
}
