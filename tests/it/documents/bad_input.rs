//! Everything that must not get in, each with its clear answer.

use reqwest::Method;
use serde_json::json;

use super::bench::{Bench, STREAM, intent, photo, sha256};

async fn rejected(bench: &Bench, file: &[u8], code: &str) {
    let document = bench.sent(file).await;
    assert_eq!((&document["state"], &document["reason"]["code"]), (&"rejected".into(), &code.into()), "{document}");
    assert!(document["reason"]["text"]["zh"].as_str().unwrap().contains('。'), "{document}");
    assert!(document["renditions"].as_array().unwrap().is_empty());
    let id = document["id"].as_str().unwrap();
    bench.get(&format!("/v1/documents/{id}/content")).await.refused(409, "document_not_ready");
}

#[actix_web::test]
async fn what_is_no_good_picture_is_rejected_with_what_to_do() {
    let bench = Bench::start().await;
    let bomb = {
        let header = [&65_000_u32.to_be_bytes()[..], &65_000_u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        let chunk = |kind: &[u8], data: &[u8]| {
            [&u32::try_from(data.len()).unwrap().to_be_bytes()[..], kind, data, &[0; 4]].concat()
        };
        [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", b"x"), chunk(b"IEND", b"")].concat()
    };
    let good = photo(20);
    rejected(&bench, b"this is a letter, not a picture", "not_a_picture").await;
    rejected(&bench, b"\xff\xd8\xffPK\x03\x04 an archive that says it is a photo", "picture_damaged").await;
    rejected(&bench, &good[..good.len() / 2], "picture_damaged").await;
    rejected(&bench, b"%PDF-1.7 a bill", "picture_damaged").await;
    rejected(&bench, b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "picture_damaged").await;
    rejected(&bench, &bomb, "picture_too_large").await;
    assert_eq!(bench.spool_files(), 0);
    bench.assert_sound().await;
    bench.stop().await;
}

#[actix_web::test]
async fn a_file_that_is_not_the_one_announced_is_rejected() {
    let bench = Bench::start().await;
    let file = photo(21);
    let mut intent = intent(&file);
    intent["sha256"] = json!(sha256(b"another"));
    let announced = bench.announce_as(&bench.token(), bench.member.claim_id, &intent).await;
    let id = announced.body["id"].as_str().unwrap();
    assert_eq!(bench.patch(id, 0, &file).await.status, 204);
    let document = bench.document(id).await;
    assert_eq!((&document["state"], &document["reason"]["code"]), (&"rejected".into(), &"checksum_mismatch".into()));
    assert_eq!(bench.count("select count(*) from job where kind = 'documents.inspect'").await, 0);
    bench.stop().await;
}

#[actix_web::test]
async fn offsets_sizes_types_and_versions_are_checked() {
    let bench = Bench::start().await;
    let file = photo(22);
    let id = bench.announced(&file).await;
    assert_eq!(bench.patch(&id, 0, &file[..1_000]).await.status, 204);
    for offset in [0, 999, 1_001] {
        let got = bench.patch(&id, offset, &file[1_000..1_010]).await;
        got.refused(409, "upload_offset_mismatch");
        assert_eq!(got.offset(), 1_000, "a client can go on without asking");
    }
    bench.patch(&id, 1_000, &[&file[1_000..], &b"x"[..]].concat()).await.refused(413, "upload_too_large");
    let typed =
        |kind: &'static str| bench.tus(Method::PATCH, &id).header("content-type", kind).header("upload-offset", 1_000);
    bench.send(typed("image/jpeg").body("x")).await.refused(415, "upload_media_type");
    bench
        .send(bench.tus(Method::PATCH, &id).header("content-type", STREAM).body("x"))
        .await
        .refused(400, "malformed_request");
    let bare = |version: Option<&'static str>| {
        let request = bench.request(Method::PATCH, &format!("/v1/uploads/{id}"), &bench.token());
        version.into_iter().fold(request, |request, version| request.header("tus-resumable", version))
    };
    for version in [None, Some("0.2.2")] {
        let got =
            bench.send(bare(version).header("content-type", STREAM).header("upload-offset", 1_000).body("x")).await;
        got.refused(412, "upload_version");
        assert_eq!(got.header("tus-version"), "1.0.0");
    }
    let head = bench.head(&id).await;
    assert_eq!(head.offset(), 1_000, "nothing of all that was kept");
    bench.stop().await;
}

#[actix_web::test]
async fn a_chunked_body_that_grows_too_long_is_refused() {
    let bench = Bench::start().await;
    let file = photo(23);
    let id = bench.announced(&file).await;
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = (0..40).map(|_| Ok(vec![7; 16_384])).collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let request = bench.tus(Method::PATCH, &id).header("content-type", STREAM).header("upload-offset", 0).body(body);
    // The answer may be lost when the server closes while the client still sends; what matters is that the file stays open.
    if let Ok(response) = request.send().await {
        assert_eq!(response.status().as_u16(), 413);
    }
    let head = bench.head(&id).await;
    assert!(head.offset() <= file.len() as u64);
    assert_eq!(bench.document(&id).await["state"], "receiving");
    bench.stop().await;
}

#[actix_web::test]
async fn twenty_one_mebibytes_nothing_and_nonsense_are_refused_at_once() {
    let bench = Bench::start().await;
    let with = |size: i64, sha256: &str| json!({ "kind": "bill", "size_bytes": size, "sha256": sha256 });
    let hash = "ab".repeat(32);
    let announce = async |body| bench.announce_as(&bench.token(), bench.member.claim_id, &body).await;
    announce(with(21 * 1024 * 1024, &hash)).await.refused(413, "upload_too_large");
    announce(with(0, &hash)).await.refused(422, "validation_failed");
    announce(with(-1, &hash)).await.refused(422, "validation_failed");
    announce(with(1, "abc")).await.refused(422, "validation_failed");
    announce(with(1, &"zz".repeat(32))).await.refused(422, "validation_failed");
    announce(json!({ "kind": "selfie", "size_bytes": 1, "sha256": hash })).await.refused(422, "validation_failed");
    announce(json!({ "kind": "bill", "size_bytes": 1, "sha256": hash, "name": "x" }))
        .await
        .refused(422, "validation_failed");
    let create = |length: &'static str, metadata: &'static str| {
        let request = bench.request(Method::POST, "/v1/uploads", &bench.token()).header("tus-resumable", "1.0.0");
        bench.send(request.header("upload-length", length).header("upload-metadata", metadata))
    };
    create("22020096", "kind YmlsbA==").await.refused(400, "malformed_request");
    create("-1", "kind YmlsbA==").await.refused(400, "malformed_request");
    create("1", "kind ###").await.refused(400, "malformed_request");
    let claim = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, bench.member.claim_id.to_string());
    let request = bench.request(Method::POST, "/v1/uploads", &bench.token()).header("tus-resumable", "1.0.0");
    let large = request
        .header("upload-length", 21 * 1024 * 1024)
        .header("upload-metadata", format!("claim_id {claim},kind YmlsbA=="));
    bench.send(large).await.refused(413, "upload_too_large");
    assert_eq!(bench.count("select count(*) from document").await, 0);
    bench.stop().await;
}

