//! Each upload knows in which spool its bytes lie, so that a process with another one never mistakes a file of its own for them.

use sea_orm_migration::prelude::*;

/// The spool of an upload.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, SQL).await
    }
}

const SQL: &str = r"
alter table upload add column spool_id {uuid}
;;
";
