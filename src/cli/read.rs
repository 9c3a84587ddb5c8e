//! `huzhu read`: the reader's own process; with FILEs, what would be read on them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use crate::confined::Program;
use crate::documents::pictures::{Advice, Letters, advise};
use crate::documents::{Child, DocumentKind, Inspector};
use crate::kernel::clock::{Clock, SystemClock};
use crate::reading::{self, Legibility, Reader, Shut, fields};

/// Arguments of `huzhu read`.
#[derive(Debug, clap::Args)]
pub(super) struct Read {
    /// The directory of the models.
    #[arg(long)]
    pub(super) models: PathBuf,
    /// What the files are, where they do not say it themselves.
    #[arg(long, default_value = "bill")]
    kind: String,
    /// Files to read and tell of, a line of JSON each; nothing of them is kept. None: one page from the standard input, shut in.
    pub(super) files: Vec<PathBuf>,
}

/// The other end of [`Shut`].
pub(super) fn serve(models_dir: &Path) -> ExitCode {
    match reading::serve(models_dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("huzhu read: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Reads files as the service does and says what it finds.
pub(super) async fn read(verb: Read) -> anyhow::Result<ExitCode> {
    let kind = DocumentKind::parse(&verb.kind).context("--kind is no kind of document")?;
    let paper = kind.paper().context("nothing is read on documents of that --kind")?;
    let reader = Shut::new(Program::new(None), &verb.models)?;
    for file in &verb.files {
        let bytes = tokio::fs::read(file).await.with_context(|| file.display().to_string())?;
        let passed = Child::new(Program::new(None)).inspect(bytes.into()).await?;
        for (number, page) in (1..).zip(&passed.pages) {
            let began = SystemClock.now();
            let read = reader.read(&page.bytes).await?;
            let took_ms = SystemClock.now().as_ms() - began.as_ms();
            let (paper, fields) = fields::read(paper, &read.lines);
            let legibility = Legibility::of(&read, page.width, page.height);
            let letters = Letters::read(legibility, &fields, !passed.codes.is_empty());
            let advice = passed.measures.map(|measures| advise(&measures, letters));
            let advice: Option<Vec<&str>> = advice.map(|found| found.into_iter().map(Advice::code).collect());
            let told = serde_json::json!({
                "file": file.file_name().map(std::ffi::OsStr::to_string_lossy),
                "page": number,
                "width": page.width,
                "height": page.height,
                "ms": took_ms,
                "legibility": legibility,
                "measures": passed.measures,
                "advice": advice,
                "paper": paper,
                "fields": fields,
                "broken": fields::broken(&fields),
            });
            say!("{told}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
