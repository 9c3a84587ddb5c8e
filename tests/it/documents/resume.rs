//! Bad lines: cut connections, half-open ones, slow ones, a restart in the middle.

use reqwest::Method;

use super::bench::{Bench, STREAM, photo};
use super::raw::{begin, pause, released_at, settled_at, status_line};

#[actix_web::test]
async fn a_cut_connection_loses_nothing_that_was_read() {
    let bench = Bench::start().await;
    let file = photo(10);
    let id = bench.announced(&file).await;
    let mut offset = 0;
    for piece in [1, 777, 20_000, 130_000] {
        let end = offset + piece;
        let stream = begin(&bench, &id, offset as u64, file.len() - offset, &file[offset..end]).await;
        pause(400).await;
        drop(stream);
        let kept = released_at(&bench, &id).await;
        // What the HTTP layer had read and not yet handed over when the line broke is sent again: at most its two buffers.
        assert!(kept <= end && kept + 65_536 > end, "{kept} of {end}");
        offset = kept;
    }
    assert!(offset > 80_000, "{offset}");
    assert_eq!(bench.patch(&id, offset as u64, &file[offset..]).await.status, 204);
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn a_newcomer_takes_over_from_a_connection_that_hangs() {
    let bench = Bench::start().await;
    let file = photo(11);
    let id = bench.announced(&file).await;
    let hanging = begin(&bench, &id, 0, file.len(), &file[..100_000]).await;
    settled_at(&bench, &id, 100_000).await;
    let got = bench.patch(&id, 100_000, &file[100_000..]).await;
    assert_eq!((got.status, got.offset()), (204, file.len() as u64), "{}", got.body);
    assert!(status_line(hanging).await.contains("423"));
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.stop().await;
}

#[actix_web::test]
async fn a_silent_sender_is_ended_and_its_bytes_stay() {
    let bench = Bench::start().await;
    let file = photo(12);
    let id = bench.announced(&file).await;
    let silent = begin(&bench, &id, 0, file.len(), &file[..30_000]).await;
    while bench.count("select count(*) from upload where lease_holder is not null").await == 0 {
        tokio::task::yield_now().await;
    }
    pause(300).await;
    bench.clock.advance_secs(31);
    assert!(status_line(silent).await.contains("503"));
    assert_eq!(bench.head(&id).await.offset(), 30_000);
    bench.stop().await;
}

#[actix_web::test]
async fn a_restart_in_the_middle_keeps_what_was_acknowledged() {
    let bench = Bench::start().await;
    let file = photo(13);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..60_000]).await.offset(), 60_000);
    // A dead process leaves its lease, and bytes behind the last offset that it acknowledged.
    bench
        .sql(
            "update upload set lease_holder = $1, lease_until_ms = 9000000000000",
            vec![uuid::Uuid::from_u128(7).into()],
        )
        .await;
    let mut torn = std::fs::read(bench.spooled(&id)).unwrap();
    torn.extend_from_slice(&[0; 5_000]);
    std::fs::write(bench.spooled(&id), torn).unwrap();
    let bench = bench.restart().await;
    assert_eq!(bench.head(&id).await.status, 423);
    huzhu::documents::release_uploads(&bench.app).await.unwrap();
    assert_eq!(bench.head(&id).await.offset(), 60_000);
    bench.assert_sound().await;
    assert_eq!(bench.patch(&id, 60_000, &file[60_000..]).await.status, 204);
    // The check dies after it has begun, and again after the objects are stored.
    bench.sql("update document set state = 'checking', version = version + 1", vec![]).await;
    let bench = bench.restart().await;
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.sql("update job set state = 'ready', lease_until_ms = null, finished_at_ms = null", vec![]).await;
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn of_two_requests_for_one_upload_one_writes_at_a_time() {
    let bench = Bench::start().await;
    let file = photo(14);
    let id = bench.announced(&file).await;
    for _ in 0..3 {
        let (left, right) = futures_util::join!(bench.patch(&id, 0, &file), bench.patch(&id, 0, &file));
        for got in [&left, &right] {
            assert!(matches!(got.status, 204 | 409 | 423), "{} {}", got.status, got.body);
        }
    }
    let offset = bench.head(&id).await.offset();
    let rest = usize::try_from(offset).unwrap();
    assert_eq!(bench.patch(&id, offset, &file[rest..]).await.status, 204);
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean", "{}", bench.document(&id).await);
    bench.stop().await;
}

#[actix_web::test]
async fn a_given_up_upload_is_gone_and_makes_room() {
    let bench = Bench::start().await;
    let file = photo(15);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..1_000]).await.status, 204);
    assert_eq!(bench.send(bench.tus(Method::DELETE, &id)).await.status, 204);
    assert_eq!(bench.head(&id).await.status, 410);
    bench.patch(&id, 1_000, &file[1_000..]).await.refused(410, "upload_gone");
    assert_eq!(bench.document(&id).await["state"], "withdrawn");
    let again = bench.announced(&file).await;
    assert_ne!(again, id);
    assert_eq!(bench.patch(&again, 0, &file).await.status, 204);
    bench.send(bench.tus(Method::DELETE, &again)).await.refused(409, "document_state_conflict");
    bench.stop().await;
}

#[actix_web::test]
async fn the_whole_is_told_only_when_the_document_is_received() {
    let bench = Bench::start().await;
    let file = photo(16);
    let id = bench.announced(&file).await;
    // The last byte is on the disk, and then the database fails.
    bench.sql("alter table job rename to job_away", vec![]).await;
    let request = bench.tus(Method::PATCH, &id).header("content-type", STREAM).header("upload-offset", 0);
    assert!(request.body(file.clone()).send().await.unwrap().status().is_server_error());
    let offset = bench.head(&id).await.offset();
    assert!(offset < file.len() as u64, "a client that hears of the last byte never comes back");
    assert_eq!(bench.document(&id).await["state"], "receiving");
    bench.sql("alter table job_away rename to job", vec![]).await;
    assert_eq!(bench.patch(&id, offset, &file[usize::try_from(offset).unwrap()..]).await.status, 204);
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.stop().await;
}
