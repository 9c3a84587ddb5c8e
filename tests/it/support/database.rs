//! A database for one test.

use std::path::Path;

use sea_orm::{ConnectionTrait, Database as SeaDatabase};

use super::logs;

/// A fresh database, and with it the log of what works on it; a PostgreSQL one is dropped with its server at the end of the run.
pub struct Database {
    url: String,
}

impl Database {
    #[expect(clippy::disallowed_methods, reason = "the variable is of the tests, not of the service")]
    pub async fn create(directory: &Path) -> Self {
        logs::keep();
        let Ok(server) = std::env::var("HUZHU_TEST_PG_URL") else {
            return Self { url: format!("sqlite://{}?mode=rwc", directory.join("test.sqlite").display()) };
        };
        let name =
            format!("t_{}", directory.file_name().unwrap().to_str().unwrap().trim_start_matches('.').to_lowercase());
        let admin = SeaDatabase::connect(&server).await.unwrap();
        admin.execute_unprepared(&format!("create database {name}_{}", std::process::id())).await.unwrap();
        admin.close().await.unwrap();
        let (head, _) = server.rsplit_once('/').unwrap();
        Self { url: format!("{head}/{name}_{}", std::process::id()) }
    }

    pub fn url(&self) -> &str {
        &self.url
    }
}
