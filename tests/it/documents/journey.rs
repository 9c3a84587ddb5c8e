//! A photograph's way, from the announcement to the copies.

use reqwest::Method;

use super::bench::{Bench, STREAM, intent, photo, sha256};

#[actix_web::test]
async fn a_photo_goes_up_in_pieces_is_checked_and_read() {
    let bench = Bench::start().await;
    let file = photo(1);
    let got = bench.announce(&file).await;
    let id = got.body["id"].as_str().unwrap();
    assert_eq!((got.status, got.header("location")), (201, format!("/v1/documents/{id}").as_str()));
    assert_eq!(got.body["upload_url"], format!("/v1/uploads/{id}"));
    assert_eq!(got.body["state"], "receiving");

    let head = bench.head(id).await;
    assert_eq!((head.status, head.offset()), (200, 0));
    assert_eq!(head.header("upload-length"), file.len().to_string());
    assert_eq!((head.header("cache-control"), head.header("tus-resumable")), ("no-store", "1.0.0"));
    assert_eq!(head.header("upload-expires"), "Tue, 03 Mar 2026 03:00:00 GMT");

    let mut offset = 0;
    for piece in file.chunks(50_000) {
        let got = bench.patch(id, offset, piece).await;
        offset += piece.len() as u64;
        assert_eq!((got.status, got.offset()), (204, offset), "{}", got.body);
        assert_eq!(bench.head(id).await.offset(), offset);
    }
    assert_eq!(bench.document(id).await["state"], "received");
    bench.assert_sound().await;
    bench.work().await;
    let document = bench.document(id).await;
    assert_eq!((&document["state"], &document["received_bytes"]), (&"clean".into(), &file.len().into()));
    assert_eq!(document["renditions"].as_array().unwrap().len(), 3);
    for rendition in document["renditions"].as_array().unwrap() {
        let name = rendition["rendition"].as_str().unwrap();
        let content = bench.get(&format!("/v1/documents/{id}/content?rendition={name}")).await;
        assert_eq!(content.status, 200);
        assert_eq!(sha256(&content.bytes), rendition["sha256"].as_str().unwrap(), "{name}");
        assert_eq!(content.header("content-length"), rendition["size_bytes"].to_string());
        assert_eq!(
            (content.header("cache-control"), content.header("x-content-type-options")),
            ("no-store", "nosniff")
        );
        let picture = image::load_from_memory(&content.bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), if name == "thumbnail" { (320, 240) } else { (640, 480) });
    }
    assert_eq!(bench.spool_files(), 0);
    assert_eq!(bench.head(id).await.offset(), file.len() as u64);
    assert_eq!(bench.patch(id, file.len() as u64, b"").await.status, 204);
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn a_stock_client_creates_with_or_without_its_first_bytes() {
    let bench = Bench::start().await;
    let file = photo(2);
    let whole = bench.send(bench.create(&file).header("content-type", STREAM).body(file.clone())).await;
    assert_eq!((whole.status, whole.offset()), (201, file.len() as u64), "{}", whole.body);
    let again = bench.send(bench.create(&file)).await;
    assert_eq!(
        (again.status, again.header("location")),
        (201, whole.header("location")),
        "the same file, the same upload"
    );

    let other = photo(3);
    let part = bench.send(bench.create(&other).header("content-type", STREAM).body(other[..40_000].to_vec())).await;
    assert_eq!((part.status, part.offset()), (201, 40_000));
    let id = part.header("location").rsplit('/').next().unwrap();
    assert_eq!(bench.patch(id, 40_000, &other[40_000..]).await.status, 204);

    let bare = photo(4);
    let bare_id = bench.send(bench.create(&bare)).await;
    let bare_id = bare_id.header("location").rsplit('/').next().unwrap().to_owned();
    assert_eq!(bench.patch(&bare_id, 0, &bare).await.status, 204);
    bench.work().await;
    let listed = bench.get(&format!("/v1/claims/{}/documents?limit=2", bench.member.claim_id)).await;
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 2);
    let cursor = listed.body["next_cursor"].as_str().unwrap();
    let rest = bench.get(&format!("/v1/claims/{}/documents?limit=2&cursor={cursor}", bench.member.claim_id)).await;
    let all = [&listed, &rest].map(|page| page.body["items"].as_array().unwrap().clone()).concat();
    assert_eq!(all.len(), 3);
    assert!(all.iter().all(|document| document["state"] == "clean" && document["kind"] == "bill"));
    bench.stop().await;
}

#[actix_web::test]
async fn what_the_server_speaks_is_told_to_anybody() {
    let bench = Bench::start().await;
    for path in ["/v1/uploads", "/v1/uploads/0195a3c0-0000-7000-8000-000000000000"] {
        let got = bench.send(bench.request(Method::OPTIONS, path, "")).await;
        assert_eq!((got.status, got.header("tus-version"), got.header("tus-max-size")), (204, "1.0.0", "20971520"));
        assert_eq!(got.header("tus-extension"), "creation,creation-with-upload,expiration,checksum,termination");
        assert_eq!(got.header("tus-checksum-algorithm"), "sha1,sha256");
    }
    bench.stop().await;
}

#[actix_web::test]
async fn a_request_sent_again_and_a_file_announced_again_give_the_same_document() {
    let bench = Bench::start().await;
    let file = photo(5);
    let path = format!("/v1/claims/{}/documents", bench.member.claim_id);
    let mut seen = Vec::new();
    for key in ["announce-1", "announce-1", "announce-2"] {
        let request = bench.request(Method::POST, &path, &bench.token()).header("idempotency-key", key);
        let got = bench.send(request.json(&intent(&file))).await;
        assert_eq!(got.status, 201, "{}", got.body);
        seen.push(got.body["id"].clone());
    }
    assert!(seen.iter().all(|id| *id == seen[0]));
    let request = bench.request(Method::POST, &path, &bench.token()).header("idempotency-key", "announce-1");
    bench.send(request.json(&intent(&photo(6)))).await.refused(422, "idempotency_key_reused");
    bench.stop().await;
}

#[actix_web::test]
async fn the_repositorys_own_photographs_pass() {
    let bench = Bench::start().await;
    for name in ["settlement-sheet.jpg", "e-bill.jpg", "id-card-specimen.jpg"] {
        let file = std::fs::read(format!("{}/samples/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let document = bench.sent(&file).await;
        assert_eq!(document["state"], "clean", "{name}: {document}");
    }
    bench.assert_sound().await;
    bench.stop().await;
}
