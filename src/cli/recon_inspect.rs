//! `huzhu recon inspect`: what the files of a directory hold.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use serde::Serialize;

use super::table;
use crate::iso20022::{Direction, Fault, Unreadable};
use crate::recon::inspect::{self, AccountHeld, Inspected, Rolls, StatusHeld};

#[derive(Serialize)]
struct Line {
    file: String,
    #[serde(flatten)]
    inspected: Inspected,
}

/// Reads each file by itself, in the order of their names. One that can't be opened keeps nobody from the others.
pub(super) fn inspect(files: &Path, json: bool) -> anyhow::Result<ExitCode> {
    let mut rows = Vec::new();
    for file in listed(files)? {
        let inspected = match File::open(&file) {
            Ok(source) => inspect::inspect(BufReader::with_capacity(256 * 1024, source)),
            Err(_) => inspect::quarantined(Unreadable { at: 0, fault: Fault::Source }),
        };
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if json {
            table::json_lines(&[Line { file: name, inspected }])?;
        } else {
            rows.extend(rows_of(&name, &inspected));
        }
    }
    if !json {
        table::print(&["file", "message", "account", "bookings>", "credit>", "debit>", "balance", "what"], &rows);
    }
    Ok(ExitCode::SUCCESS)
}

fn listed(files: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if files.is_file() {
        return Ok(vec![files.to_owned()]);
    }
    let entries = std::fs::read_dir(files).with_context(|| files.display().to_string())?;
    let mut found = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    found.retain(|path| path.is_file());
    found.sort();
    Ok(found)
}

fn rows_of(file: &str, inspected: &Inspected) -> Vec<Vec<String>> {
    let message = inspected.message.clone().unwrap_or_default();
    let reasons: Vec<String> =
        inspected.quarantined.iter().map(|reason| format!("quarantined: {}", reason.what)).collect();
    if inspected.accounts.is_empty() {
        let status = |status: &StatusHeld| {
            let said = [status.whole.id.as_deref(), Some(status.whole.status.as_deref().unwrap_or("nothing said"))];
            let words: Vec<&str> =
                said.into_iter().flatten().chain(status.whole.reasons.iter().map(String::as_str)).collect();
            format!("{}, {} mentioned", words.join(" "), status.transactions.len())
        };
        let reasons: Vec<String> = reasons.into_iter().chain(inspected.statuses.iter().map(status)).collect();
        let cells = [file, &message, "", "", "", "", "", &reasons.join("; ")];
        return vec![cells.map(str::to_owned).to_vec()];
    }
    let row = |account: &AccountHeld| {
        let sum = |direction| {
            let totals = account.totals.iter().filter(|total| total.direction == direction);
            totals
                .map(|total| format!("{} {}", yuan(total.amount_hundredths), total.currency.letters()))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let balance = match account.balance {
            Rolls::Rolls => "rolls".to_owned(),
            Rolls::Differs { by_hundredths } => format!("differs by {}", yuan(by_hundredths)),
            Rolls::NotTold => "not told".to_owned(),
        };
        let notes = account.notes.iter().map(|(note, times)| format!("{} {times}", note.word()));
        vec![
            file.to_owned(),
            message.clone(),
            account.account.account.clone().unwrap_or_default(),
            account.entries.len().to_string(),
            sum(Direction::Credit),
            sum(Direction::Debit),
            balance,
            reasons.iter().cloned().chain(notes).collect::<Vec<_>>().join("; "),
        ]
    };
    inspected.accounts.iter().map(row).collect()
}

/// Hundredths as people write them.
fn yuan(hundredths: i128) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    let hundredths = hundredths.unsigned_abs();
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}
