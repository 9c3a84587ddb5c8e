//! One running service with a clock that stands, a city of one unit, and devices that sign in.

use std::net::TcpListener;
use std::sync::Arc;

use huzhu::app::{App, Seams};
use huzhu::config::Config;
use huzhu::http::{Role, server};
use huzhu::identity::authenticate::BearerTokens;
use huzhu::identity::staff_accounts::{self, NewStaff};
use huzhu::identity::{sms, totp};
use huzhu::kernel::chance::SystemChance;
use huzhu::kernel::clock::{Clock, ManualClock, Moment};
use huzhu::kernel::seal::Field;
use huzhu::kernel::secret::Secret;
use reqwest::{Method, StatusCode};
use sea_orm::{ConnectionTrait, Statement, Value as SqlValue};
use serde_json::{Value, json};
use uuid::Uuid;

pub const PHONE: &str = "13800138000";
pub const PASSWORD: &str = "correct horse battery";

/// A service of its own, gone when dropped.
pub struct Bench {
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub organisation_id: Uuid,
    pub member_id: Uuid,
    base: String,
    client: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    _directory: tempfile::TempDir,
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
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_772_420_400_000)));
        let config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        let seams = Seams { clock: clock.clone(), chance: Arc::new(SystemChance) };
        let app = App::build(config, seams).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let running = server::serve(app.clone(), Arc::new(BearerTokens::new(app.clone())), listener).unwrap();
        let server = running.handle();
        actix_web::rt::spawn(running);
        let (organisation_id, unit_id) = (app.ids.next(), app.ids.next());
        let mut bench = Self {
            member_id: app.ids.next(),
            app,
            clock,
            organisation_id,
            base,
            client: reqwest::Client::builder().build().unwrap(),
            server,
            _directory: directory,
        };
        bench.seed(unit_id).await;
        bench
    }

    async fn seed(&mut self, unit_id: Uuid) {
        let path = format!("/{}/", self.organisation_id);
        let now = self.app.clock.now();
        self.sql(
            "insert into organisation (id, level, name, path, created_at_ms) values ($1, 'city', '市总工会', $2, $3)",
            vec![self.organisation_id.into(), path.into(), now.into()],
        )
        .await;
        self.sql(
            "insert into unit (id, organisation_id, name, credit_code, created_at_ms) values ($1, $2, '第一中学', '9111', $3)",
            vec![unit_id.into(), self.organisation_id.into(), now.into()],
        )
        .await;
        self.member_id = self.add_member(unit_id, PHONE, "11010519491231002X").await;
    }

    pub async fn add_member(&self, unit_id: Uuid, phone: &str, national_id: &str) -> Uuid {
        let (id, sealer) = (self.app.ids.next(), &self.app.sealer);
        self.sql(
            "insert into member (id, unit_id, name_sealed, national_id_sealed, national_id_lookup, phone_sealed, phone_lookup, created_at_ms) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            vec![
                id.into(),
                unit_id.into(),
                sealer.seal(Field::Name, "王芳").unwrap().into(),
                sealer.seal(Field::NationalId, national_id).unwrap().into(),
                sealer.lookup(Field::NationalId, national_id).into(),
                sealer.seal(Field::Phone, phone).unwrap().into(),
                sealer.lookup(Field::Phone, phone).into(),
                self.app.clock.now().into(),
            ],
        )
        .await;
        id
    }

    /// Makes a person of the staff with [`PASSWORD`]; answers the authenticator's secret.
    pub async fn add_staff(&self, login: &str, roles: &[Role]) -> Secret<String> {
        let txn = self.app.db.begin().await.unwrap();
        let new =
            NewStaff { login, display_name: "李娜", organisation_id: self.organisation_id, unit_id: None, roles };
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
        let connection = self.app.db.read();
        let statement = Statement::from_string(connection.get_database_backend(), sql);
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
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
        self.send(self.client.post(format!("{}{path}", self.base)).json(body)).await
    }

    pub async fn form(&self, fields: &[(&str, &str)]) -> Got {
        let encoded: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        let request = self.client.post(format!("{}/v1/oauth/token", self.base));
        self.send(request.header("content-type", "application/x-www-form-urlencoded").body(encoded.join("&"))).await
    }

    pub async fn signed(&self, method: Method, path: &str, token: &str) -> Got {
        self.send(self.client.request(method, format!("{}{path}", self.base)).bearer_auth(token)).await
    }

    pub async fn get(&self, path: &str) -> Got {
        self.send(self.client.get(format!("{}{path}", self.base))).await
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
        self.server.stop(true).await;
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
