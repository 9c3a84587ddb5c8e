//! `huzhu inspect`: the checker's own process; with a FILE, what it would say of it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use crate::confined::Program;
use crate::documents::pictures::advise;
use crate::documents::{Child, InspectError, Inspector, serve_inspection};

/// Arguments of `huzhu inspect`.
#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// A file to check and tell of; nothing of it is kept.
    pub(super) file: Option<PathBuf>,
}

/// The other end of [`Child`].
pub(super) fn serve() -> ExitCode {
    match serve_inspection() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("huzhu inspect: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Checks a file as the service does and says what it finds.
pub(super) async fn inspect(verb: Inspect) -> anyhow::Result<ExitCode> {
    let file = verb.file.context("no file")?;
    let bytes = tokio::fs::read(&file).await.with_context(|| file.display().to_string())?;
    match Child::new(Program::new(None)).inspect(bytes.into()).await {
        Ok(passed) => {
            let master = &passed.master;
            let (kind, size) = (master.coding.content_type(), master.bytes.len());
            say!("{kind}, {} x {}, orientation {}, {size} bytes kept", master.width, master.height, master.orientation);
            for (number, page) in (1..).zip(&passed.pages) {
                say!("page {number}: {} x {}, {} bytes", page.width, page.height, page.bytes.len());
            }
            if let Some(measures) = passed.measures {
                say!("measured {}", serde_json::to_string(&measures)?);
                advise(&measures).iter().for_each(|advice| say!("advice: {}", advice.code()));
            }
            // Escaped: a terminal obeys what a stranger may have put into a code.
            passed.codes.iter().for_each(|code| say!("code on page {}: {:?}", code.page, code.text));
            Ok(ExitCode::SUCCESS)
        }
        Err(InspectError::Refused(refusal)) => {
            say!("refused: {}\n{}\n{}", refusal.code(), refusal.text().zh, refusal.text().en);
            Ok(ExitCode::from(1))
        }
        Err(error) => Err(error.into()),
    }
}
