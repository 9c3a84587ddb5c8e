//! The same receipt twice: a signal for reviewers, never told to a member.
//!
//! [`keep`] writes, in the transaction that makes a document clean, what tells its pages from others ([`print_index`]) and which bill its
//! codes name ([`bill_key`]); the job in [`compare`] then finds the clean documents with the same bytes, a page like one of its own
//! ([`alike`]), or the same bill. It runs after that transaction, so of two documents that become clean at once the later sees the other;
//! and what a member is shown neither waits for it nor changes by it. [`of_claim`] is what a reviewer is told, [`judge`] what they answer.

mod alike;
mod bill_key;
mod compare;
mod found;
mod judge;
mod print_index;
mod rows;
mod side_by_side;
mod told;
pub(super) mod verify;

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

pub(super) use compare::{COMPARE, compare};
pub use found::{ClaimMatch, in_doubt, of_claim, one_of_claim};
pub use judge::judge;
pub use rows::{How, Judgement};
pub use side_by_side::side_by_side;
pub use told::{Alike, alike};

use super::pictures::{Code, Print};
use super::rows::document;
use crate::app::App;
use crate::jobs;
use crate::reading::fields::Field;

/// Keeps what a document that becomes clean in this transaction is found by, and has it compared.
///
/// # Errors
/// Those of the database.
pub(super) async fn keep(
    txn: &impl ConnectionTrait,
    app: &App,
    document: &document::Model,
    prints: &[Print],
    codes: &[Code],
) -> anyhow::Result<()> {
    let prints = if document.kind.is_compared() { prints } else { &[] };
    print_index::keep(txn, document.id, prints).await?;
    document::Entity::update_many()
        .col_expr(document::Column::Prints, Expr::value(i32::try_from(prints.len())?))
        .filter(document::Column::Id.eq(document.id))
        .exec(txn)
        .await?;
    if document.kind.is_compared() {
        bill_key::keep_coded(txn, app, document.id, codes).await?;
    }
    jobs::enqueue(txn, app, compare::compare_job(document.id, "clean")).await?;
    Ok(())
}

/// Keeps which bills the print on a document names, and has it compared again when it names one. It is clean, and locked by the caller.
///
/// # Errors
/// Those of the database.
pub(super) async fn bills_were_read<'pages>(
    txn: &impl ConnectionTrait,
    app: &App,
    document: &document::Model,
    pages: impl Iterator<Item = (u8, &'pages [Field])>,
) -> Result<(), DbErr> {
    if !document.kind.is_compared() {
        return Ok(());
    }
    let document_id = document.id;
    let mut names_one = false;
    for (page, fields) in pages {
        names_one |= bill_key::keep_read(txn, app, document_id, page, fields).await?;
    }
    if names_one {
        document::Entity::update_many()
            .col_expr(document::Column::ComparedAtMs, Expr::value(None::<i64>))
            .filter(document::Column::Id.eq(document_id))
            .exec(txn)
            .await?;
        jobs::enqueue(txn, app, compare::compare_job(document_id, "read")).await?;
    }
    Ok(())
}

/// Forgets a document that is taken back: it is nobody's twin any more.
///
/// # Errors
/// Those of the database.
pub(super) async fn forget(txn: &impl ConnectionTrait, document_id: Uuid) -> anyhow::Result<()> {
    use rows::{bill, found};
    print_index::forget(txn, document_id).await?;
    bill::Entity::delete_many().filter(bill::Column::DocumentId.eq(document_id)).exec(txn).await?;
    let either = Condition::any()
        .add(found::Column::DocumentId.eq(document_id))
        .add(found::Column::OtherDocumentId.eq(document_id));
    found::Entity::delete_many().filter(either).exec(txn).await?;
    document::Entity::update_many()
        .col_expr(document::Column::Prints, Expr::value(None::<i32>))
        .col_expr(document::Column::ComparedAtMs, Expr::value(None::<i64>))
        .filter(document::Column::Id.eq(document_id))
        .exec(txn)
        .await?;
    Ok(())
}
