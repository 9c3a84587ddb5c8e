//! `huzhu bill-sim`: a fiscal platform that only plays one, as a process of its own.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::bill_sim::child;
use crate::kernel::clock::SystemClock;

/// Arguments of `huzhu bill-sim`.
#[derive(Debug, Args)]
pub(super) struct BillSim {
    /// Where it listens; port 0 takes a free one and says which.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Ends when standard input ends, as it does when the parent dies.
    #[arg(long)]
    die_with_parent: bool,
}

pub(super) async fn run(arguments: BillSim) -> anyhow::Result<ExitCode> {
    child::run(arguments.listen, arguments.die_with_parent, Arc::new(SystemClock)).await?;
    Ok(ExitCode::SUCCESS)
}
