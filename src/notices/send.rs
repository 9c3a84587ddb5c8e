//! The job that hands a notice to its channel, in the member's language.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;
use uuid::Uuid;

use super::rows::{Column, Entity, NoticeState};
use crate::identity::sms;
use crate::jobs::{JobContext, JobError, JobResult, Lane};
use crate::kernel::seal::Field;
use crate::kernel::text::Language;
use crate::members::rows::member;

pub(super) const JOB: &str = "notices.send";
const LIFE_SECS: i64 = 48 * 60 * 60;

#[derive(Deserialize)]
struct Payload {
    notice_id: Uuid,
}

pub(super) async fn send(context: JobContext) -> JobResult {
    let app = &context.app;
    let Payload { notice_id } = context.payload()?;
    let txn = app.db.begin().await?;
    let notice = Entity::find_by_id(notice_id).one(&txn).await?;
    let Some(notice) = notice.filter(|notice| notice.state == NoticeState::Queued) else { return Ok(()) };
    let member = member::Entity::find_by_id(notice.member_id)
        .one(&txn)
        .await?
        .ok_or_else(|| JobError::fail(anyhow::anyhow!("a notice without a member")))?;
    let english = member.language == Language::English.tag();
    let body = app.sealer.open(Field::Message, if english { &notice.body_en } else { &notice.body_zh })?;
    let phone = app.sealer.open(Field::Phone, &member.phone_sealed)?;
    // The outbox row, the mark and the end of this job are one commit: the message is queued once.
    sms::queue(&txn, app, phone.reveal(), body.reveal(), true, LIFE_SECS, Lane::News).await?;
    let changed = Entity::update_many()
        .col_expr(Column::State, Expr::value(NoticeState::Sent))
        .col_expr(Column::SentAtMs, Expr::value(app.clock.now()))
        .filter(Column::Id.eq(notice_id))
        .filter(Column::State.eq(NoticeState::Queued))
        .exec(&txn)
        .await?;
    if changed.rows_affected == 1 {
        context.finish(&txn).await?;
        txn.commit().await?;
        app.job_written.notify_waiters();
    }
    Ok(())
}
