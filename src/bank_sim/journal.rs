//! The simulator's memory: one JSON line for each thing that happened, on disk before anybody is told.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;

/// Something that happened at the bank, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// The fund's account was opened.
    Opened {
        /// Number of the account that payouts leave from.
        account: String,
        /// First business day.
        #[serde(with = "iso_date")]
        on: Date,
    },
    /// Money of the fund came in.
    Funded {
        /// How much.
        amount_fen: Fen,
    },
    /// A payee's card answers from now on with this code; none means that it works.
    CardMarked {
        /// Hash of the card number.
        card_key: String,
        /// Reason code that payments to it fail with.
        reject_code: Option<String>,
    },
    /// A file was taken and executed, all lines at once.
    Executed {
        /// The customer's name for the batch.
        batch_ref: String,
        /// Digest of the file's bytes.
        sha256: String,
        /// When.
        at: Moment,
        /// Its lines with their outcomes.
        lines: Vec<Line>,
        /// How its debits are booked.
        #[serde(default)]
        booking: Booking,
    },
    /// A file was refused as a whole.
    Refused {
        /// The customer's name for the batch.
        batch_ref: String,
        /// Digest of the file's bytes.
        sha256: String,
        /// Reason code.
        code: String,
    },
    /// A paid amount came back from the payee's bank.
    Returned {
        /// The order.
        bank_ref: String,
        /// How much came back.
        amount_fen: Fen,
        /// Reason code of the return.
        code: String,
        /// True when the booking names no reference.
        #[serde(default)]
        anonymous: bool,
    },
    /// The business day ended.
    DayClosed {
        /// The next business day.
        #[serde(with = "iso_date")]
        next: Date,
    },
}

/// How the debits of a file are booked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// One for each payment, on the day of execution.
    #[default]
    Each,
    /// One for each payment, on the business day after.
    NextDay,
    /// One for the whole file, without references.
    Whole,
}

/// One payment of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Number within the file, from 1.
    pub seq: u32,
    /// The customer's reference, which the bank deduplicates on.
    pub bank_ref: String,
    /// How much.
    pub amount_fen: Fen,
    /// Hash of the card number.
    pub card_key: String,
    /// Last four digits of the card number.
    pub card_tail: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The payee has the money.
    Paid {
        /// The bank's serial number.
        serial: String,
        /// How often the account was debited: 1, or 2 under the fault that does so.
        debits: u8,
    },
    /// Nothing moved.
    Failed {
        /// Reason code.
        code: String,
    },
}

/// The journal, open for appending: a file, or nothing at all for a bank that lives as long as its process.
#[derive(Debug)]
pub struct Journal {
    file: Option<File>,
}

impl Journal {
    /// Opens (or makes) the journal in `dir` and reads what it holds. A last line that a crash cut off is dropped: nobody was told of it.
    ///
    /// # Errors
    /// Whatever the file system says; `InvalidData` when a line other than the last cannot be read.
    pub fn open(dir: &Path) -> io::Result<(Self, Vec<Record>)> {
        std::fs::create_dir_all(dir)?;
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join("journal.jsonl"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        bytes.truncate(whole);
        let mut records = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            records
                .push(serde_json::from_slice(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?);
        }
        let whole = u64::try_from(whole).map_err(io::Error::other)?;
        file.set_len(whole)?;
        file.seek(SeekFrom::Start(whole))?;
        File::open(dir)?.sync_all()?;
        Ok((Self { file: Some(file) }, records))
    }

    /// A journal that keeps nothing: what follows from its records is all that there is.
    #[must_use]
    pub const fn in_memory() -> Self {
        Self { file: None }
    }

    /// Writes one record and returns when it is on disk.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn append(&mut self, record: &Record) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cut_off_by_a_crash_is_dropped_and_the_rest_kept() {
        let dir = tempfile::tempdir().unwrap();
        let funded = |fen| Record::Funded { amount_fen: Fen::new(fen) };
        let (mut journal, records) = Journal::open(dir.path()).unwrap();
        assert_eq!(records, []);
        journal.append(&funded(1)).unwrap();
        journal.append(&funded(2)).unwrap();
        drop(journal);
        let path = dir.path().join("journal.jsonl");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(b"{\"kind\":\"fun");
        std::fs::write(&path, bytes).unwrap();
        let (mut journal, records) = Journal::open(dir.path()).unwrap();
        assert_eq!(records, [funded(1), funded(2)]);
        journal.append(&funded(3)).unwrap();
        let (_, records) = Journal::open(dir.path()).unwrap();
        assert_eq!(records, [funded(1), funded(2), funded(3)]);
    }
}
