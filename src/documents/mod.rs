//! Documents: photographs on their way in, checked, stripped, stored and read. Bytes are never lost and never trusted.
//!
//! The way of one: [`announce`] makes its row, [`tus`] streams its bytes into the [`spool`] and acknowledges only what is durable,
//! [`complete`] makes it received, the job in [`inspect`] checks it in a process of its own ([`inspector`], [`pictures`], [`pdf`]) and
//! puts its files into the object store, and only then can it be seen ([`content`]); what stands on it is read next ([`readings`]), it is held against
//! all others ([`matches`]), and a fiscal bill that it tells ([`bills`]) is given to [`bill_checks`](crate::bill_checks). [`sweep`] mends what a crash
//! left, [`verify`] proves that all is there.
//!
//! This capability never decides what a claim needs: it tells the claim that its documents changed, and answers what there is.

use std::collections::HashSet;

use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

mod access;
mod announce;
mod bill;
mod bills;
mod change;
mod claim;
mod complete;
mod content;
mod inspect;
mod inspector;
mod intent;
mod lease;
pub mod limits;
mod list;
pub mod matches;
pub mod pdf;
pub mod pictures;
pub mod readings;
mod rows;
mod sender;
mod show;
mod spool;
mod state;
mod sweep;
mod tus;
mod uploads;
pub mod verify;
mod view;
mod watermark;
mod withdraw;

pub use content::marks;
pub use inspector::{Child, Clamd, InspectError, Inspector, serve as serve_inspection};
pub use lease::release_all as release_uploads;
pub use matches::alike;
pub use rows::Rendition;
pub use state::{DocumentKind, DocumentState, Reason};
pub use sweep::{Swept, sweep};
pub use uploads::Uploads;
pub use view::FileBytes;

use crate::http::Routes;
use crate::jobs::Registry;

/// The routes of documents and uploads.
pub fn routes(config: &mut Routes) {
    config
        .service(intent::announce_document)
        .service(list::list_documents)
        .service(show::show_document)
        .service(content::read_document)
        .service(withdraw::withdraw_document);
    tus::routes(config);
}

/// The jobs of documents.
pub fn register(registry: &mut Registry) {
    registry.on(inspect::INSPECT, inspect::inspect);
    registry.on_slow(readings::READ, readings::read);
    registry.on(matches::COMPARE, matches::compare);
    registry.on(sweep::REMOVE_OBJECTS, sweep::remove_objects);
    registry.every(sweep::SWEEP_EVERY_SECS, sweep::SWEEP, sweep::sweep_job);
}

/// What a claim needs to know of one of its documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The document.
    pub id: Uuid,
    /// What it shows.
    pub kind: DocumentKind,
    /// Where it stands.
    pub state: DocumentState,
}

/// The documents of a claim, oldest first, without those that expired or were taken back.
///
/// # Errors
/// Those of the database.
pub async fn of_claim(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<Vec<Held>, DbErr> {
    use rows::document::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::ClaimId.eq(claim_id))
        .filter(Column::State.is_not_in([DocumentState::Expired, DocumentState::Withdrawn]))
        .order_by_asc(Column::CreatedAtMs)
        .order_by_asc(Column::Id)
        .all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| Held { id: row.id, kind: row.kind, state: row.state }).collect())
}

/// Those of these claims that have a document on its way through its checks.
///
/// # Errors
/// Those of the database.
pub async fn on_their_way(connection: &impl ConnectionTrait, claims: &[Uuid]) -> Result<HashSet<Uuid>, DbErr> {
    use rows::document::{Column, Entity};
    let claims: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::ClaimId)
        .distinct()
        .filter(Column::ClaimId.is_in(claims.to_vec()))
        .filter(Column::State.is_in([DocumentState::Receiving, DocumentState::Received, DocumentState::Checking]))
        .into_tuple()
        .all(connection)
        .await?;
    Ok(claims.into_iter().collect())
}

async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<Option<rows::document::Model>, DbErr> {
    rows::document::Entity::find_by_id(id).one(connection).await
}
