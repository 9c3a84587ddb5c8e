//! Where pages are read: a seam. [`Shut`] starts a process for each page ([`serve`](super::serve) is its other end).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;

use super::engine::{self, MAX_LINES};
use super::{Line, Reading};
use crate::confined::{Died, Program};

/// Three seconds of a free processor are usual; on one that is busy with other things it takes longer.
const PATIENCE: Duration = Duration::from_secs(120);
/// So many lines of so many characters, with their places.
const MAX_ANSWER_BYTES: u64 = 8 * 1024 * 1024;

/// Why there are no lines.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The reader died of the page, or said nonsense: it will again.
    #[error("the page can't be read")]
    Unreadable,
    /// The reader itself did not work.
    #[error("the reader did not run: {0}")]
    Unavailable(#[from] anyhow::Error),
}

/// Reads the print on a page.
#[async_trait::async_trait]
pub trait Reader: Send + Sync {
    /// Reads a page. `page` is a JPEG of at most 2,000 pixels a side.
    ///
    /// # Errors
    /// See [`ReadError`].
    async fn read(&self, page: &[u8]) -> Result<Reading, ReadError>;
}

/// Starts `PROGRAM read --models DIR` for each page.
#[derive(Clone, Debug)]
pub struct Shut {
    program: Program,
    models_dir: PathBuf,
}

impl Shut {
    /// Of a binary of this service and the directory that holds the models.
    ///
    /// # Errors
    /// When a model is not there.
    pub fn new(program: Program, models_dir: &Path) -> anyhow::Result<Self> {
        let models_dir = models_dir.canonicalize().with_context(|| models_dir.display().to_string())?;
        for file in [engine::DETECTOR, engine::RECOGNISER] {
            let path = models_dir.join(file);
            anyhow::ensure!(path.is_file(), "{} is missing", path.display());
        }
        Ok(Self { program, models_dir })
    }
}

#[async_trait::async_trait]
impl Reader for Shut {
    async fn read(&self, page: &[u8]) -> Result<Reading, ReadError> {
        let arguments = [OsStr::new("read"), OsStr::new("--models"), self.models_dir.as_os_str()];
        match self.program.ask(&arguments, page, MAX_ANSWER_BYTES, PATIENCE).await? {
            Ok(answer) => reading(&answer).ok_or(ReadError::Unreadable),
            Err(Died::Otherwise) => Err(anyhow::anyhow!("it was killed, or a model can't be used").into()),
            Err(Died::OutOfTime | Died::OfTheBytes) => {
                metrics::counter!("huzhu_reader_deaths_total").increment(1);
                Err(ReadError::Unreadable)
            }
        }
    }
}

/// What an answer says; nothing when it is none.
fn reading(answer: &[u8]) -> Option<Reading> {
    let reading: Reading = serde_json::from_slice(answer).ok()?;
    let Reading { turns, lines } = &reading;
    (*turns < 4 && lines.len() <= MAX_LINES && lines.iter().all(Line::is_sound)).then_some(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_no_page_gives_is_none() {
        let line = Line {
            text: "自付一".to_owned(),
            confidence_percent: 99,
            corners: [[0, 0], [30, 0], [30, 10], [0, 10]],
            at_permille: vec![0, 300, 600],
        };
        let answer = |turns: u8, lines: &[Line]| {
            reading(&serde_json::to_vec(&Reading { turns, lines: lines.to_vec() }).unwrap()).map(|read| read.lines)
        };
        assert_eq!(answer(3, std::slice::from_ref(&line)), Some(vec![line.clone()]));
        assert_eq!(answer(4, std::slice::from_ref(&line)), None);
        for strange in [
            Line { text: "自付".to_owned(), ..line.clone() },
            Line { text: "自\u{1b}一".to_owned(), ..line.clone() },
            Line { confidence_percent: 101, ..line.clone() },
            Line { at_permille: vec![0, 300, 1_001], ..line.clone() },
            Line { corners: [[i32::MAX, 0]; 4], ..line.clone() },
        ] {
            assert_eq!(answer(0, &[strange]), None);
        }
        assert_eq!(answer(0, &vec![line; MAX_LINES + 1]), None);
        assert_eq!(reading(b"[{"), None);
    }
}
