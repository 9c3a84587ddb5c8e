//! The bank's program fetches tokens with a signed assertion.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use ed25519_dalek::{Signer, SigningKey};
use huzhu::http::Role;
use huzhu::identity::clients;
use serde_json::{Value, json};

use super::bench::{Bench, Got};

const CLIENT: &str = "card-bank";
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Bank {
    bench: Bench,
    key: SigningKey,
}

impl Bank {
    async fn start() -> Self {
        let (bench, key) = (Bench::start().await, SigningKey::from_bytes(&[7; 32]));
        let jwk =
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "bank-1", "x": B64.encode(key.verifying_key().to_bytes()) });
        let jwk = serde_json::from_value(jwk).unwrap();
        clients::register(bench.app.db.write(), &bench.app, CLIENT, "京卡银行", Role::CardBank, &jwk).await.unwrap();
        Self { bench, key }
    }

    fn claims(&self, jti: &str) -> Value {
        let now = self.bench.app.clock.now().as_secs();
        let issuer = self.bench.app.identity.tokens.issuer();
        json!({ "iss": CLIENT, "sub": CLIENT, "aud": issuer, "iat": now, "exp": now + 60, "jti": jti })
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "typ": "client-authentication+jwt", "kid": "bank-1" });
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", B64.encode(signature.to_bytes()))
    }

    async fn ask(&self, assertion: &str, more: &[(&str, &str)]) -> Got {
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        fields.extend_from_slice(more);
        self.bench.form(&fields).await
    }
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[actix_web::test]
async fn the_bank_gets_an_access_token_and_nothing_else() {
    let bank = Bank::start().await;
    let granted = bank.ask(&bank.sign(&bank.claims("a")), &[("client_id", CLIENT), ("scope", "card_bank")]).await;
    assert_eq!(granted.status, 200, "{}", granted.body);
    assert_eq!(granted.body["scope"], "card_bank");
    assert!(granted.body.get("refresh_token").is_none());
    assert_eq!(granted.headers["cache-control"], "no-store");
    assert_eq!(bank.bench.status_of(&granted.text("access_token")).await, 403, "a person's route");
    bank.bench.sql("update machine_client set state = 'disabled'", vec![]).await;
    assert_eq!(bank.bench.status_of(&granted.text("access_token")).await, 401, "disabled at once");
    bank.bench.stop().await;
}

#[actix_web::test]
async fn an_assertion_is_used_once_also_when_two_come_at_once() {
    let bank = Bank::start().await;
    let assertion = bank.sign(&bank.claims("once"));
    let answers = futures_util::future::join_all((0..5).map(|_| bank.ask(&assertion, &[]))).await;
    assert_eq!(answers.iter().filter(|got| got.status == 200).count(), 1);
    bank.ask(&assertion, &[]).await.oauth(401, "invalid_client");
    bank.bench.stop().await;
}

#[actix_web::test]
async fn an_assertion_for_another_audience_is_refused() {
    let bank = Bank::start().await;
    let issuer = bank.bench.app.identity.tokens.issuer().to_owned();
    for aud in [json!(format!("{issuer}/v1/oauth/token")), json!([issuer.clone()]), json!("https://other.example")] {
        let assertion = bank.sign(&with(bank.claims("aud"), "aud", aud));
        bank.ask(&assertion, &[]).await.oauth(401, "invalid_client");
    }
    assert_eq!(bank.ask(&bank.sign(&bank.claims("aud")), &[]).await.status, 200, "a refused jti is not used up");
    bank.bench.stop().await;
}

