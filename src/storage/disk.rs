//! The embedded object store's files: the few S3 operations that we use, over one directory.
//!
//! One object is one plain file under `<root>/<bucket>/<key>`. A put is acknowledged only when the bytes, the name and every
//! directory on the way are synced to the disk; what is seen under a name is always whole. Everything else of S3 is refused
//! by the trait's own answers ("not implemented").

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix_web::web::Bytes;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use futures_util::StreamExt;
use s3s::dto::{
    CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, ETag, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, PutObjectInput, PutObjectOutput, Range, StreamingBlob, Timestamp,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use tokio_util::io::ReaderStream;

use super::listing;

const TMP_DIR: &str = ".tmp";
const READ_CHUNK_BYTES: usize = 64 * 1024;
const MAX_OBJECT_BYTES: u64 = 64 * 1024 * 1024;
const MAX_KEY_BYTES: usize = 512;
const MAX_LIST_KEYS: i32 = 1_000;
/// A file that a dead process left half written; far longer than any put lasts.
const TMP_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// Buckets as directories under one root.
pub(super) struct Disk {
    root: PathBuf,
    /// Sets this process's half-written files apart from another one's on the same root.
    nonce: u64,
    puts: AtomicU64,
}

impl Disk {
    /// Opens (and makes) `root`, and removes what puts of dead processes left a day ago or longer.
    pub(super) fn open(root: &Path, nonce: u64) -> io::Result<Self> {
        let tmp = root.join(TMP_DIR);
        make_private(&tmp)?;
        for entry in std::fs::read_dir(&tmp)? {
            let entry = entry?;
            if entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > TMP_LIFE) {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { root: root.to_owned(), nonce, puts: AtomicU64::new(0) })
    }

    fn bucket_path(&self, bucket: &str) -> S3Result<PathBuf> {
        if is_plain_segment(bucket) { Ok(self.root.join(bucket)) } else { Err(refused("bucket name")) }
    }

    fn object_path(&self, bucket: &str, key: &str) -> S3Result<PathBuf> {
        let bucket = self.bucket_path(bucket)?;
        if key.len() > MAX_KEY_BYTES || !key.split('/').all(is_plain_segment) {
            return Err(refused("object key"));
        }
        Ok(bucket.join(key))
    }

    fn tmp_path(&self) -> PathBuf {
        let count = self.puts.fetch_add(1, Ordering::Relaxed);
        self.root.join(TMP_DIR).join(format!("{:016x}-{count}", self.nonce))
    }
}

/// Makes a directory, and those on the way, for this user alone, whatever the umask says.
fn make_private(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A part of a key that can only be a name in its directory: no `.`, no `..`, no hidden file, no separator.
fn is_plain_segment(segment: &str) -> bool {
    !segment.is_empty()
        && !segment.starts_with('.')
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn refused(what: &str) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, format!("this store does not take such an {what}"))
}

fn failed(error: io::Error) -> S3Error {
    tracing::error!(error = %error, "object store: the disk refused");
    S3Error::with_source(S3ErrorCode::InternalError, Box::new(error))
}

fn no_such_key(error: io::Error) -> S3Error {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => S3ErrorCode::NoSuchKey.into(),
        _ => failed(error),
    }
}

struct Facts {
    size_bytes: u64,
    modified: Timestamp,
    e_tag: ETag,
}

fn facts(metadata: &std::fs::Metadata) -> S3Result<Facts> {
    if !metadata.is_file() {
        return Err(S3ErrorCode::NoSuchKey.into());
    }
    let modified = metadata.modified().map_err(failed)?;
    let nanos = modified.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    Ok(Facts {
        size_bytes: metadata.len(),
        modified: Timestamp::from(modified),
        e_tag: ETag::Strong(format!("{:x}-{nanos:x}", metadata.len())),
    })
}

fn signed(size: u64) -> S3Result<i64> {
    i64::try_from(size).map_err(|_| S3ErrorCode::InternalError.into())
}

/// Writes the body to `tmp` and syncs it; gives its SHA-256.
async fn write_synced(tmp: &Path, mut body: StreamingBlob) -> S3Result<[u8; 32]> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(tmp).await.map_err(failed)?;
    let (mut hasher, mut written) = (Sha256::new(), 0_u64);
    while let Some(chunk) = body.next().await {
        let chunk: Bytes = chunk.map_err(|error| S3Error::with_source(S3ErrorCode::IncompleteBody, error))?;
        written = written.saturating_add(chunk.len() as u64);
        if written > MAX_OBJECT_BYTES {
            return Err(S3ErrorCode::EntityTooLarge.into());
        }
        hasher.update(&chunk);
        file.write_all(&chunk).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    Ok(hasher.finalize().into())
}

/// Gives the synced file its name, and syncs every directory from there up to the root.
fn publish(root: &Path, tmp: &Path, object: &Path) -> io::Result<()> {
    let parent = object.parent().unwrap_or(root);
    // A delete may remove an empty directory between the two steps: then they are done again.
    for round in 0.. {
        make_private(parent)?;
        match std::fs::rename(tmp, object) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && round < 3 => {}
            other => {
                other?;
                break;
            }
        }
    }
    for directory in parent.ancestors().take_while(|directory| directory.starts_with(root)) {
        std::fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}

/// Removes the directories that a delete left empty, up to the bucket. One that is not empty stays, and that ends it.
fn prune(bucket: &Path, object: &Path) {
    for directory in object.ancestors().skip(1).take_while(|directory| *directory != bucket) {
        if std::fs::remove_dir(directory).is_err() {
            break;
        }
    }
}

async fn on_disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> S3Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(failed),
        Err(_) => Err(S3ErrorCode::InternalError.into()),
    }
}

