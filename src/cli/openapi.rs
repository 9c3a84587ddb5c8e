//! `huzhu openapi`: prints the OpenAPI document that `openapi/huzhu.json` holds.

use std::process::ExitCode;

use crate::http::{document, server};

pub(super) fn print() -> anyhow::Result<ExitCode> {
    say!("{}", serde_json::to_string_pretty(&document::complete(&server::document())?)?);
    Ok(ExitCode::SUCCESS)
}