#[actix_web::test]
async fn a_stale_foreign_or_malformed_assertion_is_refused() {
    let bank = Bank::start().await;
    let now = bank.bench.app.clock.now().as_secs();
    let old = with(with(bank.claims("b"), "iat", json!(now - 120)), "exp", json!(now - 60));
    let long = with(bank.claims("c"), "exp", json!(now + 600));
    let nobody = with(with(bank.claims("d"), "iss", json!("nobody")), "sub", json!("nobody"));
    for claims in [&old, &long, &nobody] {
        bank.ask(&bank.sign(claims), &[]).await.oauth(401, "invalid_client");
    }
    let stranger = Bank { key: SigningKey::from_bytes(&[8; 32]), ..bank };
    stranger.ask(&stranger.sign(&stranger.claims("e")), &[]).await.oauth(401, "invalid_client");
    stranger.ask("not.a.jwt", &[]).await.oauth(401, "invalid_client");
    let bank = Bank { key: SigningKey::from_bytes(&[7; 32]), ..stranger };
    bank.ask(&bank.sign(&bank.claims("f")), &[("client_id", "other")]).await.oauth(401, "invalid_client");
    bank.ask(&bank.sign(&bank.claims("g")), &[("scope", "auditor")]).await.oauth(400, "invalid_scope");
    let secret = [("grant_type", "client_credentials"), ("client_id", CLIENT), ("client_secret", "x")];
    bank.bench.form(&secret).await.oauth(400, "invalid_request");
    bank.bench.stop().await;
}

#[actix_web::test]
async fn an_access_token_is_no_assertion() {
    let bank = Bank::start().await;
    let granted = bank.ask(&bank.sign(&bank.claims("h")), &[]).await;
    bank.ask(&granted.text("access_token"), &[]).await.oauth(401, "invalid_client");
    bank.bench.stop().await;
}

#[actix_web::test]
async fn what_can_not_be_a_clients_name_is_no_client_and_is_not_registered() {
    let bank = Bank::start().await;
    for name in ["card\0bank", "", "卡", &"x".repeat(101)] {
        let claims = with(with(bank.claims("n"), "sub", json!(name)), "iss", json!(name));
        bank.ask(&bank.sign(&claims), &[]).await.oauth(401, "invalid_client");
        let jwk =
            json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": B64.encode(bank.key.verifying_key().to_bytes()) });
        let jwk = serde_json::from_value(jwk).unwrap();
        let app = &bank.bench.app;
        let registered = clients::register(app.db.write(), app, name, "银行", Role::CardBank, &jwk).await;
        assert!(registered.unwrap_err().to_string().contains("visible ASCII"));
    }
    bank.bench.stop().await;
}

#[actix_web::test]
async fn a_retired_key_signs_no_more_and_a_disabled_client_is_out_at_once() {
    let bank = Bank::start().await;
    let app = &bank.bench.app;
    let second = SigningKey::from_bytes(&[9; 32]).verifying_key();
    let second = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "bank-2", "x": B64.encode(second.to_bytes()) });
    let (client, _) = clients::find(app.db.write(), CLIENT).await.unwrap().unwrap();
    clients::add_key(app.db.write(), app, &client, &serde_json::from_value(second).unwrap()).await.unwrap();
    let granted = bank.ask(&bank.sign(&bank.claims("before")), &[]).await;
    let token = granted.text("access_token");

    assert!(clients::retire_key(app.db.write(), app, &client, "bank-1").await.unwrap());
    assert!(!clients::retire_key(app.db.write(), app, &client, "bank-1").await.unwrap(), "once");
    assert!(!clients::retire_key(app.db.write(), app, &client, "bank-7").await.unwrap(), "no such key");
    bank.ask(&bank.sign(&bank.claims("after")), &[]).await.oauth(401, "invalid_client");
    let (_, keys) = clients::find(app.db.write(), CLIENT).await.unwrap().unwrap();
    assert_eq!(keys.iter().map(|key| key.kid.as_str()).collect::<Vec<_>>(), ["bank-2"]);

    assert_eq!(bank.bench.status_of(&token).await, 403, "alive, on a person's route");
    assert!(clients::disable(app.db.write(), CLIENT).await.unwrap());
    assert!(!clients::disable(app.db.write(), CLIENT).await.unwrap(), "once");
    assert_eq!(bank.bench.status_of(&token).await, 401, "at once");
    bank.bench.stop().await;
}
