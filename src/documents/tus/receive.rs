//! The way of a request's body into the spool: never more than a buffer in memory, and nothing told that is not on the disk.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;

use super::checksum::Checksum;
use super::pace::Pace;
use crate::app::App;
use crate::documents::complete;
use crate::documents::lease::Lease;
use crate::documents::limits::{BUFFER_BYTES, SYNC_BYTES, SYNC_SECS};
use crate::documents::sender::Sender;
use crate::documents::spool::{Resume, SpoolFile};
use crate::http::{Code, Problem};
use crate::kernel::clock::Moment;

const TICK: Duration = Duration::from_millis(500);
/// A holder that is asked to let go first takes in what is already on its way: until nothing comes for this long…
const QUIET: Duration = Duration::from_millis(60);
/// …and no longer than this.
const GRACE: Duration = Duration::from_millis(600);

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// The sender sent what it wanted.
    Sent,
    /// The connection broke.
    Cut,
    /// Another request wanted the upload, or this process stops.
    Displaced,
    /// The sender was too slow.
    TooSlow,
    /// More came than was announced; what was too much was not kept.
    TooMuch,
    /// All came, and it is not what its checksum says; nothing was kept.
    Mismatch,
}

/// What a request achieved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received {
    /// The offset that is safe now.
    pub(super) offset: u64,
    /// How the body ended.
    pub(super) ended: Ended,
}

/// Receives a body from the lease's offset on, in a task of its own: when the connection breaks and the server forgets the
/// request, what came is still saved. With a checksum, all of it is kept or nothing.
///
/// # Errors
/// Those of the disk and the database; what was acknowledged before stays acknowledged. `upload_elsewhere` when that is not in our spool.
pub(super) async fn receive(
    app: Arc<App>,
    lease: Lease,
    sender: Sender,
    checksum: Option<Checksum>,
    body: Payload,
) -> Result<Received, Problem> {
    let task = actix_web::rt::spawn(receive_here(app, lease, sender, checksum, body));
    task.await.unwrap_or_else(|error| Err(Problem::internal(error)))
}

async fn receive_here(
    app: Arc<App>,
    lease: Lease,
    sender: Sender,
    checksum: Option<Checksum>,
    body: Payload,
) -> Result<Received, Problem> {
    let file = match open(&app, &lease).await {
        Ok(file) => file,
        Err(problem) => {
            lease.release_unchanged().await?;
            return Err(problem);
        }
    };
    let mut intake = Intake {
        buffer: BytesMut::new(),
        written: lease.upload.offset(),
        durable: lease.upload.offset(),
        synced_at: app.clock.now(),
        file,
        lease,
        sender,
        checksum,
        app,
    };
    let ended = intake.take_in(body).await;
    let ended = intake.judge(ended).await;
    // Whatever ended it: what came is saved before anything else.
    let saved = intake.save().await;
    match (ended, saved) {
        (Ok(ended), Ok(())) => intake.close(ended).await,
        (Err(problem), _) | (_, Err(problem)) => {
            intake.lease.release(intake.durable).await?;
            Err(problem)
        }
    }
}

/// The upload's file in our spool.
async fn open(app: &App, lease: &Lease) -> Result<SpoolFile, Problem> {
    let (id, upload) = (lease.id(), &lease.upload);
    let elsewhere = || Problem::new(Code::UploadElsewhere).header(RETRY_AFTER, HeaderValue::from_static("1"));
    if upload.spool_id.is_some_and(|spool_id| spool_id != app.uploads.spool.id()) {
        tracing::error!(document.id = %id, "its bytes are in another spool: all processes must have one uploads.spool_dir");
        return Err(elsewhere());
    }
    let how = Resume { durable_offset: upload.offset(), apart: lease.holder_may_live };
    app.uploads.spool.resume(id, how).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::UnexpectedEof => {
            tracing::error!(document.id = %id, offset = upload.offset(), "acknowledged bytes are missing in the spool");
            elsewhere()
        }
        _ => Problem::internal(anyhow::Error::new(error).context("the spool does not open")),
    })
}

struct Intake {
    app: Arc<App>,
    lease: Lease,
    sender: Sender,
    file: SpoolFile,
    /// While there is one, nothing is acknowledged.
    checksum: Option<Checksum>,
    buffer: BytesMut,
    /// Bytes in the file, synced or not.
    written: u64,
    /// Bytes that survive a power loss.
    durable: u64,
    synced_at: Moment,
}