#[async_trait::async_trait]
impl S3 for Disk {
    async fn create_bucket(&self, req: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        let path = self.bucket_path(&req.input.bucket)?;
        let root = self.root.clone();
        on_disk(move || {
            make_private(&path)?;
            std::fs::File::open(&root)?.sync_all()
        })
        .await?;
        Ok(S3Response::new(CreateBucketOutput::default()))
    }

    async fn head_bucket(&self, req: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        let path = self.bucket_path(&req.input.bucket)?;
        if !tokio::fs::metadata(&path).await.is_ok_and(|metadata| metadata.is_dir()) {
            return Err(S3ErrorCode::NoSuchBucket.into());
        }
        Ok(S3Response::new(HeadBucketOutput::default()))
    }

    async fn put_object(&self, req: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let PutObjectInput { bucket, key, body, checksum_sha256, content_length, .. } = req.input;
        let object = self.object_path(&bucket, &key)?;
        if !tokio::fs::try_exists(self.bucket_path(&bucket)?).await.map_err(failed)? {
            return Err(S3ErrorCode::NoSuchBucket.into());
        }
        if content_length.is_some_and(|length| length.unsigned_abs() > MAX_OBJECT_BYTES) {
            return Err(S3ErrorCode::EntityTooLarge.into());
        }
        let body = body.ok_or(S3ErrorCode::IncompleteBody)?;
        let tmp = self.tmp_path();
        let stored = store(&self.root, &tmp, &object, body, checksum_sha256.as_deref()).await;
        if stored.is_err() {
            // The name was never given; a file that can't be removed now goes a day later.
            let _gone = tokio::fs::remove_file(&tmp).await;
        }
        let sha256 = stored?;
        let metadata = tokio::fs::metadata(&object).await.map_err(failed)?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(facts(&metadata)?.e_tag),
            checksum_sha256: checksum_sha256.map(|_| BASE64_STANDARD.encode(sha256)),
            ..Default::default()
        }))
    }

    async fn get_object(&self, req: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let path = self.object_path(&req.input.bucket, &req.input.key)?;
        let mut file = File::open(&path).await.map_err(no_such_key)?;
        let facts = facts(&file.metadata().await.map_err(failed)?)?;
        let range = match req.input.range {
            None => 0..facts.size_bytes,
            Some(range) => Range::check(&range, facts.size_bytes)?,
        };
        file.seek(io::SeekFrom::Start(range.start)).await.map_err(failed)?;
        let length = range.end - range.start;
        let body = ReaderStream::with_capacity(file.take(length), READ_CHUNK_BYTES);
        Ok(S3Response::new(GetObjectOutput {
            body: Some(StreamingBlob::wrap(body)),
            content_length: Some(signed(length)?),
            content_range: req
                .input
                .range
                .map(|_| format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), facts.size_bytes)),
            last_modified: Some(facts.modified),
            e_tag: Some(facts.e_tag),
            ..Default::default()
        }))
    }

    async fn head_object(&self, req: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let path = self.object_path(&req.input.bucket, &req.input.key)?;
        let facts = facts(&tokio::fs::metadata(&path).await.map_err(no_such_key)?)?;
        Ok(S3Response::new(HeadObjectOutput {
            content_length: Some(signed(facts.size_bytes)?),
            last_modified: Some(facts.modified),
            e_tag: Some(facts.e_tag),
            ..Default::default()
        }))
    }

    async fn delete_object(&self, req: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let path = self.object_path(&req.input.bucket, &req.input.key)?;
        let bucket = self.bucket_path(&req.input.bucket)?;
        on_disk(move || match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => {
                prune(&bucket, &path);
                Ok(())
            }
        })
        .await?;
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn list_objects_v2(&self, req: S3Request<ListObjectsV2Input>) -> S3Result<S3Response<ListObjectsV2Output>> {
        let ListObjectsV2Input { bucket, prefix, start_after, continuation_token, max_keys, .. } = req.input;
        let path = self.bucket_path(&bucket)?;
        let limit = usize::try_from(max_keys.unwrap_or(MAX_LIST_KEYS).clamp(0, MAX_LIST_KEYS)).unwrap_or(0);
        let after = continuation_token.max(start_after).unwrap_or_default();
        let wanted = prefix.clone().unwrap_or_default();
        // One more than asked tells whether there is a next page.
        let mut found = on_disk(move || listing::names(&path, &wanted, &after, limit.saturating_add(1))).await?;
        let is_truncated = found.len() > limit;
        found.truncate(limit);
        let next = if is_truncated { found.last().map(|(key, _)| key.clone()) } else { None };
        let contents: Vec<Object> = found
            .into_iter()
            .map(|(key, size)| Ok(Object { key: Some(key), size: Some(signed(size)?), ..Default::default() }))
            .collect::<S3Result<_>>()?;
        Ok(S3Response::new(ListObjectsV2Output {
            key_count: Some(i32::try_from(contents.len()).unwrap_or(i32::MAX)),
            contents: Some(contents),
            is_truncated: Some(is_truncated),
            next_continuation_token: next,
            name: Some(bucket),
            prefix,
            ..Default::default()
        }))
    }
}

async fn store(
    root: &Path,
    tmp: &Path,
    object: &Path,
    body: StreamingBlob,
    expected_sha256: Option<&str>,
) -> S3Result<[u8; 32]> {
    let sha256 = write_synced(tmp, body).await?;
    if expected_sha256.is_some_and(|expected| expected != BASE64_STANDARD.encode(sha256)) {
        return Err(S3ErrorCode::BadDigest.into());
    }
    let (root, tmp, object) = (root.to_owned(), tmp.to_owned(), object.to_owned());
    on_disk(move || publish(&root, &tmp, &object)).await?;
    Ok(sha256)
}
