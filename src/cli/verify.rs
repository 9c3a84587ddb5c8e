//! `huzhu verify`: says what is wrong and where; exit code 0 only when nothing is. An installation of which a start would have to make
//! a part, or bring its tables up to date, is refused and left as it is.

use std::process::ExitCode;

use clap::Args;

use super::untouched;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::verify;

/// Arguments of `huzhu verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// One JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) async fn verify(config: Config, arguments: Verify) -> anyhow::Result<ExitCode> {
    untouched::ensure_complete(&config).await?;
    let app = App::build(config, Seams::default()).await?;
    let report = verify::run(&app).await?;
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for finding in &report.findings {
            say!("{:10} {}: {}", finding.area, finding.subject, finding.what);
        }
        say!("{} claims replayed, {} jobs alive, {} findings", report.claims, report.jobs_alive, report.findings.len());
    }
    Ok(if report.clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
