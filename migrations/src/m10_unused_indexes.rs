//! Indexes that nothing looks into: duplicates are found by `claim_plan_once` and `claim_plan_serial_once`, and each submission paid for these.

use sea_orm_migration::prelude::*;

/// Fewer indexes.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, SQL).await
    }
}

const SQL: &str = r"
drop index claim_event
;;
drop index claim_serial
;;
";
