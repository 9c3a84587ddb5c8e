//! One running service, two members of two districts with a draft each, and staff; photographs made on the spot.

use std::io::Cursor;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use huzhu::app::{App, Seams};
use huzhu::config::Config;
use huzhu::documents::verify;
use huzhu::http::caller::Authenticator;
use huzhu::http::{Actor, Caller, Code, Problem, Role, StaffCaller, server};
use huzhu::kernel::chance::SystemChance;
use huzhu::kernel::clock::{ManualClock, Moment};
use huzhu::kernel::seal::Field;
use huzhu::kernel::secret::Secret;
use huzhu::{jobs, work};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::{Method, RequestBuilder};
use sea_orm::{ConnectionTrait, Statement, Value as SqlValue};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::support::database::Database;
use crate::support::{logs, private_directory};

pub const STREAM: &str = "application/offset+octet-stream";

/// A service of its own, gone when dropped.
pub struct Bench {
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub address: SocketAddr,
    pub member: Person,
    pub stranger: Person,
    pub organisation_path: String,
    client: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    pub directory: Arc<tempfile::TempDir>,
}

/// A member with a draft.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub member_id: Uuid,
    pub claim_id: Uuid,
}

/// What came back.
#[derive(Debug)]
pub struct Got {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub bytes: Vec<u8>,
    pub body: Value,
}

impl Got {
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{}", self.body);
    }

    #[track_caller]
    pub fn offset(&self) -> u64 {
        self.headers["upload-offset"].to_str().unwrap().parse().unwrap()
    }

    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }
}

/// Tokens of the tests: `member:<id>` or `staff:<id>:<organisation path>`.
struct Tokens;

#[async_trait::async_trait]
impl Authenticator for Tokens {
    async fn authenticate(&self, token: &str) -> Result<Caller, Problem> {
        let mut parts = token.splitn(3, ':');
        let (kind, id) = (parts.next(), parts.next().and_then(|id| id.parse::<Uuid>().ok()));
        let Some(id) = id else { return Err(Problem::new(Code::Unauthenticated)) };
        let (actor, permissions): (_, &[&'static str]) = if kind == Some("member") {
            (Actor::Member { member_id: id }, &["document:upload", "document:read"])
        } else {
            let staff = StaffCaller {
                staff_id: id,
                organisation_id: id,
                organisation_path: parts.next().unwrap_or_default().to_owned(),
                unit_id: None,
                roles: vec![Role::Reviewer],
            };
            (Actor::Staff(staff), &["review:document"])
        };
        Ok(Caller { actor, permissions: permissions.into(), session_id: id })
    }
}

impl Bench {
    pub async fn start() -> Self {
        Self::checking(|_| {}).await
    }

