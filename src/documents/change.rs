//! The one UPDATE that moves a document: from the state that was read, at the version that was read.

use sea_orm::prelude::Json;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::rows::document::{Column, Entity, Model};
use super::state::{DocumentState, Reason};
use crate::app::App;
use crate::claims;
use crate::http::{Code, Problem};

/// What changes besides the state.
#[derive(Clone, Debug)]
pub(super) struct Change {
    next: DocumentState,
    reason: Option<Reason>,
    original_sha256: Option<[u8; 32]>,
    stored: Option<(Uuid, u8, Option<Json>)>,
}

impl Change {
    pub(super) const fn to(next: DocumentState) -> Self {
        Self { next, reason: None, original_sha256: None, stored: None }
    }

    pub(super) const fn reason(mut self, reason: Reason) -> Self {
        self.reason = Some(reason);
        self
    }

    pub(super) const fn original_sha256(mut self, sha256: [u8; 32]) -> Self {
        self.original_sha256 = Some(sha256);
        self
    }

    /// The try whose objects are the document's, how the master must be turned, and what was measured.
    pub(super) fn stored(mut self, set_id: Uuid, orientation: u8, measures: Option<Json>) -> Self {
        self.stored = Some((set_id, orientation, measures));
        self
    }
}

/// Moves `document`.
///
/// # Errors
/// `document_state_conflict` when the table of states does not allow it, or when it moved since it was read.
pub(super) async fn change(
    app: &App,
    connection: &impl ConnectionTrait,
    document: &Model,
    change: Change,
) -> Result<(), Problem> {
    if !document.state.may_become(change.next) {
        return Err(Problem::new(Code::DocumentStateConflict));
    }
    // The claim is held before the document, as in every other place that holds both.
    let claim_waits = change.next.is_settled() && claims::waits_for_documents(connection, document.claim_id).await?;
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::value(change.next))
        .col_expr(Column::Version, sea_orm::ExprTrait::add(Expr::col(Column::Version), 1))
        .col_expr(Column::UpdatedAtMs, Expr::value(app.clock.now().as_ms()));
    if let Some(reason) = change.reason {
        update = update.col_expr(Column::ReasonCode, Expr::value(reason.code()));
    }
    if let Some(sha256) = change.original_sha256 {
        update = update.col_expr(Column::OriginalSha256, Expr::value(sha256.to_vec()));
    }
    if let Some((set_id, orientation, measures)) = change.stored {
        update = update
            .col_expr(Column::SetId, Expr::value(set_id))
            .col_expr(Column::Orientation, Expr::value(i32::from(orientation)))
            .col_expr(Column::Measures, Expr::value(measures));
    }
    let changed = update
        .filter(Column::Id.eq(document.id))
        .filter(Column::State.eq(document.state))
        .filter(Column::Version.eq(document.version))
        .exec(connection)
        .await?;
    if changed.rows_affected != 1 {
        return Err(Problem::new(Code::DocumentStateConflict));
    }
    if claim_waits {
        claims::check_again(connection, app, document.claim_id).await?;
    }
    Ok(())
}
