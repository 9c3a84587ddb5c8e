//! The simulator as a process of its own: how it runs, and how another process starts it as a child.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::process::Command;

use super::http;
use super::ledger::Bank;
use super::tls::TlsFiles;
use crate::child::{Child, announce, asked_to_end};
use crate::kernel::clock::Clock;
use crate::kernel::money::Fen;

/// How a simulator runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of its journal.
    pub data: PathBuf,
    /// The account that payouts leave from.
    pub account: String,
    /// What that account holds on the first day.
    pub opening_fen: Fen,
    /// The certificates with which it speaks TLS; none for one that speaks in clear.
    pub tls: Option<TlsFiles>,
    /// Ends when standard input ends, as it does when the parent dies.
    pub die_with_parent: bool,
}

/// Waits until no other bank has this folder, and keeps others out while the answer lives.
fn sole_owner(folder: &Path) -> io::Result<File> {
    std::fs::create_dir_all(folder)?;
    let file = File::create(folder.join("lock"))?;
    file.lock()?;
    Ok(file)
}

/// Runs until a signal, or until the parent dies. The first line on standard output says where it listens, and so does the file `url` in
/// its folder.
///
/// # Errors
/// Whatever the socket or the file system says.
pub async fn run(options: Options, clock: Arc<dyn Clock>) -> io::Result<()> {
    // Held until this process ends: a bank that was killed a moment ago must be gone before its journal is read.
    let _sole = sole_owner(&options.data)?;
    let bank = Bank::open(&options.data, clock, &options.account, options.opening_fen)?;
    let listener = TcpListener::bind(options.listen)?;
    let address = listener.local_addr()?;
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let tls = options.tls.as_ref().map(TlsFiles::read).transpose()?;
    let server = http::serve(Arc::new(Mutex::new(bank)), listener, tls)?;
    let handle = server.handle();
    std::fs::write(options.data.join("url"), format!("{scheme}://{address}"))?;
    announce("bank-sim", scheme, address)?;
    tokio::select! {
        done = server => return done,
        asked = asked_to_end(options.die_with_parent) => asked?,
    }
    handle.stop(false).await;
    Ok(())
}

/// Starts `program bank-sim` on a free port of this machine, with its journal in `data`.
///
/// # Errors
/// Whatever starting a process says; `InvalidData` when the child does not say where it listens.
pub async fn start(program: &Path, data: &Path, account: &str, opening_fen: Fen) -> io::Result<Child> {
    let mut command = Command::new(program);
    command
        .arg("bank-sim")
        .args(["--listen", "127.0.0.1:0", "--die-with-parent", "--account", account])
        .args(["--opening-fen", &opening_fen.get().to_string()])
        .arg("--data")
        .arg(data);
    Child::start(&mut command).await
}
