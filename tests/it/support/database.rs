//! A database for one test: a copy of one that the first test of the run brought to this program's version.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use huzhu::db::Db;
use sea_orm::{ConnectionTrait, Database as SeaDatabase, DatabaseConnection};

use super::logs;

/// A fresh database, and with it the log of what works on it; a PostgreSQL one is dropped with its server at the end of the run.
pub struct Database {
    url: String,
}

impl Database {
    /// With all tables.
    pub async fn create(directory: &Path) -> Self {
        logs::keep();
        let Some(server) = postgres_server() else {
            let file = directory.join("test.sqlite");
            fs::copy(sqlite_template().await, &file).unwrap();
            return Self { url: sqlite_url(&file) };
        };
        let admin = SeaDatabase::connect(&server).await.unwrap();
        let template = postgres_template(&admin, &server).await;
        Self::of_postgres(admin, &server, directory, &format!(" template {template}")).await
    }

    /// With nothing in it.
    pub async fn empty(directory: &Path) -> Self {
        logs::keep();
        match postgres_server() {
            None => Self { url: sqlite_url(&directory.join("test.sqlite")) },
            Some(server) => {
                let admin = SeaDatabase::connect(&server).await.unwrap();
                Self::of_postgres(admin, &server, directory, "").await
            }
        }
    }

    async fn of_postgres(admin: DatabaseConnection, server: &str, directory: &Path, template: &str) -> Self {
        let test = directory.file_name().unwrap().to_str().unwrap().trim_start_matches('.').to_lowercase();
        let name = format!("t_{test}_{}", std::process::id());
        admin.execute_unprepared(&format!("create database {name}{template}")).await.unwrap();
        admin.close().await.unwrap();
        Self { url: postgres_url(server, &name) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}

#[expect(clippy::disallowed_methods, reason = "the variable is of the tests, not of the service")]
fn postgres_server() -> Option<String> {
    std::env::var("HUZHU_TEST_PG_URL").ok()
}

/// What tells this build of the tests from another: its tables may be others.
fn build() -> String {
    let built = fs::metadata(std::env::current_exe().unwrap()).unwrap();
    format!("{}_{}", built.mtime(), built.mtime_nsec())
}

fn sqlite_url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

fn postgres_url(server: &str, name: &str) -> String {
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// The file that tests copy. Processes that need it at once wait for the one that makes it.
async fn sqlite_template() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let template = directory.join(format!("template-{}.sqlite", build()));
    if template.exists() {
        return template;
    }
    let lock = File::create(directory.join("template.lock")).unwrap();
    lock.lock().unwrap();
    if !template.exists() {
        for old in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            if old.file_name().unwrap().to_str().unwrap().starts_with("template-") {
                fs::remove_file(old).unwrap();
            }
        }
        let unfinished = directory.join("template-unfinished.sqlite");
        migrate(&sqlite_url(&unfinished)).await;
        fs::rename(unfinished, &template).unwrap();
    }
    template
}

/// The database that tests copy.
async fn postgres_template(admin: &DatabaseConnection, server: &str) -> String {
    let name = format!("template_{}", build());
    let exists = async || {
        let known = format!("/* test */ select 1 from pg_database where datname = '{name}'");
        let asked = sea_orm::Statement::from_string(admin.get_database_backend(), known);
        admin.query_one_raw(asked).await.unwrap().is_some()
    };
    if !exists().await {
        let lock = File::create(Path::new(env!("CARGO_TARGET_TMPDIR")).join("template.lock")).unwrap();
        lock.lock().unwrap();
        if !exists().await {
            let unfinished = format!("unfinished_{}", std::process::id());
            admin.execute_unprepared(&format!("create database {unfinished}")).await.unwrap();
            migrate(&postgres_url(server, &unfinished)).await;
            admin.execute_unprepared(&format!("alter database {unfinished} rename to {name}")).await.unwrap();
        }
    }
    name
}

async fn migrate(url: &str) {
    let db = Db::connect(url, 2).await.unwrap();
    db.migrate().await.unwrap();
    db.close().await.unwrap();
}
