//! Several API processes over one database and one spool serve one upload; a process with another spool says so.

use std::os::unix::fs::FileExt;

use super::bench::{Bench, photo};
use super::raw::{begin, status_line};

#[actix_web::test]
async fn two_processes_take_the_pieces_in_turn() {
    let left = Bench::start().await;
    let right = left.beside(None).await;
    let file = photo(60);
    let id = left.announced(&file).await;
    let mut offset = 0;
    for (piece, bench) in file.chunks(40_000).zip([&left, &right].into_iter().cycle()) {
        assert_eq!(bench.head(&id).await.offset(), offset);
        let got = bench.patch(&id, offset, piece).await;
        offset += piece.len() as u64;
        assert_eq!((got.status, got.offset()), (204, offset), "{}", got.body);
    }
    right.work().await;
    assert_eq!(left.document(&id).await["state"], "clean");
    left.assert_sound().await;
    right.stop().await;
    left.stop().await;
}

#[actix_web::test]
async fn a_newcomer_at_one_process_takes_over_from_a_hanging_request_at_the_other() {
    let left = Bench::start().await;
    let right = left.beside(None).await;
    let file = photo(61);
    let id = left.announced(&file).await;
    let (mut offset, mut hanging) = (0, Vec::new());
    for (at, other) in [(&left, &right), (&right, &left), (&left, &right)] {
        let end = usize::try_from(offset).unwrap() + 50_000;
        let start = usize::try_from(offset).unwrap();
        hanging.push(begin(at, &id, offset, file.len() - start, &file[start..end]).await);
        while left.count("select count(*) from upload where lease_holder is not null").await == 0 {
            tokio::task::yield_now().await;
        }
        // A 423 would say that it took longer than two seconds.
        let head = other.head(&id).await;
        assert_eq!((head.status, head.offset()), (200, end as u64), "what came is kept");
        let got = other.patch(&id, end as u64, &file[end..end + 10_000]).await;
        assert_eq!(got.status, 204, "{}", got.body);
        offset = got.offset();
    }
    for stream in hanging {
        assert!(status_line(stream).await.contains("423"));
    }
    assert_eq!(right.patch(&id, offset, &file[usize::try_from(offset).unwrap()..]).await.status, 204);
    left.work().await;
    assert_eq!(right.document(&id).await["state"], "clean");
    right.stop().await;
    left.stop().await;
}

#[actix_web::test]
async fn a_process_with_another_spool_says_so_and_loses_nothing() {
    let left = Bench::start().await;
    let right = left.beside(Some(left.directory.path().join("another"))).await;
    let file = photo(62);
    let id = left.announced(&file).await;
    assert_eq!(left.patch(&id, 0, &file[..70_000]).await.status, 204);
    // A file of the same name, and long enough: it is not taken for the one that was acknowledged.
    std::fs::write(left.directory.path().join("another").join(&id), vec![0; 70_000]).unwrap();
    let got = right.patch(&id, 70_000, &file[70_000..]).await;
    got.refused(503, "upload_elsewhere");
    assert_eq!(got.header("retry-after"), "1");
    assert_eq!(right.head(&id).await.offset(), 70_000, "the promise stands");
    assert_eq!(left.patch(&id, 70_000, &file[70_000..]).await.status, 204);
    left.work().await;
    assert_eq!(right.document(&id).await["state"], "clean");
    right.stop().await;
    left.stop().await;
}

#[actix_web::test]
async fn a_file_that_is_missing_in_the_spool_is_an_error_and_is_not_begun_anew() {
    let bench = Bench::start().await;
    let file = photo(63);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..70_000]).await.status, 204);
    std::fs::rename(bench.spooled(&id), bench.directory.path().join("away")).unwrap();
    for _ in 0..2 {
        bench.patch(&id, 70_000, &file[70_000..]).await.refused(503, "upload_elsewhere");
        assert!(!bench.spooled(&id).exists());
    }
    assert_eq!(bench.document(&id).await["state"], "receiving");
    std::fs::rename(bench.directory.path().join("away"), bench.spooled(&id)).unwrap();
    assert_eq!(bench.patch(&id, 70_000, &file[70_000..]).await.status, 204);
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.stop().await;
}

#[actix_web::test]
async fn a_stuck_writer_that_wakes_late_changes_nothing() {
    let bench = Bench::start().await;
    let file = photo(64);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..70_000]).await.status, 204);
    // Its process stood still for longer than its lease; it has the file open, and a write under way.
    let stuck = std::fs::OpenOptions::new().write(true).open(bench.spooled(&id)).unwrap();
    let expired = vec![uuid::Uuid::from_u128(7).into(), bench.app.clock.now().into()];
    bench.sql("update upload set lease_holder = $1, lease_until_ms = $2", expired).await;
    assert_eq!(bench.patch(&id, 70_000, &file[70_000..90_000]).await.status, 204);
    stuck.write_all_at(&[7; 30_000], 60_000).unwrap();
    stuck.set_len(70_000).unwrap();
    assert_eq!(bench.patch(&id, 90_000, &file[90_000..]).await.status, 204);
    bench.work().await;
    assert_eq!(bench.document(&id).await["state"], "clean");
    bench.assert_sound().await;
    bench.stop().await;
}
