//! The tables of Huzhu.
//!
//! One text per migration serves both databases: [`run_sql`] replaces a few type tokens and runs the statements in turn.
//! What only one database can say stands beside it, in a line that begins with `-- sqlite:` or `-- postgres:`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// A migration that runs one text: the struct with its doc comment, then the text. It is named after its file.
macro_rules! sql_migration {
    ($(#[$doc:meta])* $sql:ident) => {
        $(#[$doc])*
        #[derive(sea_orm_migration::prelude::DeriveMigrationName)]
        pub struct Migration;

        #[async_trait::async_trait]
        impl sea_orm_migration::prelude::MigrationTrait for Migration {
            async fn up(
                &self,
                manager: &sea_orm_migration::prelude::SchemaManager,
            ) -> Result<(), sea_orm_migration::prelude::DbErr> {
                crate::run_sql(manager, $sql).await
            }
        }
    };
}
use sql_migration;

mod m01_kernel;
mod m02_people;
mod m03_plans;
mod m04_identity;
mod m05_claims;
mod m06_documents;
mod m07_money;
mod m08_indexes;
mod m09_payout_indexes;
mod m10_unused_indexes;
mod m11_spool;
mod m12_pages;
mod m13_codes;
mod m14_readings;
mod m15_matches;
mod m16_bill_checks;
mod m17_controls;
mod m18_bank_documents;
mod m19_bank_job;
mod m20_signed_documents;
mod m21_recoveries;
mod m22_bank_answers;
mod m23_unclaimed;
mod m24_heirs;
mod m25_answered_once;
mod m26_lanes;
mod m27_sets;
mod m28_found_at_bank;
mod m29_fetched_documents;
mod m30_suspense_ties;

/// All migrations, in the order in which they run.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m01_kernel::Migration),
            Box::new(m02_people::Migration),
            Box::new(m03_plans::Migration),
            Box::new(m04_identity::Migration),
            Box::new(m05_claims::Migration),
            Box::new(m06_documents::Migration),
            Box::new(m07_money::Migration),
            Box::new(m08_indexes::Migration),
            Box::new(m09_payout_indexes::Migration),
            Box::new(m10_unused_indexes::Migration),
            Box::new(m11_spool::Migration),
            Box::new(m12_pages::Migration),
            Box::new(m13_codes::Migration),
            Box::new(m14_readings::Migration),
            Box::new(m15_matches::Migration),
            Box::new(m16_bill_checks::Migration),
            Box::new(m17_controls::Migration),
            Box::new(m18_bank_documents::Migration),
            Box::new(m19_bank_job::Migration),
            Box::new(m20_signed_documents::Migration),
            Box::new(m21_recoveries::Migration),
            Box::new(m22_bank_answers::Migration),
            Box::new(m23_unclaimed::Migration),
            Box::new(m24_heirs::Migration),
            Box::new(m25_answered_once::Migration),
            Box::new(m26_lanes::Migration),
            Box::new(m27_sets::Migration),
            Box::new(m28_found_at_bank::Migration),
            Box::new(m29_fetched_documents::Migration),
            Box::new(m30_suspense_ties::Migration),
        ]
    }
}

/// Runs one migration text on the database at hand.
///
/// Tokens: `{uuid}` (uuid / blob), `{bytes}` (bytea / blob), `{json}` (jsonb / text), `{serial}` (a bigint primary key that counts up).
/// Statements end with a line that holds only `;;`, so that a trigger body may hold semicolons. A block between
/// `-- sqlite:` (or `-- postgres:`) and the closing `;;` runs on that database alone.
///
/// # Errors
/// Whatever the database says of the first statement that it refuses.
pub async fn run_sql(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
    let tokens: [(&str, &str); 4] = if sqlite {
        [("{uuid}", "blob"), ("{bytes}", "blob"), ("{json}", "text"), ("{serial}", "integer primary key autoincrement")]
    } else {
        [("{uuid}", "uuid"), ("{bytes}", "bytea"), ("{json}", "jsonb"), ("{serial}", "bigserial primary key")]
    };
    for statement in sql.split("\n;;") {
        let statement = statement.trim();
        let foreign = if sqlite { "-- postgres:" } else { "-- sqlite:" };
        if statement.is_empty() || statement.starts_with(foreign) {
            continue;
        }
        let mut text = statement.to_owned();
        for (token, kind) in tokens {
            text = text.replace(token, kind);
        }
        connection.execute_unprepared(&text).await?;
    }
    Ok(())
}

/// Refuses every change and every deletion of a row of `table`.
///
/// # Errors
/// Whatever the database says of the triggers.
pub(crate) async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    let sql = format!(
        "-- sqlite:
create trigger {table}_never_changes before update on {table} begin select raise(abort, '{table} is append-only'); end
;;
-- sqlite:
create trigger {table}_never_goes before delete on {table} begin select raise(abort, '{table} is append-only'); end
;;
-- postgres:
create function {table}_refuses() returns trigger language plpgsql as $$ begin raise exception '{table} is append-only'; end $$
;;
-- postgres:
create trigger {table}_never_changes before update or delete on {table} for each row execute function {table}_refuses()
;;
-- postgres:
create trigger {table}_never_goes before truncate on {table} for each statement execute function {table}_refuses()
;;
"
    );
    run_sql(manager, &sql).await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database remembers them by these names: a migration under another one would run again.
    #[test]
    fn migrations_are_named_after_their_files() {
        let names: Vec<String> = Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect();
        assert_eq!(
            names,
            [
                "m01_kernel",
                "m02_people",
                "m03_plans",
                "m04_identity",
                "m05_claims",
                "m06_documents",
                "m07_money",
                "m08_indexes",
                "m09_payout_indexes",
                "m10_unused_indexes",
                "m11_spool",
                "m12_pages",
                "m13_codes",
                "m14_readings",
                "m15_matches",
                "m16_bill_checks",
                "m17_controls",
                "m18_bank_documents",
                "m19_bank_job",
                "m20_signed_documents",
                "m21_recoveries",
                "m22_bank_answers",
                "m23_unclaimed",
                "m24_heirs",
                "m25_answered_once",
                "m26_lanes",
                "m27_sets",
                "m28_found_at_bank",
                "m29_fetched_documents",
                "m30_suspense_ties"
            ]
        );
    }
}
