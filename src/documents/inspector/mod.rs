//! Where files are checked: a seam. [`Child`] starts a process for each file ([`serve`] is its other end), which shuts itself in before
//! it reads a byte ([`confined`](crate::confined)). It may die of what it reads; the service may not.

mod child;
mod searching;
mod serve;
mod wire;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use child::Child;
pub use searching::{Clamd, Searching};
pub use serve::serve;

use super::pictures::{Passed, Refusal};

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
