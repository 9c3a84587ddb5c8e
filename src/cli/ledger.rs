//! `huzhu ledger`: the books.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::table;
use crate::app::{App, Seams};
use crate::config::Config;
use crate::kernel::money::Fen;
use crate::ledger::trial_balance;

/// Arguments of `huzhu ledger`.
#[derive(Debug, Args)]
pub(super) struct Ledger {
    #[command(subcommand)]
    verb: LedgerVerb,
}

#[derive(Debug, Subcommand)]
enum LedgerVerb {
    /// Every account with its sums; fails when they do not come to nothing.
    TrialBalance {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn ledger(config: Config, arguments: Ledger) -> anyhow::Result<ExitCode> {
    let app = App::build(config, Seams::default()).await?;
    match arguments.verb {
        LedgerVerb::TrialBalance { json } => show(&app, json).await,
    }
}

async fn show(app: &App, json: bool) -> anyhow::Result<ExitCode> {
    let lines = trial_balance(app.db.read()).await?;
    let total = |pick: fn(&crate::ledger::TrialLine) -> Fen| Fen::sum(lines.iter().map(pick));
    let (debits, credits) = (total(|line| line.debits_fen)?, total(|line| line.credits_fen)?);
    if json {
        table::json_lines(&lines)?;
    } else {
        let mut rows: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let plan = line.plan_id.map_or_else(String::new, |id| id.to_string());
                let cells = [line.account.code().to_string(), line.name.zh.to_string(), plan];
                let sums = [line.debits_fen, line.credits_fen, line.balance_fen].map(|fen| fen.to_string());
                cells.into_iter().chain(sums).collect()
            })
            .collect();
        let sums = [debits, credits, debits.checked_sub(credits)?].map(|fen| fen.to_string());
        rows.push([String::new(), "合计".to_owned(), String::new()].into_iter().chain(sums).collect());
        table::print(&["account", "name", "plan", "debits>", "credits>", "balance>"], &rows);
    }
    Ok(if debits == credits { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
