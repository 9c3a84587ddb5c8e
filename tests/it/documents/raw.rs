//! Requests of which the test holds the connection: to cut it, or to let it hang.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::bench::{Bench, STREAM};

/// Opens a connection and sends the head of a PATCH and then some of its bytes.
pub async fn begin(bench: &Bench, id: &str, offset: u64, length: usize, bytes: &[u8]) -> TcpStream {
    begin_with(bench, id, offset, length, "", bytes).await
}

/// The same with more lines in the head.
pub async fn begin_with(bench: &Bench, id: &str, offset: u64, length: usize, lines: &str, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(bench.address).await.unwrap();
    let head = format!(
        "PATCH /v1/uploads/{id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: {STREAM}\r\nUpload-Offset: {offset}\r\nContent-Length: {length}\r\n{lines}\r\n",
        bench.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.flush().await.unwrap();
    stream
}

pub async fn pause(ms: u64) {
    tokio::time::timeout(Duration::from_millis(ms), std::future::pending::<()>()).await.unwrap_err();
}

/// Waits until nobody writes an upload any more, without asking anybody to let go; answers its offset.
pub async fn released_at(bench: &Bench, id: &str) -> usize {
    for _ in 0..200 {
        if bench.count("select count(*) from upload where lease_holder is not null").await == 0 {
            break;
        }
        pause(30).await;
    }
    usize::try_from(bench.head(id).await.offset()).unwrap()
}

/// Waits until more than so many bytes of an upload are in the spool, acknowledged or not.
pub async fn spooled_beyond(bench: &Bench, id: &str, bytes: u64) {
    while std::fs::metadata(bench.spooled(id)).unwrap().len() <= bytes {
        tokio::task::yield_now().await;
    }
}

/// Waits until the bytes of a broken request are acknowledged.
pub async fn settled_at(bench: &Bench, id: &str, wanted: u64) {
    for _ in 0..100 {
        let head = bench.head(id).await;
        if head.status == 200 && head.offset() == wanted {
            return;
        }
        pause(30).await;
    }
    panic!("the offset did not become {wanted}: {:?}", bench.head(id).await);
}

pub async fn status_line(mut stream: TcpStream) -> String {
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
