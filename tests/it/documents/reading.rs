//! Who reads what, in whole and in part, and what is written down of it.

use reqwest::Method;

use super::bench::{Bench, photo};

#[actix_web::test]
async fn a_range_is_a_part_of_the_same_file() {
    let bench = Bench::start().await;
    let document = bench.sent(&photo(30)).await;
    let path = format!("/v1/documents/{}/content?rendition=master", document["id"].as_str().unwrap());
    let whole = bench.get(&path).await;
    assert_eq!((whole.status, whole.header("accept-ranges")), (200, "bytes"));
    assert!(whole.header("content-disposition").starts_with("inline; filename=\""));
    let size = whole.bytes.len();
    let ranged = |range: String| bench.send(bench.request(Method::GET, &path, &bench.token()).header("range", range));
    let part = ranged("bytes=100-199".to_owned()).await;
    assert_eq!((part.status, &part.bytes[..]), (206, &whole.bytes[100..200]));
    assert_eq!(part.header("content-range"), format!("bytes 100-199/{size}"));
    let tail = ranged("bytes=-10".to_owned()).await;
    assert_eq!((tail.status, &tail.bytes[..]), (206, &whole.bytes[size - 10..]));
    let behind = ranged(format!("bytes={size}-")).await;
    behind.refused(416, "range_not_satisfiable");
    assert_eq!(behind.header("content-range"), format!("bytes */{size}"));
    let changed =
        bench.request(Method::GET, &path, &bench.token()).header("range", "bytes=0-9").header("if-range", "\"x\"");
    assert_eq!(bench.send(changed).await.status, 200);
    bench.stop().await;
}

#[actix_web::test]
async fn staff_above_the_member_look_and_every_look_is_recorded() {
    let bench = Bench::start().await;
    let document = bench.sent(&photo(31)).await;
    let id = document["id"].as_str().unwrap();
    let looks = [
        (format!("/v1/documents/{id}/content"), "document.reading"),
        (format!("/v1/documents/{id}/content?rendition=thumbnail"), "document.thumbnail"),
        (format!("/v1/documents/{id}"), "document.show"),
        (format!("/v1/claims/{}/documents", bench.member.claim_id), "documents.list"),
    ];
    let first = bench.send(bench.request(Method::GET, &looks[0].0, &bench.reviewer(&bench.organisation_path))).await;
    first.refused(404, "not_found");
    bench.submit().await;
    let city = bench.organisation_path.split_inclusive('/').take(2).collect::<String>();
    for (path, what) in &looks {
        for organisation in [&bench.organisation_path, &city] {
            let got = bench.send(bench.request(Method::GET, path, &bench.reviewer(organisation))).await;
            assert_eq!(got.status, 200, "{path}");
        }
        let written = bench.count(&format!("select count(*) from access_record where what = '{what}'")).await;
        assert_eq!(written, 2, "{what}");
        let elsewhere = bench.reviewer("/0195a3c0-0000-7000-8000-000000000000/");
        bench.send(bench.request(Method::GET, path, &elsewhere)).await.refused(404, "not_found");
        assert_eq!(bench.get(path).await.status, 200);
    }
    assert_eq!(bench.count("select count(*) from access_record").await, 8, "a member's own look is nobody's business");
    let body = serde_json::json!({ "kind": "bill", "size_bytes": 1, "sha256": "ab".repeat(32) });
    bench.announce_as(&bench.reviewer(&city), bench.member.claim_id, &body).await.refused(403, "forbidden");
    bench.stop().await;
}

#[actix_web::test]
async fn what_the_staff_see_carries_who_looked_and_when() {
    let bench = Bench::start().await;
    let document = bench.sent(&photo(33)).await;
    let path = format!("/v1/documents/{}/content", document["id"].as_str().unwrap());
    bench.submit().await;
    let token = bench.reviewer(&bench.organisation_path);
    let read = async |path: &str, range: Option<String>| {
        let request = bench.request(Method::GET, path, &token);
        bench.send(range.into_iter().fold(request, |request, range| request.header("range", range))).await
    };
    let (own, seen) = (bench.get(&path).await, read(&path, None).await);
    assert_eq!((seen.status, seen.header("cache-control"), seen.header("accept-ranges")), (200, "no-store", "bytes"));
    assert_ne!(own.bytes, seen.bytes);
    let size =
        |bytes: &[u8]| image::load_from_memory(bytes).map(|picture| (picture.width(), picture.height())).unwrap();
    assert_eq!(size(&own.bytes), size(&seen.bytes));
    let half = seen.bytes.len() / 2;
    let parts =
        [read(&path, Some(format!("bytes=0-{}", half - 1))).await, read(&path, Some(format!("bytes={half}-"))).await];
    assert_eq!(parts.each_ref().map(|part| part.status), [206, 206]);
    assert_eq!(parts.map(|part| part.bytes).concat(), seen.bytes, "within a minute, parts fit together");
    bench.clock.advance_secs(60);
    let later = read(&path, None).await;
    assert_ne!((later.header("etag"), &later.bytes), (seen.header("etag"), &seen.bytes));
    read(&format!("{path}?rendition=master"), None).await.refused(403, "forbidden");
    assert_eq!(bench.get(&format!("{path}?rendition=master")).await.status, 200, "the member's own");
    bench.stop().await;
}

#[actix_web::test]
async fn a_document_taken_back_is_gone_with_its_files() {
    let bench = Bench::start().await;
    let document = bench.sent(&photo(32)).await;
    let path = format!("/v1/documents/{}", document["id"].as_str().unwrap());
    let objects = async || bench.app.storage.list("documents/", None).await.unwrap().len();
    assert_eq!(objects().await, 3);
    let delete = |tag: Option<&'static str>| {
        let request = bench.request(Method::DELETE, &path, &bench.token());
        bench.send(tag.into_iter().fold(request, |request, tag| request.header("if-match", tag)))
    };
    delete(None).await.refused(428, "if_match_missing");
    delete(Some("\"1\"")).await.refused(412, "stale_version");
    assert_eq!(document["version"], 4);
    assert_eq!(delete(Some("\"4\"")).await.status, 204);
    bench.work().await;
    assert_eq!(objects().await, 0);
    assert_eq!(bench.get(&path).await.body["state"], "withdrawn");
    bench.get(&format!("{path}/content")).await.refused(409, "document_not_ready");
    bench.assert_sound().await;
    bench.stop().await;
}
