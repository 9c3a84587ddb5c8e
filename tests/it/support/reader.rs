//! A reader of print that says what a test wants: in place of the binary, a script that answers `read` itself and leaves the rest to it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use huzhu::config::Documents;
use serde_json::{Value, json};

/// What a reader does that works: see [`Reader::does`].
pub const SAY: &str = "exec cat \"$0.said\"";

/// Its files, gone when dropped.
pub struct Reader(tempfile::TempDir);

impl Reader {
    /// One that reads these lines on every page.
    pub fn of(lines: &[Value]) -> Self {
        let reader = Self(tempfile::tempdir().unwrap());
        for model in ["PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"] {
            std::fs::write(reader.path(model), "").unwrap();
        }
        reader.says(lines);
        reader.does(SAY);
        reader
    }

    /// From now on it reads these.
    pub fn says(&self, lines: &[Value]) {
        self.says_turned(0, lines);
    }

    /// From now on it reads these, on a page that stands upright after so many quarter turns.
    pub fn says_turned(&self, turns: u8, lines: &[Value]) {
        std::fs::write(self.path("huzhu.said"), json!({ "turns": turns, "lines": lines }).to_string()).unwrap();
    }

    /// From now on it does this when it is to read: a line of shell.
    pub fn does(&self, what: &str) {
        let binary = env!("CARGO_BIN_EXE_huzhu");
        // Another file takes the place of one that may be running.
        let script = self.path("new");
        std::fs::write(&script, format!("#!/bin/sh\nif [ \"$1\" = read ]; then {what}; fi\nexec {binary} \"$@\"\n"))
            .unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::rename(script, self.path("huzhu")).unwrap();
    }

    /// Has a service use it.
    pub fn install(&self, documents: &mut Documents) {
        documents.checker = Some(self.path("huzhu"));
        documents.models_dir = Some(self.path("").components().collect());
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.0.path()).join(name)
    }
}

/// A line of print, 20 pixels high, that begins at a point.
pub fn line(text: &str, left: i32, top: i32) -> Value {
    let count = i32::try_from(text.chars().count()).unwrap();
    let (right, below) = (left + 20 * count, top + 20);
    let places: Vec<i32> = (0..count).map(|char| char * 1_000 / count).collect();
    json!({
        "text": text, "confidence_percent": 97, "at_permille": places,
        "corners": [[left, top], [right, top], [right, below], [left, below]],
    })
}
