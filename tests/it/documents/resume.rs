//! Bad lines: cut connections, half-open ones, slow ones, a restart in the middle.

use std::time::Duration;

use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::bench::{Bench, STREAM, photo};

/// Opens a connection and sends the head of a PATCH and then some of its bytes.
async fn begin(bench: &Bench, id: &str, offset: u64, length: usize, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let head = format!(
        "PATCH /v1/uploads/{id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: {STREAM}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n\r\n",
        bench.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
    stream
}

async fn pause(ms: u64) {
    tokio::time::timeout(Duration::from_millis(ms), std::future::pending::<()>()).await.unwrap_err();
}

/// Waits until nobody writes an upload any more, without asking anybody to let go; answers its offset.
async fn released_at(bench: &Bench, id: &str) -> usize {
    for _ in 0..200 {
        if bench.count("select count(*) from upload where lease_holder is not null").await == 0 {
            break;
        }
        pause(30).await;
    }
    usize::try_from(bench.head(id).await.offset()).unwrap()
}

/// Waits until the bytes of a broken request are acknowledged.
async fn settled_at(bench: &Bench, id: &str, wanted: u64) {
    for _ in 0..100 {
        let head = bench.head(id).await;
        if head.status == 200 && head.offset() == wanted {
            return;
        }
        pause(30).await;
    }
    panic!("the offset did not become {wanted}: {:?}", bench.head(id).await);
}

async fn status_line(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(Ok(count)) = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await {
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..count]);
        if answer.windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

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
    let spool = bench.directory.path().join("spool").join(&id);
    let mut torn = std::fs::read(&spool).unwrap();
    torn.extend_from_slice(&[0; 5_000]);
    std::fs::write(&spool, torn).unwrap();
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
