//! Notices (通知): what the fund tells a member by itself, queued in the transaction that causes it.
//!
//! Owns the sentences' way to the member: the app's list and a short message. Never decides what is worth telling.

mod last;
mod list;
mod rows;
mod send;

pub use last::{LastNotice, last};

use sea_orm::{ActiveValue::Set, ConnectionTrait, DbBackend, EntityTrait, QueryTrait};
use uuid::Uuid;

use crate::app::App;
use crate::db::Writes;
use crate::http::Problem;
use crate::http::Routes;
use crate::jobs::{JobSpec, Lane, Registry, enqueue_with};
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config.service(list::list_notices);
}

/// The jobs of this capability.
pub fn jobs(registry: &mut Registry) {
    registry.on(send::JOB, send::send);
}

/// Queues `text` for the member in the caller's transaction; a job sends it after the commit. `kind` is a stable word.
///
/// # Errors
/// Those of the database and the cipher.
pub async fn queue(
    connection: &impl ConnectionTrait,
    app: &App,
    member_id: Uuid,
    claim_id: Option<Uuid>,
    kind: &'static str,
    text: &Text,
) -> Result<(), Problem> {
    let mut writes = Writes::default();
    queue_with(&mut writes, connection.get_database_backend(), app, member_id, claim_id, kind, text)?;
    if writes.run(connection).await? {
        Ok(())
    } else {
        Err(Problem::internal(anyhow::anyhow!("a notice or its job was not written")))
    }
}

/// Adds to `writes` what [`queue`] writes.
///
/// # Errors
/// Those of the cipher.
pub fn queue_with(
    writes: &mut Writes,
    backend: DbBackend,
    app: &App,
    member_id: Uuid,
    claim_id: Option<Uuid>,
    kind: &'static str,
    text: &Text,
) -> Result<(), Problem> {
    let id = app.ids.next();
    let row = rows::ActiveModel {
        id: Set(id),
        member_id: Set(member_id),
        claim_id: Set(claim_id),
        kind: Set(kind.to_owned()),
        channel: Set("sms".to_owned()),
        body_zh: Set(app.sealer.seal(Field::Message, text.zh.as_bytes())?),
        body_en: Set(app.sealer.seal(Field::Message, text.en.as_bytes())?),
        state: Set(rows::NoticeState::Queued),
        created_at_ms: Set(app.clock.now()),
        sent_at_ms: Set(None),
    };
    writes.add(&rows::Entity::insert(row).build(backend), 1);
    let job = JobSpec::new(send::JOB, serde_json::json!({ "notice_id": id })).lane(Lane::News);
    enqueue_with(writes, backend, app, job);
    Ok(())
}
