//! `huzhu plans`: versions of plans.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::app::{App, Seams};
use crate::config::Config;
use crate::plans::{self, Loaded, PlanDocument};

/// Arguments of `huzhu plans`.
#[derive(Debug, Args)]
pub(super) struct Plans {
    #[command(subcommand)]
    verb: PlansVerb,
}

#[derive(Debug, Subcommand)]
enum PlansVerb {
    /// Loads a plan version (TOML); the same document again changes nothing.
    Load {
        /// The document.
        file: PathBuf,
    },
}

pub(super) async fn plans(config: Config, arguments: Plans) -> anyhow::Result<ExitCode> {
    let PlansVerb::Load { file } = arguments.verb;
    let name = file.display().to_string();
    let text = std::fs::read_to_string(&file).map_err(|error| anyhow::anyhow!("{name} can't be read: {error}"))?;
    let document = PlanDocument::from_toml(&name, &text)?;
    let app = App::build(config, Seams::default()).await?;
    let txn = app.db.begin().await?;
    let loaded = plans::load(&txn, &app, &document).await?;
    txn.commit().await?;
    match loaded {
        Loaded::Added(id) => say!("{} {} is loaded as {id}.", document.plan, document.version),
        Loaded::Present(id) => {
            say!("{} {} was loaded before as {id}; nothing changes.", document.plan, document.version);
        }
    }
    if !document.verified {
        say!("It is marked as not verified: check its numbers before it is used for real people.");
    }
    Ok(ExitCode::SUCCESS)
}
