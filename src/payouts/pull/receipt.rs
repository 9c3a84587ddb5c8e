//! The bank's job says what it received of a batch: count, sum and digest must be what was released, or somebody must look.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::rows::receipt;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, MachineCaller, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;
use crate::payouts::rows::batch;
use crate::payouts::state::BatchState;
use crate::payouts::{dispatch, safe_mode};
use crate::recon::{self, BreakKind, Seen};

/// What arrived.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReceipt {
    /// SHA-256 of the exact bytes that arrived, after the envelope was opened, in hex.
    #[validate(length(equal = 64))]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// Orders in them.
    #[validate(range(min = 1, max = 3000))]
    #[schema(minimum = 1, maximum = 3000, example = 3)]
    order_count: i64,
    /// Their sum.
    total_fen: Fen,
    /// When they arrived, by the bank's clock.
    received_at: Moment,
}

/// A receipt that was taken.
#[derive(Debug, Serialize, ToSchema)]
struct Receipt {
    /// The batch.
    #[schema(max_length = 30, example = "7H3K9QW2M5RTB8XE6CV1DANJ4P")]
    batch_ref: String,
    /// Where the batch stands now.
    state: BatchState,
    /// When the receipt was taken.
    taken_at: Moment,
}

/// Receive a batch
///
/// The bank's job says what arrived. When digest, number and sum are those that were released, the bank has the batch; when they are not,
/// nothing moves, sending stops for the account, and a person looks.
#[utoipa::path(
    tag = "bank", operation_id = "receive_batch", security(("bearer" = ["bank:report"])),
    request_body = NewReceipt,
    params(
        ("batch_ref" = String, Path, description = "The batch's name at the bank", max_length = 30, pattern = "^[0-9A-Z]{1,30}$", example = "7H3K9QW2M5RTB8XE6CV1DANJ4P"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
    ),
    responses(
        (status = 200, description = "The receipt was taken", body = Receipt),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`batch_state_conflict`: nobody has fetched its file", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "`receipt_differs`, or a field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/payout-batches/{batch_ref}/receipts")]
pub(super) async fn receive_batch(
    app: web::Data<Arc<App>>,
    machine: MachineCaller,
    idempotency: Idempotency,
    path: web::Path<String>,
    body: Body<NewReceipt>,
) -> Answer {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    let batch = released(app.db.read(), &path, &link.account).await?;
    let new = &body.value;
    let fields = differing(new, &batch);
    if !fields.is_empty() {
        // The disagreement is written by itself: a refusal takes back whatever else its request has written.
        let txn = app.db.begin().await?;
        keep(&txn, &app, &machine, &batch, new, false).await?;
        let seen = Seen::new(
            BreakKind::B13,
            &batch.debit_account,
            format!("receipt:{}", batch.id),
            "the bank received something else",
        );
        recon::raise(&txn, &app, Seen { batch_id: Some(batch.id), amount_fen: batch.total_fen, ..seen }).await?;
        txn.commit().await?;
        let told =
            Text::fixed("与放款时的批次不一致，请重新获取文件", "It is not what was released: fetch the file again");
        let problem = Problem::new(Code::ReceiptDiffers);
        return Err(fields.into_iter().fold(problem, |problem, field| problem.field(field, "differs", told.clone())));
    }
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let batch = released(txn, &path, &link.account).await?;
            dispatch::received(txn, &app, &batch).await?;
            safe_mode::mark_asked(txn, &app, &batch).await?;
            keep(txn, &app, &machine, &batch, new, true).await?;
            let batch = released(txn, &path, &link.account).await?;
            Reply::ok(&Receipt { batch_ref: batch.batch_ref, state: batch.state, taken_at: app.clock.now() })
        })
        .await
}

/// The fields that are not what was released.
fn differing(new: &NewReceipt, batch: &batch::Model) -> Vec<&'static str> {
    let all = [
        ("/sha256", new.sha256.eq_ignore_ascii_case(&batch.sha256)),
        ("/order_count", new.order_count == batch.order_count),
        ("/total_fen", new.total_fen == batch.total_fen),
    ];
    all.into_iter().filter(|(_, fits)| !fits).map(|(field, _)| field).collect()
}

/// The batch of this name that was released for the account, or 404.
pub(super) async fn released(
    connection: &impl ConnectionTrait,
    batch_ref: &str,
    account: &str,
) -> Result<batch::Model, Problem> {
    batch::Entity::find()
        .filter(batch::Column::BatchRef.eq(batch_ref))
        .filter(batch::Column::DebitAccount.eq(account))
        .filter(batch::Column::CheckerId.is_not_null())
        .one(connection)
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound))
}

async fn keep(
    txn: &DatabaseTransaction,
    app: &App,
    machine: &MachineCaller,
    batch: &batch::Model,
    new: &NewReceipt,
    fits: bool,
) -> Result<(), Problem> {
    let row = receipt::ActiveModel {
        id: Set(app.ids.next()),
        batch_id: Set(batch.id),
        client_id: Set(machine.client_id.clone()),
        sha256: Set(new.sha256.to_ascii_lowercase()),
        order_count: Set(new.order_count),
        total_fen: Set(new.total_fen),
        received_at_ms: Set(new.received_at),
        fits: Set(fits),
        taken_at_ms: Set(app.clock.now()),
    };
    receipt::Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}
