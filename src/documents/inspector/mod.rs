//! Where files are checked: a seam. [`Child`] starts a process for each file ([`serve`] is its other end), which shuts itself in before
//! it reads a byte ([`sandbox`]). It may die of what it reads; the service may not.

mod child;
mod sandbox;
mod searching;
mod serve;
mod wire;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use child::Child;
pub use searching::{Clamd, Searching};
pub use serve::serve;

use super::pictures::{Measures, Refusal, Rendition};
use crate::storage::Coding;

/// A file that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// What is kept of the original.
    pub master: Master,
    /// The upright copies, one a page; a photograph has one.
    pub pages: Vec<Rendition>,
    /// The small picture of the first page.
    pub thumbnail: Rendition,
    /// What was measured on a photograph; nothing for a PDF, whose pages are drawn.
    pub measures: Option<Measures>,
}

/// The original's own coded pixels without metadata; a PDF as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// How it is coded.
    pub coding: Coding,
    /// The file.
    pub bytes: Vec<u8>,
    /// Its width in pixels; of a PDF, in points of its first page.
    pub width: u32,
    /// Its height in the same.
    pub height: u32,
    /// How it must be turned to stand upright: the EXIF orientation, 1 to 8.
    pub orientation: u8,
}

/// Why there is no answer about a file.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The file is not taken.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// The check itself did not work; the file may be good.
    #[error("the check did not run: {0}")]
    Unavailable(#[from] anyhow::Error),
}

/// Checks the bytes of a document.
#[async_trait::async_trait]
pub trait Inspector: Send + Sync {
    /// The cleaned file and its copies.
    ///
    /// # Errors
    /// A refusal that the member is told, also for bytes that make the checker die; or that the check can't be made now.
    async fn inspect(&self, bytes: Arc<[u8]>) -> Result<Passed, InspectError>;
}

/// The sizes of one file on the wire; its bytes follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    size_bytes: u64,
    width: u32,
    height: u32,
}
