//! The checker's own process (`huzhu inspect`): shuts itself in, reads a file from its input, answers on its output, ends.

use std::io::{Read, Write};

use super::wire;
use crate::confined::{self, Limits};
use crate::documents::limits::MAX_FILE_BYTES;
use crate::documents::pdf;
use crate::documents::pictures::{self, Passed, Refusal};
use crate::storage::Coding;

/// The largest picture that is taken and its copies fit; a page of a PDF may compute long.
const LIMITS: Limits = Limits { memory_bytes: 512 * 1024 * 1024, cpu_secs: 20 };

/// Checks one file from the standard input and answers on the standard output.
///
/// # Errors
/// When the process can't be shut in (then nothing is read), or the other end is gone.
pub fn serve() -> anyhow::Result<()> {
    confined::enter(LIMITS)?;
    // What a decoder says when it panics may quote the file.
    std::panic::set_hook(Box::new(|_| {}));
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    let answer = wire::write(&check(&bytes))?;
    let mut out = std::io::stdout().lock();
    out.write_all(&answer)?;
    out.flush()?;
    Ok(())
}

fn check(bytes: &[u8]) -> Result<Passed, Refusal> {
    match pictures::recognise(bytes)? {
        Coding::Pdf => pdf::check(bytes),
        Coding::Jpeg | Coding::Png | Coding::Webp | Coding::Heic => pictures::check(bytes),
    }
}
