//! What a start would make, looked at without making it: for the verbs that change nothing.

use migrations::Migrator;
use sea_orm::DbErr;
use sea_orm_migration::MigratorTrait;

use crate::config::{Config, StorageKind};
use crate::db::{Db, sealing_keys};
use crate::identity::keys::SigningKeys;
use crate::keys;

/// True when the database is a SQLite file that is not there: to connect would make it.
pub(super) fn file_is_missing(config: &Config) -> bool {
    let url = config.database_url();
    let Some(file) = url.reveal().strip_prefix("sqlite:") else { return false };
    let file = file.strip_prefix("//").unwrap_or(file);
    !std::path::Path::new(file.split('?').next().unwrap_or(file)).exists()
}

/// True when the embedded object store is used and its directory is not there.
pub(super) fn store_is_missing(config: &Config) -> bool {
    config.storage.kind == StorageKind::Embedded && !config.data_dir.join("objects").exists()
}

/// How many migrations the database lacks.
///
/// # Errors
/// Those of the database.
pub(super) async fn migrations_waiting(db: &Db) -> Result<usize, DbErr> {
    Ok(Migrator::get_pending_migrations_read_only(db.read()).await?.len())
}

/// Refuses an installation of which [`crate::app::App::build`] would have to make a part.
///
/// # Errors
/// Names the part, and how it comes to be.
pub(super) async fn ensure_complete(config: &Config) -> anyhow::Result<()> {
    let started = "`huzhu run` makes it at its first start; is this the service's own data_dir?";
    anyhow::ensure!(!file_is_missing(config), "the database file is missing: {started}");
    anyhow::ensure!(!store_is_missing(config), "{}/objects is missing: {started}", config.data_dir.display());
    let db = Db::connect(config.database_url().reveal(), 1)
        .await
        .map_err(|error| anyhow::anyhow!("the database can't be reached: {error}"))?;
    let waiting = migrations_waiting(&db).await?;
    anyhow::ensure!(
        waiting == 0,
        "the database is not of this version: {waiting} migrations wait; run `huzhu migrate`"
    );
    anyhow::ensure!(sealing_keys::are_there(db.read()).await?, "a sealing key is missing in the database: {started}");
    db.close().await?;
    keys::present_root_key(&config.data_dir)?;
    let signing = SigningKeys::are_there(&config.data_dir);
    anyhow::ensure!(signing, "a signing key is missing in {}/keys: {started}", config.data_dir.display());
    Ok(())
}
