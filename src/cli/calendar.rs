//! `huzhu calendar`: the lists of working days.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::app::{App, Seams};
use crate::calendar::{self, YearList};
use crate::claims;
use crate::config::Config;

/// Arguments of `huzhu calendar`.
#[derive(Debug, Args)]
pub(super) struct Calendar {
    #[command(subcommand)]
    verb: CalendarVerb,
}

#[derive(Debug, Subcommand)]
enum CalendarVerb {
    /// Loads the State Council's list of a year (TOML or JSON); the same list again changes nothing.
    Load {
        /// The list.
        file: PathBuf,
    },
}

pub(super) async fn calendar(config: Config, arguments: Calendar) -> anyhow::Result<ExitCode> {
    let CalendarVerb::Load { file } = arguments.verb;
    let name = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| anyhow::anyhow!("{name} can't be read: {error}"))?;
    let list = YearList::parse(&name, &text)?;
    let app = App::build(config, Seams::default()).await?;
    let txn = app.db.begin().await?;
    let changed = calendar::load(&txn, &app, &list).await?;
    let promises = if changed { claims::promise::refresh_all(&txn, &app).await? } else { 0 };
    txn.commit().await?;
    if changed {
        say!("The working days of {} are loaded; {promises} running promises were computed anew.", list.year);
    } else {
        say!("The working days of {} were loaded before; nothing changes.", list.year);
    }
    Ok(ExitCode::SUCCESS)
}
