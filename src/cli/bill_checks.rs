//! `huzhu bill-checks`: what today's bill checks came to, and how often the platform may still be asked.

use std::process::ExitCode;

use clap::Args;

use super::table;
use crate::app::{App, Seams};
use crate::bill_checks::{Counts, of_today};
use crate::config::Config;

/// Arguments of `huzhu bill-checks`.
#[derive(Debug, Args)]
pub(super) struct BillChecks {
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) async fn bill_checks(config: Config, arguments: BillChecks) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    let counts = of_today(&app).await?;
    if arguments.json {
        table::json_lines(&[counts])?;
        return Ok(ExitCode::SUCCESS);
    }
    let Counts { said_true, said_false, cannot_be_checked, left } = counts;
    let row = |name: &str, count: String| vec![name.to_owned(), count];
    let rows = [
        row("true", said_true.to_string()),
        row("false", said_false.to_string()),
        row("cannot be checked", cannot_be_checked.to_string()),
        row("questions left", left.to_string()),
    ];
    table::print(&["today", "bills>"], &rows);
    if app.bill_checks.is_none() {
        say!("No platform is configured: no bill can be checked.");
    }
    Ok(ExitCode::SUCCESS)
}
