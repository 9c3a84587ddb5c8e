//! The S3 server inside the process: the same client code then runs on one machine without any other service.
//!
//! It listens on a free port of the loopback address and knows one access key, made afresh at each start.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::disk::Disk;
use crate::kernel::chance::Chance;
use crate::kernel::secret::Secret;

const SHUTDOWN: Duration = Duration::from_secs(10);

/// A running server. It stops when it is dropped; [`EmbeddedS3::stop`] also waits for requests under way.
pub struct EmbeddedS3 {
    address: SocketAddr,
    access_key_id: String,
    secret_access_key: Secret<String>,
    stopping: CancellationToken,
    server: Mutex<Option<JoinHandle<()>>>,
}

impl EmbeddedS3 {
    /// Starts a server over the directory `root`, which is made when missing.
    ///
    /// # Errors
    /// When the directory can't be used or no port can be had.
    pub async fn start(root: &Path, chance: &dyn Chance) -> std::io::Result<Self> {
        let access_key_id = format!("HUZHU{}", hex::encode_upper(chance.bytes::<8>()));
        let secret_access_key = Secret::new(hex::encode(chance.bytes::<32>()));
        let disk = Disk::open(root, u64::from_le_bytes(chance.bytes()))?;
        let mut builder = S3ServiceBuilder::new(disk);
        builder.set_auth(SimpleAuth::from_single(access_key_id.clone(), secret_access_key.reveal().clone()));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let stopping = CancellationToken::new();
        let server = tokio::spawn(serve(listener, builder.build(), stopping.clone()));
        Ok(Self { address, access_key_id, secret_access_key, stopping, server: Mutex::new(Some(server)) })
    }

    /// The URL of the server.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The access key of this start: its id and its secret.
    #[must_use]
    pub fn access_key(&self) -> (&str, &Secret<String>) {
        (&self.access_key_id, &self.secret_access_key)
    }

    /// Takes no more requests and waits for those under way, 10 seconds at most.
    pub async fn stop(&self) {
        self.stopping.cancel();
        if let Some(server) = self.server.lock().await.take()
            && server.await.is_err()
        {
            tracing::error!("the embedded object store ended in a panic");
        }
    }
}

impl Drop for EmbeddedS3 {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the system says neither when a file handle is free nor lets itself be asked"
)]
async fn rest() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

async fn serve(listener: TcpListener, service: S3Service, stopping: CancellationToken) {
    let http = Builder::new(TokioExecutor::new());
    let connections = GracefulShutdown::new();
    loop {
        let socket = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => socket,
                Err(error) => {
                    // Out of file handles, mostly: a short rest, then on.
                    tracing::warn!(error = %error, "the embedded object store can't accept");
                    rest().await;
                    continue;
                }
            },
            () = stopping.cancelled() => break,
        };
        let connection = http.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection to the embedded object store ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN, connections.shutdown()).await.is_err() {
        tracing::warn!("the embedded object store stopped with requests under way");
    }
}
