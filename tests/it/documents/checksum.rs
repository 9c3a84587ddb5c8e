//! The checksum extension: a request's bytes are kept when all of them came and are what was promised, or none of them.

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::Method;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::bench::{Bench, Got, STREAM, photo};
use super::raw::{begin_with, released_at, settled_at, spooled_beyond, status_line};

fn sha1_of(bytes: &[u8]) -> String {
    format!("sha1 {}", BASE64_STANDARD.encode(Sha1::digest(bytes)))
}

fn sha256_of(bytes: &[u8]) -> String {
    format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(bytes)))
}

async fn patch(bench: &Bench, id: &str, offset: usize, checksum: &str, bytes: &[u8]) -> Got {
    let request = bench.tus(Method::PATCH, id).header("content-type", STREAM).header("upload-offset", offset);
    bench.send(request.header("upload-checksum", checksum).body(bytes.to_vec())).await
}

async fn becomes_clean(bench: &Bench, id: &str) {
    bench.work().await;
    assert_eq!(bench.document(id).await["state"], "clean");
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn pieces_that_are_what_they_promise_are_kept() {
    let bench = Bench::start().await;
    let file = photo(50);
    let id = bench.announced(&file).await;
    let mut offset = 0;
    for (piece, of) in file.chunks(150_000).zip([sha1_of, sha256_of].into_iter().cycle()) {
        let got = patch(&bench, &id, offset, &of(piece), piece).await;
        offset += piece.len();
        assert_eq!((got.status, got.offset()), (204, offset as u64), "{}", got.body);
    }
    becomes_clean(&bench, &id).await;
}

#[actix_web::test]
async fn a_piece_that_is_not_is_discarded_whole() {
    let bench = Bench::start().await;
    let file = photo(51);
    let id = bench.announced(&file).await;
    assert_eq!(patch(&bench, &id, 0, &sha1_of(&file[..10_000]), &file[..10_000]).await.status, 204);
    for (of, rest) in [(sha1_of as fn(&[u8]) -> String, &file[10_000..]), (sha256_of, &file[10_000..20_000])] {
        let got = patch(&bench, &id, 10_000, &of(b"something else"), rest).await;
        got.refused(460, "upload_checksum_mismatch");
        assert_eq!(got.offset(), 10_000);
        assert_eq!(std::fs::metadata(bench.spooled(&id)).unwrap().len(), 10_000, "not only hidden: gone");
        assert_eq!(bench.head(&id).await.offset(), 10_000);
    }
    assert_eq!(patch(&bench, &id, 10_000, &sha1_of(&file[10_000..]), &file[10_000..]).await.status, 204);
    becomes_clean(&bench, &id).await;
}

#[actix_web::test]
async fn a_checksum_that_is_none_of_ours_is_refused_before_anything_is_taken() {
    let bench = Bench::start().await;
    let file = photo(52);
    let id = bench.announced(&file).await;
    for (checksum, reason) in [
        ("md5 XrY7u+Ae7tCTyyK7j1rNww==", "unknown_algorithm"),
        ("sha1", "unknown_algorithm"),
        ("sha256 AAAA", "missing_or_wrong"),
    ] {
        let got = patch(&bench, &id, 0, checksum, &file).await;
        got.refused(400, "malformed_request");
        assert_eq!(got.body["errors"][0]["pointer"], "header:Upload-Checksum");
        assert_eq!(got.body["errors"][0]["reason"], reason);
        assert_eq!(got.header("tus-checksum-algorithm"), "sha1,sha256");
        let create = bench.create(&photo(53)).header("content-type", STREAM).header("upload-checksum", checksum);
        bench.send(create.body("x")).await.refused(400, "malformed_request");
    }
    assert_eq!(bench.head(&id).await.offset(), 0);
    assert_eq!(bench.count("select count(*) from document").await, 1, "the one that was announced");
    bench.stop().await;
}

#[actix_web::test]
async fn a_cut_piece_with_a_checksum_is_discarded_whole() {
    let bench = Bench::start().await;
    let file = photo(54);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..5_000]).await.status, 204);
    let line = format!("Upload-Checksum: {}\r\n", sha1_of(&file[5_000..]));
    let stream = begin_with(&bench, &id, 5_000, file.len() - 5_000, &line, &file[5_000..200_000]).await;
    spooled_beyond(&bench, &id, 100_000).await;
    drop(stream);
    assert_eq!(released_at(&bench, &id).await, 5_000);
    assert_eq!(std::fs::metadata(bench.spooled(&id)).unwrap().len(), 5_000);
    assert_eq!(patch(&bench, &id, 5_000, &sha256_of(&file[5_000..]), &file[5_000..]).await.status, 204);
    becomes_clean(&bench, &id).await;
}

