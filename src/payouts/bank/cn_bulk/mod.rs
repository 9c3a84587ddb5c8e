//! Bulk payment (批量代发) by signed flat files, for banks that read no ISO 20022: what is written and what is read. Pure.
//!
//! Files are text of UTF-8 or GB18030, which the last field of the header declares; lines end with a line feed, fields are parted by `|`,
//! which no field holds, and nothing is quoted. Amounts are whole fen. A trailer repeats count and sums and has the SM3 digest of the
//! lines between header and trailer, of their bytes as they stand. `docs/banks.md` shows one of each.

mod charset;
mod lines;
pub mod pay_file;
pub mod result;
pub mod returned;
pub mod statement;

pub use charset::Charset;
pub use lines::MAX_LINE_BYTES;