#[actix_web::test]
async fn a_stranger_finds_nothing() {
    let bench = Bench::start().await;
    let file = photo(24);
    let id = bench.announced(&file).await;
    bench.patch(&id, 0, &file[..1_000]).await;
    let stranger = format!("member:{}", bench.stranger.member_id);
    bench.announce_as(&stranger, bench.member.claim_id, &intent(&file)).await.refused(404, "not_found");
    let upload = format!("/v1/uploads/{id}");
    let tus = |method| bench.request(method, &upload, &stranger).header("tus-resumable", "1.0.0");
    assert_eq!(bench.send(tus(Method::HEAD)).await.status, 404);
    let patch = tus(Method::PATCH).header("content-type", STREAM).header("upload-offset", 1_000).body("x");
    bench.send(patch).await.refused(404, "not_found");
    bench.send(tus(Method::DELETE)).await.refused(404, "not_found");
    for path in [
        format!("/v1/documents/{id}"),
        format!("/v1/documents/{id}/content"),
        format!("/v1/claims/{}/documents", bench.member.claim_id),
    ] {
        bench.send(bench.request(Method::GET, &path, &stranger)).await.refused(404, "not_found");
    }
    let delete = bench.request(Method::DELETE, &format!("/v1/documents/{id}"), &stranger).header("if-match", "\"1\"");
    bench.send(delete).await.refused(404, "not_found");
    bench.send(bench.request(Method::HEAD, &upload, "nobody").header("tus-resumable", "1.0.0")).await;
    assert_eq!(bench.head(&id).await.offset(), 1_000);
    bench.stop().await;
}

#[actix_web::test]
async fn the_thirty_first_document_and_the_two_hundred_and_first_mebibyte_are_refused() {
    let bench = Bench::start().await;
    let announce = async |claim_id, number: u8, mib: u64| {
        let body = json!({ "kind": "other", "size_bytes": mib * 1024 * 1024, "sha256": hex::encode([number; 32]) });
        bench.announce_as(&bench.token(), claim_id, &body).await
    };
    // What is on its way is bounded for a sender, too: these come from somebody else, behind the service's back.
    let of_another = async || bench.sql("update document set uploaded_by = claim_id", vec![]).await;
    for number in 0..30 {
        assert_eq!(announce(bench.member.claim_id, number, 1).await.status, 201);
        of_another().await;
    }
    announce(bench.member.claim_id, 30, 1).await.refused(422, "too_many_documents");
    let second = bench.add_claim(bench.member.member_id).await;
    for number in 0..10 {
        assert_eq!(announce(second, number, 20).await.status, 201);
        of_another().await;
    }
    announce(second, 10, 1).await.refused(422, "too_many_documents");
    bench.stop().await;
}

