//! The simulator as a process of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::process::Command;

use super::http::{self, Shared};
use super::platform::Platform;
use crate::child::{Child, announce, asked_to_end};
use crate::kernel::clock::Clock;

/// Runs until a signal, or, when it shall `die_with_parent`, until standard input ends. The first line on standard output says where it
/// listens.
///
/// # Errors
/// Whatever the socket says.
pub async fn run(listen: SocketAddr, die_with_parent: bool, clock: Arc<dyn Clock>) -> io::Result<()> {
    let listener = TcpListener::bind(listen)?;
    let address = listener.local_addr()?;
    let server = http::serve(Shared { platform: Arc::new(Mutex::new(Platform::default())), clock }, listener)?;
    let handle = server.handle();
    announce("bill-sim", "http", address)?;
    tokio::select! {
        done = server => return done,
        asked = asked_to_end(die_with_parent) => asked?,
    }
    handle.stop(false).await;
    Ok(())
}

/// Starts `program bill-sim` on a free port of this machine.
///
/// # Errors
/// Whatever starting a process says; `InvalidData` when the child does not say where it listens.
pub async fn start(program: &Path) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(["bill-sim", "--listen", "127.0.0.1:0", "--die-with-parent"]);
    Child::start(&mut command).await
}
