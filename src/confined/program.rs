//! The service's end: one process a question, fed through a pipe, and believed only as far as its answer reads.

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// A binary of this service.
#[derive(Clone, Debug)]
pub struct Program(PathBuf);

/// How a process ended that answered nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Died {
    /// It used up its time.
    OutOfTime,
    /// Of what it read: out of memory, out of bounds, or it asked for something that reading does not need.
    OfTheBytes,
    /// It was killed from outside, or it never began.
    Otherwise,
}

impl Program {
    /// `path` is a binary of this service; none is this very one, even if a newer one has taken its place on the disk.
    #[must_use]
    pub fn new(path: Option<PathBuf>) -> Self {
        Self(path.unwrap_or_else(|| PathBuf::from("/proc/self/exe")))
    }

    /// Starts it with these arguments, feeds it `bytes`, and takes at most `max_answer_bytes` of what it says. How many run at once is how
    /// many jobs do.
    ///
    /// # Errors
    /// When it does not start, or has not ended after `patience`; then it is killed.
    pub async fn ask(
        &self,
        arguments: &[&OsStr],
        bytes: &[u8],
        max_answer_bytes: u64,
        patience: Duration,
    ) -> anyhow::Result<Result<Vec<u8>, Died>> {
        let asked = tokio::time::timeout(patience, self.run(arguments, bytes, max_answer_bytes)).await;
        let (status, answer) = asked.map_err(|_| anyhow::anyhow!("no answer within {patience:?}"))??;
        if status.success() {
            return Ok(Ok(answer));
        }
        let died = Died::of(status);
        tracing::error!(%status, ?died, "a process died of what it was to read");
        Ok(Err(died))
    }

    async fn run(&self, arguments: &[&OsStr], bytes: &[u8], most: u64) -> anyhow::Result<(ExitStatus, Vec<u8>)> {
        let mut child = Command::new(&self.0)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("the process does not start")?;
        let (mut to, from) = (child.stdin.take(), child.stdout.take());
        if let Some(to) = &mut to {
            // One that died while it was fed says so by how it ended.
            let fed = to.write_all(bytes).await;
            tracing::debug!(fed = fed.is_ok(), "a process was fed");
        }
        drop(to);
        let mut answer = Vec::new();
        let mut from = from.context("the process has no output")?.take(most);
        from.read_to_end(&mut answer).await.context("the answer of the process")?;
        // One that would say still more ends here, instead of waiting for somebody to listen.
        drop(from);
        Ok((child.wait().await.context("the end of the process")?, answer))
    }
}

impl Died {
    fn of(status: ExitStatus) -> Self {
        const PANIC: i32 = 101;
        match (status.signal(), status.code()) {
            (Some(libc::SIGXCPU), _) => Self::OutOfTime,
            (Some(libc::SIGABRT | libc::SIGSEGV | libc::SIGBUS | libc::SIGILL | libc::SIGFPE | libc::SIGSYS), _)
            | (None, Some(PANIC)) => Self::OfTheBytes,
            _ => Self::Otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_death_by_the_bytes_is_told_from_any_other() {
        let died = |wait: i32| Died::of(ExitStatus::from_raw(wait));
        assert_eq!(died(libc::SIGXCPU), Died::OutOfTime);
        assert_eq!(died(libc::SIGSYS), Died::OfTheBytes);
        assert_eq!(died(101 << 8), Died::OfTheBytes);
        for elsewhere in [libc::SIGKILL, libc::SIGTERM, 1 << 8] {
            assert_eq!(died(elsewhere), Died::Otherwise);
        }
    }
}
