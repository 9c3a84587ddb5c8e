//! `huzhu inspect`: the checker's own process; with a FILE, what it would say of it; with several, which of them are the same page.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::confined::Program;
use crate::documents::pictures::{Letters, Print, advise};
use crate::documents::{Child, InspectError, Inspector, alike, serve_inspection};

/// Arguments of `huzhu inspect`.
#[derive(Debug, clap::Args)]
pub(super) struct Inspect {
    /// A file to check and tell of, or several to hold against each other; nothing of them is kept.
    pub(super) files: Vec<PathBuf>,
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
    match verb.files.as_slice() {
        [file] => tell(file).await,
        files => compare(files).await,
    }
}

/// Tells which of these files the service would take for one page: at what distance, in thousandths, and how the first must be turned to
/// stand as the second. A file that is refused or has too little on it is like none.
async fn compare(files: &[PathBuf]) -> anyhow::Result<ExitCode> {
    let at_once = std::thread::available_parallelism()?.get();
    let prints: Vec<Vec<Print>> =
        stream::iter(files).map(|file| prints_of(file)).buffered(at_once).try_collect().await?;
    for (file, _) in files.iter().zip(&prints).filter(|(_, prints)| prints.is_empty()) {
        say!("no print: {}", file.display());
    }
    let name = |at: usize| files.get(at).map(|file| file.display().to_string()).unwrap_or_default();
    for found in alike(&prints) {
        say!(
            "alike: {} {} at {}, turned {}",
            name(found.one),
            name(found.other),
            found.distance,
            u32::from(found.turns) * 90
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn prints_of(file: &Path) -> anyhow::Result<Vec<Print>> {
    let bytes = tokio::fs::read(file).await.with_context(|| file.display().to_string())?;
    match Child::new(Program::new(None)).inspect(bytes.into()).await {
        Ok(passed) => Ok(passed.prints),
        Err(InspectError::Refused(_)) => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

async fn tell(file: &Path) -> anyhow::Result<ExitCode> {
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
                advise(&measures, Letters::Unread).iter().for_each(|advice| say!("advice: {}", advice.code()));
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
