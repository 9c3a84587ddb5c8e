//! A batch of which not a byte was sent is given up: its orders are cancelled and their payouts queued anew under new references.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter};
use uuid::Uuid;

use super::create::queue_order;
use super::release::{load, orders_of, payouts_of, unreserve};
use super::rows::{batch, dispatch, order};
use super::state::{BatchState, OrderCommand, OrderState};
use super::views::BatchView;
use super::{claim_news, day_limit, moves, safe_mode};
use crate::app::App;
use crate::claims::advance::By;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::recon;

/// Void a batch that was not sent
///
/// Prepared, or released when every try at sending it was proved not sent; then what was reserved goes back in the books. No reference
/// that stands in its bytes is ever used again: each order is cancelled, and a new one takes its place in the queue.
#[utoipa::path(
    tag = "staff", operation_id = "void_payout_batch", security(("bearer" = ["payout:prepare", "payout:release"])),
    params(
        ("batch_id" = Uuid, Path, description = "The batch"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The batch's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The batch, void", body = BatchView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`batch_state_conflict`: the bank may have it, or it is void; `safe_mode`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-batches/{batch_id}/void")]
pub(super) async fn void_payout_batch(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
) -> Answer {
    idempotency
        .once(&app, [0; 32], async |txn| {
            let batch = load(txn, *path).await?;
            version.check(batch.version)?;
            give_up(txn, &app, &batch, staff.staff_id).await?;
            let batch = load(txn, batch.id).await?;
            let version = batch.version;
            Ok(Reply::ok(&BatchView::from(batch))?.version(version))
        })
        .await
}

/// True for a batch that waits, of which no sending is under way, in doubt or known to have reached the bank, and no statement shows a debit.
async fn was_never_sent(txn: &DatabaseTransaction, batch: &batch::Model) -> Result<bool, Problem> {
    let sent = dispatch::Entity::find()
        .filter(dispatch::Column::BatchId.eq(batch.id))
        .filter(dispatch::Column::Outcome.is_null().or(dispatch::Column::Outcome.ne("not_sent")))
        .count(txn)
        .await?;
    let waits = matches!(batch.state, BatchState::Prepared | BatchState::Released);
    Ok(waits && !batch.at_bank && sent == 0 && !recon::shows_debit(txn, batch.id).await?)
}

/// A person gives up a batch.
///
/// # Errors
/// `safe_mode` while it is on; `batch_state_conflict` when the bank may have it, or it is void; otherwise as [`void`].
pub(crate) async fn give_up(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    staff_id: Uuid,
) -> Result<(), Problem> {
    safe_mode::refuse(txn).await?;
    if !was_never_sent(txn, batch).await? {
        return Err(Problem::new(Code::BatchStateConflict));
    }
    void(txn, app, batch, By::staff(staff_id)).await
}

/// Gives up a batch that was never sent.
///
/// # Errors
/// `conflict` when somebody else moved it or an order of it meanwhile.
pub(crate) async fn void(txn: &DatabaseTransaction, app: &App, batch: &batch::Model, by: By) -> Result<(), Problem> {
    moves::move_batch(txn, batch, BatchState::Void, batch::ActiveModel::default()).await?;
    day_limit::give_back(txn, batch).await?;
    let orders = orders_of(txn, batch.id).await?;
    let payouts = if batch.state == BatchState::Released {
        unreserve(txn, app, &orders).await?;
        payouts_of(txn, &orders).await?
    } else {
        HashMap::new()
    };
    for order in orders {
        let order = cancel(txn, app, order).await?;
        queue_order(txn, app, order.payout_id, order.amount_fen, Some(&order)).await?;
        if let Some(payout) = payouts.get(&order.payout_id) {
            moves::fail_payout(txn, payout, None).await?;
            claim_news::taken_back(txn, app, payout, by).await?;
        }
    }
    Ok(())
}

async fn cancel(txn: &DatabaseTransaction, app: &App, mut order: order::Model) -> Result<order::Model, Problem> {
    order.state = moves::move_order(txn, app, &order, OrderCommand::Cancel, order::ActiveModel::default()).await?;
    debug_assert_eq!(order.state, OrderState::Cancelled);
    Ok(order)
}
