//! How much of everything, in one place.

/// Bytes of one file at most (20 MiB).
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Documents of a claim at most, without those refused, expired or taken back.
pub const MAX_DOCUMENTS: u64 = 30;
/// Documents that a claim may ever announce, refused ones included: a loop of bad files ends here.
pub const MAX_ANNOUNCED: u64 = 200;
/// Bytes of all documents of a claim at most (200 MiB).
pub const MAX_CLAIM_BYTES: u64 = 200 * 1024 * 1024;

/// Uploads that one sender may have on their way at once, over all claims.
pub const MAX_OPEN_UPLOADS: i64 = 5;
/// Bytes that one sender may announce within a day (500 MiB).
pub const MAX_DAY_BYTES: u64 = 500 * 1024 * 1024;
/// That day.
pub const DAY_SECS: i64 = 24 * 60 * 60;

/// An upload that receives nothing for this long expires.
pub const UPLOAD_IDLE_SECS: i64 = 24 * 60 * 60;
/// An upload never lives longer than this.
pub const UPLOAD_LIFE_SECS: i64 = 7 * 24 * 60 * 60;

/// One holder writes an upload at a time; a dead holder's lease ends by itself.
pub const LEASE_SECS: i64 = 8;
/// A newcomer waits this long for the holder to let go, then is told to come again.
pub const TAKE_OVER_MS: u64 = 2_000;

/// Bytes held in memory before they are written.
pub const BUFFER_BYTES: usize = 64 * 1024;
/// Bytes written before they are synced and acknowledged.
pub const SYNC_BYTES: u64 = 1024 * 1024;
/// Seconds after which written bytes are synced and acknowledged even if they are few.
pub const SYNC_SECS: i64 = 3;

/// A request that sends nothing for this long is ended; its bytes stay.
pub const IDLE_SECS: i64 = 30;
/// The slowest sender that is waited for, over one minute.
pub const MIN_BYTES_PER_MINUTE: u64 = 60 * 1024;
/// The longest request; its bytes stay.
pub const REQUEST_SECS: i64 = 10 * 60;
