//! The object store: what we keep in it and how we reach it. One client (the AWS SDK) speaks to any S3 server; without one,
//! a server inside the process keeps the objects on disk.
//!
//! It never sees a member's words: names come from [`StorageKey`]. It is never called while a transaction is open.
//! Start reading at [`Store`].

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use aws_smithy_http_client::tls;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest, Sha256};

mod disk;
mod embedded;
mod key;
mod listing;

pub use embedded::EmbeddedS3;
pub use key::{Coding, Retention, StorageKey};

use crate::config::{Storage, StorageKind};
use crate::kernel::chance::Chance;

/// Directory under the data directory that the embedded store owns.
const OBJECTS_DIR: &str = "objects";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long [`Store::ready`] waits for an answer.
const READY_DEADLINE: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// Why the object store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such object.
    #[error("the object is not there")]
    Missing,
    /// There is no such bucket; the operator makes it.
    #[error("the bucket {0} is missing: create it, or set storage.bucket to one that exists")]
    NoBucket(String),
    /// The embedded store could not start.
    #[error("the embedded object store can't start in {path}: {source}")]
    Embedded {
        /// The directory.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server could not be reached, refused the key, or answered with a fault; the text is for the operator.
    #[error("the object store failed to {operation}: {reason}")]
    Failed {
        /// What was asked.
        operation: &'static str,
        /// The chain of causes.
        reason: String,
    },
}

impl StoreError {
    fn of<E>(operation: &'static str, error: &SdkError<E>) -> Self
    where
        E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
        SdkError<E>: std::error::Error,
    {
        match error.code() {
            Some("NoSuchKey" | "NotFound") => Self::Missing,
            _ => Self::Failed { operation, reason: DisplayErrorContext(error).to_string() },
        }
    }
}

/// What a put stored, as this side computed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// How many they are.
    pub size_bytes: u64,
}

impl Stored {
    /// The facts of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self { sha256: Sha256::digest(bytes).into(), size_bytes: bytes.len() as u64 }
    }
}

/// An object on its way to a reader.
#[derive(Debug)]
pub struct Reading {
    /// Bytes that `body` will give.
    pub size_bytes: u64,
    /// The bytes, as they come.
    pub body: ByteStream,
}

/// The object store, as the rest of the service sees it. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    client: Client,
    bucket: String,
    embedded: Option<Arc<EmbeddedS3>>,
}

impl Store {
    /// Connects to the configured server, or starts the embedded one (and makes its bucket) under `data_dir`.
    ///
    /// # Errors
    /// [`StoreError::Embedded`] when the embedded store can't start; a server elsewhere is asked only by [`Store::ready`].
    pub async fn open(config: &Storage, data_dir: &Path, chance: &dyn Chance) -> Result<Self, StoreError> {
        match config.kind {
            StorageKind::Embedded => Self::open_embedded(config, &data_dir.join(OBJECTS_DIR), chance).await,
            StorageKind::S3 => {
                let endpoint = config.endpoint.clone().unwrap_or_default();
                let id = config.access_key_id.clone().unwrap_or_default();
                let secret = config.secret_access_key.as_ref().map_or("", |secret| secret.reveal().as_str());
                let client = client(endpoint, config.region.clone(), &id, secret);
                Ok(Self { client, bucket: config.bucket.clone(), embedded: None })
            }
        }
    }

    async fn open_embedded(config: &Storage, root: &Path, chance: &dyn Chance) -> Result<Self, StoreError> {
        let server = EmbeddedS3::start(root, chance)
            .await
            .map_err(|source| StoreError::Embedded { path: root.to_owned(), source })?;
        let (id, secret) = server.access_key();
        let client = client(server.endpoint(), config.region.clone(), id, secret.reveal());
        client
            .create_bucket()
            .bucket(&config.bucket)
            .send()
            .await
            .map_err(|error| StoreError::of("make its bucket", &error))?;
        Ok(Self { client, bucket: config.bucket.clone(), embedded: Some(Arc::new(server)) })
    }

