//! A bank that answers with files, or whose own job comes, can't be asked about a batch. In SAFE mode it is asked by letter: one person records
//! what it wrote, another confirms it, and that counts as its answer.

use std::sync::Arc;

use actix_web::{get, post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::{Safe, ask, current};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::clock::Moment;
use crate::kernel::text::Text;
use crate::payouts::release::load;
use crate::payouts::rows::{batch, batch_answer};
use crate::payouts::state::BatchState;
use crate::payouts::views::BatchView;

/// What the bank wrote about a batch.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordBankAnswer {
    /// Whether the bank has the batch.
    #[schema(example = false)]
    at_bank: bool,
    /// The number or name of the bank's letter.
    #[validate(length(min = 1, max = 100))]
    #[schema(min_length = 1, max_length = 100, example = "京银函〔2026〕21号")]
    bank_reference: String,
    /// What the bank wrote, without a card number or a name.
    #[validate(length(min = 1, max = 2000))]
    #[schema(min_length = 1, max_length = 2000, example = "经查，我行未收到该批次")]
    bank_answer: String,
}

/// Which of them.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhichBankAnswer {
    /// The answer as it was read.
    answer_id: Uuid,
}

/// What the bank wrote about a batch, and who says so.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BatchBankAnswer)]
pub struct BankAnswerView {
    /// Identifier.
    id: Uuid,
    /// The batch, as it stands now.
    batch: BatchView,
    /// Whether the bank has the batch.
    #[schema(example = false)]
    at_bank: bool,
    /// The number or name of the bank's letter.
    #[schema(max_length = 100, example = "京银函〔2026〕21号")]
    bank_reference: String,
    /// What the bank wrote.
    #[schema(max_length = 2000, example = "经查，我行未收到该批次")]
    bank_answer: String,
    /// Who recorded it.
    recorded_by: Uuid,
    /// When.
    recorded_at: Moment,
    /// Who confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<Moment>,
}

/// Record what the bank wrote about a batch
///
/// In SAFE mode, about a batch on which the bank has not answered since it began. Another person confirms it; what nobody confirmed is replaced by
/// what is recorded next.
#[utoipa::path(
    tag = "staff", operation_id = "record_bank_answer", security(("bearer" = ["payout:resolve"])),
    request_body = RecordBankAnswer,
    params(
        ("batch_id" = Uuid, Path, description = "The batch"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 201, description = "The answer, which waits to be confirmed", body = BankAnswerView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "SAFE mode is off, or the bank has answered: `batch_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-batches/{batch_id}/bank-answer")]
pub(super) async fn record_bank_answer(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<RecordBankAnswer>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let (batch, _) = unanswered(txn, *path).await?;
            let row = batch_answer::ActiveModel {
                id: Set(app.ids.next()),
                batch_id: Set(batch.id),
                at_bank: Set(body.value.at_bank),
                bank_reference: Set(body.value.bank_reference.clone()),
                bank_answer: Set(body.value.bank_answer.clone()),
                recorded_by: Set(staff.staff_id),
                recorded_at_ms: Set(app.clock.now()),
                ..Default::default()
            };
            let row = batch_answer::Entity::insert(row).exec_with_returning(txn).await?;
            let (location, version) = (format!("/v1/payout-batches/{}/bank-answer", batch.id), batch.version);
            Ok(Reply::created(location, &view(batch, row))?.version(version))
        })
        .await
}

