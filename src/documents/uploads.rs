//! What this process knows of uploads beyond their rows: the spool, and whom to wake when another request wants one.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::inspector::{Child, Clamd, Inspector, Searching};
use super::spool::Spool;
use crate::config;
use crate::confined::Program;
use crate::reading::{Reader, Shut};

/// The part of the app that uploads use.
pub struct Uploads {
    pub(super) spool: Spool,
    pub(super) inspector: Arc<dyn Inspector>,
    pub(super) reader: Option<Arc<dyn Reader>>,
    pub(super) stopping: CancellationToken,
    holders: Mutex<HashMap<Uuid, Holder>>,
    arrivals: AtomicU64,
}

/// A request of this process that writes an upload.
struct Holder {
    asked: Arc<Notify>,
    /// When it arrived, among the requests of this process.
    number: u64,
}

impl Uploads {
    /// Opens the spool in a directory; a spool that has no identifier yet becomes `new_id`. `checks` says how what arrived is checked.
    ///
    /// # Errors
    /// When the spool can't be made, or a model that reads is missing.
    pub fn open(spool_dir: &Path, new_id: Uuid, checks: &config::Documents) -> anyhow::Result<Self> {
        let program = Program::new(checks.checker.clone());
        let child = Child::new(program.clone());
        let inspector: Arc<dyn Inspector> = match checks.clamd.clone().map(Clamd::at) {
            Some(clamd) => Arc::new(Searching { clamd, then: child }),
            None => Arc::new(child),
        };
        let reader = match &checks.models_dir {
            Some(models_dir) => Some(Arc::new(Shut::new(program, models_dir)?) as Arc<dyn Reader>),
            None => None,
        };
        let spool = Spool::open(spool_dir, new_id);
        Ok(Self {
            spool: spool.with_context(|| format!("the spool {} can't be used", spool_dir.display()))?,
            inspector,
            reader,
            stopping: CancellationToken::new(),
            holders: Mutex::default(),
            arrivals: AtomicU64::new(0),
        })
    }

    /// Has every upload of this process save what it has and end: the first step of a stop.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// The place of a request among those of this process: a later one has a higher number.
    pub(super) fn number(&self) -> u64 {
        self.arrivals.fetch_add(1, Ordering::Relaxed)
    }

    /// Registers the holder of an upload; told when a later request of this process wants it.
    pub(super) fn enter(&self, id: Uuid, number: u64) -> Arc<Notify> {
        let asked = Arc::new(Notify::new());
        let holder = Holder { asked: asked.clone(), number };
        self.holders.lock().unwrap_or_else(PoisonError::into_inner).insert(id, holder);
        asked
    }

    /// Takes the holder off, unless another has come since.
    pub(super) fn leave(&self, id: Uuid, asked: &Arc<Notify>) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if holders.get(&id).is_some_and(|present| Arc::ptr_eq(&present.asked, asked)) {
            holders.remove(&id);
        }
    }

    /// Asks the holder in this process, if there is one that came before this number, to let go.
    pub(super) fn ask(&self, id: Uuid, number: u64) {
        let holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(holder) = holders.get(&id).filter(|holder| holder.number < number) {
            holder.asked.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_holder_lets_go_for_later_requests_alone() {
        let dir = tempfile::tempdir().unwrap();
        let uploads =
            Uploads::open(&dir.path().join("spool"), Uuid::from_u128(1), &config::Documents::default()).unwrap();
        let (id, numbers) = (Uuid::from_u128(7), [(); 3].map(|()| uploads.number()));
        let asked = uploads.enter(id, numbers[1]);
        uploads.ask(id, numbers[0]);
        uploads.ask(id, numbers[1]);
        let waits =
            |asked: Arc<Notify>| async move { futures_util::FutureExt::now_or_never(asked.notified()).is_none() };
        assert!(waits(asked.clone()).await);
        uploads.ask(id, numbers[2]);
        assert!(!waits(asked.clone()).await);
        uploads.leave(id, &Arc::new(Notify::new()));
        uploads.ask(id, numbers[2]);
        assert!(!waits(asked.clone()).await, "only the holder itself is taken off");
        uploads.leave(id, &asked);
        uploads.ask(id, numbers[2]);
        assert!(waits(asked).await);
    }
}
