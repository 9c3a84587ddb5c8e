//! Signing in: a member with the code from the phone, the staff with password and authenticator, the bank's program with its key.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use ed25519_dalek::{Signer, SigningKey};
use reqwest::Method;
use serde_json::{Value, json};

use super::Stage;
use super::api::{Ask, Got, pause};
use crate::identity::totp;

/// How long a code is waited for: a number has three a minute here.
const MOST_CODE_WAIT_SECS: i64 = 90;

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Person {
    token: String,
    again: Again,
}

/// How to sign in again when the token is over.
#[derive(Clone)]
enum Again {
    Member { phone: String, device: String },
    Staff { login: String },
    Bank,
}

/// Who of the staff is signed in, for all claims of this run: an authenticator's code is good only once.
#[derive(Default)]
pub(super) struct Office {
    tokens: HashMap<String, String>,
    used_steps: HashMap<String, i64>,
}

impl Person {
    /// Signs `phone` in on a new device; `None` when the number has had all its codes for now.
    pub(super) async fn member(stage: &Stage, phone: &str, device: &str) -> anyhow::Result<Option<Self>> {
        let token = member_token(stage, phone, device).await?;
        let again = Again::Member { phone: phone.to_owned(), device: device.to_owned() };
        Ok(token.map(|token| Self { token, again }))
    }

    /// The same, and waits while the number has had its codes of this minute.
    pub(super) async fn member_in_time(stage: &Stage, phone: &str, device: &str) -> anyhow::Result<Self> {
        let until = stage.seams.clock.now().plus_secs(MOST_CODE_WAIT_SECS);
        loop {
            if let Some(person) = Self::member(stage, phone, device).await? {
                return Ok(person);
            }
            anyhow::ensure!(
                stage.seams.clock.now() < until,
                "the phone {phone} gets no more codes for now: ask again in an hour, or start the demo on a fresh data directory"
            );
            pause(Duration::from_secs(5)).await;
        }
    }

    /// Signs in the person of the staff with `login`, or takes the session that is there.
    pub(super) async fn staff(stage: &Stage, login: &str) -> anyhow::Result<Self> {
        let mut office = stage.office.lock().await;
        let token = match office.tokens.get(login) {
            Some(token) => token.clone(),
            None => office.sign_in(stage, login).await?,
        };
        Ok(Self { token, again: Again::Staff { login: login.to_owned() } })
    }

    /// Signs in the bank's program.
    pub(super) async fn bank(stage: &Stage) -> anyhow::Result<Self> {
        Ok(Self { token: bank_token(stage).await?, again: Again::Bank })
    }

    /// Sends `ask` as this person; signs in again when the token is over.
    pub(super) async fn send(&mut self, stage: &Stage, ask: Ask) -> anyhow::Result<Got> {
        loop {
            let got = stage.api.send(&ask.clone().bearer(&self.token)).await?;
            match (got.status, got.retry_after_secs()) {
                (401, _) => break,
                (429, Some(secs)) => pause(Duration::from_secs(secs.max(1))).await,
                _ => return Ok(got),
            }
        }
        self.token = self.fresh_token(stage).await?;
        stage.api.send(&ask.bearer(&self.token)).await
    }

    /// The token, for a request that must be sent once.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Reads `url`.
    pub(super) async fn get(&mut self, stage: &Stage, url: &str) -> anyhow::Result<Got> {
        self.send(stage, Ask::new(Method::GET, url)).await?.expect_status(url, &[200])
    }

