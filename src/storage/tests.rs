//! The client against the embedded server, over a socket.

use super::*;
use crate::kernel::chance::SeededChance;

fn key(byte: u8) -> StorageKey {
    let id = |byte| uuid::Builder::from_unix_timestamp_millis(1_772_400_000_000, &[byte; 10]).into_uuid();
    StorageKey::DocumentMaster { document_id: id(byte), set_id: id(byte), coding: Coding::Jpeg }
}

async fn store(dir: &Path) -> Store {
    Store::open(&Storage::default(), dir, &SeededChance::new(1)).await.unwrap()
}

#[tokio::test]
async fn an_object_is_stored_read_in_part_listed_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    store.ready().await.unwrap();
    let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let stored = store.put(&key(1), bytes.clone().into()).await.unwrap();
    assert_eq!(stored, Stored::of(&bytes));
    assert_eq!(store.measure(&key(1)).await.unwrap(), stored);
    assert_eq!(store.head(&key(1)).await.unwrap(), 300_000);
    let part = store.get(&key(1), Some(1_000..1_010)).await.unwrap();
    assert_eq!(part.size_bytes, 10);
    assert_eq!(part.body.collect().await.unwrap().to_vec(), bytes[1_000..1_010]);
    store.put(&key(2), Bytes::from_static(b"two")).await.unwrap();
    assert_eq!(store.list("documents/", None).await.unwrap(), [key(1).path(), key(2).path()]);
    assert_eq!(store.list("documents/", Some(&key(1).path())).await.unwrap(), [key(2).path()]);
    store.delete(&key(1)).await.unwrap();
    store.delete(&key(1)).await.unwrap();
    assert!(matches!(store.get(&key(1), None).await, Err(StoreError::Missing)));
    assert!(matches!(store.head(&key(1)).await, Err(StoreError::Missing)));
    store.close().await;
}

#[tokio::test]
async fn only_the_service_may_read_what_is_on_the_disk() {
    use std::os::unix::fs::MetadataExt;
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    store.put(&key(1), Bytes::from_static(b"a receipt")).await.unwrap();
    let mut waiting = vec![dir.path().join("objects")];
    let mut files = 0;
    while let Some(path) = waiting.pop() {
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!(found.mode() & 0o777, if found.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        if found.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            files += 1;
        }
    }
    assert_eq!(files, 1);
    store.close().await;
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart_and_no_half_file_is() {
    let dir = tempfile::tempdir().unwrap();
    let first = store(dir.path()).await;
    first.put(&key(1), Bytes::from_static(b"kept")).await.unwrap();
    first.close().await;
    let second = store(dir.path()).await;
    assert_eq!(second.measure(&key(1)).await.unwrap(), Stored::of(b"kept"));
    assert_eq!(std::fs::read_dir(dir.path().join("objects/.tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_name_that_leaves_the_bucket_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    for name in ["x/../../../../etc/pw", "../other/x", "x/./y", ".hidden", "x//y", "x/.tmp/y", "a\\b"] {
        let put = store.client.put_object().bucket("huzhu").key(name).body(ByteStream::from_static(b"x")).send().await;
        assert_eq!(put.unwrap_err().code(), Some("InvalidArgument"), "{name}");
        assert!(store.client.get_object().bucket("huzhu").key(name).send().await.is_err(), "{name}");
    }
    assert_eq!(std::fs::read_dir(dir.path().join("objects/huzhu")).unwrap().count(), 0);
}

#[tokio::test]
async fn bytes_that_do_not_match_their_hash_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    let put = store
        .client
        .put_object()
        .bucket("huzhu")
        .key("documents/x")
        .checksum_sha256(BASE64_STANDARD.encode([0; 32]))
        .body(ByteStream::from_static(b"x"))
        .send()
        .await;
    assert_eq!(put.unwrap_err().code(), Some("BadDigest"));
    assert!(store.list("", None).await.unwrap().is_empty());
    assert_eq!(std::fs::read_dir(dir.path().join("objects/.tmp")).unwrap().count(), 0);
}

#[tokio::test]
async fn a_stranger_with_another_key_gets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path()).await;
    store.put(&key(1), Bytes::from_static(b"private")).await.unwrap();
    let endpoint = store.embedded.as_ref().unwrap().endpoint();
    let stranger = Store { client: client(endpoint, "us-east-1".to_owned(), "HUZHU", "wrong"), ..store.clone() };
    assert!(matches!(stranger.get(&key(1), None).await, Err(StoreError::Failed { .. })));
}

#[tokio::test]
async fn a_missing_bucket_is_named_for_the_operator() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store { bucket: "elsewhere".to_owned(), ..store(dir.path()).await };
    let error = store.ready().await.unwrap_err().to_string();
    assert!(error.contains("elsewhere") && error.contains("storage.bucket"), "{error}");
}
