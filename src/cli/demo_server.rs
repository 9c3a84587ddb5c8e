//! A `huzhu run --demo` of the demo's own: in a temporary folder, on free ports, gone afterwards.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::http_client::{HttpClient, Timeouts};
use crate::kernel::chance::{Chance, SystemChance};

/// Looks before a server that does not get ready is given up: about a minute.
const LOOKS: u32 = 600;

/// The server, which ends with its holder.
pub(super) struct OwnServer {
    /// Where it answers.
    pub(super) url: String,
    folder: PathBuf,
    process: Child,
}

/// True when a ready service answers at `url`.
pub(super) async fn answers(url: &str) -> bool {
    let Ok(client) = HttpClient::new(Timeouts::default()) else { return false };
    client.get(&format!("{url}/readyz")).await.is_ok_and(|answer| answer.status == 200)
}

impl OwnServer {
    /// Starts it and waits until it is ready.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir()
            .join(format!("huzhu-demo-{}", hex::encode((&SystemChance as &dyn Chance).bytes::<8>())));
        std::fs::create_dir(&folder)?;
        let (listen, metrics) = (free_address()?, free_address()?);
        let mut command = Command::new(std::env::current_exe()?);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HUZHU_") {
                command.env_remove(name);
            }
        }
        let log = std::fs::File::create(folder.join("server.log"))?;
        let process = command
            .args(["run", "--demo"])
            .env("HUZHU_DATA_DIR", folder.join("data"))
            .env("HUZHU_HTTP__LISTEN", &listen)
            .env("HUZHU_HTTP__METRICS_LISTEN", metrics)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let mut server = Self { url: format!("http://{listen}"), folder, process };
        for _ in 0..LOOKS {
            if answers(&server.url).await {
                return Ok(server);
            }
            if let Some(status) = server.process.try_wait()? {
                let log = std::fs::read_to_string(server.folder.join("server.log")).unwrap_or_default();
                anyhow::bail!("the demo's own server ended ({status}):\n{log}");
            }
            pause().await;
        }
        anyhow::bail!("the demo's own server is not ready; its log: {}", server.folder.join("server.log").display())
    }

    /// Its data directory.
    pub(super) fn data_dir(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Stops it and removes its folder.
    pub(super) async fn stop(mut self) -> anyhow::Result<()> {
        self.process.kill().await?;
        std::fs::remove_dir_all(&self.folder)?;
        Ok(())
    }
}

/// An address of this machine that was free a moment ago.
fn free_address() -> std::io::Result<String> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

#[expect(clippy::disallowed_methods, reason = "a server that starts is looked at some times a second")]
async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}