/// Show what the bank wrote about a batch
///
/// The newest of what was recorded.
#[utoipa::path(
    tag = "staff", operation_id = "show_bank_answer", security(("bearer" = ["payout:read"])),
    params(("batch_id" = Uuid, Path, description = "The batch")),
    responses(
        (status = 200, description = "The answer", body = BankAnswerView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payout-batches/{batch_id}/bank-answer")]
pub(super) async fn show_bank_answer(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let batch = load(app.db.read(), *path).await?;
    let row = newest(app.db.read(), batch.id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let version = batch.version;
    Ok(Reply::ok(&view(batch, row))?.version(version).into_response())
}

/// Confirm what the bank wrote about a batch
///
/// Never by the person who recorded it. It counts as the bank's answer: SAFE mode no longer waits for one on this batch. A batch that the bank has
/// and whose sending is not known here is in doubt; when its release was lost it is never given up, and its next release sends nothing.
#[utoipa::path(
    tag = "staff", operation_id = "confirm_bank_answer", security(("bearer" = ["payout:resolve"])),
    request_body = WhichBankAnswer,
    params(
        ("batch_id" = Uuid, Path, description = "The batch"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The answer, confirmed", body = BankAnswerView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever recorded it may not confirm it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It was replaced or confirmed: `resolution_closed`; SAFE mode is off, or the bank has answered: `batch_state_conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-batches/{batch_id}/bank-answer/confirm")]
pub(super) async fn confirm_bank_answer(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    path: web::Path<Uuid>,
    body: Body<WhichBankAnswer>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let (batch, safe) = unanswered(txn, *path).await?;
            let row = newest(txn, batch.id).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
            if row.id != body.value.answer_id || row.confirmed_by.is_some() || row.recorded_at_ms < safe.at_ms {
                return Err(Problem::new(Code::ResolutionClosed));
            }
            if row.recorded_by == staff.staff_id {
                return Err(Problem::new(Code::SamePerson));
            }
            let done = batch_answer::Entity::update_many()
                .col_expr(batch_answer::Column::ConfirmedBy, Expr::value(staff.staff_id))
                .col_expr(batch_answer::Column::ConfirmedAtMs, Expr::value(app.clock.now()))
                .filter(batch_answer::Column::Id.eq(row.id))
                .filter(batch_answer::Column::ConfirmedBy.is_null())
                .exec(txn)
                .await?;
            if done.rows_affected != 1 {
                return Err(Problem::new(Code::ResolutionClosed));
            }
            ask::take(txn, &app, &batch, row.at_bank).await?;
            tracing::warn!(batch.id = %batch.id, at_bank = row.at_bank, "payouts.safe_mode took the bank's letter for its answer");
            let (batch, row) = (load(txn, batch.id).await?, newest(txn, batch.id).await?);
            let version = batch.version;
            Ok(Reply::ok(&view(batch, row.ok_or_else(|| Problem::new(Code::NotFound))?))?.version(version))
        })
        .await
}

/// A batch on which SAFE mode waits for the bank's answer.
async fn unanswered(txn: &DatabaseTransaction, id: Uuid) -> Result<(batch::Model, Safe), Problem> {
    use BatchState as S;
    let batch = load(txn, id).await?;
    let refused = |text| Err(Problem::new(Code::BatchStateConflict).detail(text));
    let Some(safe) = current(txn).await? else {
        return refused(Text::fixed("仅在安全模式下登记银行答复", "The bank's answer is recorded in SAFE mode alone"));
    };
    let is_open = match batch.state {
        S::Prepared => !batch.at_bank,
        S::Released | S::Dispatching | S::Accepted | S::InDoubt => true,
        S::Void | S::Rejected | S::Finished => false,
    };
    if !is_open || batch.asked_at_ms.is_some_and(|asked| asked >= safe.at_ms) {
        return refused(Text::fixed("银行已对此批次作出答复", "The bank has answered about this batch"));
    }
    Ok((batch, safe))
}

async fn newest(connection: &impl ConnectionTrait, batch_id: Uuid) -> Result<Option<batch_answer::Model>, Problem> {
    Ok(batch_answer::Entity::find()
        .filter(batch_answer::Column::BatchId.eq(batch_id))
        .order_by_desc(batch_answer::Column::Id)
        .one(connection)
        .await?)
}

fn view(batch: batch::Model, row: batch_answer::Model) -> BankAnswerView {
    BankAnswerView {
        id: row.id,
        batch: batch.into(),
        at_bank: row.at_bank,
        bank_reference: row.bank_reference,
        bank_answer: row.bank_answer,
        recorded_by: row.recorded_by,
        recorded_at: row.recorded_at_ms,
        confirmed_by: row.confirmed_by,
        confirmed_at: row.confirmed_at_ms,
    }
}
