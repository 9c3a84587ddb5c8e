//! Public keys and server metadata.

use super::bench::{Bench, Device};

#[actix_web::test]
async fn two_public_keys_are_published_and_one_of_them_signed_the_token() {
    let bench = Bench::start().await;
    let keys = bench.get("/.well-known/jwks.json").await;
    assert_eq!(keys.headers["cache-control"], "public, max-age=300");
    let listed = keys.body["keys"].as_array().unwrap();
    assert_eq!(listed.len(), 2);
    assert!(listed.iter().all(|key| key.get("d").is_none() && key["alg"] == "EdDSA"));
    let token = bench.sign_in(&Device::numbered(1)).await.text("access_token");
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    assert_eq!(listed[0]["kid"].as_str(), header.kid.as_deref(), "the first is the current one");
    bench.stop().await;
}

#[actix_web::test]
async fn the_metadata_names_the_issuer_that_assertions_must_name() {
    let bench = Bench::start().await;
    let metadata = bench.get("/.well-known/oauth-authorization-server").await.body;
    assert_eq!(metadata["issuer"], bench.app.identity.tokens.issuer());
    assert_eq!(metadata["token_endpoint"], format!("{}/v1/oauth/token", bench.app.identity.tokens.issuer()));
    bench.stop().await;
}
