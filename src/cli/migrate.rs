//! `huzhu migrate`: brings the tables to this version. `run` and `serve` do it too; many machines do it once, before.

use std::process::ExitCode;

use crate::config::Config;
use crate::db::Db;

pub(super) async fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    let db = Db::connect(config.database_url().reveal(), config.database.max_connections).await?;
    db.migrate().await?;
    say!("The tables are up to date.");
    db.close().await?;
    Ok(ExitCode::SUCCESS)
}
