//! Files on their way in: one per upload, named by its identifier, under `<data_dir>/spool`.
//!
//! A byte counts as here only after [`SpoolFile::sync`]. The directory is this machine's own: an upload is resumed where it began.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::web::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const HASH_CHUNK_BYTES: usize = 64 * 1024;

/// The directory.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: PathBuf,
}

/// One file, open for its upload's holder.
#[derive(Clone, Debug)]
pub struct SpoolFile {
    file: Arc<File>,
}

impl Spool {
    /// Opens (and makes) the spool of a data directory.
    ///
    /// # Errors
    /// When the directory can't be made.
    pub fn open(data_dir: &Path) -> io::Result<Self> {
        let dir = data_dir.join("spool");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        File::open(data_dir)?.sync_all()?;
        Ok(Self { dir })
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Opens the file of an upload, makes it when missing, and cuts off what lies behind the durable offset.
    ///
    /// # Errors
    /// Those of the disk; [`io::ErrorKind::UnexpectedEof`] when the file holds less than was acknowledged.
    pub async fn resume(&self, id: Uuid, durable_offset: u64) -> io::Result<SpoolFile> {
        let (path, dir) = (self.path(id), self.dir.clone());
        blocking(move || {
            let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
            let length = file.metadata()?.len();
            if length < durable_offset {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if length > durable_offset {
                file.set_len(durable_offset)?;
            }
            if durable_offset == 0 {
                // The name itself must survive, not only the bytes.
                File::open(dir)?.sync_all()?;
            }
            Ok(SpoolFile { file: Arc::new(file) })
        })
        .await
    }

    /// Reads a whole file; nothing when there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn read(&self, id: Uuid) -> io::Result<Option<Vec<u8>>> {
        let path = self.path(id);
        blocking(move || match std::fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        })
        .await
    }

    /// Bytes in the file of an upload; nothing when there is none.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn size(&self, id: Uuid) -> io::Result<Option<u64>> {
        let path = self.path(id);
        blocking(move || match std::fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(|metadata| Some(metadata.len())),
        })
        .await
    }

    /// Removes the file of an upload; one that is not there is no error.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn remove(&self, id: Uuid) -> io::Result<()> {
        let path = self.path(id);
        blocking(move || match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    /// Every upload that has a file.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn ids(&self) -> io::Result<Vec<Uuid>> {
        let dir = self.dir.clone();
        blocking(move || {
            let mut ids = Vec::new();
            for entry in std::fs::read_dir(dir)? {
                if let Some(id) = entry?.file_name().to_str().and_then(|name| Uuid::try_parse(name).ok()) {
                    ids.push(id);
                }
            }
            Ok(ids)
        })
        .await
    }
}

impl SpoolFile {
    /// Writes bytes at an offset. They are not here yet: see [`SpoolFile::sync`].
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn write_at(&self, bytes: Bytes, offset: u64) -> io::Result<()> {
        let file = self.file.clone();
        blocking(move || file.write_all_at(&bytes, offset)).await
    }

    /// Makes what was written survive a power loss.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn sync(&self) -> io::Result<()> {
        let file = self.file.clone();
        blocking(move || file.sync_data()).await
    }

    /// SHA-256 of the whole file.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn sha256(&self) -> io::Result<[u8; 32]> {
        let file = self.file.clone();
        blocking(move || {
            let (mut hasher, mut offset) = (Sha256::new(), 0);
            let mut buffer = vec![0; HASH_CHUNK_BYTES];
            loop {
                let count = file.read_at(&mut buffer, offset)?;
                if count == 0 {
                    return Ok(hasher.finalize().into());
                }
                hasher.update(buffer.get(..count).unwrap_or_default());
                offset = offset.saturating_add(count as u64);
            }
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_resumed_file_holds_what_was_acknowledged_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let id = Uuid::from_u128(7);
        let file = spool.resume(id, 0).await.unwrap();
        file.write_at(Bytes::from_static(b"hello world"), 0).await.unwrap();
        file.sync().await.unwrap();
        let file = spool.resume(id, 5).await.unwrap();
        assert_eq!(spool.size(id).await.unwrap(), Some(5));
        file.write_at(Bytes::from_static(b"!"), 5).await.unwrap();
        assert_eq!(file.sha256().await.unwrap(), <[u8; 32]>::from(Sha256::digest(b"hello!")));
        assert_eq!(spool.read(id).await.unwrap().as_deref(), Some(&b"hello!"[..]));
        assert_eq!(spool.resume(id, 7).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(spool.ids().await.unwrap(), [id]);
        spool.remove(id).await.unwrap();
        spool.remove(id).await.unwrap();
        assert_eq!(spool.read(id).await.unwrap(), None);
    }
}
