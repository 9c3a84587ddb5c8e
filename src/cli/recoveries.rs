//! `huzhu recoveries`: what members are asked to give back, and what of it is overdue.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use sea_orm::ActiveEnum;

use super::table;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::kernel::clock::iso_date;
use crate::recoveries::state::RecoveryState;
use crate::recoveries::{RecoveryView, Wanted, listed};

/// Arguments of `huzhu recoveries`.
#[derive(Debug, Args)]
pub(super) struct Recoveries {
    #[command(subcommand)]
    verb: RecoveriesVerb,
}

#[derive(Debug, Subcommand)]
enum RecoveriesVerb {
    /// Recoveries, newest first.
    List {
        /// Only those in this state: open, agreed, repaying or closed.
        #[arg(long)]
        state: Option<String>,
        /// Only those with an instalment that should have been paid and was not.
        #[arg(long)]
        overdue: bool,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u64,
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn recoveries(config: Config, arguments: Recoveries) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    let RecoveriesVerb::List { state, overdue, limit, json } = arguments.verb;
    let state = state
        .map(|word| {
            RecoveryState::try_from_value(&word)
                .map_err(|_| anyhow::anyhow!("{word} is no state: open, agreed, repaying or closed"))
        })
        .transpose()?;
    let wanted = Wanted { state, overdue, before: None, limit };
    let views = listed(app.db.read(), &app, wanted).await.map_err(|problem| anyhow::anyhow!("{problem}"))?;
    if json {
        table::json_lines(&views)?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = views.iter().map(row).collect();
    let head =
        ["recovery", "reference", "state", "reason", "yuan>", "repaid>", "left>", "due", "overdue>", "days", "payout"];
    table::print(&head, &rows);
    Ok(ExitCode::SUCCESS)
}

fn row(view: &RecoveryView) -> Vec<String> {
    let state = view.outcome.map_or_else(|| view.state.to_value(), |outcome| outcome.to_value());
    let state = if view.confirmed_by.is_none() && view.outcome.is_none() { "to confirm".to_owned() } else { state };
    vec![
        view.id.to_string(),
        view.reference.clone(),
        state,
        view.reason.to_value(),
        view.amount_fen.to_string(),
        view.repaid_fen.to_string(),
        view.balance_fen.to_string(),
        view.due_on.map(iso_date::text).unwrap_or_default(),
        view.overdue_fen.to_string(),
        view.overdue_bucket.map(|bucket| bucket.word().to_owned()).unwrap_or_default(),
        view.payout_id.to_string(),
    ]
}
