//! The object store's part of the configuration.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{ConfigError, secret_from_file};
use crate::kernel::secret::Secret;

/// Where documents are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// `embedded` (an S3 server inside the process, on disk) or `s3`. Default embedded.
    pub kind: StorageKind,
    /// The bucket. Default `huzhu`.
    pub bucket: String,
    /// URL of an S3 server; with kind `s3` only.
    pub endpoint: Option<String>,
    /// Its region. Default `us-east-1`.
    pub region: String,
    /// The access key's id.
    pub access_key_id: Option<String>,
    /// The access key's secret.
    pub secret_access_key: Option<Secret<String>>,
    /// A file that holds the secret instead.
    pub secret_access_key_file: Option<PathBuf>,
}

/// Which store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageKind {
    /// An S3 server inside the process.
    #[default]
    Embedded,
    /// Any S3 server.
    S3,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            kind: StorageKind::Embedded,
            bucket: "huzhu".to_owned(),
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_id: None,
            secret_access_key: None,
            secret_access_key_file: None,
        }
    }
}

impl Storage {
    pub(super) fn read_secret_file(&mut self) -> Result<(), ConfigError> {
        if let Some(path) = &self.secret_access_key_file {
            self.secret_access_key = Some(secret_from_file("storage.secret_access_key_file", path)?);
        }
        if self.kind == StorageKind::S3
            && (self.endpoint.is_none() || self.access_key_id.is_none() || self.secret_access_key.is_none())
        {
            return Err(ConfigError::Refused(
                "storage.kind \"s3\" needs storage.endpoint, storage.access_key_id and storage.secret_access_key"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}
