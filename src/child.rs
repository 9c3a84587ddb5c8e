//! Simulators as processes of their own: how one says where it listens and notices that it shall end, and how a parent starts one.

use std::io::{self, Read as _, Write as _};
use std::net::SocketAddr;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

/// Says on standard output where `name` listens, and whether it speaks `http` or `https`: the answer to whoever started the process.
///
/// # Errors
/// When nobody reads it.
#[expect(clippy::print_stdout, reason = "this line is the answer to whoever started the process")]
pub fn announce(name: &str, scheme: &str, address: SocketAddr) -> io::Result<()> {
    println!("{name} listening on {scheme}://{address}");
    io::stdout().flush()
}

/// Waits until the process is asked to end, by SIGTERM or SIGINT, or, when it shall `die_with_parent`, until its parent is gone.
///
/// # Errors
/// When signals can't be heard.
pub async fn asked_to_end(die_with_parent: bool) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = parent_gone(die_with_parent) => {}
    }
    Ok(())
}

/// Waits until standard input ends, as it does when the parent dies; for ever unless `watch`.
async fn parent_gone(watch: bool) {
    if !watch {
        return std::future::pending().await;
    }
    let (gone, told) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        // Anything but more bytes means that nobody holds the other end any more.
        while matches!(io::stdin().read(&mut buffer), Ok(1..)) {}
        drop(gone);
    });
    // The channel never carries anything: that it closes is the news.
    let _ = told.await;
}

/// A simulator that runs as our child and dies with us.
#[derive(Debug)]
pub struct Child {
    process: tokio::process::Child,
    base_url: String,
}

impl Child {
    /// Starts `command`, which is to [`announce`] itself.
    ///
    /// # Errors
    /// Whatever starting a process says; `InvalidData` when the child does not say where it listens.
    pub async fn start(command: &mut Command) -> io::Result<Self> {
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = process.stdout.take().ok_or_else(|| io::Error::other("the child has no standard output"))?;
        let mut first = String::new();
        BufReader::new(output).read_line(&mut first).await?;
        let base_url = first
            .trim()
            .rsplit_once(' ')
            .map(|(_, url)| url.to_owned())
            .filter(|url| url.starts_with("http://") || url.starts_with("https://"))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the simulator did not start"))?;
        Ok(Self { process, base_url })
    }

    /// Where it listens: `http://127.0.0.1:…`, with TLS `https://…`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Lets go of it, as a parent that dies does: it ends by itself.
    #[must_use]
    pub fn orphan(self) -> tokio::process::Child {
        let mut process = self.process;
        drop(process.stdin.take());
        process
    }

    /// Kills it, as a crash would.
    ///
    /// # Errors
    /// Whatever the operating system says.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.process.kill().await
    }
}
