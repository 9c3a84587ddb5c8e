//! Files in a directory: `out/` for the bank, `in/` from it, `archive/` for what was taken. Others may mount it or carry it over.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Incoming, OK, OK_BYTES, Offered, Put, SIGNATURE, SIGNATURE_BYTES, Transport, TransportError};
use super::{digest_in, few, is_file};

/// A directory.
#[derive(Clone, Debug)]
pub struct Directory {
    root: PathBuf,
}

impl Directory {
    /// The directory at `root`; what is missing in it is made when it is first needed.
    #[must_use]
    pub const fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn at(&self, folder: &str) -> io::Result<PathBuf> {
        let path = self.root.join(folder);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    fn leave(&self, name: &str, bytes: &[u8], sha256: &str, signature: Option<&[u8]>) -> Put {
        let Ok(out) = self.at("out") else { return Put::NothingThere { why: "no_directory" } };
        let path = out.join(name);
        let ok = beside(&path, OK);
        let was_there = match (path.try_exists(), ok.try_exists()) {
            (Ok(false), Ok(false)) => false,
            (Ok(_), Ok(_)) => true,
            _ => return Put::Unknown { why: "not_readable" },
        };
        if was_there && fs::read(&path).is_ok_and(|there| there != bytes) {
            return Put::Unknown { why: "other_content" };
        }
        if write_whole(&path, bytes).is_err() {
            let why = "not_written";
            return if was_there { Put::Unknown { why } } else { Put::NothingThere { why } };
        }
        // From here on something is there.
        if let Some(signature) = signature
            && write_whole(&beside(&path, SIGNATURE), signature).is_err()
        {
            return Put::Unknown { why: "signature_not_written" };
        }
        match write_whole(&ok, format!("{sha256}\n").as_bytes()) {
            Ok(()) => Put::Done,
            Err(_) => Put::Unknown { why: "ok_not_written" },
        }
    }

    fn offered(&self) -> io::Result<Vec<Offered>> {
        let directory = self.at("in")?;
        let mut found = Vec::new();
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if !is_file(&name) || !entry.file_type()?.is_file() {
                continue;
            }
            let ok = beside(&directory.join(&name), OK);
            let Ok(of_ok) = fs::metadata(&ok) else { continue };
            let mut text = Vec::new();
            File::open(&ok)?.take(OK_BYTES as u64).read_to_end(&mut text)?;
            let changed = entry.metadata()?.modified()? > of_ok.modified()?;
            found.push(Offered { name, sha256: digest_in(&text), changed });
        }
        found.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(found)
    }

