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

/// What a document is told by its check.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// The try whose objects are the document's.
    pub(super) set_id: Uuid,
    /// How the master must be turned, 1 to 8.
    pub(super) orientation: u8,
    /// What was measured.
    pub(super) measures: Option<Json>,
    /// What its codes say, sealed.
    pub(super) codes_sealed: Option<Vec<u8>>,
}

/// What changes besides the state.
#[derive(Clone, Debug)]
pub(super) struct Change {
    next: DocumentState,
    reason: Option<Reason>,
    original_sha256: Option<[u8; 32]>,
    stored: Option<Stored>,
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

    pub(super) fn stored(mut self, stored: Stored) -> Self {
        self.stored = Some(stored);
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
    if let Some(stored) = change.stored {
        update = update
            .col_expr(Column::SetId, Expr::value(stored.set_id))
            .col_expr(Column::Orientation, Expr::value(i32::from(stored.orientation)))
            .col_expr(Column::Measures, Expr::value(stored.measures))
            .col_expr(Column::CodesSealed, Expr::value(stored.codes_sealed));
    }
    if change.next == DocumentState::Withdrawn {
        // What was read goes with the files.
        update = update.col_expr(Column::CodesSealed, Expr::value(None::<Vec<u8>>));
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
