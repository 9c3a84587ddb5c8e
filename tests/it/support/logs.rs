//! What the whole suite logs is kept, with the personal values that must not be in it: tests/tools/search_logs.py looks for them.
//!
//! One subscriber a process, set up with the first database. It shows what failed, keeps a log and a list of values when
//! `TEST_LOGS_DIR` names a folder, and lets the canary listen, whether the process is the canary's own or all tests share it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use huzhu::telemetry;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

/// All that can be logged.
const ALL: &str = "debug,huzhu=trace";

static STARTED: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();
static HEARD: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[expect(clippy::disallowed_methods, reason = "the variables are of the tests, not of the service")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn file(suffix: &str) -> Option<File> {
    let dir = PathBuf::from(variable("TEST_LOGS_DIR")?);
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{}.{suffix}", std::process::id()));
    Some(OpenOptions::new().append(true).create(true).open(path).unwrap())
}

/// Keeps everything that this process logs from now on.
pub fn keep() {
    started();
}

fn started() -> &'static reload::Handle<EnvFilter, Registry> {
    STARTED.get_or_init(|| {
        let (silence, handle) = reload::Layer::new(EnvFilter::new("off"));
        let heard = fmt::layer().with_ansi(false).with_writer(|| Ear).with_filter(silence);
        let kept = file("log").map(|log| {
            let layer = fmt::layer().with_ansi(false).with_writer(move || log.try_clone().unwrap());
            layer.with_filter(telemetry::filter(ALL).unwrap())
        });
        // A refusal's cause is only in the log: a failing test shows it.
        let shown = fmt::layer().with_ansi(false).with_test_writer().with_filter(EnvFilter::new("warn,huzhu=info"));
        let subscriber = tracing_subscriber::registry().with(heard).with(kept).with(shown);
        subscriber.try_init().expect("a test that subscribes for itself leaves an empty log");
        let test = variable("NEXTEST_TEST_NAME").unwrap_or_else(|| "all in one process".to_owned());
        tracing::info!(test, "the log of this process begins");
        handle
    })
}

/// Values of a person that no log may hold.
pub fn mark(values: &[&str]) {
    if let Some(mut marks) = file("marks") {
        marks.write_all(format!("{}\n", values.join("\n")).as_bytes()).unwrap();
    }
}

/// Adds what another process, started by this one, has said on its standard error.
pub fn add(text: &str) {
    if let Some(mut log) = file("log") {
        log.write_all(text.as_bytes()).unwrap();
    }
}

/// Remembers everything that is logged from now on, by whoever, until [`heard`].
pub fn listen() {
    started().reload(telemetry::filter(ALL).unwrap()).unwrap();
}

/// What was logged since [`listen`].
pub fn heard() -> String {
    started().reload(EnvFilter::new("off")).unwrap();
    String::from_utf8_lossy(&std::mem::take(&mut *HEARD.lock().unwrap())).into_owned()
}

/// Where the canary listens.
struct Ear;

impl Write for Ear {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        HEARD.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
