//! The data directory: open to nobody else, and shared by the processes that work on it.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

use anyhow::Context as _;

/// Makes `path` and what is missing above it, open to nobody else; one that is there and open to others is refused.
///
/// # Errors
/// Says which and why.
pub(crate) fn make_private_dir(path: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| anyhow::anyhow!("the data directory {} can't be made: {error}", path.display()))?;
    let mode = std::fs::metadata(path)?.mode();
    anyhow::ensure!(
        mode & 0o077 == 0,
        "the data directory {} is open to others (mode {:o}): chmod 700 it",
        path.display(),
        mode & 0o777
    );
    Ok(())
}

/// What a process does on the data of a directory.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Duty {
    /// It answers requests, and so may hold uploads.
    Serve,
    /// It runs jobs.
    Work,
}

impl Duty {
    const fn file_name(self) -> &'static str {
        match self {
            Self::Serve => "serve.lock",
            Self::Work => "work.lock",
        }
    }
}

/// That this process has a duty on the data of a directory, for as long as this is kept. The kernel forgets it with the process, however that
/// ends.
#[derive(Debug)]
pub(crate) struct Presence {
    file: File,
    alone: bool,
}

impl Presence {
    /// Enters `directory`. Whoever finds nobody with this duty there keeps others out until it [lets them in](Self::let_others_in); they wait here
    /// meanwhile.
    ///
    /// # Errors
    /// Says which file and why.
    pub(crate) fn enter(directory: &Path, duty: Duty) -> anyhow::Result<Self> {
        let path = directory.join(duty.file_name());
        Self::take(&path).with_context(|| format!("the lock {} can't be taken", path.display()))
    }

    fn take(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        let alone = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(error)) => return Err(error),
        };
        if !alone {
            tracing::info!(file = %path.display(), "another process is at it: this one begins when that has started");
            file.lock_shared()?;
        }
        Ok(Self { file, alone })
    }

    /// True when no other process had the duty as this one entered.
    pub(crate) const fn is_alone(&self) -> bool {
        self.alone
    }

    /// Others may have the duty, too.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn let_others_in(&self) -> io::Result<()> {
        self.file.lock_shared()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;

    #[test]
    fn a_data_directory_that_others_can_open_stops_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        make_private_dir(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        for mode in [0o750, 0o701, 0o755] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refused = make_private_dir(&path).unwrap_err().to_string();
            assert!(refused.contains("chmod 700"), "{refused}");
        }
    }

    #[test]
    fn whoever_enters_beside_another_knows_it_and_waits_until_it_is_let_in() {
        let directory = tempfile::tempdir().unwrap();
        let enter = || Presence::enter(directory.path(), Duty::Work).unwrap();
        let first = enter();
        assert!(first.is_alone());
        assert!(Presence::enter(directory.path(), Duty::Serve).unwrap().is_alone(), "a worker holds no upload");
        std::thread::scope(|scope| {
            let second = scope.spawn(enter);
            first.let_others_in().unwrap();
            let second = second.join().unwrap();
            assert!(!second.is_alone());
            drop(first);
            assert!(!enter().is_alone(), "the second is still there");
        });
        assert!(enter().is_alone(), "all of them are gone");
    }
}
