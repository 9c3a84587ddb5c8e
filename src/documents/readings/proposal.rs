//! What a claim is told of its documents' readings.

use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::rows::ReadingState;
use super::shown::{DocumentField, DocumentWarning, show};
use crate::app::App;
use crate::documents::rows::document::{Column, Entity, Model};
use crate::documents::state::{DocumentKind, DocumentState};
use crate::documents::view::DocumentCode;
use crate::http::Problem;

/// A document and what stands on it.
#[derive(Clone, Debug)]
pub struct ReadDocument {
    /// The document.
    pub id: Uuid,
    /// What it is, as the member says.
    pub kind: DocumentKind,
    /// Whether it is still to be checked, or its print to be read.
    pub waits: bool,
    /// What stands on it.
    pub fields: Vec<DocumentField>,
    /// What does not agree on it.
    pub warnings: Vec<DocumentWarning>,
}

/// The documents of a claim that arrived and were not refused, with what was read on them, oldest first.
///
/// # Errors
/// Those of the database, and a row that does not open.
pub async fn of_claim(
    connection: &impl ConnectionTrait,
    app: &App,
    claim_id: Uuid,
) -> Result<Vec<ReadDocument>, Problem> {
    let documents = Entity::find()
        .filter(Column::ClaimId.eq(claim_id))
        .filter(Column::State.is_in([DocumentState::Received, DocumentState::Checking, DocumentState::Clean]))
        .order_by_asc(Column::CreatedAtMs)
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    let readings = super::of(connection, documents.iter().map(|document| document.id).collect()).await?;
    let read = |document: &Model| {
        let row = readings.get(&document.id);
        let shown = show(app, document, &DocumentCode::all_of(app, document)?, row)?;
        Ok(ReadDocument {
            id: document.id,
            kind: document.kind,
            waits: document.state != DocumentState::Clean || row.is_some_and(|row| row.state == ReadingState::Waiting),
            fields: shown.fields,
            warnings: shown.warnings,
        })
    };
    documents.iter().map(read).collect()
}
