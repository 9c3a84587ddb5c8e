//! Where pictures are checked: a seam. Today in a thread of this process with limits; a process of its own comes behind the same trait.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::pictures::{self, Inspected, Refusal, Rendered};

const MIB: u64 = 1024 * 1024;
/// Memory that all checks of this process together may take, in MiB: one picture of the largest size.
const BUDGET_MIB: u32 = 512;

/// A picture that passed.
#[derive(Clone, Debug)]
pub struct Passed {
    /// What it is, with its master.
    pub inspected: Inspected,
    /// Its upright copies.
    pub rendered: Rendered,
}

/// Checks the bytes of a document.
#[async_trait::async_trait]
pub trait Inspector: Send + Sync {
    /// The cleaned picture and its copies, or why it is refused. Bytes that make the checker die are refused as damaged.
    async fn inspect(&self, bytes: Arc<[u8]>) -> Result<Passed, Refusal>;
}

/// Checks in a thread of this process.
pub struct InProcess {
    budget: Semaphore,
}

impl Default for InProcess {
    fn default() -> Self {
        Self { budget: Semaphore::new(usize::try_from(BUDGET_MIB).unwrap_or(1)) }
    }
}

#[async_trait::async_trait]
impl Inspector for InProcess {
    async fn inspect(&self, bytes: Arc<[u8]>) -> Result<Passed, Refusal> {
        let inspected = in_thread(move || pictures::inspect(&bytes)).await?;
        let booked = u32::try_from(inspected.decode_bytes / MIB + 1).unwrap_or(BUDGET_MIB).min(BUDGET_MIB);
        let mib = if inspected.is_rare { BUDGET_MIB } else { booked };
        let permit = self.budget.acquire_many(mib).await;
        let passed = in_thread(move || {
            let rendered = pictures::render(&inspected)?;
            Ok(Passed { inspected, rendered })
        })
        .await;
        drop(permit);
        passed
    }
}

async fn in_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        tracing::error!(error = %error, "a decoder panicked on a picture");
        Err(Refusal::Damaged)
    })
}
