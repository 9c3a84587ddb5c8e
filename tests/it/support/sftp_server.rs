//! An SFTP server over a directory, in this process, that takes one key of one user: as strict as OpenSSH's in what a client may rely on.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use huzhu::config::BankSftp;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::private::Ed25519Keypair;
use russh::keys::{PrivateKey, PublicKey};
use russh::server::{self, Auth, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use russh_sftp::protocol::{Attrs, Data, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Whose files they are.
const USER: &str = "huzhu";

/// A server that runs.
pub struct SftpServer {
    /// How to reach it.
    pub config: BankSftp,
    running: JoinHandle<()>,
}

/// The key of a seed.
fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// A key's public half, as a configuration names it.
pub fn public_key(seed: u8) -> String {
    key(seed).public_key().to_openssh().unwrap()
}

/// A file with the secret key of a seed.
pub fn key_file(folder: &Path, seed: u8) -> PathBuf {
    let path = folder.join(format!("ssh-{seed}.key"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
    file.write_all(key(seed).to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    path
}

impl SftpServer {
    /// Serves what lies in `root`; the client's key lies in `keys`.
    pub async fn start(root: &Path, keys: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server_key = key(1);
        let config = BankSftp {
            host: "127.0.0.1".to_owned(),
            port,
            user: USER.to_owned(),
            host_key: public_key(1),
            key_file: key_file(keys, 2),
            directory: "/bank".to_owned(),
            timeout_ms: 10_000,
        };
        fs::create_dir_all(root.join("bank")).unwrap();
        let root = root.to_owned();
        let running = tokio::spawn(async move {
            let patience = Duration::ZERO;
            let config = server::Config { keys: vec![server_key], auth_rejection_time: patience, ..Default::default() };
            let config = Arc::new(config);
            while let Ok((stream, _)) = listener.accept().await {
                let guest = Guest { root: root.clone(), takes: key(2).public_key().clone(), channels: HashMap::new() };
                let config = config.clone();
                tokio::spawn(async move {
                    if let Ok(session) = server::run_stream(config, stream, guest).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { config, running }
    }

    /// Nobody listens any more.
    pub fn stop(&self) {
        self.running.abort();
    }
}

impl Drop for SftpServer {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Guest {
    root: PathBuf,
    takes: PublicKey,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl server::Handler for Guest {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let right = user == USER && key.public_key.key_data() == self.takes.key_data();
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: server::ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        match self.channels.remove(&id).filter(|_| name == "sftp") {
            Some(channel) => {
                session.channel_success(id)?;
                let files = Files { root: self.root.clone(), ..Files::default() };
                russh_sftp::server::run(channel.into_stream(), files).await;
            }
            None => session.channel_failure(id)?,
        }
        Ok(())
    }
}

/// The files of one connection.
#[derive(Default)]
struct Files {
    root: PathBuf,
    open: HashMap<String, File>,
    folders: HashMap<String, Vec<russh_sftp::protocol::File>>,
    handles: u32,
}

impl Files {
    fn path(&self, path: &str) -> Result<PathBuf, StatusCode> {
        if path.split('/').any(|part| part == "..") {
            return Err(StatusCode::PermissionDenied);
        }
        Ok(self.root.join(path.trim_start_matches('/')))
    }

    fn handle(&mut self) -> String {
        self.handles += 1;
        self.handles.to_string()
    }

    fn file(&self, handle: &str) -> Result<&File, StatusCode> {
        self.open.get(handle).ok_or(StatusCode::Failure)
    }
}

fn code(error: &std::io::Error) -> StatusCode {
    match error.kind() {
        ErrorKind::NotFound => StatusCode::NoSuchFile,
        ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    }
}

fn done(id: u32, result: std::io::Result<()>) -> Result<Status, StatusCode> {
    result.map_err(|error| code(&error))?;
    let (error_message, language_tag) = ("Ok".to_owned(), "en".to_owned());
    Ok(Status { id, status_code: StatusCode::Ok, error_message, language_tag })
}

impl russh_sftp::server::Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        pflags: OpenFlags,
        _: FileAttributes,
    ) -> Result<Handle, Self::Error> {
        let file = OpenOptions::from(pflags).open(self.path(&filename)?).map_err(|error| code(&error))?;
        let handle = self.handle();
        self.open.insert(handle.clone(), file);
        Ok(Handle { id, handle })
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, Self::Error> {
        self.open.remove(&handle);
        self.folders.remove(&handle);
        done(id, Ok(()))
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, Self::Error> {
        let mut data = vec![0; len.min(32_768) as usize];
        let read = self.file(&handle)?.read_at(&mut data, offset).map_err(|error| code(&error))?;
        if read == 0 {
            return Err(StatusCode::Eof);
        }
        data.truncate(read);
        Ok(Data { id, data })
    }

    async fn write(&mut self, id: u32, handle: String, offset: u64, data: Vec<u8>) -> Result<Status, Self::Error> {
        done(id, self.file(&handle)?.write_all_at(&data, offset))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let metadata = fs::symlink_metadata(self.path(&path)?).map_err(|error| code(&error))?;
        Ok(Attrs { id, attrs: (&metadata).into() })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        let metadata = fs::metadata(self.path(&path)?).map_err(|error| code(&error))?;
        Ok(Attrs { id, attrs: (&metadata).into() })
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        let mut found = Vec::new();
        for entry in fs::read_dir(self.path(&path)?).map_err(|error| code(&error))? {
            let entry = entry.map_err(|error| code(&error))?;
            let metadata = entry.metadata().map_err(|error| code(&error))?;
            let name = entry.file_name().into_string().map_err(|_| StatusCode::Failure)?;
            found.push(russh_sftp::protocol::File::new(name, (&metadata).into()));
        }
        let handle = self.handle();
        self.folders.insert(handle.clone(), found);
        Ok(Handle { id, handle })
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, Self::Error> {
        let left = self.folders.get_mut(&handle).ok_or(StatusCode::Failure)?;
        // A few at a time, as a server with many does.
        let files: Vec<_> = left.drain(..left.len().min(2)).collect();
        if files.is_empty() { Err(StatusCode::Eof) } else { Ok(Name { id, files }) }
    }

    async fn remove(&mut self, id: u32, filename: String) -> Result<Status, Self::Error> {
        done(id, fs::remove_file(self.path(&filename)?))
    }

    async fn mkdir(&mut self, id: u32, path: String, _: FileAttributes) -> Result<Status, Self::Error> {
        done(id, fs::create_dir(self.path(&path)?))
    }

    /// Never onto a name that is taken.
    async fn rename(&mut self, id: u32, oldpath: String, newpath: String) -> Result<Status, Self::Error> {
        let (from, to) = (self.path(&oldpath)?, self.path(&newpath)?);
        if to.exists() {
            return Err(StatusCode::Failure);
        }
        done(id, fs::rename(from, to))
    }
}
