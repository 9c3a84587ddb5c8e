//! Files in a directory of an SFTP server: `out/` for the bank, `in/` from it, `archive/` for what was taken. The server is believed by the
//! one host key that is configured, and each step has its time.

use std::borrow::Cow;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use russh::client::{self, Handle};
use russh::keys::{Algorithm, PrivateKeyWithHashAlg, PublicKey, PublicKeyOrCertificate};
use russh_sftp::client::SftpSession;
use russh_sftp::client::error::Error as SftpError;
use russh_sftp::client::fs::File;
use russh_sftp::protocol::{OpenFlags, StatusCode};
use tokio::io::{AsyncRead, AsyncWriteExt as _, ReadBuf};
use tokio::time::timeout;

use super::{Incoming, OK, OK_BYTES, Offered, Put, SIGNATURE, SIGNATURE_BYTES, Transport, TransportError};
use super::{digest_in, few, is_file};
use crate::config::BankSftp;
use crate::keys;

/// Attempts to keep a silent connection alive before it counts as dead.
const KEEPALIVES: usize = 3;

/// The bits of a mode that say what a name is, and what they are for a file (POSIX `S_IFMT`, `S_IFREG`).
const KIND_OF_FILE: u32 = 0o170_000;
const PLAIN_FILE: u32 = 0o100_000;

/// A directory of an SFTP server.
#[derive(Clone, Debug)]
pub struct Sftp {
    host: String,
    port: u16,
    user: String,
    host_key: String,
    key_file: PathBuf,
    directory: String,
    patience: Duration,
}

/// The host key that `text` is: its algorithm and the key, as a line of `known_hosts` has them after the names.
pub(super) fn host_key(text: &str) -> Option<PublicKey> {
    let key = PublicKey::from_openssh(text.trim()).ok()?;
    matches!(key.algorithm(), Algorithm::Ed25519 | Algorithm::Ecdsa { .. }).then_some(key)
}

/// The server must have the key that is configured.
struct Pinned(PublicKey);

impl client::Handler for Pinned {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(matches!(shown, PublicKeyOrCertificate::PublicKey { key, .. } if key.key_data() == self.0.key_data()))
    }
}

/// A signed-in connection.
struct Session {
    sftp: SftpSession,
    /// Held, so that the connection lives as long.
    _connection: Handle<Pinned>,
}

impl Sftp {
    /// The directory that `sftp` names.
    #[must_use]
    pub fn new(sftp: &BankSftp) -> Self {
        Self {
            host: sftp.host.clone(),
            port: sftp.port,
            user: sftp.user.clone(),
            host_key: sftp.host_key.clone(),
            key_file: sftp.key_file.clone(),
            directory: sftp.directory.trim_end_matches('/').to_owned(),
            patience: Duration::from_millis(sftp.timeout_ms),
        }
    }

    fn path(&self, folder: &str, name: &str) -> String {
        let root = if self.directory.is_empty() { "" } else { self.directory.as_str() };
        let path = format!("{root}/{folder}");
        if name.is_empty() { path } else { format!("{path}/{name}") }
    }

    /// Runs one step within its time.
    async fn within<T, E: std::fmt::Display>(
        &self,
        doing: &'static str,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<T, TransportError> {
        match timeout(self.patience, step).await {
            Ok(done) => done.map_err(|error| TransportError::new(doing, error)),
            Err(_) => Err(TransportError::new(doing, "no answer in time")),
        }
    }