#[actix_web::test]
async fn a_newcomer_takes_over_in_the_midst_of_a_piece_with_a_checksum() {
    let bench = Bench::start().await;
    let file = photo(55);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..5_000]).await.status, 204);
    let line = format!("Upload-Checksum: {}\r\n", sha256_of(&file[5_000..]));
    let hanging = begin_with(&bench, &id, 5_000, file.len() - 5_000, &line, &file[5_000..150_000]).await;
    spooled_beyond(&bench, &id, 60_000).await;
    settled_at(&bench, &id, 5_000).await;
    assert!(status_line(hanging).await.contains("423"));
    assert_eq!(patch(&bench, &id, 5_000, &sha1_of(&file[5_000..]), &file[5_000..]).await.status, 204);
    becomes_clean(&bench, &id).await;
}

#[actix_web::test]
async fn a_process_that_dies_in_the_midst_leaves_nothing_of_the_piece() {
    let bench = Bench::start().await;
    let file = photo(56);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..5_000]).await.status, 204);
    let line = format!("Upload-Checksum: {}\r\n", sha1_of(&file[5_000..]));
    let hanging = begin_with(&bench, &id, 5_000, file.len() - 5_000, &line, &file[5_000..250_000]).await;
    spooled_beyond(&bench, &id, 100_000).await;
    // What a killed process leaves: unverified bytes on the disk, and its lease.
    let left = std::fs::read(bench.spooled(&id)).unwrap();
    assert_eq!(bench.count("select durable_offset from upload").await, 5_000);
    drop(hanging);
    let bench = bench.restart().await;
    std::fs::write(bench.spooled(&id), left).unwrap();
    let holder = vec![uuid::Uuid::from_u128(7).into()];
    bench.sql("update upload set lease_holder = $1, lease_until_ms = 9000000000000", holder).await;
    huzhu::documents::release_uploads(&bench.app).await.unwrap();
    assert_eq!(bench.head(&id).await.offset(), 5_000);
    assert_eq!(patch(&bench, &id, 5_000, &sha1_of(&file[5_000..]), &file[5_000..]).await.status, 204);
    becomes_clean(&bench, &id).await;
}

#[actix_web::test]
async fn the_first_bytes_may_come_with_a_checksum_too() {
    let bench = Bench::start().await;
    let (good, bad) = (photo(57), photo(58));
    let create = |file: &[u8], checksum: String| {
        bench.create(file).header("content-type", STREAM).header("upload-checksum", checksum)
    };
    let got = bench.send(create(&good, sha1_of(&good[..9_000])).body(good[..9_000].to_vec())).await;
    assert_eq!((got.status, got.offset()), (201, 9_000), "{}", got.body);
    let got = bench.send(create(&bad, sha256_of(b"something else")).body(bad[..9_000].to_vec())).await;
    got.refused(460, "upload_checksum_mismatch");
    assert_eq!(got.offset(), 0);
    // The upload is there all the same, and its address was told.
    let id = got.header("location").rsplit('/').next().unwrap().to_owned();
    assert_eq!(bench.patch(&id, 0, &bad).await.status, 204);
    becomes_clean(&bench, &id).await;
}
