//! Every file that the bank ever gave, by whatever road: [`take`] keeps its bytes, [`apply`] reads them and gives them their effect, once.
//!
//! A document that can't be read is rejected, one that does not fit is quarantined with a break, one that says what another said is a
//! duplicate; each can be looked at, and nothing of it counts. Start reading at [`state`], the table of what may follow what.

mod apply;
mod content;
mod job;
pub mod rows;
mod state;
mod take;
pub mod verify;
mod view;

pub(crate) use apply::heard;
pub(in crate::recon) use apply::take_effect;
pub use apply::{Outcome, apply};
pub(in crate::recon) use content::Local;
pub use job::{KIND, run};
pub use state::{BankDocumentKind, BankDocumentSource, BankDocumentState, DocumentCommand};
pub use take::{Completed, Incoming, Taken, take};
pub use view::{BankDocumentView, Fault, list, show};

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};

use crate::http::{Code, Problem};
use rows::document;

/// What is said of a document whose number another has.
const OTHER_CONTENT: &str = "another document of this number was taken with another content";

/// The document of this number that counts or may still count.
async fn of_number(
    connection: &impl ConnectionTrait,
    account: &str,
    kind: BankDocumentKind,
    seq: i64,
) -> Result<Option<document::Model>, Problem> {
    let query = document::Entity::find()
        .filter(document::Column::Account.eq(account))
        .filter(document::Column::Kind.eq(kind))
        .filter(document::Column::Seq.eq(seq))
        // As the index has it.
        .filter(Expr::cust("state in ('received', 'verified', 'parsed', 'applied')"));
    Ok(query.one(connection).await?)
}

/// Gives `command` to a document, with `changes` to its other columns.
///
/// # Errors
/// `conflict` when its state does not allow it, or somebody else moved it meanwhile.
async fn move_on(
    txn: &DatabaseTransaction,
    document: &document::Model,
    command: DocumentCommand,
    mut changes: document::ActiveModel,
) -> Result<document::Model, Problem> {
    let state = document.state.after(command).ok_or_else(|| Problem::new(Code::Conflict))?;
    changes.state = Set(state);
    let done = document::Entity::update_many()
        .set(changes)
        .filter(document::Column::Id.eq(document.id))
        .filter(document::Column::State.eq(document.state))
        .exec(txn)
        .await?;
    if done.rows_affected != 1 {
        return Err(Problem::new(Code::Conflict));
    }
    load(txn, document.id).await
}

async fn load(connection: &impl ConnectionTrait, id: uuid::Uuid) -> Result<document::Model, Problem> {
    document::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// Counts a document that came to `state`.
fn count(kind: BankDocumentKind, state: BankDocumentState) {
    metrics::counter!("huzhu_bank_documents_total", "kind" => kind.word(), "state" => state.word()).increment(1);
}
