//! Files on their way in: one per upload, named by its identifier, in one directory that all processes of a database share.
//!
//! A byte counts as here only after [`SpoolFile::sync`]. The directory has an identifier of its own in a file, and each upload's row says
//! which spool has its bytes: a process that was given another directory answers "not here" and never begins such a file anew.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use actix_web::web::Bytes;
use sha2::{Digest, Sha256};
use uuid::Uuid;

const HASH_CHUNK_BYTES: usize = 64 * 1024;
const ID_FILE: &str = "spool-id";
/// The end of the name of a copy that is not whole yet.
const COPY: &str = "copy";

/// The directory.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: PathBuf,
    id: Uuid,
}

/// How a file is opened again.
#[derive(Clone, Copy, Debug)]
pub struct Resume {
    /// What was acknowledged: what lies behind it is cut off.
    pub durable_offset: u64,
    /// Whether the last writer may still write: it then keeps the old file, and this one is a copy.
    pub apart: bool,
}

/// One file, open for its upload's holder.
#[derive(Clone, Debug)]
pub struct SpoolFile {
    file: Arc<File>,
}

impl Spool {
    /// Opens (and makes) a spool; one without an identifier becomes `new_id`.
    ///
    /// # Errors
    /// When the directory can't be made, or holds an identifier that is none.
    pub fn open(dir: &Path, new_id: Uuid) -> io::Result<Self> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let id = identify(dir, new_id)?;
        sync_dir(dir)?;
        dir.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_dir)?;
        Ok(Self { dir: dir.to_owned(), id })
    }

    /// Which spool this is.
    #[must_use]
    pub const fn id(&self) -> Uuid {
        self.id
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// Opens the file of an upload and cuts off what lies behind the durable offset; makes it when nothing was acknowledged.
    ///
    /// # Errors
    /// Those of the disk; [`io::ErrorKind::NotFound`] and [`io::ErrorKind::UnexpectedEof`] when what was acknowledged is not there.
    pub async fn resume(&self, id: Uuid, how: Resume) -> io::Result<SpoolFile> {
        let (path, dir) = (self.path(id), self.dir.clone());
        blocking(move || {
            let is_new = how.durable_offset == 0;
            if how.apart {
                copy_apart(&path, how.durable_offset)?;
            }
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(is_new).truncate(false).mode(0o600).open(path)?;
            let length = file.metadata()?.len();
            if length < how.durable_offset {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if length > how.durable_offset {
                file.set_len(how.durable_offset)?;
            }
            if is_new || how.apart {
                // The name itself must survive, not only the bytes.
                sync_dir(&dir)?;
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
        blocking(move || {
            for path in [path.with_extension(COPY), path] {
                match std::fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
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
                let path = PathBuf::from(entry?.file_name());
                let name = path.file_stem().and_then(|name| name.to_str());
                ids.extend(name.and_then(|name| Uuid::try_parse(name).ok()));
            }
            ids.sort_unstable();
            ids.dedup();
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

    /// Cuts off what lies behind an offset.
    ///
    /// # Errors
    /// Those of the disk.
    pub async fn cut(&self, offset: u64) -> io::Result<()> {
        let file = self.file.clone();
        blocking(move || file.set_len(offset)).await
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

/// The identifier of the spool in `dir`. Of two processes that begin at once, one gives it its identifier.
fn identify(dir: &Path, new_id: Uuid) -> io::Result<Uuid> {
    let path = dir.join(ID_FILE);
    let read = || -> io::Result<Uuid> {
        let text = std::fs::read_to_string(&path)?;
        Uuid::try_parse(text.trim()).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    // Written whole under another name first: nobody reads half of it.
    let draft = dir.join(format!("{ID_FILE}.{new_id}"));
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all_at(new_id.to_string().as_bytes(), 0)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&draft, &path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => read(),
    }
}

/// Puts a copy of the first bytes in a file's place. Whoever has the old file open goes on writing into what nobody reads any more.
fn copy_apart(path: &Path, bytes: u64) -> io::Result<()> {
    let old = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && bytes == 0 => return Ok(()),
        other => other?,
    };
    let draft = path.with_extension(COPY);
    let mut copy = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    if io::copy(&mut old.take(bytes), &mut copy)? < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    copy.sync_all()?;
    std::fs::rename(draft, path)
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UPLOAD: Uuid = Uuid::from_u128(7);

    fn spool() -> (tempfile::TempDir, Spool) {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::open(&dir.path().join("spool"), Uuid::from_u128(1)).unwrap();
        (dir, spool)
    }

    const fn at(durable_offset: u64) -> Resume {
        Resume { durable_offset, apart: false }
    }

    #[tokio::test]
    async fn a_resumed_file_holds_what_was_acknowledged_and_no_more() {
        let (_dir, spool) = spool();
        let file = spool.resume(UPLOAD, at(0)).await.unwrap();
        file.write_at(Bytes::from_static(b"hello world"), 0).await.unwrap();
        file.sync().await.unwrap();
        let file = spool.resume(UPLOAD, at(5)).await.unwrap();
        assert_eq!(spool.size(UPLOAD).await.unwrap(), Some(5));
        file.write_at(Bytes::from_static(b"!?"), 5).await.unwrap();
        file.cut(6).await.unwrap();
        assert_eq!(file.sha256().await.unwrap(), <[u8; 32]>::from(Sha256::digest(b"hello!")));
        assert_eq!(spool.read(UPLOAD).await.unwrap().as_deref(), Some(&b"hello!"[..]));
        assert_eq!(spool.ids().await.unwrap(), [UPLOAD]);
        spool.remove(UPLOAD).await.unwrap();
        spool.remove(UPLOAD).await.unwrap();
        assert_eq!(spool.read(UPLOAD).await.unwrap(), None);
    }

    #[tokio::test]
    async fn acknowledged_bytes_that_are_not_there_are_an_error_and_nothing_is_made() {
        let (_dir, spool) = spool();
        for apart in [false, true] {
            let how = Resume { durable_offset: 7, apart };
            assert_eq!(spool.resume(UPLOAD, how).await.unwrap_err().kind(), io::ErrorKind::NotFound);
            assert_eq!(spool.size(UPLOAD).await.unwrap(), None);
        }
        spool.resume(UPLOAD, at(0)).await.unwrap().write_at(Bytes::from_static(b"hello"), 0).await.unwrap();
        for apart in [false, true] {
            let how = Resume { durable_offset: 7, apart };
            assert_eq!(spool.resume(UPLOAD, how).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            assert_eq!(spool.size(UPLOAD).await.unwrap(), Some(5));
        }
    }

    #[tokio::test]
    async fn a_writer_that_was_overtaken_writes_into_nothing() {
        let (_dir, spool) = spool();
        let stuck = spool.resume(UPLOAD, Resume { durable_offset: 0, apart: true }).await.unwrap();
        stuck.write_at(Bytes::from_static(b"hello"), 0).await.unwrap();
        let file = spool.resume(UPLOAD, Resume { durable_offset: 3, apart: true }).await.unwrap();
        file.write_at(Bytes::from_static(b"p!"), 3).await.unwrap();
        stuck.write_at(Bytes::from_static(b"HELLO THERE"), 0).await.unwrap();
        assert_eq!(spool.read(UPLOAD).await.unwrap().as_deref(), Some(&b"help!"[..]));
        assert_eq!(spool.ids().await.unwrap(), [UPLOAD]);
    }

    #[test]
    fn a_spool_is_the_same_for_whoever_opens_it() {
        let (dir, spool) = spool();
        let again = Spool::open(&dir.path().join("spool"), Uuid::from_u128(2)).unwrap();
        assert_eq!((spool.id(), again.id()), (Uuid::from_u128(1), Uuid::from_u128(1)));
        assert_eq!(Spool::open(&dir.path().join("other"), Uuid::from_u128(2)).unwrap().id(), Uuid::from_u128(2));
        std::fs::write(dir.path().join("spool").join(ID_FILE), "nonsense").unwrap();
        assert!(Spool::open(&dir.path().join("spool"), Uuid::from_u128(2)).is_err());
    }
}
