//! A machine with nothing on it but the binary: an empty data folder, the environment, and on PostgreSQL an empty database.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use sea_orm::{Database as SeaDatabase, DatabaseConnection};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::task::JoinHandle;

use crate::support::database::Database;
use crate::support::logs;

/// How long a test waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub struct Machine {
    pub data: PathBuf,
    pub directory: TempDir,
    database_url: String,
    environment: Vec<(&'static str, String)>,
}

/// What a command said.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    /// What it printed; it must have ended well.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{}{}", self.out, self.err);
        self.out
    }

    /// What stands behind `label` at the start of a line.
    #[track_caller]
    pub fn value(&self, label: &str) -> String {
        let line = self.out.lines().find_map(|line| line.strip_prefix(label));
        line.unwrap_or_else(|| panic!("no {label} in {}{}", self.out, self.err)).trim().to_owned()
    }
}

/// A service that runs.
pub struct Running {
    pub base: String,
    process: Child,
    out: JoinHandle<String>,
    lines: UnboundedReceiver<String>,
    err: String,
}

impl Machine {
    pub async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let mut database_url = Database::empty(directory.path()).await.url().to_owned();
        let mut environment = vec![("HUZHU_DATABASE__MAX_CONNECTIONS", "6".to_owned())];
        if database_url.starts_with("sqlite:") {
            // The default, which needs no setting.
            database_url = format!("sqlite://{}?mode=rwc", data.join("huzhu.sqlite").display());
        } else {
            environment.push(("HUZHU_DATABASE__URL", database_url.clone()));
        }
        Self { data, directory, database_url, environment }
    }

    /// Sets a variable for all that follows.
    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.environment.retain(|(known, _)| *known != name);
        self.environment.push((name, value.into()));
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_huzhu"));
        command
            .args(arguments)
            .env("HUZHU_DATA_DIR", &self.data)
            .env("HUZHU_HTTP__LISTEN", "127.0.0.1:0")
            .env("HUZHU_HTTP__METRICS_LISTEN", "127.0.0.1:0")
            .env("HUZHU_LOG__FORMAT", "json")
            .envs(self.environment.iter().map(|(name, value)| (*name, value.as_str())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Ran {
        let ended = self.command(arguments).output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        logs::add(&String::from_utf8_lossy(&ended.stderr));
        Ran { code: ended.status.code().unwrap_or(-1), out: text(ended.stdout), err: text(ended.stderr) }
    }

    /// Starts a verb that goes on, and waits until it is ready.
    pub async fn start(&self, arguments: &[&str]) -> Running {
        let mut process = self.command(arguments).spawn().unwrap();
        let mut out = process.stdout.take().unwrap();
        let out = tokio::spawn(async move {
            let mut text = String::new();
            out.read_to_string(&mut text).await.unwrap();
            text
        });
        let mut read = BufReader::new(process.stderr.take().unwrap()).lines();
        let (keep, lines) = unbounded_channel();
        // Read at once, so that the process never waits for us, and into the log that is searched: it may be killed.
        tokio::spawn(async move {
            while let Some(line) = read.next_line().await.unwrap() {
                let line = format!("{line}\n");
                logs::add(&line);
                if keep.send(line).is_err() {
                    break;
                }
            }
        });
        let mut running = Running { base: String::new(), process, out, lines, err: String::new() };
        let fields = running.said("ready").await;
        // A worker listens nowhere.
        running.base = format!("http://{}", fields["http.listen"].as_str().unwrap_or("-"));
        running
    }

    pub async fn database(&self) -> DatabaseConnection {
        SeaDatabase::connect(&self.database_url).await.unwrap()
    }
}

impl Running {
    /// Waits for a line of its log that begins with `message`; answers the line's fields.
    pub async fn said(&mut self, message: &str) -> Value {
        loop {
            let line = self.lines.recv().await.unwrap_or_else(|| panic!("it ended: {}", self.err));
            let fields = serde_json::from_str::<Value>(&line).map(|line| line["fields"].clone()).unwrap_or_default();
            self.err.push_str(&line);
            if fields["message"].as_str().is_some_and(|said| said.starts_with(message)) {
                return fields;
            }
        }
    }

    /// Asks it to stop, as a supervisor does.
    pub async fn terminate(&self) {
        let pid = self.process.id().unwrap();
        let told = Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().await.unwrap();
        assert!(told.success());
    }

    /// Asks it to stop; it must end well and not have panicked.
    pub async fn stop(self) -> Ran {
        self.terminate().await;
        self.ended().await
    }

    /// Waits for its end, which must be a good one without a panic.
    pub async fn ended(mut self) -> Ran {
        let code = self.process.wait().await.unwrap().code().unwrap_or(-1);
        while let Some(line) = self.lines.recv().await {
            self.err.push_str(&line);
        }
        let ran = Ran { code, out: self.out.await.unwrap(), err: self.err };
        assert!(code == 0 && !ran.err.contains("panicked"), "{ran:?}");
        ran
    }
}

/// What is at `url`.
pub async fn get(url: String) -> reqwest::Response {
    crate::support::browser().get(url).send().await.unwrap()
}