impl Intake {
    async fn take_in(&mut self, mut body: Payload) -> Result<Ended, Problem> {
        let mut pace = Pace::new(self.app.clock.now());
        let mut ticks = tokio::time::interval(TICK);
        let (asked, stopping) = (self.lease.asked.clone(), self.app.uploads.stopping.clone());
        loop {
            tokio::select! {
                biased;
                () = asked.notified() => return self.take_rest(&mut body).await,
                () = stopping.cancelled() => return Ok(Ended::Displaced),
                _ = ticks.tick() => {
                    let now = self.app.clock.now();
                    if pace.is_too_slow(now) {
                        return Ok(Ended::TooSlow);
                    }
                    if now >= self.synced_at.plus_secs(SYNC_SECS) && !self.acknowledge().await? {
                        return Ok(Ended::Displaced);
                    }
                    if self.lease.is_wanted().await? {
                        return self.take_rest(&mut body).await;
                    }
                }
                chunk = body.next() => {
                    if let Some(Ok(bytes)) = &chunk {
                        pace.got(bytes.len(), self.app.clock.now());
                    }
                    if let Some(ended) = self.take_chunk(chunk).await? {
                        return Ok(ended);
                    }
                }
            }
        }
    }

    /// Takes in what has arrived already, so that a broken connection whose end nobody noticed yet loses nothing.
    async fn take_rest(&mut self, body: &mut Payload) -> Result<Ended, Problem> {
        let mut grace = tokio::time::interval(GRACE);
        grace.tick().await;
        loop {
            // Only the waiting is given up, never a write under way.
            let chunk = tokio::select! {
                biased;
                _ = grace.tick() => return Ok(Ended::Displaced),
                chunk = tokio::time::timeout(QUIET, body.next()) => chunk,
            };
            let Ok(chunk) = chunk else { return Ok(Ended::Displaced) };
            if let Some(ended) = self.take_chunk(chunk).await? {
                return Ok(ended);
            }
        }
    }

    /// Takes one chunk in; says how the body ended if it did.
    async fn take_chunk(&mut self, chunk: Option<Result<Bytes, PayloadError>>) -> Result<Option<Ended>, Problem> {
        match chunk {
            None => Ok(Some(Ended::Sent)),
            Some(Err(_)) => Ok(Some(Ended::Cut)),
            Some(Ok(bytes)) if self.end().saturating_add(bytes.len() as u64) > self.lease.upload.size() => {
                Ok(Some(Ended::TooMuch))
            }
            Some(Ok(bytes)) => Ok((!self.keep(bytes).await?).then_some(Ended::Displaced)),
        }
    }

    /// The offset behind everything that came.
    fn end(&self) -> u64 {
        self.written.saturating_add(self.buffer.len() as u64)
    }

    /// Takes bytes in, writes and acknowledges when enough have come; false when the lease was lost.
    async fn keep(&mut self, bytes: Bytes) -> Result<bool, Problem> {
        if let Some(checksum) = &mut self.checksum {
            checksum.got(&bytes);
        }
        self.buffer.extend_from_slice(&bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.write().await?;
        }
        if self.checksum.is_none() && self.written - self.durable >= SYNC_BYTES {
            return self.acknowledge().await;
        }
        Ok(true)
    }

    async fn write(&mut self) -> Result<(), Problem> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let bytes = self.buffer.split().freeze();
        let count = bytes.len() as u64;
        self.file.write_at(bytes, self.written).await.map_err(disk)?;
        self.written = self.written.saturating_add(count);
        Ok(())
    }

    /// Writes what is in memory and syncs the file.
    async fn save(&mut self) -> Result<(), Problem> {
        self.write().await?;
        if self.written > self.durable {
            self.file.sync().await.map_err(disk)?;
            self.durable = self.written;
        }
        Ok(())
    }

    /// What a checksum says of the bytes that came: all of them are kept, or none.
    async fn judge(&mut self, ended: Result<Ended, Problem>) -> Result<Ended, Problem> {
        let Some(checksum) = self.checksum.take() else { return ended };
        let all_came = matches!(ended, Ok(Ended::Sent));
        if all_came && checksum.holds() {
            return ended;
        }
        self.buffer.clear();
        self.written = self.durable;
        self.file.cut(self.durable).await.map_err(disk)?;
        if all_came { Ok(Ended::Mismatch) } else { ended }
    }

    /// Saves and acknowledges what came, and holds on to the upload; false when it was lost.
    async fn acknowledge(&mut self) -> Result<bool, Problem> {
        if self.checksum.is_none() {
            self.save().await?;
        }
        self.synced_at = self.app.clock.now();
        Ok(self.lease.acknowledge(self.durable).await?)
    }

    async fn close(self, ended: Ended) -> Result<Received, Problem> {
        if self.durable == self.lease.upload.size() {
            return match complete::complete(&self.app, &self.lease, self.sender, &self.file).await {
                Ok(()) => Ok(Received { offset: self.durable, ended }),
                Err(problem) => {
                    self.lease.release_unchanged().await?;
                    Err(problem)
                }
            };
        }
        if self.lease.release(self.durable).await? {
            return Ok(Received { offset: self.durable, ended });
        }
        // Somebody else went on from an earlier offset; only the row knows where they are.
        Ok(Received { offset: self.lease.upload.offset(), ended: Ended::Displaced })
    }
}

fn disk(error: std::io::Error) -> Problem {
    Problem::internal(anyhow::Error::new(error).context("the spool refused a write"))
}