    /// Reads `url` some times a second until `ready` finds what it looks for.
    pub(super) async fn wait_for<T>(
        &mut self,
        stage: &Stage,
        url: &str,
        what: &str,
        mut ready: impl FnMut(&Got) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<T> {
        let began = stage.seams.clock.now();
        let limit_secs = stage.api.longest_wait_secs();
        loop {
            let got = self.get(stage, url).await?;
            if let Some(found) = ready(&got)? {
                return Ok(found);
            }
            let waited = stage.seams.clock.now().as_secs() - began.as_secs();
            anyhow::ensure!(
                waited < limit_secs,
                "{what}: not within {limit_secs} s; last seen: {}",
                got.maybe("/state")
            );
            pause(Duration::from_millis(200)).await;
        }
    }

    async fn fresh_token(&self, stage: &Stage) -> anyhow::Result<String> {
        match &self.again {
            Again::Staff { login } => {
                let mut office = stage.office.lock().await;
                match office.tokens.get(login) {
                    Some(token) if *token != self.token => Ok(token.clone()),
                    _ => office.sign_in(stage, login).await,
                }
            }
            Again::Bank => bank_token(stage).await,
            Again::Member { phone, device } => Ok(Self::member_in_time(stage, phone, device).await?.token),
        }
    }
}

async fn member_token(stage: &Stage, phone: &str, device: &str) -> anyhow::Result<Option<String>> {
    let asked = Ask::new(Method::POST, "/v1/sign-in/otp").json(&json!({"phone": phone, "device_id": device}));
    for _ in 0..3 {
        let got = stage.api.send(&asked).await?;
        if got.status == 429 {
            return Ok(None);
        }
        let got = got.expect_status("asking for a code", &[202])?;
        let outbox = Ask::new(Method::GET, format!("/v1/demo/sms-outbox?phone={phone}"));
        let read = stage.api.send(&outbox).await?.expect_status("reading the phone's messages", &[200])?;
        let code = six_digits(read.text("/items/0")?).ok_or_else(|| anyhow::anyhow!("the message holds no code"))?;
        let body = json!({
            "challenge_id": got.text("/challenge_id")?, "code": code, "device_id": device,
            "device_secret": secret(stage), "device_name": "演示手机",
        });
        let got = stage.api.send(&Ask::new(Method::POST, "/v1/sign-in/otp/verify").json(&body)).await?;
        // The answer to the first try was lost: the code is used, the next one will do.
        if got.status != 401 {
            return Ok(Some(got.expect_status("signing in", &[200])?.text("/access_token")?.to_owned()));
        }
    }
    Ok(None)
}

fn six_digits(message: &str) -> Option<String> {
    let runs = message.split(|letter: char| !letter.is_ascii_digit());
    runs.into_iter().find(|run| run.len() == 6).map(str::to_owned)
}

fn secret(stage: &Stage) -> String {
    B64.encode(stage.seams.chance.bytes::<32>())
}

impl Office {
    /// Signs in with a code that was not used before; the next one is waited for when it must be.
    async fn sign_in(&mut self, stage: &Stage, login: &str) -> anyhow::Result<String> {
        let person =
            stage.credentials.staff(login).ok_or_else(|| anyhow::anyhow!("there is no {login} in the city"))?;
        for _ in 0..4 {
            let step = self.unused_step(stage, login).await;
            self.used_steps.insert(login.to_owned(), step);
            let code = totp::code_at(&person.totp_secret, step).ok_or_else(|| anyhow::anyhow!("not a TOTP secret"))?;
            let body = json!({
                "login": login, "password": person.password, "totp_code": code,
                "device_id": format!("demo-{login}"), "device_secret": secret(stage),
            });
            let got = stage.api.send(&Ask::new(Method::POST, "/v1/sign-in/staff").json(&body)).await?;
            match got.status {
                200 => {
                    let token = got.text("/access_token")?.to_owned();
                    self.tokens.insert(login.to_owned(), token.clone());
                    return Ok(token);
                }
                // Another run used the code, or our own answer was lost.
                401 => {}
                429 => pause(Duration::from_secs(got.retry_after_secs().unwrap_or(5))).await,
                _ => anyhow::bail!("{login} can't sign in: {}", got.trouble()),
            }
        }
        anyhow::bail!("{login} can't sign in: the codes are refused")
    }

    /// This step of the authenticator, the next one when it was used, or the one after a wait.
    async fn unused_step(&self, stage: &Stage, login: &str) -> i64 {
        loop {
            let now = totp::step_of(stage.seams.clock.now());
            let used = self.used_steps.get(login).copied().unwrap_or(i64::MIN);
            if used < now {
                return now;
            }
            if used == now {
                return now + 1;
            }
            pause(Duration::from_secs(1)).await;
        }
    }
}

async fn bank_token(stage: &Stage) -> anyhow::Result<String> {
    let client = stage.credentials.clients.first().ok_or_else(|| anyhow::anyhow!("the city has no bank"))?;
    let server = Ask::new(Method::GET, "/.well-known/oauth-authorization-server");
    let server = stage.api.send(&server).await?.expect_status("reading who issues tokens", &[200])?;
    let issuer = server.text("/issuer")?.to_owned();
    let key = SigningKey::from_pkcs8_pem(&client.private_key_pem)?;
    for _ in 0..3 {
        let now = stage.seams.clock.now().as_secs();
        let claims = json!({
            "iss": client.client_id, "sub": client.client_id, "aud": issuer, "iat": now, "exp": now + 60, "jti": stage.ids.next(),
        });
        let header = json!({"alg": "EdDSA", "typ": "client-authentication+jwt", "kid": client.kid});
        let message = format!("{}.{}", B64.encode(header.to_string()), B64.encode(claims.to_string()));
        let assertion = format!("{message}.{}", B64.encode(key.sign(message.as_bytes()).to_bytes()));
        let mut ask =
            Ask::new(Method::POST, "/v1/oauth/token").header("content-type", "application/x-www-form-urlencoded");
        // The characters of both values need no escape but the colons.
        ask.body = format!(
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion={assertion}"
        )
        .into_bytes();
        let got = stage.api.send(&ask).await?;
        // An assertion is good once: after an answer that was lost, another one is signed.
        if got.status != 401 {
            return Ok(got.expect_status("the bank asks for a token", &[200])?.text("/access_token")?.to_owned());
        }
    }
    anyhow::bail!("the bank's program gets no token")
}

/// The items of a JSON list as text, for a line.
pub(super) fn both(value: &Value) -> String {
    let word = |key| value.get(key).and_then(Value::as_str).unwrap_or_default();
    format!("{} / {}", word("zh"), word("en"))
}