    fn put_away(&self, name: &str) -> io::Result<()> {
        let (from, to) = (self.at("in")?.join(name), self.at("archive")?.join(name));
        for ending in [SIGNATURE, ".sig", ""] {
            match fs::rename(beside(&from, ending), beside(&to, ending)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                moved => moved?,
            }
        }
        // Last: without it nobody would see what is left.
        match fs::rename(beside(&from, OK), beside(&to, OK)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            moved => moved,
        }
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Writes a file under another name, has the disk keep it, and gives it its name.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let unfinished = beside(path, ".tmp");
    let mut file = File::create(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Runs something that waits for the disk.
async fn on_disk<T: Send + 'static>(
    doing: &'static str,
    run: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, TransportError> {
    let done = tokio::task::spawn_blocking(run).await.map_err(|error| TransportError::new(doing, error))?;
    done.map_err(|error| TransportError::new(doing, error))
}

#[async_trait]
impl Transport for Directory {
    fn place(&self) -> String {
        format!("the directory {}", self.root.display())
    }

    async fn ready(&self) -> Result<(), TransportError> {
        let this = self.clone();
        on_disk("reached", move || {
            for folder in ["in", "out", "archive"] {
                this.at(folder)?;
            }
            Ok(())
        })
        .await
    }

    async fn put(&self, name: &str, bytes: Vec<u8>, sha256: &str, signature: Option<Vec<u8>>) -> Put {
        let (this, name, sha256) = (self.clone(), name.to_owned(), sha256.to_owned());
        let put = tokio::task::spawn_blocking(move || this.leave(&name, &bytes, &sha256, signature.as_deref()));
        put.await.unwrap_or(Put::Unknown { why: "writer_died" })
    }

    async fn list(&self) -> Result<Vec<Offered>, TransportError> {
        let this = self.clone();
        on_disk("listed", move || this.offered()).await
    }

    async fn get(&self, name: &str) -> Result<Incoming, TransportError> {
        let file = tokio::fs::File::open(self.root.join("in").join(name)).await;
        Ok(Box::pin(file.map_err(|error| TransportError::new("read", error))?))
    }

    async fn signature(&self, name: &str) -> Result<Option<Vec<u8>>, TransportError> {
        match tokio::fs::File::open(beside(&self.root.join("in").join(name), SIGNATURE)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TransportError::new("read", error)),
            Ok(file) => few(file, SIGNATURE_BYTES).await.map(Some),
        }
    }

    async fn archive(&self, name: &str) -> Result<(), TransportError> {
        let (this, name) = (self.clone(), name.to_owned());
        on_disk("put away", move || this.put_away(&name)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_left_whole_and_never_changed() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path().to_owned());
        assert_eq!(directory.leave("B1.xml", b"one", "aa", Some(b"signed")), Put::Done);
        let out = root.path().join("out");
        assert_eq!(fs::read(out.join("B1.xml")).unwrap(), b"one");
        assert_eq!(fs::read(out.join("B1.xml.ok")).unwrap(), b"aa\n");
        assert_eq!(fs::read(out.join("B1.xml.p7s")).unwrap(), b"signed");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 3, "nothing unfinished is left");
        assert_eq!(directory.leave("B1.xml", b"one", "aa", None), Put::Done);
        assert_eq!(directory.leave("B1.xml", b"two", "bb", None), Put::Unknown { why: "other_content" });
        assert_eq!(fs::read(out.join("B1.xml")).unwrap(), b"one");
    }

    #[test]
    fn cut_at_each_point_it_is_not_sent_only_when_nothing_is_there() {
        // Nothing can be made: a file stands where the directory should.
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("out"), b"").unwrap();
        let directory = Directory::new(root.path().to_owned());
        assert_eq!(directory.leave("B1.xml", b"one", "aa", None), Put::NothingThere { why: "no_directory" });
        // The file can't be written.
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path().to_owned());
        let out = directory.at("out").unwrap();
        fs::create_dir(out.join("B1.xml.tmp")).unwrap();
        assert_eq!(directory.leave("B1.xml", b"one", "aa", None), Put::NothingThere { why: "not_written" });
        // The same after an earlier try left it there.
        fs::write(out.join("B1.xml"), b"one").unwrap();
        assert_eq!(directory.leave("B1.xml", b"one", "aa", None), Put::Unknown { why: "not_written" });
        // Its signature, and its `.ok`.
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path().to_owned());
        let out = directory.at("out").unwrap();
        fs::create_dir(out.join("B1.xml.p7s.tmp")).unwrap();
        assert_eq!(directory.leave("B1.xml", b"one", "aa", Some(b"s")), Put::Unknown { why: "signature_not_written" });
        assert!(!out.join("B1.xml.ok").exists());
        fs::create_dir(out.join("B1.xml.ok.tmp")).unwrap();
        assert_eq!(directory.leave("B1.xml", b"one", "aa", None), Put::Unknown { why: "ok_not_written" });
    }

    #[test]
    fn only_what_is_complete_is_offered_until_it_is_put_away() {
        let root = tempfile::tempdir().unwrap();
        let directory = Directory::new(root.path().to_owned());
        let from = directory.at("in").unwrap();
        fs::write(from.join("half.xml"), b"<").unwrap();
        fs::write(from.join("a.xml"), b"a").unwrap();
        fs::write(from.join("a.xml.sig"), b"s").unwrap();
        fs::write(from.join("a.xml.ok"), format!("{}\n", "ab".repeat(32))).unwrap();
        let offered = directory.offered().unwrap();
        assert_eq!(offered, [Offered { name: "a.xml".into(), sha256: Some("ab".repeat(32)), changed: false }]);
        let later =
            fs::metadata(from.join("a.xml.ok")).unwrap().modified().unwrap() + std::time::Duration::from_secs(5);
        File::options().write(true).open(from.join("a.xml")).unwrap().set_modified(later).unwrap();
        assert!(directory.offered().unwrap()[0].changed);
        directory.put_away("a.xml").unwrap();
        directory.put_away("a.xml").unwrap();
        assert_eq!(directory.offered().unwrap(), []);
        assert_eq!(fs::read_dir(root.path().join("archive")).unwrap().count(), 3);
    }
}
