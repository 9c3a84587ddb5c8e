//! What this process knows of uploads beyond their rows: the spool, and whom to wake when another request wants one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::inspector::{InProcess, Inspector};
use super::spool::Spool;

/// The part of the app that uploads use.
pub struct Uploads {
    pub(super) spool: Spool,
    pub(super) inspector: Arc<dyn Inspector>,
    pub(super) stopping: CancellationToken,
    holders: Mutex<HashMap<Uuid, Arc<Notify>>>,
}

impl Uploads {
    /// Opens the spool of a data directory, with the inspector that runs in this process.
    ///
    /// # Errors
    /// When the spool can't be made.
    pub fn open(data_dir: &Path) -> std::io::Result<Self> {
        Ok(Self {
            spool: Spool::open(data_dir)?,
            inspector: Arc::new(InProcess::default()),
            stopping: CancellationToken::new(),
            holders: Mutex::default(),
        })
    }

    /// Replaces the inspector: for tests, and for the child process that comes later.
    #[must_use]
    pub fn with_inspector(mut self, inspector: Arc<dyn Inspector>) -> Self {
        self.inspector = inspector;
        self
    }

    /// Has every upload of this process save what it has and end: the first step of a stop.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Registers the holder of an upload; told when another request of this process wants it.
    pub(super) fn enter(&self, id: Uuid) -> Arc<Notify> {
        let asked = Arc::new(Notify::new());
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).insert(id, asked.clone());
        asked
    }

    /// Takes the holder off, unless another has come since.
    pub(super) fn leave(&self, id: Uuid, asked: &Arc<Notify>) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.get(&id).is_some_and(|present| Arc::ptr_eq(present, asked)) {
            holders.remove(&id);
        }
    }

    /// Asks the holder in this process, if there is one, to let go.
    pub(super) fn ask(&self, id: Uuid) {
        if let Some(asked) = self.holders.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            asked.notify_one();
        }
    }
}
