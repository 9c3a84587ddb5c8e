//! One payout with its orders, and one batch with its orders.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::release::{load, orders_of};
use super::rows::{order, payout, payout_plan};
use super::views::{BatchView, OrderView, PayoutView};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Reply};
use crate::kernel::money::Fen;

/// A batch with its orders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutBatchDetail)]
pub struct BatchDetail {
    /// The batch.
    pub batch: BatchView,
    /// Its orders, in the order of its file.
    #[schema(max_items = 3000)]
    pub orders: Vec<OrderView>,
}

/// Show a batch of payouts
///
/// With its orders in the order of its file, and the hash that a checker signs.
#[utoipa::path(
    tag = "staff", operation_id = "show_payout_batch", security(("bearer" = ["payout:read"])),
    params(("batch_id" = Uuid, Path, description = "The batch")),
    responses(
        (status = 200, description = "The batch with its orders", body = BatchDetail),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payout-batches/{batch_id}")]
pub(super) async fn show_payout_batch(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let batch = load(app.db.read(), *path).await?;
    let orders = orders_of(app.db.read(), batch.id).await?;
    let version = batch.version;
    let detail = BatchDetail { batch: batch.into(), orders: orders.into_iter().map(OrderView::from).collect() };
    Ok(Reply::ok(&detail)?.version(version).into_response())
}

/// A part of a payout that one plan pays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutPart)]
pub struct PartView {
    /// The plan.
    pub plan_id: Uuid,
    /// Its part.
    pub amount_fen: Fen,
}

/// A payout with its parts and orders.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutDetail)]
pub struct PayoutDetail {
    /// The payout.
    pub payout: PayoutView,
    /// Its amount by plan.
    #[schema(max_items = 100)]
    pub parts: Vec<PartView>,
    /// Its orders, first try first.
    #[schema(max_items = 1000)]
    pub orders: Vec<OrderView>,
}

/// Show a payout
///
/// With its amount by plan and every try at paying it.
#[utoipa::path(
    tag = "staff", operation_id = "show_payout", security(("bearer" = ["payout:read"])),
    params(("payout_id" = Uuid, Path, description = "The payout")),
    responses(
        (status = 200, description = "The payout with its parts and orders", body = PayoutDetail),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/payouts/{payout_id}")]
pub(super) async fn show_payout(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    Ok(Reply::ok(&detail(app.db.read(), *path).await?)?.into_response())
}

/// A payout with its parts and orders, or 404.
///
/// # Errors
/// `not_found`; those of the database.
pub async fn detail(connection: &impl ConnectionTrait, id: Uuid) -> Result<PayoutDetail, Problem> {
    let row = payout::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    let parts = payout_plan::Entity::find().filter(payout_plan::Column::PayoutId.eq(id)).all(connection).await?;
    let orders = order::Entity::find()
        .filter(order::Column::PayoutId.eq(id))
        .order_by_asc(order::Column::TryNo)
        .all(connection)
        .await?;
    Ok(PayoutDetail {
        payout: row.into(),
        parts: parts.into_iter().map(|part| PartView { plan_id: part.plan_id, amount_fen: part.amount_fen }).collect(),
        orders: orders.into_iter().map(OrderView::from).collect(),
    })
}
