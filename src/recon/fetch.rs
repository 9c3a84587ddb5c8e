//! The daily statement: fetched from the bank in the order of its numbers, and imported.

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::import::{Imported, import};
use super::rows::statement;
use super::{BreakKind, Seen, raise, statement as statement_file};
use crate::app::App;
use crate::http::Problem;
use crate::jobs::{JobContext, JobResult};
use crate::payouts::bank::{BankLink, Fetched};
use crate::payouts::job_error;

/// The job's name.
pub const KIND: &str = "recon.fetch_statements";

/// The job: takes every statement that is ready.
pub(super) async fn run(context: JobContext) -> JobResult {
    let app = &context.app;
    if let Some(link) = &app.bank {
        fetch_all(app, link).await.map_err(job_error)?;
    }
    Ok(())
}

/// Fetches and takes statements until there is no next one; answers how many were taken.
///
/// # Errors
/// Those of the database.
pub async fn fetch_all(app: &App, link: &BankLink) -> Result<usize, Problem> {
    let mut taken = 0;
    loop {
        let seq = next_seq(app.db.read(), &link.account).await?;
        match link.adapter.fetch_statement(&link.account, seq).await {
            Fetched::File(bytes) if seq == 1 && is_other(&bytes, seq) => {
                let what = "another statement came than the first";
                raise(app.db.write(), app, Seen::new(BreakKind::B08, &link.account, "first", what)).await?;
                return Ok(taken);
            }
            Fetched::File(bytes) => match import(app, link, &bytes).await? {
                Imported::Taken { .. } => taken += 1,
                // It is fetched again at the next look: a mended file then goes through.
                Imported::Duplicate | Imported::Quarantined { .. } => return Ok(taken),
            },
            Fetched::NotYet => return Ok(taken),
            Fetched::Unavailable { why } => {
                tracing::warn!(why, "recon.statement could not be fetched");
                return Ok(taken);
            }
        }
    }
}

/// With no statement before it, nothing but the number that was asked for says where the account begins.
fn is_other(bytes: &[u8], asked: i64) -> bool {
    statement_file::read(bytes, |_| Ok(())).is_ok_and(|file| file.seq != asked)
}

async fn next_seq(connection: &impl ConnectionTrait, account: &str) -> Result<i64, DbErr> {
    let last = statement::Entity::find()
        .filter(statement::Column::Account.eq(account))
        .order_by_desc(statement::Column::Seq)
        .one(connection)
        .await?;
    Ok(last.map_or(1, |last| last.seq + 1))
}
