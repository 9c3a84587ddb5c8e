//! What the tests of sign-in need beside the test kit: devices, codes, forms.

use std::sync::Arc;

use huzhu::app::App;
use huzhu::http::Role;
use huzhu::identity::staff_accounts::{self, NewStaff};
use huzhu::identity::{sms, totp};
use huzhu::kernel::clock::{Clock, ManualClock};
use huzhu::kernel::secret::Secret;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement, Value as SqlValue};
use serde_json::{Value, json};

use crate::support::TestApp;

/// The number of the city's member.
pub const PHONE: &str = "13800138000";
pub const PASSWORD: &str = "correct horse battery";

/// A service of its own, gone when dropped.
pub struct Bench {
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub service: TestApp,
}

/// What came back.
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Got {
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no {name} in {}", self.body)).to_owned()
    }

    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
    }

    #[track_caller]
    pub fn oauth(&self, status: u16, error: &str) {
        assert_eq!((self.status, self.body["error"].as_str()), (status, Some(error)), "{}", self.body);
        assert_eq!(self.headers["cache-control"], "no-store");
    }
}

/// A device with its identifier and secret.
#[derive(Clone, Debug)]
pub struct Device {
    pub id: String,
    pub secret: String,
}

impl Device {
    pub fn numbered(number: u8) -> Self {
        Self { id: format!("device-{number:04}"), secret: format!("{number:0>43}") }
    }
}

impl Bench {
    pub async fn start() -> Self {
        let service = TestApp::start().await;
        Self { app: service.app.clone(), clock: service.clock.clone(), service }
    }

    /// Makes a person of the staff with [`PASSWORD`]; answers the authenticator's secret.
    pub async fn add_staff(&self, login: &str, roles: &[Role]) -> Secret<String> {
        let txn = self.app.db.begin().await.unwrap();
        let new =
            NewStaff {
                login, display_name: "李娜", organisation_id: self.service.city.city_id, unit_id: None, roles
            };
        let id = staff_accounts::create(&txn, &self.app, &new).await.unwrap();
        let password = Secret::new(PASSWORD.to_owned());
        let secret = staff_accounts::set_credentials(&txn, &self.app, id, login, password).await.unwrap();
        txn.commit().await.unwrap();
        secret
    }

    pub async fn sql(&self, sql: &str, values: Vec<SqlValue>) {
        let connection = self.app.db.write();
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        connection.execute_raw(statement).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        self.service.count(sql).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Got {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{body}");
        Got { status: status.as_u16(), headers, body }
    }

    pub async fn post(&self, path: &str, body: &Value) -> Got {
        self.send(self.service.client.post(format!("{}{path}", self.service.base)).json(body)).await
    }

    pub async fn form(&self, fields: &[(&str, &str)]) -> Got {
        let encoded: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let request = self.service.client.post(format!("{}/v1/oauth/token", self.service.base));
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(encoded.join("&"))).await
    }

    pub async fn signed(&self, method: Method, path: &str, token: &str) -> Got {
        self.send(self.service.client.request(method, format!("{}{path}", self.service.base)).bearer_auth(token)).await
    }

    pub async fn get(&self, path: &str) -> Got {
        self.send(self.service.client.get(format!("{}{path}", self.service.base))).await
    }

    /// Whether the token opens a route that every person may use.
    pub async fn status_of(&self, token: &str) -> u16 {
        self.signed(Method::GET, "/v1/me/sessions", token).await.status
    }

    pub async fn ask(&self, phone: &str, device: &Device) -> Got {
        self.post("/v1/sign-in/otp", &json!({ "phone": phone, "device_id": device.id })).await
    }

    /// The code that the phone received last.
    pub async fn code(&self, phone: &str) -> String {
        let messages = sms::delivered_to(&self.app, phone, 1).await.unwrap();
        let digits: String = messages[0].reveal().chars().filter(char::is_ascii_digit).take(6).collect();
        assert_eq!(digits.len(), 6);
        digits
    }

    pub async fn verify(&self, challenge_id: &str, code: &str, device: &Device) -> Got {
        let body = json!({ "challenge_id": challenge_id, "code": code, "device_id": device.id, "device_secret": device.secret });
        self.post("/v1/sign-in/otp/verify", &body).await
    }

    /// Signs the member in on `device`.
    pub async fn sign_in(&self, device: &Device) -> Got {
        let asked = self.ask(PHONE, device).await;
        assert_eq!(asked.status, 202, "{}", asked.body);
        let granted = self.verify(&asked.text("challenge_id"), &self.code(PHONE).await, device).await;
        assert_eq!(granted.status, 200, "{}", granted.body);
        granted
    }

    pub async fn staff(&self, login: &str, password: &str, code: &str) -> Got {
        let device = Device::numbered(200);
        let body = json!({
            "login": login, "password": password, "totp_code": code, "device_id": device.id, "device_secret": device.secret
        });
        self.post("/v1/sign-in/staff", &body).await
    }

    pub fn totp(&self, secret: &Secret<String>) -> String {
        totp::code_at(secret.reveal(), totp::step_of(self.clock.now())).unwrap()
    }

    pub async fn refresh(&self, token: &str, device: &Device) -> Got {
        self.form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("device_id", &device.id),
            ("device_secret", &device.secret),
        ])
        .await
    }

    pub async fn stop(self) {
        self.service.stop().await;
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