    async fn connect(&self) -> Result<Session, TransportError> {
        let doing = "reached";
        let pinned = host_key(&self.host_key).ok_or_else(|| TransportError::new(doing, "the host key is none"))?;
        let key = keys::read_private(&self.key_file)
            .map_err(|error| TransportError::new(doing, format!("{}: {error:#}", self.key_file.display())))?;
        let key = russh::keys::decode_secret_key(&key, None)
            .map_err(|_| TransportError::new(doing, format!("{} is no key of OpenSSH", self.key_file.display())))?;
        let mut config = client::Config {
            inactivity_timeout: Some(self.patience * 2),
            keepalive_interval: Some(self.patience / 2),
            keepalive_max: KEEPALIVES,
            nodelay: true,
            ..client::Config::default()
        };
        // Of a server with several keys, the one that is pinned.
        config.preferred.key = Cow::Owned(vec![pinned.algorithm()]);
        let address = (self.host.as_str(), self.port);
        let connecting = client::connect(Arc::new(config), address, Pinned(pinned));
        let mut connection = match timeout(self.patience, connecting).await {
            Err(_) => return Err(TransportError::new(doing, "no answer in time")),
            Ok(Err(russh::Error::UnknownKey)) => {
                return Err(TransportError::new(doing, "the server has another host key than is configured"));
            }
            Ok(connected) => connected.map_err(|error| TransportError::new(doing, error))?,
        };
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), None);
        let signed_in = self.within(doing, connection.authenticate_publickey(&self.user, key)).await?;
        if !signed_in.success() {
            return Err(TransportError::new(doing, "the server does not take the key"));
        }
        let channel = self.within(doing, connection.channel_open_session()).await?;
        self.within(doing, channel.request_subsystem(true, "sftp")).await?;
        let limits = russh_sftp::client::Config {
            request_timeout_secs: self.patience.as_secs().max(1),
            ..russh_sftp::client::Config::default()
        };
        let sftp = self.within(doing, SftpSession::new_with_config(channel.into_stream(), limits)).await?;
        Ok(Session { sftp, _connection: connection })
    }

    /// Makes a folder that is not there.
    async fn folder(&self, session: &Session, folder: &'static str) -> Result<(), TransportError> {
        let path = self.path(folder, "");
        if self.within("reached", session.sftp.try_exists(&path)).await? {
            return Ok(());
        }
        self.within("reached", session.sftp.create_dir(&path)).await
    }

    /// At most `most` bytes of a file; none when it is not there.
    async fn bytes(&self, session: &Session, path: String, most: u64) -> Result<Option<Vec<u8>>, TransportError> {
        let file = match timeout(self.patience, session.sftp.open(path)).await {
            Err(_) => return Err(TransportError::new("read", "no answer in time")),
            Ok(Err(error)) if is_missing(&error) => return Ok(None),
            Ok(file) => file.map_err(|error| TransportError::new("read", error))?,
        };
        match timeout(self.patience, few(file, most)).await {
            Err(_) => Err(TransportError::new("read", "no answer in time")),
            Ok(bytes) => bytes.map(Some),
        }
    }

    /// Writes a file under another name and has the server keep it.
    async fn write(&self, session: &Session, path: &str, bytes: &[u8]) -> Result<(), TransportError> {
        let flags = OpenFlags::CREATE | OpenFlags::TRUNCATE | OpenFlags::WRITE;
        let written = async {
            let mut file: File = session.sftp.open_with_flags(path, flags).await?;
            file.write_all(bytes).await?;
            file.flush().await?;
            file.sync_all().await?;
            file.close().await?;
            Ok::<(), SftpError>(())
        };
        self.within("written", written).await
    }

    /// Gives a file its name, where nothing has it.
    async fn rename(&self, session: &Session, from: &str, to: &str) -> Result<(), TransportError> {
        self.within("written", session.sftp.rename(from, to)).await
    }

    async fn leave(&self, session: &Session, name: &str, bytes: &[u8], sha256: &str, signature: Option<&[u8]>) -> Put {
        let path = self.path("out", name);
        let (signature_path, ok) = (format!("{path}{SIGNATURE}"), format!("{path}{OK}"));
        let most = bytes.len() as u64 + 1;
        let Ok(there) = self.bytes(session, path.clone(), most).await else {
            return Put::Unknown { why: "not_readable" };
        };
        match there {
            Some(there) if there != bytes => return Put::Unknown { why: "other_content" },
            Some(_) => {}
            None => {
                // Under a name that the bank does not take: until it has its own, nothing is there.
                let unfinished = format!("{path}.tmp");
                if self.write(session, &unfinished, bytes).await.is_err() {
                    return Put::NothingThere { why: "not_written" };
                }
                // An answer that is lost does not say that it has no name yet.
                if self.rename(session, &unfinished, &path).await.is_err() {
                    return Put::Unknown { why: "not_renamed" };
                }
            }
        }
        for (beside, path, why) in [
            (signature, &signature_path, "signature_not_written"),
            (Some(format!("{sha256}\n").as_bytes()), &ok, "ok_not_written"),
        ] {
            let Some(beside) = beside else { continue };
            match self.bytes(session, path.clone(), beside.len() as u64 + 1).await {
                Ok(Some(there)) if there == beside => continue,
                Ok(None) => {}
                _ => return Put::Unknown { why },
            }
            let unfinished = format!("{path}.tmp");
            let written = match self.write(session, &unfinished, beside).await {
                Ok(()) => self.rename(session, &unfinished, path).await,
                failed => failed,
            };
            if written.is_err() {
                return Put::Unknown { why };
            }
        }
        Put::Done
    }

    async fn move_file(&self, session: &Session, from: &str, to: &str) -> Result<(), TransportError> {
        let doing = "put away";
        if !self.within(doing, session.sftp.try_exists(from)).await? {
            return Ok(());
        }
        // A name of before gives way: renaming onto a name that is taken is refused by most servers.
        if self.within(doing, session.sftp.try_exists(to)).await? {
            self.within(doing, session.sftp.remove_file(to)).await?;
        }
        self.within(doing, session.sftp.rename(from, to)).await
    }
}

