//! Short messages: written to the outbox in the transaction that causes them, sent by a job through [`SmsSender`].
//!
//! The message is sealed in the table and gone when it is of no use any more. No number and no text is ever logged.

use std::sync::Arc;

use async_trait::async_trait;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::rows::sms_outbox;
use super::sessions::SessionError;
use crate::app::App;
use crate::jobs::{self, JobContext, JobResult, JobSpec, Lane};
use crate::kernel::seal::Field;
use crate::kernel::secret::Secret;

/// The kind of the job that sends one message.
pub const SEND_JOB: &str = "identity.send_sms";

/// A message to be sent.
pub struct SmsMessage {
    /// Ours, the same at each try: a provider that can should refuse it twice.
    pub id: Uuid,
    /// The number, 11 digits.
    pub phone: Secret<String>,
    /// What it says.
    pub body: Secret<String>,
}

/// The message was not taken; the job tries again. Says nothing of number or text.
#[derive(Debug, thiserror::Error)]
#[error("the SMS provider did not take the message: {0}")]
pub struct SmsError(pub String);

/// Where short messages go.
#[async_trait]
pub trait SmsSender: Send + Sync {
    /// Hands `message` to the provider.
    ///
    /// # Errors
    /// [`SmsError`] when the provider did not take it.
    async fn send(&self, message: &SmsMessage) -> Result<(), SmsError>;
}

/// Sends nothing: the row in the outbox is the message. For the demo and for tests, which read it there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outbox;

#[async_trait]
impl SmsSender for Outbox {
    async fn send(&self, _message: &SmsMessage) -> Result<(), SmsError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Payload {
    sms_id: Uuid,
}

/// Writes a message for `phone` and the job that sends it, in `lane`: somebody waits for a code, and nobody for news. A message that is not
/// `deliverable` costs the same and is never sent.
///
/// # Errors
/// See [`SessionError`].
pub async fn queue(
    connection: &impl ConnectionTrait,
    app: &App,
    phone: &str,
    body: &str,
    deliverable: bool,
    life_secs: i64,
    lane: Lane,
) -> Result<(), SessionError> {
    let (id, now) = (app.ids.next(), app.clock.now());
    let row = sms_outbox::ActiveModel {
        id: Set(id),
        phone_lookup: Set(app.sealer.lookup(Field::Phone, phone)),
        phone_sealed: Set(app.sealer.seal(Field::Phone, phone)?),
        body_sealed: Set(app.sealer.seal(Field::Message, body)?),
        deliverable: Set(deliverable),
        created_at_ms: Set(now),
        expires_at_ms: Set(now.plus_secs(life_secs)),
        sent_at_ms: Set(None),
    };
    sms_outbox::Entity::insert(row).exec_without_returning(connection).await?;
    let payload = serde_json::json!(Payload { sms_id: id });
    jobs::enqueue(connection, app, JobSpec::new(SEND_JOB, payload).attempts(4).lane(lane)).await?;
    Ok(())
}

/// The handler of [`SEND_JOB`].
///
/// # Errors
/// When the provider or the database fails; the job is tried again.
pub async fn send(context: JobContext, sender: Arc<dyn SmsSender>) -> JobResult {
    let payload: Payload = context.payload()?;
    let app = &context.app;
    let Some(row) = sms_outbox::Entity::find_by_id(payload.sms_id).one(app.db.read()).await? else { return Ok(()) };
    if !row.deliverable || row.sent_at_ms.is_some() || row.expires_at_ms <= app.clock.now() {
        return Ok(());
    }
    let message = SmsMessage {
        id: row.id,
        phone: app.sealer.open(Field::Phone, &row.phone_sealed)?,
        body: app.sealer.open(Field::Message, &row.body_sealed)?,
    };
    sender.send(&message).await?;
    sms_outbox::Entity::update_many()
        .col_expr(sms_outbox::Column::SentAtMs, Expr::value(app.clock.now()))
        .filter(sms_outbox::Column::Id.eq(row.id))
        .filter(sms_outbox::Column::SentAtMs.is_null())
        .exec(app.db.write())
        .await?;
    Ok(())
}

/// The last `limit` messages that `phone` would have received, newest first: what the demo's outbox shows.
///
/// # Errors
/// See [`SessionError`].
pub async fn delivered_to(app: &App, phone: &str, limit: u64) -> Result<Vec<Secret<String>>, SessionError> {
    let rows: Result<Vec<sms_outbox::Model>, DbErr> = sms_outbox::Entity::find()
        .filter(sms_outbox::Column::PhoneLookup.eq(app.sealer.lookup(Field::Phone, phone)))
        .filter(sms_outbox::Column::Deliverable.eq(true))
        .order_by_desc(sms_outbox::Column::Id)
        .limit(limit)
        .all(app.db.read())
        .await;
    rows?.into_iter().map(|row| Ok(app.sealer.open(Field::Message, &row.body_sealed)?)).collect()
}
