//! Key files under `<data_dir>/keys`: made at first start with mode 0600, refused when others may read them.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::kernel::chance::Chance;
use crate::kernel::seal::Key;

const ROOT: &str = "root.key";

/// The root key, which wraps the sealing keys of the database: 32 bytes in hexadecimal in `keys/root.key`. Made when it is missing.
///
/// # Errors
/// When the file can't be made or read, is not of that form, or is open to others.
pub fn root_key(data_dir: &Path, chance: &dyn Chance) -> anyhow::Result<Key> {
    root_key_of(&read_or_make(data_dir, ROOT, || {
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(chance.bytes());
        Ok(Zeroizing::new(hex::encode(key.as_slice())))
    })?)
}

/// The root key of a database that holds values under it: a new one would open none of them, so it is never made.
///
/// # Errors
/// When the file is missing, can't be read, is not of that form, or is open to others.
pub fn present_root_key(data_dir: &Path) -> anyhow::Result<Key> {
    let path = data_dir.join("keys").join(ROOT);
    if !path.try_exists()? {
        anyhow::bail!("{} is missing, and this database is sealed under it: put its copy back", path.display());
    }
    root_key_of(&read_private(&path)?)
}

fn root_key_of(text: &str) -> anyhow::Result<Key> {
    let mut key = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice())
        .map_err(|_| anyhow::anyhow!("keys/root.key does not hold 64 hexadecimal digits"))?;
    Ok(key)
}

/// The text of the key file `name`; made by `make` when it is missing.
///
/// # Errors
/// When the file can't be made or read, or is open to others.
pub fn read_or_make(
    data_dir: &Path,
    name: &str,
    make: impl FnOnce() -> anyhow::Result<Zeroizing<String>>,
) -> anyhow::Result<Zeroizing<String>> {
    let dir = data_dir.join("keys");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
    let path = dir.join(name);
    match read_private(&path) {
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::NotFound) => {}
        other => return other,
    }
    write_new_private(&path, make()?.as_bytes())?;
    tracing::info!(key.file = name, "key.made");
    read_private(&path)
}

/// The text of a key file, which nobody else may read.
pub(crate) fn read_private(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mode = fs::metadata(path)?.mode();
    if mode & 0o077 != 0 {
        anyhow::bail!("{} may be read by others (mode {:o}): chmod 600 it", path.display(), mode & 0o777);
    }
    Ok(Zeroizing::new(fs::read_to_string(path)?))
}

/// Writes a file that must not be there yet, with the mode `mode`.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Writes a complete file or none: the bytes are on disk before the name is.
fn write_new_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    // Two containers on one volume can have the same process id: the name is drawn, and never opened twice.
    let drawn = RandomState::new().build_hasher().finish();
    let draft = path.with_extension(format!("{drawn:016x}.draft"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    // A hard link fails when another process was first; its key then stays.
    let linked = fs::hard_link(&draft, path);
    fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
        _ => {}
    }
    if let Some(dir) = path.parent() {
        fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}
