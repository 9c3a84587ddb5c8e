//! Notices (通知): what the fund tells a member by itself, queued in the transaction that causes it.
//!
//! Owns the sentences' way to the member: the app's list and a short message. Never decides what is worth telling.

mod list;
mod rows;
mod send;

use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use crate::app::App;
use crate::http::Problem;
use crate::jobs::{JobSpec, Registry, enqueue};
use crate::kernel::seal::Field;
use crate::kernel::text::Text;

/// The routes of this capability.
pub fn routes(config: &mut ServiceConfig) {
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
    rows::Entity::insert(row).exec_without_returning(connection).await?;
    enqueue(connection, app, JobSpec::new(send::JOB, serde_json::json!({ "notice_id": id }))).await?;
    Ok(())
}
