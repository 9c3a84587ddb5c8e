//! What stands on documents, read after their check: [`ask`] writes the job in the transaction that makes a document clean, [`job`] reads
//! its pages, [`shown`] is what the wire shows of codes and print together, [`proposal`] what a claim is told.

mod job;
mod pages;
mod proposal;
mod rows;
mod shown;
pub(super) mod verify;

use std::collections::HashMap;

use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

pub(super) use job::{READ, read};
pub use proposal::{ReadDocument, of_claim};
pub use rows::ReadingState;
pub use shown::{DocumentField, DocumentReading, DocumentWarning, FieldSource};
pub(super) use shown::{Shown, show};

use super::rows::document;
use crate::app::App;
use crate::jobs;
use crate::reading::ENGINE;

/// Has the pages of a document read that becomes clean in this transaction, where a reader is installed and its kind has fields.
///
/// # Errors
/// Those of the database.
pub(super) async fn ask(txn: &impl ConnectionTrait, app: &App, document: &document::Model) -> Result<(), DbErr> {
    if app.uploads.reader.is_none() || document.kind.paper().is_none() {
        return Ok(());
    }
    let row = rows::ActiveModel {
        document_id: Set(document.id),
        state: Set(rows::ReadingState::Waiting),
        engine: Set(ENGINE.to_owned()),
        pages_sealed: Set(None),
        asked_at_ms: Set(app.clock.now()),
        read_at_ms: Set(None),
    };
    rows::Entity::insert(row).exec_without_returning(txn).await?;
    jobs::enqueue(txn, app, job::read_job(document.id)).await
}

/// Forgets what was read on a document.
///
/// # Errors
/// Those of the database.
pub(super) async fn forget(txn: &impl ConnectionTrait, document_id: Uuid) -> Result<(), DbErr> {
    rows::Entity::delete_by_id(document_id).exec(txn).await.map(drop)
}

/// The readings of these documents.
///
/// # Errors
/// Those of the database.
pub(super) async fn of(connection: &impl ConnectionTrait, ids: Vec<Uuid>) -> Result<HashMap<Uuid, rows::Model>, DbErr> {
    let rows = rows::Entity::find().filter(rows::Column::DocumentId.is_in(ids)).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.document_id, row)).collect())
}