    /// The same with documents checked in another way.
    pub async fn checking(change: impl FnOnce(&mut huzhu::config::Documents)) -> Self {
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_772_420_400_000)));
        let directory = Arc::new(private_directory());
        let url = Secret::new(Database::create(directory.path()).await.url().to_owned());
        let mut bench = Self::over(directory, clock, Some(url), |config| change(&mut config.documents)).await;
        bench.seed().await;
        bench
    }

    /// Another process over the same database and data; with a spool of its own when one is given.
    pub async fn beside(&self, spool_dir: Option<PathBuf>) -> Self {
        let database = self.app.config.database.url.clone();
        let mut bench = Self::over(self.directory.clone(), self.clock.clone(), database, |config| {
            config.uploads.spool_dir = spool_dir;
        })
        .await;
        (bench.member, bench.stranger) = (self.member, self.stranger);
        bench.organisation_path.clone_from(&self.organisation_path);
        bench
    }

    /// Stops the service without a word to anybody and starts it again over the same data.
    pub async fn restart(self) -> Self {
        let (directory, clock, database) =
            (self.directory.clone(), self.clock.clone(), self.app.config.database.url.clone());
        let (member, stranger, path) = (self.member, self.stranger, self.organisation_path.clone());
        self.stop().await;
        drop(self);
        let mut bench = Self::over(directory, clock, database, |_| {}).await;
        (bench.member, bench.stranger, bench.organisation_path) = (member, stranger, path);
        bench
    }

    async fn over(
        directory: Arc<tempfile::TempDir>,
        clock: Arc<ManualClock>,
        database: Option<Secret<String>>,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        config.database.url = database;
        config.documents.checker = Some(env!("CARGO_BIN_EXE_huzhu").into());
        change(&mut config);
        config.http.workers = 2;
        config.limits.requests_per_minute = 100_000;
        let seams = Seams { clock: clock.clone(), chance: Arc::new(SystemChance) };
        let app = App::build(config, seams).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let running = server::serve(app.clone(), Arc::new(Tokens), listener).unwrap();
        let server = running.handle();
        actix_web::rt::spawn(running);
        let nobody = Person { member_id: Uuid::nil(), claim_id: Uuid::nil() };
        let client = crate::support::browser();
        Self {
            app,
            clock,
            address,
            member: nobody,
            stranger: nobody,
            organisation_path: String::new(),
            client,
            server,
            directory,
        }
    }

    async fn seed(&mut self) {
        let now = self.app.clock.now();
        let (city, district) = (self.app.ids.next(), self.app.ids.next());
        self.organisation_path = format!("/{city}/{district}/");
        for (id, parent, level, path) in [
            (city, None, "city", format!("/{city}/")),
            (district, Some(city), "district", self.organisation_path.clone()),
        ] {
            self.sql(
                "insert into organisation (id, parent_id, level, name, path, created_at_ms) values ($1, $2, $3, '工会', $4, $5)",
                vec![id.into(), parent.into(), level.into(), path.into(), now.into()],
            )
            .await;
        }
        let unit = self.app.ids.next();
        self.sql(
            "insert into unit (id, organisation_id, name, credit_code, created_at_ms) values ($1, $2, '第一中学', '9111', $3)",
            vec![unit.into(), district.into(), now.into()],
        )
        .await;
        self.member = self.add_person(unit, "13800138000", "11010519491231002X").await;
        self.stranger = self.add_person(unit, "13900139000", "11010519491231003X").await;
    }

    async fn add_person(&self, unit: Uuid, phone: &str, national_id: &str) -> Person {
        logs::mark(&["王芳", national_id, phone]);
        let (member_id, sealer) = (self.app.ids.next(), &self.app.sealer);
        self.sql(
            "insert into member (id, unit_id, name_sealed, national_id_sealed, national_id_lookup, phone_sealed, phone_lookup, created_at_ms) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
            vec![
                member_id.into(),
                unit.into(),
                sealer.seal(Field::Name, "王芳").unwrap().into(),
                sealer.seal(Field::NationalId, national_id).unwrap().into(),
                sealer.lookup(Field::NationalId, national_id).into(),
                sealer.seal(Field::Phone, phone).unwrap().into(),
                sealer.lookup(Field::Phone, phone).into(),
                self.app.clock.now().into(),
            ],
        )
        .await;
        Person { member_id, claim_id: self.add_claim(member_id).await }
    }

    pub async fn add_claim(&self, member_id: Uuid) -> Uuid {
        let (claim_id, now) = (self.app.ids.next(), self.app.clock.now());
        self.sql(
            "insert into claim (id, member_id, origin, state, declaration_sealed, organisation_path, created_at_ms, updated_at_ms) \
             values ($1, $2, 'member_app', 'draft', $3, $4, $5, $6)",
            vec![
                claim_id.into(),
                member_id.into(),
                vec![0_u8].into(),
                self.organisation_path.clone().into(),
                now.into(),
                now.into(),
            ],
        )
        .await;
        claim_id
    }

    /// Hands the member's claim in, behind the service's back.
    pub async fn submit(&self) {
        let sql = "update claim set state = 'checking', submitted_at_ms = $1, event_lookup = $2 where id = $3";
        self.sql(sql, vec![self.app.clock.now().into(), vec![1_u8].into(), self.member.claim_id.into()]).await;
    }

    pub async fn sql(&self, sql: &str, values: Vec<SqlValue>) {
        let connection = self.app.db.write();
        let statement =
            Statement::from_sql_and_values(connection.get_database_backend(), format!("/* test */ {sql}"), values);
        connection.execute_raw(statement).await.unwrap();
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let connection = self.app.db.write();
        let statement = Statement::from_string(connection.get_database_backend(), format!("/* test */ {sql}"));
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Where the bytes of an upload lie until its document is checked.
    pub fn spooled(&self, id: &str) -> PathBuf {
        self.directory.path().join("spool").join(id)
    }

    /// Files of uploads in the spool.
    pub fn spool_files(&self) -> usize {
        let names = std::fs::read_dir(self.directory.path().join("spool")).unwrap();
        names.filter(|entry| entry.as_ref().unwrap().file_name() != "spool-id").count()
    }

    /// Runs every job that is due; none may die.
    pub async fn work(&self) {
        jobs::drain(&self.app, &work::registry()).await.unwrap();
        assert_eq!(self.count("select count(*) from job where state = 'dead'").await, 0);
    }

    /// Nothing is missing and nothing was changed.
    pub async fn assert_sound(&self) {
        let findings = verify::check(&self.app).await.unwrap();
        assert!(findings.is_empty(), "{findings:?}");
    }

    pub fn request(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address)).bearer_auth(token)
    }

    pub async fn send(&self, request: RequestBuilder) -> Got {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        assert_ne!(status, 500, "{body}");
        Got { status, headers, bytes, body }
    }

    pub async fn get(&self, path: &str) -> Got {
        self.send(self.request(Method::GET, path, &self.token())).await
    }

    pub fn token(&self) -> String {
        format!("member:{}", self.member.member_id)
    }

    /// A reviewer of an organisation.
    pub fn reviewer(&self, path: &str) -> String {
        format!("staff:{}:{path}", Uuid::from_u128(42))
    }

    pub async fn announce_as(&self, token: &str, claim_id: Uuid, body: &Value) -> Got {
        let request = self.request(Method::POST, &format!("/v1/claims/{claim_id}/documents"), token);
        self.send(request.header("idempotency-key", self.app.ids.next().to_string()).json(body)).await
    }

    pub async fn announce(&self, file: &[u8]) -> Got {
        self.announce_as(&self.token(), self.member.claim_id, &intent(file)).await
    }

    /// Announces a file; answers its identifier.
    pub async fn announced(&self, file: &[u8]) -> String {
        let got = self.announce(file).await;
        assert_eq!(got.status, 201, "{}", got.body);
        got.body["id"].as_str().unwrap().to_owned()
    }

    pub fn tus(&self, method: Method, id: &str) -> RequestBuilder {
        self.request(method, &format!("/v1/uploads/{id}"), &self.token()).header("tus-resumable", "1.0.0")
    }

    pub async fn head(&self, id: &str) -> Got {
        self.send(self.tus(Method::HEAD, id)).await
    }

    /// A stock client's creation of an upload.
    pub fn create(&self, file: &[u8]) -> RequestBuilder {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let pairs = [
            ("claim_id", self.member.claim_id.to_string()),
            ("kind", "bill".to_owned()),
            ("filename", "张三的票据.jpg".to_owned()),
            ("sha256", sha256(file)),
        ];
        let metadata = pairs.map(|(name, value)| format!("{name} {}", BASE64_STANDARD.encode(value))).join(",");
        let request = self.request(Method::POST, "/v1/uploads", &self.token()).header("tus-resumable", "1.0.0");
        request.header("upload-length", file.len()).header("upload-metadata", metadata)
    }

    pub async fn patch(&self, id: &str, offset: u64, bytes: &[u8]) -> Got {
        let request = self.tus(Method::PATCH, id).header("content-type", STREAM);
        self.send(request.header("upload-offset", offset).body(bytes.to_vec())).await
    }

    /// Announces a file and sends it in one piece; answers the document's identifier. Nobody has checked it yet.
    pub async fn arrived(&self, file: &[u8]) -> String {
        let id = self.announced(file).await;
        assert_eq!(self.patch(&id, 0, file).await.status, 204);
        id
    }

    /// Announces a file, sends it in one piece, and runs its check; answers the document.
    pub async fn sent(&self, file: &[u8]) -> Value {
        let id = self.arrived(file).await;
        self.work().await;
        self.document(&id).await
    }

    pub async fn document(&self, id: &str) -> Value {
        let got = self.get(&format!("/v1/documents/{id}")).await;
        assert_eq!(got.status, 200, "{}", got.body);
        got.body
    }

    pub async fn stop(&self) {
        self.app.uploads.stop();
        self.server.stop(false).await;
        self.app.storage.close().await;
    }
}

pub fn intent(file: &[u8]) -> Value {
    json!({ "kind": "settlement_sheet", "size_bytes": file.len(), "sha256": sha256(file) })
}

pub fn sha256(file: &[u8]) -> String {
    hex::encode(Sha256::digest(file))
}

/// A photograph that no other number gives, of some hundred kilobytes.
pub fn photo(number: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(640, 480, |x, y| {
        let noise = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).wrapping_add(number);
        let [a, b, c, _] = noise.wrapping_mul(2_246_822_519).to_le_bytes();
        Rgb([a, b, c])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}
