//! A batch that nobody released is given up: its orders are cancelled and their payouts queued anew under new references.

use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::create::queue_order;
use super::release::{load, orders_of};
use super::rows::{batch, order};
use super::state::{BatchState, OrderCommand, OrderState};
use super::views::BatchView;
use super::{moves, rows};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};

/// Void a batch that was not released
///
/// No reference that stands in its bytes is ever used again: each order is cancelled, and a new one takes its place in the queue.
#[utoipa::path(
    tag = "staff", operation_id = "void_payout_batch", security(("bearer" = ["payout:prepare", "payout:release"])),
    params(
        ("batch_id" = Uuid, Path, description = "The batch"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The batch's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The batch, void", body = BatchView),
        (status = 400, description = "Idempotency-Key is missing or malformed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`batch_state_conflict`: it was released", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-batches/{batch_id}/void")]
pub(super) async fn void_payout_batch(
    app: web::Data<Arc<App>>,
    _staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
) -> Answer {
    idempotency
        .once(&app, [0; 32], async |txn| {
            let batch = load(txn, *path).await?;
            version.check(batch.version)?;
            if batch.state != BatchState::Prepared {
                return Err(Problem::new(Code::BatchStateConflict));
            }
            void(txn, &app, &batch).await?;
            let batch = load(txn, batch.id).await?;
            let version = batch.version;
            Ok(Reply::ok(&BatchView::from(batch))?.version(version))
        })
        .await
}

async fn void(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<(), Problem> {
    moves::move_batch(txn, batch, BatchState::Void, batch::ActiveModel::default()).await?;
    for order in orders_of(txn, batch.id).await? {
        let order = cancel(txn, app, order).await?;
        queue_order(txn, app, order.payout_id, order.amount_fen, Some(&order)).await?;
    }
    Ok(())
}

async fn cancel(txn: &DatabaseTransaction, app: &App, mut order: order::Model) -> Result<order::Model, Problem> {
    order.state =
        moves::move_order(txn, app, &order, OrderCommand::Cancel, rows::order::ActiveModel::default()).await?;
    debug_assert_eq!(order.state, OrderState::Cancelled);
    Ok(order)
}
