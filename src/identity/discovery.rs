//! What clients learn by themselves: the public keys, and where and how tokens are fetched (RFC 8414).

use std::sync::Arc;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, get, web};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use utoipa::ToSchema;

use super::keys::SigningKeys;
use crate::app::App;
use crate::http::Answer;

/// Clients look again after five minutes.
const CACHED: (actix_web::http::header::HeaderName, &str) = (CACHE_CONTROL, "public, max-age=300");

/// A public key (RFC 7517, RFC 8037).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublicKey {
    /// Always `OKP`.
    #[schema(max_length = 3, example = "OKP")]
    kty: &'static str,
    /// Always `Ed25519`.
    #[schema(max_length = 7, example = "Ed25519")]
    crv: &'static str,
    /// Always `EdDSA`.
    #[schema(max_length = 5, example = "EdDSA")]
    alg: &'static str,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(max_length = 3, example = "sig")]
    usage: &'static str,
    /// The key's thumbprint (RFC 7638).
    #[schema(max_length = 43, example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    /// The key, base64url.
    #[schema(max_length = 43, example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

/// The public keys of this installation: the one that signs, the next one, and the last one while its tokens live.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PublicKeys {
    /// The keys.
    #[schema(max_items = 3)]
    keys: Vec<PublicKey>,
}

impl PublicKeys {
    /// The public half of `keys`.
    #[must_use]
    pub fn of(keys: &SigningKeys) -> Self {
        let public = |pair: &super::keys::SigningPair| PublicKey {
            kty: "OKP",
            crv: "Ed25519",
            alg: "EdDSA",
            usage: "sig",
            kid: pair.kid.clone(),
            x: URL_SAFE_NO_PAD.encode(pair.public_bytes()),
        };
        Self { keys: keys.all().map(public).collect() }
    }
}

/// Where and how tokens are fetched (RFC 8414).
#[derive(Clone, Debug, Serialize, ToSchema)]
struct ServerMetadata {
    /// The issuer identifier: the `iss` of access tokens and the only `aud` of client assertions.
    #[schema(max_length = 300, example = "https://huzhu.example")]
    issuer: String,
    /// Where tokens are fetched.
    #[schema(max_length = 300, example = "https://huzhu.example/v1/oauth/token")]
    token_endpoint: String,
    /// Where the public keys are.
    #[schema(max_length = 300, example = "https://huzhu.example/.well-known/jwks.json")]
    jwks_uri: String,
    /// None: there is no authorization endpoint.
    #[schema(max_items = 0)]
    response_types_supported: [&'static str; 0],
    /// How tokens are asked for.
    #[schema(max_items = 2)]
    grant_types_supported: [&'static str; 2],
    /// How machines prove who they are; people's devices prove it with their secret.
    #[schema(max_items = 2)]
    token_endpoint_auth_methods_supported: [&'static str; 2],
    /// With what they sign.
    #[schema(max_items = 2)]
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    /// What a token can say that its bearer is.
    #[schema(max_items = 8)]
    scopes_supported: Vec<&'static str>,
}

/// Public keys of access tokens
///
/// To check access tokens; look again after five minutes. 验证令牌用的公钥。
#[utoipa::path(
    tag = "public",
    operation_id = "get_public_keys",
    security(()),
    responses((status = 200, description = "The keys", body = PublicKeys))
)]
#[get("/.well-known/jwks.json")]
pub async fn get_public_keys(app: web::Data<Arc<App>>) -> Answer {
    Ok(HttpResponse::Ok().insert_header(CACHED).json(&app.identity.public_keys))
}

/// Where and how tokens are fetched
///
/// Authorization server metadata (RFC 8414). 授权服务的说明。
#[utoipa::path(
    tag = "public",
    operation_id = "get_authorization_server",
    security(()),
    responses((status = 200, description = "The metadata", body = ServerMetadata))
)]
#[get("/.well-known/oauth-authorization-server")]
pub async fn get_authorization_server(app: web::Data<Arc<App>>) -> Answer {
    let issuer = app.identity.tokens.issuer();
    Ok(HttpResponse::Ok().insert_header(CACHED).json(ServerMetadata {
        issuer: issuer.to_owned(),
        token_endpoint: format!("{issuer}/v1/oauth/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        response_types_supported: [],
        grant_types_supported: ["refresh_token", "client_credentials"],
        token_endpoint_auth_methods_supported: ["private_key_jwt", "none"],
        token_endpoint_auth_signing_alg_values_supported: ["EdDSA", "ES256"],
        scopes_supported: super::permissions::ROLES.map(super::permissions::word).to_vec(),
    }))
}