#[actix_web::test]
async fn ten_thousand_documents_end_at_the_two_hundredth() {
    let bench = Bench::start().await;
    let mut taken = 0;
    for number in 0..220_u64 {
        let sha256 = hex::encode([number.to_be_bytes(); 4].concat());
        let body = json!({ "kind": "other", "size_bytes": 1, "sha256": sha256 });
        let got = bench.announce_as(&bench.token(), bench.member.claim_id, &body).await;
        if got.status != 201 {
            got.refused(422, "too_many_documents");
            continue;
        }
        taken += 1;
        // Given up at once, so that neither the thirty of a claim nor those on their way stop the loop.
        let id = got.body["id"].as_str().unwrap().to_owned();
        assert_eq!(bench.send(bench.tus(Method::DELETE, &id)).await.status, 204);
    }
    assert_eq!(taken, 200);
    assert_eq!(bench.count("select count(*) from document").await, 200);
    bench.stop().await;
}

#[actix_web::test]
async fn a_claim_that_was_handed_in_takes_no_more() {
    let bench = Bench::start().await;
    let (late, kept) = (photo(25), photo(26));
    let id = bench.announced(&late).await;
    assert_eq!(bench.patch(&id, 0, &late[..1_000]).await.status, 204);
    let kept = bench.sent(&kept).await;
    bench.submit().await;
    bench.announce(&photo(27)).await.refused(409, "claim_takes_no_documents");
    assert_eq!(bench.patch(&id, 1_000, &late[1_000..]).await.status, 204);
    let document = bench.document(&id).await;
    assert_eq!(
        (&document["state"], &document["reason"]["code"]),
        (&"rejected".into(), &"claim_takes_no_documents".into())
    );
    let path = format!("/v1/documents/{}", kept["id"].as_str().unwrap());
    let delete =
        bench.request(Method::DELETE, &path, &bench.token()).header("if-match", format!("\"{}\"", kept["version"]));
    bench.send(delete).await.refused(409, "claim_takes_no_documents");
    bench.stop().await;
}

#[actix_web::test]
async fn the_sixth_file_on_its_way_waits_for_one_of_the_five() {
    let bench = Bench::start().await;
    let second = bench.add_claim(bench.member.member_id).await;
    let files: Vec<Vec<u8>> = (40..46).map(photo).collect();
    let mut ids = Vec::new();
    for (file, claim_id) in files[..5].iter().zip([bench.member.claim_id, second].into_iter().cycle()) {
        let got = bench.announce_as(&bench.token(), claim_id, &intent(file)).await;
        assert_eq!(got.status, 201, "{}", got.body);
        ids.push(got.body["id"].as_str().unwrap().to_owned());
    }
    let sixth = async || bench.announce_as(&bench.token(), second, &intent(&files[5])).await;
    sixth().await.refused(409, "too_many_open_uploads");
    let again = bench.announce_as(&bench.token(), bench.member.claim_id, &intent(&files[0])).await;
    assert_eq!((again.status, again.body["id"].as_str()), (201, Some(ids[0].as_str())), "announced before, no new one");
    let other = format!("member:{}", bench.stranger.member_id);
    assert_eq!(bench.announce_as(&other, bench.stranger.claim_id, &intent(&files[5])).await.status, 201);
    assert_eq!(bench.patch(&ids[0], 0, &files[0]).await.status, 204);
    assert_eq!(sixth().await.status, 201, "one is finished");
    bench.stop().await;
}

#[actix_web::test]
async fn announcements_at_once_do_not_pass_the_five_together() {
    let bench = Bench::start().await;
    let mut claims = vec![bench.member.claim_id];
    for _ in 0..7 {
        claims.push(bench.add_claim(bench.member.member_id).await);
    }
    let (token, body) = (bench.token(), intent(&photo(47)));
    let got = futures_util::future::join_all(claims.iter().map(|id| bench.announce_as(&token, *id, &body))).await;
    assert_eq!(got.iter().filter(|got| got.status == 201).count(), 5);
    bench.stop().await;
}

#[actix_web::test]
async fn five_hundred_mebibytes_are_a_days_room() {
    let bench = Bench::start().await;
    let large =
        |number: u8| json!({ "kind": "other", "size_bytes": 20 * 1024 * 1024, "sha256": hex::encode([number; 32]) });
    let mut number = 0;
    for _ in 0..5 {
        let claim_id = bench.add_claim(bench.member.member_id).await;
        for _ in 0..5 {
            let got = bench.announce_as(&bench.token(), claim_id, &large(number)).await;
            assert_eq!(got.status, 201, "{}", got.body);
            number += 1;
        }
        bench.sql("update document set state = 'expired'", vec![]).await;
    }
    let more = async || bench.announce_as(&bench.token(), bench.member.claim_id, &large(99)).await;
    bench.clock.advance_secs(60 * 60);
    let got = more().await;
    got.refused(429, "uploads_spent");
    assert_eq!(got.header("retry-after"), (23 * 60 * 60).to_string());
    bench.clock.advance_secs(23 * 60 * 60);
    assert_eq!(more().await.status, 201);
    bench.stop().await;
}
