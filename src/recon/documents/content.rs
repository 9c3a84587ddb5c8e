//! The bytes of a document: sealed, few of them in the database, many as pieces in the object store. Never more than a piece is in memory.

use std::fs::File;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use actix_web::web::Bytes;
use sea_orm::{ConnectionTrait, EntityTrait};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt};
use uuid::Uuid;

use super::rows::{bytes, document};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::seal::{Field, Sealer};
use crate::storage::StorageKey;

/// What is at most this lies in the database.
const INLINE_BYTES: usize = 1024 * 1024;
/// A piece in the object store.
const PART_BYTES: usize = 4 * 1024 * 1024;

/// Bytes that were taken in.
pub(super) struct Kept {
    /// Sealed, when they are few.
    pub inline: Option<Vec<u8>>,
    /// Pieces in the object store.
    pub part_count: u32,
    pub size_bytes: u64,
    /// Hex.
    pub sha256: String,
}

/// Takes in what `source` gives, at most `max_bytes`; none when it is more.
pub(super) async fn keep(
    app: &App,
    document_id: Uuid,
    mut source: impl AsyncRead + Unpin,
    max_bytes: u64,
) -> Result<Option<Kept>, Problem> {
    let mut hash = Sha256::new();
    let mut kept = Kept { inline: None, part_count: 0, size_bytes: 0, sha256: String::new() };
    loop {
        let piece = next_piece(&mut source).await.map_err(Problem::internal)?;
        hash.update(&piece);
        kept.size_bytes = kept.size_bytes.saturating_add(piece.len() as u64);
        if kept.size_bytes > max_bytes {
            drop_parts(app, document_id, kept.part_count).await?;
            return Ok(None);
        }
        let is_last = piece.len() < PART_BYTES;
        let sealed = app.sealer.seal(Field::BankDocument, &piece).map_err(Problem::internal)?;
        if kept.part_count == 0 && piece.len() <= INLINE_BYTES {
            kept.inline = Some(sealed);
        } else if !piece.is_empty() {
            kept.part_count += 1;
            let key = StorageKey::BankDocumentPart { document_id, part_no: kept.part_count };
            app.storage.put(&key, Bytes::from(sealed)).await.map_err(Problem::internal)?;
        }
        if is_last {
            kept.sha256 = hex::encode(hash.finalize());
            return Ok(Some(kept));
        }
    }
}

/// A whole piece, or what is left.
async fn next_piece(source: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut piece = Vec::new();
    source.take(PART_BYTES as u64).read_to_end(&mut piece).await?;
    Ok(piece)
}

/// Removes the pieces of a document that has no row.
pub(super) async fn drop_parts(app: &App, document_id: Uuid, part_count: u32) -> Result<(), Problem> {
    for part_no in 1..=part_count {
        app.storage.delete(&StorageKey::BankDocumentPart { document_id, part_no }).await.map_err(Problem::internal)?;
    }
    Ok(())
}

/// A document's bytes on this machine, to be read from the start as often as needed.
pub(in crate::recon) struct Local {
    sealer: Sealer,
    held: Held,
}

enum Held {
    Bytes(Vec<u8>),
    /// Pieces one after the other, each after its length; nothing of them is in clear, and the file has no name any more.
    Spool(Arc<File>),
}

/// Why a document's bytes can't be read.
pub(super) enum Absent {
    /// They are not those that came.
    Altered,
    /// The database or the object store failed.
    Failed(Problem),
}

