//! Bill checks (票据查验): whether the fiscal platform has a bill as it stands on a document. True, false, or cannot be checked; the last is
//! never the second.
//!
//! The way of one: a capability that read a bill calls [`ask`] in its transaction, which writes a row and a job; [`job`] takes what was
//! answered before or, within the day's budgets ([`budget`]), asks the platform through a [`BillVerifier`]; [`shown`] is what a reviewer
//! sees. It knows documents and claims by their identifiers only, and decides nothing.

mod again;
mod bill;
pub mod budget;
mod counts;
mod gateway;
mod job;
mod link;
mod rows;
mod shown;
mod verifier;
pub mod verify;

use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

pub use again::ask_again;
pub use bill::BillQuery;
pub use counts::{Counts, of_today};
pub use link::BillLink;
pub use rows::{BillSource, VerdictWord};
pub use shown::{BillCheck, checked, of_claim};
pub use verifier::{BillVerifier, Reason, Verdict};

use crate::app::App;
use crate::jobs::{self, Registry};

/// The jobs of this capability.
pub fn register(registry: &mut Registry) {
    registry.on(job::CHECK, job::check);
    registry.every(3_600, "bill_checks.sweep", |context| async move {
        budget::sweep(&context.app).await?;
        budget::show_left(&context.app, context.app.db.read()).await?;
        Ok(())
    });
}

/// Which document tells a bill.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    /// The document.
    pub document_id: Uuid,
    /// Its claim.
    pub claim_id: Uuid,
    /// Where it was read.
    pub source: BillSource,
}

/// Has the bills checked that a document tells, in the transaction that reads them. A bill that it told before is not checked twice.
///
/// # Errors
/// Those of the database, and a seal that fails.
pub async fn ask(txn: &impl ConnectionTrait, app: &App, told: Told, bills: Vec<BillQuery>) -> anyhow::Result<()> {
    let now = app.clock.now();
    for bill in bills {
        let id = app.ids.next();
        let row = rows::ActiveModel {
            id: Set(id),
            document_id: Set(told.document_id),
            claim_id: Set(told.claim_id),
            source: Set(told.source),
            bill_lookup: Set(bill.bill_lookup(&app.sealer)),
            query_lookup: Set(bill.query_lookup(&app.sealer)),
            query_sealed: Set(bill.seal(&app.sealer)?),
            verdict: Set(None),
            reason: Set(None),
            tries: Set(0),
            asked_at_ms: Set(None),
            answered_at_ms: Set(None),
            next_ask_at_ms: Set(Some(now)),
            created_at_ms: Set(now),
        };
        let once = OnConflict::columns([rows::Column::DocumentId, rows::Column::QueryLookup]).do_nothing().to_owned();
        let written = rows::Entity::insert(row).on_conflict(once).exec_without_returning(txn).await?;
        if written > 0 {
            jobs::enqueue(txn, app, job::check_job(id, now)).await?;
        }
    }
    Ok(())
}

/// Forgets the checks of a document that is taken back. What was asked stays counted.
///
/// # Errors
/// Those of the database.
pub async fn forget(txn: &impl ConnectionTrait, document_id: Uuid) -> Result<(), sea_orm::DbErr> {
    rows::Entity::delete_many().filter(rows::Column::DocumentId.eq(document_id)).exec(txn).await.map(drop)
}
