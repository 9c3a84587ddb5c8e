//! The service's end: one process a file, fed through a pipe, and believed only as far as its answer reads.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::{InspectError, Inspector, wire};
use crate::documents::pictures::{Passed, Refusal};

/// On a machine that is busy with other things, twenty seconds of the processor take longer.
const PATIENCE: Duration = Duration::from_secs(90);
/// The master, thirty pages and what describes them, at most.
const MAX_ANSWER_BYTES: u64 = 128 * 1024 * 1024;

/// Starts `PROGRAM inspect` for each file. How many run at once is how many jobs do.
#[derive(Clone, Debug)]
pub struct Child {
    program: PathBuf,
}

impl Child {
    /// `program` is a binary of this service; none is this very one, even if a newer one has taken its place on the disk.
    #[must_use]
    pub fn new(program: Option<PathBuf>) -> Self {
        Self { program: program.unwrap_or_else(|| PathBuf::from("/proc/self/exe")) }
    }

    async fn ask(&self, bytes: &[u8]) -> anyhow::Result<(ExitStatus, Vec<u8>)> {
        let mut child = Command::new(&self.program)
            .arg("inspect")
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the checker does not start")?;
        let (mut to, from) = (child.stdin.take(), child.stdout.take());
        if let Some(to) = &mut to {
            // One that died while it was fed says so by how it ended.
            let fed = to.write_all(bytes).await;
            tracing::debug!(fed = fed.is_ok(), "documents: the checker was fed");
        }
        drop(to);
        let mut answer = Vec::new();
        let mut from = from.context("the checker has no output")?.take(MAX_ANSWER_BYTES);
        from.read_to_end(&mut answer).await.context("the checker's answer")?;
        // One that would say still more ends here, instead of waiting for somebody to listen.
        drop(from);
        Ok((child.wait().await.context("the checker's end")?, answer))
    }
}

#[async_trait::async_trait]
impl Inspector for Child {
    async fn inspect(&self, bytes: Arc<[u8]>) -> Result<Passed, InspectError> {
        let asked = tokio::time::timeout(PATIENCE, self.ask(&bytes)).await;
        let (status, answer) = asked.map_err(|_| anyhow::anyhow!("no answer within {PATIENCE:?}"))??;
        if status.success() {
            return wire::read(&answer)?.map_err(InspectError::Refused);
        }
        Err(of_end(status))
    }
}

/// What the way it ended says of the file.
fn of_end(status: ExitStatus) -> InspectError {
    const PANIC: i32 = 101;
    let refusal = match (status.signal(), status.code()) {
        // Out of time.
        (Some(libc::SIGXCPU), _) => Refusal::TooLarge,
        // Out of memory, out of bounds, or after something that reading does not need.
        (Some(libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE | libc::SIGSYS), _)
        | (None, Some(PANIC)) => Refusal::Damaged,
        // Killed from outside, or it never began.
        _ => return InspectError::Unavailable(anyhow::anyhow!("the checker ended with {status}")),
    };
    tracing::error!(%status, refusal = refusal.code(), "documents: the checker died of a file");
    metrics::counter!("huzhu_checker_deaths_total").increment(1);
    InspectError::Refused(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_by_the_file_refuses_it_and_any_other_is_tried_again() {
        let ended = |wait: i32| match of_end(ExitStatus::from_raw(wait)) {
            InspectError::Refused(refusal) => Some(refusal),
            InspectError::Unavailable(_) => None,
        };
        assert_eq!(ended(libc::SIGXCPU), Some(Refusal::TooLarge));
        assert_eq!(ended(libc::SIGSYS), Some(Refusal::Damaged));
        assert_eq!(ended(101 << 8), Some(Refusal::Damaged));
        for elsewhere in [libc::SIGKILL, libc::SIGTERM, 1 << 8] {
            assert_eq!(ended(elsewhere), None);
        }
    }
}
