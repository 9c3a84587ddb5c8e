//! The database: connections, transactions, and the few places where SQLite and PostgreSQL differ.

use std::sync::Arc;
use std::time::Duration;

use migrations::Migrator;
use sea_orm::sea_query::Expr;
use sea_orm::sqlx::{self, Connection, PgConnection};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    IsolationLevel, RuntimeErr, SqlErr, SqliteTransactionMode, TransactionOptions, TransactionTrait, Value,
};
use sea_orm_migration::MigratorTrait;

pub mod sealing_keys;
mod writes;

pub use writes::Writes;

/// Prepared statements that a connection keeps: more than the service has, so that none is parsed twice.
const STATEMENTS: usize = 512;
/// How PostgreSQL plans what is prepared: once, and by an index wherever one serves, as each of our conditions has one whatever the value
/// (tests/tools/scans.py). A plan that was made while a table was empty would read all of it, and be kept while it grows. What no index serves
/// then looks so dear that it would be compiled first.
const PLANS: [(&str, &str); 3] = [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("jit", "off")];

/// A connection to the database: one pool that reads, and one that writes.
///
/// On SQLite the writing pool has one connection, so that writers queue in the process instead of failing in the file.
#[derive(Clone, Debug)]
pub struct Db {
    read: DatabaseConnection,
    write: DatabaseConnection,
}

impl Db {
    /// Connects to `url` with at most `max_connections` connections.
    ///
    /// # Errors
    /// When the database can't be reached.
    pub async fn connect(url: &str, max_connections: u32) -> Result<Self, DbErr> {
        if url.starts_with("sqlite:") {
            let write = told(Database::connect(sqlite_options(url, 1)).await?);
            let read = told(Database::connect(sqlite_options(url, max_connections.min(4))).await?);
            Ok(Self { read, write })
        } else {
            let mut options = ConnectOptions::new(url);
            options
                .max_connections(max_connections)
                .min_connections(2)
                .acquire_timeout(Duration::from_secs(10))
                .sqlx_logging(false)
                .test_before_acquire(false)
                .map_sqlx_postgres_opts(|postgres| postgres.statement_cache_capacity(STATEMENTS).options(PLANS));
            match Database::connect(options).await {
                Ok(pool) => {
                    let pool = told(pool);
                    Ok(Self { read: pool.clone(), write: pool })
                }
                Err(error) => Err(cause(url).await.unwrap_or(error)),
            }
        }
    }

    /// One pool of connections to SQLite that reads and writes, for whoever owns the database otherwise.
    pub(crate) fn of_sqlite(pool: sqlx::SqlitePool) -> Self {
        let pool = sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
        Self { read: pool.clone(), write: pool }
    }

    /// Brings the tables to this program's version.
    ///
    /// # Errors
    /// When a migration fails.
    pub async fn migrate(&self) -> Result<(), DbErr> {
        Migrator::up(&self.write, None).await
    }

    /// For statements that only read.
    #[must_use]
    pub const fn read(&self) -> &DatabaseConnection {
        &self.read
    }

    /// For one statement that writes by itself.
    #[must_use]
    pub const fn write(&self) -> &DatabaseConnection {
        &self.write
    }

    /// Begins a transaction that writes.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = TransactionOptions {
            sqlite_transaction_mode: self.is_sqlite().then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        begin_whole(&self.write, options).await
    }

    /// Begins a transaction that only reads and sees everything as of one moment, whatever others write meanwhile. It is for proof, which
    /// reads whole tables: how, the database is free to choose.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn snapshot(&self) -> Result<DatabaseTransaction, DbErr> {
        let postgres = !self.is_sqlite();
        let options = TransactionOptions {
            isolation_level: postgres.then_some(IsolationLevel::RepeatableRead),
            access_mode: postgres.then_some(AccessMode::ReadOnly),
            // A file in WAL mode shows a deferred transaction what it saw at its first read.
            sqlite_transaction_mode: (!postgres).then_some(SqliteTransactionMode::Deferred),
        };
        let snapshot = begin_whole(&self.read, options).await?;
        if postgres {
            snapshot.execute_unprepared("set local enable_seqscan = on").await?;
        }
        Ok(snapshot)
    }

    /// True on SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.write.get_database_backend() == DbBackend::Sqlite
    }

    /// What follows a `SELECT … LIMIT 1` inside an `UPDATE`, so that two workers do not wait for one row.
    #[must_use]
    pub fn skip_locked(&self) -> &'static str {
        if self.is_sqlite() { "" } else { " for update skip locked" }
    }

    /// Closes all connections.
    ///
    /// # Errors
    /// When a connection does not close.
    pub async fn close(self) -> Result<(), DbErr> {
        self.read.close().await?;
        self.write.close().await
    }
}