    /// Asks for the bucket, 5 seconds at most: what readiness, a start and `doctor` go by.
    ///
    /// # Errors
    /// [`StoreError::NoBucket`] when it is missing, [`StoreError::Failed`] when the server can't be reached, refuses us or does not answer.
    pub async fn ready(&self) -> Result<(), StoreError> {
        let asked = self.client.head_bucket().bucket(&self.bucket).send();
        let Ok(asked) = tokio::time::timeout(READY_DEADLINE, asked).await else {
            let reason = format!("no answer in {} seconds", READY_DEADLINE.as_secs());
            return Err(StoreError::Failed { operation: "show its bucket", reason });
        };
        asked.map(drop).map_err(|error| match StoreError::of("show its bucket", &error) {
            StoreError::Missing => StoreError::NoBucket(self.bucket.clone()),
            other => other,
        })
    }

    /// Stores `bytes`, which the server checks against their SHA-256; when this returns they are on its disk.
    ///
    /// # Errors
    /// [`StoreError::Failed`]; part of an object is never visible.
    pub async fn put(&self, key: &StorageKey, bytes: Bytes) -> Result<Stored, StoreError> {
        let stored = Stored::of(&bytes);
        let mut put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key.path())
            .content_type(key.content_type())
            .checksum_sha256(BASE64_STANDARD.encode(stored.sha256));
        if self.embedded.is_none() {
            put = put.server_side_encryption(ServerSideEncryption::Aes256);
        }
        put.body(ByteStream::from(bytes)).send().await.map_err(|error| StoreError::of("store an object", &error))?;
        Ok(stored)
    }

    /// Reads an object, or the bytes `range` of it, as they come.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Failed`].
    pub async fn get(&self, key: &StorageKey, range: Option<Range<u64>>) -> Result<Reading, StoreError> {
        let range = range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key.path())
            .set_range(range)
            .send()
            .await
            .map_err(|error| StoreError::of("read an object", &error))?;
        let size_bytes = got.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        Ok(Reading { size_bytes, body: got.body })
    }

    /// Reads an object to its end and gives its size and hash: what `verify` holds against the row.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Failed`].
    pub async fn measure(&self, key: &StorageKey) -> Result<Stored, StoreError> {
        let mut body = self.get(key, None).await?.body;
        let (mut hasher, mut size_bytes) = (Sha256::new(), 0_u64);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| StoreError::Failed {
                operation: "read an object",
                reason: DisplayErrorContext(error).to_string(),
            })?;
            size_bytes = size_bytes.saturating_add(chunk.len() as u64);
            hasher.update(&chunk);
        }
        Ok(Stored { sha256: hasher.finalize().into(), size_bytes })
    }

    /// The size of an object in bytes.
    ///
    /// # Errors
    /// [`StoreError::Missing`], [`StoreError::Failed`].
    pub async fn head(&self, key: &StorageKey) -> Result<u64, StoreError> {
        let head = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key.path())
            .send()
            .await
            .map_err(|error| StoreError::of("show an object", &error))?;
        Ok(head.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0))
    }

    /// Removes an object; one that is not there is no error.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn delete(&self, key: &StorageKey) -> Result<(), StoreError> {
        let gone = self.client.delete_object().bucket(&self.bucket).key(key.path()).send().await;
        match gone.map_err(|error| StoreError::of("remove an object", &error)) {
            Err(StoreError::Missing) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Up to 1,000 names that begin with `prefix` and come after `after`, in order. Less than 1,000 is the end.
    ///
    /// # Errors
    /// [`StoreError::Failed`].
    pub async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<String>, StoreError> {
        let listed = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(prefix)
            .set_start_after(after.map(str::to_owned))
            .max_keys(1_000)
            .send()
            .await
            .map_err(|error| StoreError::of("list objects", &error))?;
        Ok(listed.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect())
    }

    /// Waits for what the embedded store has under way and stops it; does nothing for a server elsewhere.
    pub async fn close(&self) {
        if let Some(server) = &self.embedded {
            server.stop().await;
        }
    }
}

/// A client with ring for TLS, path style, and no clock of its own beyond the SDK's signing time.
pub(crate) fn client(endpoint: String, region: String, access_key_id: &str, secret_access_key: &str) -> Client {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
        .build_https();
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).operation_attempt_timeout(ATTEMPT_TIMEOUT).build();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new(region))
        .credentials_provider(Credentials::new(access_key_id, secret_access_key, None, None, "huzhu"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        // We send SHA-256 ourselves and check what we read against the row's hash.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests;
