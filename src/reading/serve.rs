//! The reader's own process (`huzhu read --models DIR`): takes the models into memory, begins its threads, shuts itself in, reads a page from its input, answers
//! on its output, ends.

use std::io::{Read, Write};
use std::path::Path;

use anyhow::Context;
use image::ImageFormat;

use super::engine::{self, Engine, Models};
use crate::confined::{self, Limits};

/// The models take 60 MB, a page a quarter of a gigabyte and some three seconds.
const LIMITS: Limits = Limits { memory_bytes: 1024 * 1024 * 1024, cpu_secs: 60 };
/// Bytes of a reading copy at most.
const MAX_PAGE_BYTES: u64 = 16 * 1024 * 1024;
/// Pixels of its sides at most.
const MAX_SIDE: u32 = 2_000;

/// Reads one page from the standard input and answers on the standard output: a [`Reading`](super::Reading) as JSON.
///
/// # Errors
/// When a model is missing or no model, the process can't be shut in (then nothing is read), or the other end is gone.
pub fn serve(models_dir: &Path) -> anyhow::Result<()> {
    let models = Models::read(models_dir)?;
    let threads = engine::threads();
    confined::enter(LIMITS)?;
    // What a decoder says when it panics may quote the page.
    std::panic::set_hook(Box::new(|_| {}));
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(MAX_PAGE_BYTES).read_to_end(&mut bytes)?;
    let mut reader = image::ImageReader::with_format(std::io::Cursor::new(bytes), ImageFormat::Jpeg);
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    reader.limits(limits);
    let page = reader.decode().context("the page")?.into_rgb8();
    let reading = Engine::new(models, threads)?.read(&page)?;
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &reading)?;
    out.flush()?;
    Ok(())
}
