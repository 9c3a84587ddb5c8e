//! What a crash or a lost phone leaves behind is mended; what somebody damaged is found.

use huzhu::documents::{Swept, sweep, verify};
use huzhu::storage::{Coding, StorageKey};

use super::bench::{Bench, photo};

const DAY_SECS: i64 = 24 * 60 * 60;

#[actix_web::test]
async fn an_upload_that_nobody_goes_on_with_expires() {
    let bench = Bench::start().await;
    let file = photo(40);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..1_000]).await.status, 204);
    bench.clock.advance_secs(DAY_SECS - 1);
    assert_eq!(sweep(&bench.app).await.unwrap(), Swept::default());
    assert_eq!(bench.patch(&id, 1_000, &file[1_000..2_000]).await.status, 204, "each byte gives another day");
    bench.clock.advance_secs(DAY_SECS);
    assert_eq!(bench.head(&id).await.status, 410);
    assert_eq!(sweep(&bench.app).await.unwrap().expired, 1);
    assert_eq!(bench.document(&id).await["state"], "expired");
    assert_eq!(bench.spool_files(), 0);
    bench.stop().await;
}

#[actix_web::test]
async fn objects_without_a_row_go_a_day_later_and_all_others_stay() {
    let bench = Bench::start().await;
    let document = bench.sent(&photo(41)).await;
    let orphan = StorageKey::DocumentMaster {
        document_id: document["id"].as_str().unwrap().parse().unwrap(),
        set_id: bench.app.ids.next(),
        coding: Coding::Jpeg,
    };
    bench.app.storage.put(&orphan, actix_web::web::Bytes::from_static(b"left by a dead try")).await.unwrap();
    let spool = bench.spooled(&bench.app.ids.next().to_string());
    std::fs::write(&spool, b"left by a dead process").unwrap();
    let swept = sweep(&bench.app).await.unwrap();
    assert_eq!(swept, Swept { spool_files: 1, ..Swept::default() }, "an object of today may be of a try under way");
    bench.clock.advance_secs(DAY_SECS);
    assert_eq!(sweep(&bench.app).await.unwrap(), Swept { objects: 1, ..Swept::default() });
    bench.clock.advance_secs(DAY_SECS);
    assert_eq!(sweep(&bench.app).await.unwrap(), Swept::default());
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn damage_is_found_and_named() {
    let bench = Bench::start().await;
    let document = bench.sent(&photo(42)).await;
    let file = photo(43);
    let open = bench.announced(&file).await;
    assert_eq!(bench.patch(&open, 0, &file[..1_000]).await.status, 204);
    bench.assert_sound().await;
    let bucket = bench.directory.path().join("objects/huzhu");
    let names = bench.app.storage.list("documents/", None).await.unwrap();
    std::fs::write(bucket.join(&names[0]), b"changed").unwrap();
    std::fs::remove_file(bucket.join(&names[1])).unwrap();
    std::fs::write(bench.spooled(&open), b"short").unwrap();
    let findings = verify::check(&bench.app).await.unwrap();
    let text = format!("{findings:?}");
    for kind in ["document.hash_differs", "document.object_missing", "document.spool_short"] {
        assert!(text.contains(kind), "{kind} in {text}");
    }
    assert_eq!(findings.len(), 3);
    assert!(text.contains(document["id"].as_str().unwrap()));
    bench.stop().await;
}
