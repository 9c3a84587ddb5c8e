//! Indexes for what is looked for every second, every hour or with every claim, so that its cost does not grow with what is kept.

use sea_orm_migration::prelude::*;

/// Indexes.
#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        crate::run_sql(manager, SQL).await
    }
}

const SQL: &str = r"
create index job_dead on job (id) where state = 'dead'
;;
create index supplement_claim on supplement (claim_id, asked_at_ms)
;;
create index refresh_token_session on refresh_token (session_id)
;;
create index sign_in_failure_age on sign_in_failure (last_try_at_ms)
;;
";
