//! `huzhu bank-sim`: a bank that only plays one, as a process of its own.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use crate::bank_sim::child::{self, Options};
use crate::bank_sim::tls::TlsFiles;
use crate::kernel::clock::SystemClock;
use crate::kernel::money::Fen;

/// Arguments of `huzhu bank-sim`.
#[derive(Debug, Args)]
pub(super) struct BankSim {
    /// Where it listens; port 0 takes a free one and says which.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The folder of its journal, from which it starts again.
    #[arg(long)]
    data: PathBuf,
    /// The account that payouts leave from.
    #[arg(long, default_value = "6222020000001")]
    account: String,
    /// What that account holds on the first day, in fen.
    #[arg(long, default_value_t = 100_000_000_000)]
    opening_fen: i64,
    /// Speaks TLS with this certificate (PEM).
    #[arg(long, requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its key (PEM), closed to others.
    #[arg(long, requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Hears only customers with a certificate that these (PEM) vouch for.
    #[arg(long, requires = "tls_certificate")]
    client_ca: Option<PathBuf>,
    /// Ends when standard input ends, as it does when the parent dies.
    #[arg(long)]
    die_with_parent: bool,
}

pub(super) async fn run(arguments: BankSim) -> anyhow::Result<ExitCode> {
    let own = arguments.tls_certificate.zip(arguments.tls_key);
    let client_ca = arguments.client_ca;
    let tls = own.map(|(certificate, key)| TlsFiles { certificate, key, client_ca });
    let options = Options {
        listen: arguments.listen,
        data: arguments.data,
        account: arguments.account,
        opening_fen: Fen::new(arguments.opening_fen),
        tls,
        die_with_parent: arguments.die_with_parent,
    };
    child::run(options, Arc::new(SystemClock)).await?;
    Ok(ExitCode::SUCCESS)
}
