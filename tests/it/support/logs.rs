//! What the whole suite logs is kept, with the personal values that must not be in it: tests/tools/search_logs.py looks for them.
//!
//! Only when `TEST_LOGS_DIR` names a folder: one log and one list of values a process.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Once;

use huzhu::telemetry;

static STARTED: Once = Once::new();

#[expect(clippy::disallowed_methods, reason = "the variable is of the tests, not of the service")]
fn file(suffix: &str) -> Option<File> {
    let dir = PathBuf::from(std::env::var_os("TEST_LOGS_DIR")?);
    std::fs::create_dir_all(&dir).unwrap();
    let path = dir.join(format!("{}.{suffix}", std::process::id()));
    Some(OpenOptions::new().append(true).create(true).open(path).unwrap())
}

/// Keeps everything that this process logs from now on.
pub fn keep() {
    STARTED.call_once(|| {
        let Some(log) = file("log") else { return };
        // The canary listens for itself, and was first.
        let _already = tracing_subscriber::fmt()
            .with_env_filter(telemetry::filter("debug,huzhu=trace").unwrap())
            .with_ansi(false)
            .with_writer(move || log.try_clone().unwrap())
            .try_init();
        tracing::info!("the log of this process begins");
    });
}

/// Values of a person that no log may hold.
pub fn mark(values: &[&str]) {
    if let Some(mut marks) = file("marks") {
        marks.write_all(format!("{}\n", values.join("\n")).as_bytes()).unwrap();
    }
}
