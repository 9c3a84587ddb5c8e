//! `huzhu openapi`: prints the OpenAPI document that `openapi/huzhu.json` holds.

use std::process::ExitCode;

pub(super) fn print() -> anyhow::Result<ExitCode> {
    println!("{}", serde_json::to_string_pretty(&crate::http::server::document())?);
    Ok(ExitCode::SUCCESS)
}
