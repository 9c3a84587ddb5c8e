//! The test kit: a running service on a database of its own with a clock that stands, a small city, and people who ask.
//!
//! SQLite by default; PostgreSQL when `HUZHU_TEST_PG_URL` names a server where databases may be made.

mod asks;
pub mod certificates;
pub mod city;
pub mod contract;
pub mod database;
pub mod logs;
pub mod photo;
pub mod reader;
pub mod sftp_server;

use std::net::TcpListener;
use std::sync::Arc;

use huzhu::app::{App, Seams};
use huzhu::config::Config;
use huzhu::http::server;
use huzhu::identity::authenticate::BearerTokens;
use huzhu::kernel::chance::SystemChance;
use huzhu::kernel::clock::{ManualClock, Moment};
use huzhu::{jobs, work};

pub use asks::Got;
pub use city::{City, Person};

/// A directory that only we can open, as the service wants its data directory; gone when dropped.
pub fn private_directory() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o700)).tempdir().unwrap()
}

/// A client of the world outside.
#[expect(clippy::disallowed_methods, reason = "it asks the service and is no part of it")]
pub fn browser() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A service of its own, gone when dropped.
pub struct TestApp {
    pub app: Arc<App>,
    pub clock: Arc<ManualClock>,
    pub city: City,
    pub base: String,
    pub client: reqwest::Client,
    server: actix_web::dev::ServerHandle,
    _database: database::Database,
    _directory: tempfile::TempDir,
}

impl TestApp {
    /// A service with the small city, at 2026-03-16 09:00 in Shanghai, a Monday.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with a changed configuration.
    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let directory = private_directory();
        let database = database::Database::create(directory.path()).await;
        let clock = Arc::new(ManualClock::at(Moment::from_ms(1_773_622_800_000)));
        let mut config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        config.database.url = Some(huzhu::kernel::secret::Secret::new(database.url().to_owned()));
        config.database.max_connections = 6;
        config.documents.checker = Some(env!("CARGO_BIN_EXE_huzhu").into());
        config.http.workers = 1;
        config.limits.requests_per_minute = 100_000;
        change(&mut config);
        let seams = Seams { clock: clock.clone(), chance: Arc::new(SystemChance) };
        let app = App::build(config, seams).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let running = server::serve(app.clone(), Arc::new(BearerTokens::new(app.clone())), listener).unwrap();
        let server = running.handle();
        actix_web::rt::spawn(running);
        let city = City::found(&app).await;
        let client = browser();
        Self { app, clock, city, base, client, server, _database: database, _directory: directory }
    }

    /// Runs every job that is due.
    pub async fn run_jobs(&self) {
        jobs::drain(&self.app, &work::registry()).await.unwrap();
    }

    /// Ends the service; every job must be done or waiting for its time, none dead.
    pub async fn stop(self) {
        self.run_jobs().await;
        let dead = self.count("select count(*) from job where state = 'dead'").await;
        self.server.stop(true).await;
        assert_eq!(dead, 0, "dead jobs");
    }

    /// One number from the database.
    pub async fn count(&self, sql: &str) -> i64 {
        use sea_orm::{ConnectionTrait, Statement};
        let connection = self.app.db.read();
        // scans.py reads what the service asks, and leaves out what begins so.
        let statement = Statement::from_string(connection.get_database_backend(), format!("/* test */ {sql}"));
        connection.query_one_raw(statement).await.unwrap().unwrap().try_get_by_index(0).unwrap()
    }

    /// Runs one statement, to see what the database itself refuses.
    pub async fn execute(&self, sql: &str) -> Result<(), sea_orm::DbErr> {
        use sea_orm::ConnectionTrait;
        self.app.db.write().execute_unprepared(sql).await.map(drop)
    }
}
