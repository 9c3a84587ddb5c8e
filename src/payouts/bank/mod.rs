//! What we ask of a bank, and nothing about how one bank does it.
//!
//! An adapter turns a batch into bytes ([`Adapter::render`]) and answers into facts ([`Adapter::parse`]) without side effects, and carries
//! bytes to the bank and back. What a fact does to an order is decided once for all banks, in [`decide`]. Anything that is not
//! understood is [`Submitted::InDoubt`]: no adapter ever guesses.

pub mod bulk_files;
pub mod carrier;
pub mod cn_bulk;
pub mod decide;
pub mod direct;
pub mod flat;
pub mod iso;
mod link;
mod pulled;
pub mod result_file;
pub mod rules;
mod seals;
pub mod simulator;
pub mod transport;

pub use link::BankLink;
pub use pulled::Pulled;
pub use rules::BankRules;
pub use seals::Seals;

use async_trait::async_trait;
use time::Date;

use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::secret::Secret;

/// What a bank can do and insists on. Strictest where it is silent.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// Most orders in one file.
    pub max_lines: usize,
    /// Longest account name, in bytes of the file's encoding.
    pub max_name_bytes: usize,
    /// Seconds for which the bank promises to treat the same bytes under the same reference as one; none: never send twice.
    pub resend_window_secs: Option<i64>,
    /// Seconds that must lie between two "not found" before the same bytes may be sent again.
    pub not_found_gap_secs: i64,
}

/// A batch about to become bytes.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Its name at the bank, for ever.
    pub batch_ref: String,
    /// The fund's customer number at the bank.
    pub corp_id: String,
    /// The account that pays.
    pub debit_account: String,
    /// The day on which it shall be paid.
    pub value_date: Date,
    /// When it was made.
    pub made_at: Moment,
    /// Its orders, in the order of the file.
    pub lines: Vec<Line>,
}

/// One order of a batch.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its name at the bank, for ever.
    pub bank_ref: String,
    /// The card to be paid.
    pub card_number: Secret<String>,
    /// Whose card it is.
    pub holder_name: Secret<String>,
    /// How much; more than nothing.
    pub amount_fen: Fen,
}

/// Why a batch cannot become bytes. Names the line, never what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A batch holds at least one order and at most what the bank takes.
    #[error("the number of orders is not what the bank takes")]
    Count,
    /// The sum does not fit, or an amount is not more than nothing.
    #[error("line {0}: an amount cannot be paid")]
    Amount(usize),
    /// The name has a character or a length that the file cannot carry.
    #[error("line {0}: the account name cannot be written")]
    Name(usize),
    /// A reference or card number has a character that the file cannot carry.
    #[error("line {0}: a reference or card number cannot be written")]
    Reference(usize),
}

/// How a submission ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// Proved: not a byte of the request was written, or the bank declared that it took nothing.
    NotSent {
        /// What happened, in a fixed word.
        why: &'static str,
    },
    /// The bank has it and echoed its hash.
    Accepted {
        /// The bank's name for it.
        bank_id: String,
    },
    /// The bank refused the whole file for good.
    RejectedFinal {
        /// Its reason code.
        code: String,
    },
    /// Everything else.
    InDoubt {
        /// What happened, in a fixed word.
        why: &'static str,
    },
}

/// How an enquiry ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Enquired {
    /// The bank knows it; this is what it says.
    Found(Heard),
    /// The bank does not know it, which proves nothing by itself.
    NotFound,
    /// No usable answer.
    Unavailable {
        /// What happened, in a fixed word.
        why: &'static str,
    },
}

/// The batch that a file of results names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name at the bank.
    pub batch_ref: String,
    /// Digest of the bytes that the bank has of it, hex.
    pub sha256: String,
}

/// What a file of the bank says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Which batch it is about; none for news about a single order.
    pub batch: Option<Named>,
    /// The reason code with which the bank refused the whole batch.
    pub refused: Option<String>,
    /// News about single orders; an order that is not named stays as it is.
    pub facts: Vec<BankFact>,
    /// The file in which the bank said it, when it is one to be kept.
    pub file: Option<Vec<u8>>,
    /// Lines of the file, from 1, with a status that nobody knows: they count as in progress, and somebody asks the bank.
    pub odd_lines: Vec<usize>,
}

/// How fetching a statement ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file, as it came.
    File(Vec<u8>),
    /// There is none yet with that number.
    NotYet,
    /// No usable answer.
    Unavailable {
        /// What happened, in a fixed word.
        why: &'static str,
    },
}

/// What kind of file [`Adapter::parse`] reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// The results of a whole batch.
    Results,
    /// The result of one order.
    Result,
}

/// A class of news about one order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The bank has it and is not done.
    Pending,
    /// The bank says that the member has the money.
    Paid,
    /// The bank refused it.
    Rejected,
    /// The bank says that it had this reference before: proof of an earlier copy, never a refusal.
    Duplicate,
}

impl Status {
    /// The word in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
        }
    }
}

/// One thing that a bank said about one order. A statement says more and has its own path (`recon`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankFact {
    /// The order.
    pub bank_ref: String,
    /// The amount that the bank names.
    pub amount_fen: Fen,
    /// The class of the news.
    pub status: Status,
    /// The bank's reason code, empty for none.
    pub reason_code: String,
    /// The bank's serial number, empty for none.
    pub bank_serial: String,
    /// When the bank booked or refused it.
    pub posted_at: Option<Moment>,
}

impl BankFact {
    /// How much this weighs against other news: a final result 2, an interim one 1 (a booked statement entry would be 4).
    #[must_use]
    pub const fn rank(&self) -> i32 {
        match self.status {
            Status::Paid | Status::Rejected => 2,
            Status::Pending | Status::Duplicate => 1,
        }
    }

    /// The same news has the same fingerprint, however often and by whatever road it comes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        use sha2::{Digest, Sha256};
        let posted = self.posted_at.map_or(0, Moment::as_ms);
        let text = format!(
            "{}|{}|{}|{}|{}|{posted}",
            self.bank_ref,
            self.amount_fen.get(),
            self.status.word(),
            self.reason_code,
            self.bank_serial
        );
        hex::encode(Sha256::digest(text.as_bytes()))
    }
}

/// A file of the bank that cannot be read. Names the line, never what stands in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Unreadable {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

/// A bank that payouts go through.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// What kind of adapter this is, for `doctor` and logs.
    fn name(&self) -> &'static str;

    /// What the bank can do.
    fn capabilities(&self) -> &Capabilities;

    /// The exact bytes of a batch. Pure: the same batch gives the same bytes.
    ///
    /// # Errors
    /// [`RenderError`] for what the file cannot carry; nothing is ever cut or replaced.
    fn render(&self, batch: &Batch) -> Result<Vec<u8>, RenderError>;

    /// What a file of the bank says. Pure.
    ///
    /// # Errors
    /// [`Unreadable`]: then nothing of the file counts.
    fn parse(&self, kind: Inbound, bytes: &[u8]) -> Result<Heard, Unreadable>;

    /// Carries the bytes of a batch to the bank. `sha256` is their digest in hex, which the bank must echo.
    async fn submit(&self, batch_ref: &str, bytes: Vec<u8>, sha256: &str) -> Submitted;

    /// What became of a batch. Never called while a submission of it may be under way.
    async fn enquire_batch(&self, batch_ref: &str) -> Enquired;

    /// What became of one order.
    async fn enquire_order(&self, bank_ref: &str, value_date: Date) -> Enquired;

    /// The statement of `account` with number `seq`.
    async fn fetch_statement(&self, account: &str, seq: i64) -> Fetched;
}