impl<E: Into<Problem>> From<E> for Absent {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Brings a document's bytes here and holds them against the digest that they came with.
pub(super) async fn bring(app: &App, document: &document::Model) -> Result<Local, Absent> {
    let (held, sha256) = if document.part_count == 0 {
        let row = bytes::Entity::find_by_id(document.id).one(app.db.read()).await?;
        let sealed = row.ok_or(Absent::Altered)?.bytes_sealed;
        let opened = app.sealer.open_bytes(Field::BankDocument, &sealed).map_err(|_| Absent::Altered)?;
        let opened = opened.reveal().clone();
        let sha256 = hex::encode(Sha256::digest(&opened));
        (Held::Bytes(opened), sha256)
    } else {
        let (file, sha256) = spool(app, document).await?;
        (Held::Spool(Arc::new(file)), sha256)
    };
    if sha256 != document.sha256 {
        return Err(Absent::Altered);
    }
    Ok(Local { sealer: app.sealer.clone(), held })
}

async fn spool(app: &App, document: &document::Model) -> Result<(File, String), Absent> {
    let internal = |error: io::Error| Absent::Failed(Problem::internal(error));
    let path = app.config.data_dir.join(format!("bank-document-{}.sealed", app.ids.next()));
    let mut file = File::options().read(true).write(true).create_new(true).open(&path).map_err(internal)?;
    std::fs::remove_file(&path).map_err(internal)?;
    let mut hash = Sha256::new();
    for part_no in 1..=u32::try_from(document.part_count).unwrap_or(0) {
        let key = StorageKey::BankDocumentPart { document_id: document.id, part_no };
        let read = match app.storage.get(&key, None).await {
            Err(crate::storage::StoreError::Missing) => return Err(Absent::Altered),
            read => read.map_err(Problem::internal)?,
        };
        let sealed = read.body.collect().await.map_err(Problem::internal)?.into_bytes();
        let opened = app.sealer.open_bytes(Field::BankDocument, &sealed).map_err(|_| Absent::Altered)?;
        hash.update(opened.reveal());
        let length = u32::try_from(sealed.len()).map_err(Problem::internal)?;
        file.write_all(&length.to_be_bytes()).and_then(|()| file.write_all(&sealed)).map_err(internal)?;
    }
    Ok((file, hex::encode(hash.finalize())))
}

impl Local {
    /// Reads from the start.
    ///
    /// # Errors
    /// Those of the disk.
    pub fn reader(&self) -> io::Result<Box<dyn BufRead + Send>> {
        match &self.held {
            Held::Bytes(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            Held::Spool(file) => {
                let (file, sealer) = (file.clone(), self.sealer.clone());
                let end = file.metadata()?.len();
                Ok(Box::new(Pieces { file, sealer, at: 0, end, piece: Cursor::new(Vec::new()) }))
            }
        }
    }
}

/// The pieces of a spool, opened one at a time.
struct Pieces {
    file: Arc<File>,
    sealer: Sealer,
    at: u64,
    end: u64,
    piece: Cursor<Vec<u8>>,
}

impl Pieces {
    fn next(&mut self) -> io::Result<()> {
        if self.at >= self.end {
            return Ok(());
        }
        let mut length = [0; 4];
        self.file.read_exact_at(&mut length, self.at)?;
        let length = u32::from_be_bytes(length);
        let mut sealed = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut sealed, self.at + 4)?;
        self.at += 4 + u64::from(length);
        let opened = self.sealer.open_bytes(Field::BankDocument, &sealed).map_err(io::Error::other)?;
        self.piece = Cursor::new(opened.reveal().clone());
        Ok(())
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = Read::read(&mut self.fill_buf()?, into)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Pieces {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.position() >= self.piece.get_ref().len() as u64 {
            self.next()?;
        }
        self.piece.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        self.piece.consume(bytes);
    }
}

/// Writes the row of bytes that lie in the database.
pub(super) async fn write_inline(
    connection: &impl ConnectionTrait,
    document_id: Uuid,
    bytes_sealed: Vec<u8>,
) -> Result<(), Problem> {
    use sea_orm::ActiveValue::Set;
    let row = bytes::ActiveModel { document_id: Set(document_id), bytes_sealed: Set(bytes_sealed) };
    bytes::Entity::insert(row).exec_without_returning(connection).await?;
    Ok(())
}