/// Begins a transaction to the end, whoever waits for it. sqlx 0.9 counts a transaction of PostgreSQL only once the server has answered: of a
/// request that ends just then, as one does whose client is gone, the connection would go back to the pool inside a transaction, and what
/// others write through it would not be committed. One that is begun whole is rolled back when nobody takes it.
async fn begin_whole(pool: &DatabaseConnection, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
    if pool.get_database_backend() == DbBackend::Sqlite {
        return pool.begin_with_options(options).await;
    }
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin_with_options(options).await });
    begun.await.map_err(|error| DbErr::Custom(format!("a transaction was not begun: {error}")))?
}

/// Has the log told of each statement at level trace, without its values: tests/tools/scans.py reads which of them no index serves.
fn told(mut connection: DatabaseConnection) -> DatabaseConnection {
    connection.set_metric_callback(|ran| {
        let micros = ran.elapsed.as_micros();
        tracing::trace!(target: "huzhu::db::statement", micros, "{}", ran.statement.sql);
    });
    connection
}

/// Why nobody can connect to `url`: a pool only says that its time ran out, one plain connection says what is wrong.
async fn cause(url: &str) -> Option<DbErr> {
    let plain = tokio::time::timeout(Duration::from_secs(5), PgConnection::connect(url)).await.ok()?;
    plain.err().map(|error| DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))))
}

fn sqlite_options(url: &str, max_connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(max_connections)
        .min_connections(1)
        .acquire_timeout(Duration::from_secs(20))
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .foreign_keys(true)
                .busy_timeout(Duration::from_secs(10))
                .statement_cache_capacity(STATEMENTS)
                .pragma("journal_mode", "WAL")
                .pragma("synchronous", "FULL")
                .pragma("cache_size", "-8000")
        });
    options
}

/// `value` as it stands in the text of a statement, for a condition that a partial index repeats: of a bound value no planner can
/// know that it is the index's, so that the whole table would be read.
pub fn literal(value: impl Into<Value>) -> Expr {
    Expr::Constant(value.into())
}

/// True when `error` says that a unique constraint refused a row.
#[must_use]
pub fn is_unique_violation(error: &DbErr) -> bool {
    matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_)))
}

/// True when the same transaction may well succeed if it is tried again: a lock was held, two of them crossed, or the connection broke. In the
/// last case it may have been written all the same, which whoever sends it again under the same key is told.
#[must_use]
pub fn is_transient(error: &DbErr) -> bool {
    let inner = match error {
        DbErr::Conn(RuntimeErr::SqlxError(inner))
        | DbErr::Exec(RuntimeErr::SqlxError(inner))
        | DbErr::Query(RuntimeErr::SqlxError(inner)) => inner,
        _ => return matches!(error, DbErr::ConnectionAcquire(_)),
    };
    match inner.as_ref() {
        // At a stop, also a connection of a thread that has ended already.
        sqlx::Error::Io(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // SQLite: BUSY, LOCKED and their kin. PostgreSQL: serialization failure, deadlock, server going down.
        sqlx::Error::Database(refusal) => {
            refusal.code().is_some_and(|code| matches!(code.as_ref(), "5" | "6" | "517" | "40001" | "40P01" | "57P01"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_broke_is_no_failure_of_ours() {
        let ran_into = |error| DbErr::Exec(RuntimeErr::SqlxError(Arc::new(error)));
        assert!(is_transient(&ran_into(sqlx::Error::Io(std::io::Error::other("the thread has ended")))));
        assert!(is_transient(&ran_into(sqlx::Error::PoolClosed)));
        assert!(!is_transient(&ran_into(sqlx::Error::RowNotFound)));
        assert!(!is_transient(&DbErr::Custom("not ours".to_owned())));
    }
}
