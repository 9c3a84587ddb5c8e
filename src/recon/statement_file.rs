//! A statement of whatever form as a stream of bookings, read by a thread of its own: a chunk or two are in memory, never the file.

use std::io::BufRead;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::documents::{BankDocumentKind, DocumentCommand, Fault, Local};
use super::statement::{self, Entry, Statement, Unreadable};
use super::{BreakKind, camt, flat_statement};
use crate::http::Problem;

/// Bookings handed over at once.
pub(super) const CHUNK: usize = 500;
/// Chunks that may wait to be taken.
const WAITING: usize = 4;

/// Why nothing of a file counts.
#[derive(Debug)]
pub(super) struct Misread {
    /// Whether it can't be read, or does not fit.
    pub command: DocumentCommand,
    /// The break that says so.
    pub kind: BreakKind,
    /// In words, nothing personal.
    pub why: String,
    /// Where.
    pub faults: Vec<Fault>,
}

impl Misread {
    /// The disk failed.
    pub(super) fn unreadable() -> Self {
        Unreadable { line: 0, what: "the file can't be read" }.into()
    }
}

impl From<Unreadable> for Misread {
    fn from(error: Unreadable) -> Self {
        Self {
            command: DocumentCommand::Reject,
            kind: BreakKind::B08,
            why: error.to_string(),
            faults: vec![Fault { at: format!("line {}", error.line), code: error.what.to_owned() }],
        }
    }
}

/// Which bookings are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All, in the order of the file.
    All,
    /// Money that left.
    Debits,
    /// Money that came in.
    Credits,
}

impl Wanted {
    const fn holds(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Debits => !entry.credit,
            Self::Credits => entry.credit,
        }
    }
}

/// A file of which the bookings can be read again and again.
#[derive(Clone)]
pub(super) struct StatementFile {
    kind: BankDocumentKind,
    local: Arc<Local>,
}

impl StatementFile {
    pub(super) const fn new(kind: BankDocumentKind, local: Arc<Local>) -> Self {
        Self { kind, local }
    }

    /// Begins to read.
    pub(super) fn open(&self, wanted: Wanted) -> Stream<Entry, Statement> {
        let file = self.clone();
        stream(move |on| {
            let source = file.local.reader().map_err(|_| Misread::unreadable())?;
            read(file.kind, source, &mut |entry: Entry| !wanted.holds(&entry) || on(entry))
        })
    }
}

/// Runs a reader in a thread of its own; what it hands out comes in chunks. It is told to stop when nobody takes them.
pub(super) fn stream<T: Send + 'static, R: Send + 'static>(
    run: impl FnOnce(&mut dyn FnMut(T) -> bool) -> Result<R, Misread> + Send + 'static,
) -> Stream<T, R> {
    let (sender, chunks) = mpsc::channel(WAITING);
    let reader = tokio::task::spawn_blocking(move || {
        let mut chunk = Vec::with_capacity(CHUNK);
        let said = run(&mut |item: T| {
            chunk.push(item);
            chunk.len() < CHUNK || sender.blocking_send(std::mem::take(&mut chunk)).is_ok()
        })?;
        // Nobody may listen any more: then nobody asks for the rest either.
        let _ = sender.blocking_send(chunk);
        Ok(said)
    });
    Stream { chunks, reader }
}

/// What a reader hands out, as it comes.
pub(super) struct Stream<T, R> {
    chunks: mpsc::Receiver<Vec<T>>,
    reader: JoinHandle<Result<R, Misread>>,
}

impl<T, R> Stream<T, R> {
    /// The next ones; none at the end, or where the file can't be read on.
    pub(super) async fn next(&mut self) -> Option<Vec<T>> {
        self.chunks.recv().await
    }

    /// What the file says besides, once all were taken.
    pub(super) async fn end(self) -> Result<Result<R, Misread>, Problem> {
        drop(self.chunks);
        self.reader.await.map_err(Problem::internal)
    }
}

/// Reads a file to its end; `on` answers whether to go on.
fn read(
    kind: BankDocumentKind,
    mut source: impl BufRead,
    on: &mut dyn FnMut(Entry) -> bool,
) -> Result<Statement, Misread> {
    match kind {
        BankDocumentKind::CnStatement
            if source.fill_buf().is_ok_and(|begin| begin.starts_with(flat_statement::MARK)) =>
        {
            Ok(flat_statement::read(source, on)?)
        }
        BankDocumentKind::CnStatement => {
            let stopped = Unreadable { line: 0, what: "nobody reads on" };
            Ok(statement::read(source, |entry| if on(entry) { Ok(()) } else { Err(stopped) })?)
        }
        BankDocumentKind::Camt053 => camt::read(source, on),
        _ => Err(Unreadable { line: 0, what: "this is no statement" }.into()),
    }
}