/// True for a file, false for a folder or a link to somewhere else.
///
/// # Errors
/// When the server does not say: a file must not be passed over, nor a link be followed.
fn is_plain(permissions: Option<u32>) -> Result<bool, TransportError> {
    let mode = permissions.filter(|mode| mode & KIND_OF_FILE != 0);
    let mode = mode.ok_or_else(|| TransportError::new("listed", "the server does not say which names are files"))?;
    Ok(mode & KIND_OF_FILE == PLAIN_FILE)
}

fn is_missing(error: &SftpError) -> bool {
    matches!(error, SftpError::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

/// A file that is read, with the connection that it comes by.
struct Reading {
    file: File,
    _session: Session,
}

impl AsyncRead for Reading {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::pin::Pin::new(&mut self.get_mut().file).poll_read(context, into)
    }
}

#[async_trait]
impl Transport for Sftp {
    fn place(&self) -> String {
        format!("{} at {}@{}:{}", self.path("", ""), self.user, self.host, self.port)
    }

    async fn ready(&self) -> Result<(), TransportError> {
        let session = self.connect().await?;
        for folder in ["in", "out", "archive"] {
            self.folder(&session, folder).await?;
        }
        Ok(())
    }

    async fn put(&self, name: &str, bytes: Vec<u8>, sha256: &str, signature: Option<Vec<u8>>) -> Put {
        // Of an earlier try nothing is there either: one that may have left something is in doubt, and none follows it.
        let Ok(session) = self.connect().await else { return Put::NothingThere { why: "not_connected" } };
        if self.folder(&session, "out").await.is_err() {
            return Put::NothingThere { why: "no_directory" };
        }
        self.leave(&session, name, &bytes, sha256, signature.as_deref()).await
    }

    async fn list(&self) -> Result<Vec<Offered>, TransportError> {
        let session = self.connect().await?;
        self.folder(&session, "in").await?;
        let entries = self.within("listed", session.sftp.read_dir(self.path("in", ""))).await?;
        let mut changed_at = std::collections::BTreeMap::new();
        for entry in entries {
            let (name, about) = (entry.file_name(), entry.metadata());
            if is_plain(about.permissions)? && !name.contains('/') {
                changed_at.insert(name, about.mtime);
            }
        }
        let mut found = Vec::new();
        for (name, at) in changed_at.iter().filter(|(name, _)| is_file(name)) {
            let ok = format!("{name}{OK}");
            let Some(ok_at) = changed_at.get(&ok) else { continue };
            let text = self.bytes(&session, self.path("in", &ok), OK_BYTES as u64).await?.unwrap_or_default();
            let changed = at.zip(*ok_at).is_none_or(|(at, ok_at)| at > ok_at);
            found.push(Offered { name: name.clone(), sha256: digest_in(&text), changed });
        }
        Ok(found)
    }

    async fn get(&self, name: &str) -> Result<Incoming, TransportError> {
        let session = self.connect().await?;
        let file = self.within("read", session.sftp.open(self.path("in", name))).await?;
        Ok(Box::pin(Reading { file, _session: session }))
    }

    async fn signature(&self, name: &str) -> Result<Option<Vec<u8>>, TransportError> {
        let session = self.connect().await?;
        self.bytes(&session, self.path("in", &format!("{name}{SIGNATURE}")), SIGNATURE_BYTES).await
    }

    async fn archive(&self, name: &str) -> Result<(), TransportError> {
        let session = self.connect().await?;
        self.folder(&session, "archive").await?;
        for ending in [SIGNATURE, ".sig", "", OK] {
            let name = format!("{name}{ending}");
            self.move_file(&session, &self.path("in", &name), &self.path("archive", &name)).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_name_is_must_be_said() {
        assert!(is_plain(Some(0o100_644)).unwrap());
        assert!(!is_plain(Some(0o040_755)).unwrap() && !is_plain(Some(0o120_777)).unwrap());
        assert!(is_plain(None).is_err() && is_plain(Some(0o644)).is_err());
    }
}
