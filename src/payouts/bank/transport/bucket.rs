//! Files under a prefix of an S3 bucket: `out/`, `in/` and `archive/` below it. An object is whole or not there.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;

use super::{Incoming, OK, OK_BYTES, Offered, Put, SIGNATURE, SIGNATURE_BYTES, Transport, TransportError};
use super::{digest_in, few, is_file};

/// A prefix of a bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
}

fn failed<E>(doing: &'static str, error: &SdkError<E>) -> TransportError
where
    E: std::error::Error + Send + Sync + 'static,
    SdkError<E>: std::error::Error,
{
    TransportError::new(doing, DisplayErrorContext(error))
}

fn is_missing(error: &impl ProvideErrorMetadata) -> bool {
    matches!(error.code(), Some("NoSuchKey" | "NotFound"))
}

impl Bucket {
    /// The prefix `prefix` of `bucket`.
    #[must_use]
    pub fn new(client: Client, bucket: String, prefix: &str) -> Self {
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
        Self { client, bucket, prefix }
    }

    fn key(&self, folder: &str, name: &str) -> String {
        format!("{}{folder}/{name}", self.prefix)
    }

    /// The bytes of an object; none when it is not there.
    async fn bytes(&self, key: &str) -> Result<Option<Vec<u8>>, TransportError> {
        let got = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Err(error) if is_missing(&error) => return Ok(None),
            got => got.map_err(|error| failed("read", &error))?,
        };
        let body = got.body.collect().await.map_err(|error| TransportError::new("read", error))?;
        Ok(Some(body.into_bytes().to_vec()))
    }

    async fn store(&self, key: &str, bytes: Vec<u8>) -> Result<(), TransportError> {
        let put = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes)).send();
        put.await.map(drop).map_err(|error| failed("written", &error))
    }

    async fn move_object(&self, from: &str, to: &str) -> Result<(), TransportError> {
        let source = format!("{}/{from}", self.bucket);
        let copied = self.client.copy_object().bucket(&self.bucket).copy_source(source).key(to).send().await;
        match copied {
            Err(error) if is_missing(&error) => return Ok(()),
            copied => copied.map_err(|error| failed("put away", &error))?,
        };
        let gone = self.client.delete_object().bucket(&self.bucket).key(from).send().await;
        gone.map(drop).map_err(|error| failed("put away", &error))
    }
}

#[async_trait]
impl Transport for Bucket {
    fn place(&self) -> String {
        format!("{} in the bucket {}", self.prefix, self.bucket)
    }

    async fn ready(&self) -> Result<(), TransportError> {
        let asked = self.client.head_bucket().bucket(&self.bucket).send().await;
        asked.map(drop).map_err(|error| failed("reached", &error))
    }

    async fn put(&self, name: &str, bytes: Vec<u8>, sha256: &str, signature: Option<Vec<u8>>) -> Put {
        let (key, ok) = (self.key("out", name), self.key("out", &format!("{name}{OK}")));
        match self.bytes(&key).await {
            // Nothing was asked to be written yet, but what an earlier try left is not known either.
            Err(_) => return Put::Unknown { why: "not_readable" },
            Ok(Some(there)) if there != bytes => return Put::Unknown { why: "other_content" },
            Ok(_) => {}
        }
        // An answer that is lost does not say that nothing was written.
        if self.store(&key, bytes).await.is_err() {
            return Put::Unknown { why: "not_written" };
        }
        if let Some(signature) = signature
            && self.store(&format!("{key}{SIGNATURE}"), signature).await.is_err()
        {
            return Put::Unknown { why: "signature_not_written" };
        }
        match self.store(&ok, format!("{sha256}\n").into_bytes()).await {
            Ok(()) => Put::Done,
            Err(_) => Put::Unknown { why: "ok_not_written" },
        }
    }

    async fn list(&self) -> Result<Vec<Offered>, TransportError> {
        let folder = self.key("in", "");
        let mut written = std::collections::BTreeMap::new();
        let mut pages = self.client.list_objects_v2().bucket(&self.bucket).prefix(&folder).into_paginator().send();
        while let Some(page) = pages.next().await {
            for object in page.map_err(|error| failed("listed", &error))?.contents.unwrap_or_default() {
                if let Some(name) = object.key().and_then(|key| key.strip_prefix(&folder)) {
                    written.insert(name.to_owned(), object.last_modified().copied());
                }
            }
        }
        let mut found = Vec::new();
        for (name, at) in written.iter().filter(|(name, _)| is_file(name) && !name.contains('/')) {
            let Some(ok_at) = written.get(&format!("{name}{OK}")) else { continue };
            let text = self.bytes(&self.key("in", &format!("{name}{OK}"))).await?.unwrap_or_default();
            let text = text.get(..OK_BYTES).unwrap_or(&text);
            let changed = at.zip(*ok_at).is_some_and(|(at, ok_at)| at.as_nanos() > ok_at.as_nanos());
            found.push(Offered { name: name.clone(), sha256: digest_in(text), changed });
        }
        Ok(found)
    }

    async fn get(&self, name: &str) -> Result<Incoming, TransportError> {
        let got = self.client.get_object().bucket(&self.bucket).key(self.key("in", name)).send().await;
        Ok(Box::pin(got.map_err(|error| failed("read", &error))?.body.into_async_read()))
    }

    async fn signature(&self, name: &str) -> Result<Option<Vec<u8>>, TransportError> {
        let key = self.key("in", &format!("{name}{SIGNATURE}"));
        match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(failed("read", &error)),
            Ok(got) => few(got.body.into_async_read(), SIGNATURE_BYTES).await.map(Some),
        }
    }

    async fn archive(&self, name: &str) -> Result<(), TransportError> {
        for ending in [SIGNATURE, ".sig", "", OK] {
            let name = format!("{name}{ending}");
            self.move_object(&self.key("in", &name), &self.key("archive", &name)).await?;
        }
        Ok(())
    }
}
