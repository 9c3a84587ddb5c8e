//! What the bank's job may know of an order: state, amount, and the last four digits of its card.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use actix_web::{get, post, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use validator::{Validate, ValidationError};

use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Problem, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::people::mask_card_tail;
use crate::payouts::rows::{batch, order};
use crate::payouts::state::OrderState;

/// An order, as the bank sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BankOrder {
    /// Its name, for ever.
    #[schema(max_length = 30, example = "2QK7W9H3M5RTB8XE6CV1DANJ4P")]
    pub bank_ref: String,
    /// The batch that it went out with.
    #[schema(max_length = 30, example = "7H3K9QW2M5RTB8XE6CV1DANJ4P")]
    pub batch_ref: String,
    /// How much.
    pub amount_fen: Fen,
    /// Where it stands.
    pub state: OrderState,
    /// The card that it goes to, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "**** 1111")]
    pub card: Option<String>,
    /// The reason code that the bank gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "AC04")]
    pub reason_code: Option<String>,
    /// When the bank booked or refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posted_at: Option<Moment>,
}

/// Show an order by its reference
///
/// For the bank's job. An order that was never released is not shown.
#[utoipa::path(
    tag = "bank", operation_id = "show_bank_order", security(("bearer" = ["bank:fetch"])),
    params(("bank_ref" = String, Path, description = "The order's name at the bank", max_length = 30, pattern = "^[0-9A-Z]{1,30}$", example = "2QK7W9H3M5RTB8XE6CV1DANJ4P")),
    responses(
        (status = 200, description = "The order", body = BankOrder),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/orders/{bank_ref}")]
pub(super) async fn show_bank_order(app: web::Data<Arc<App>>, path: web::Path<String>) -> Answer {
    let found = find(app.db.read(), &[path.into_inner()]).await?.pop();
    Ok(Reply::ok(&found.ok_or_else(|| Problem::new(Code::NotFound))?)?.into_response())
}

/// A reference as somebody else has it: it may be none of ours.
#[derive(Debug, Clone, Deserialize, Serialize, ToSchema)]
#[serde(transparent)]
#[schema(min_length = 1, max_length = 64, example = "2QK7W9H3M5RTB8XE6CV1DANJ4P")]
pub struct AskedReference(String);

/// Which orders.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LookUp {
    /// Their references.
    #[validate(length(min = 1, max = 500), custom(function = "short_references"))]
    #[schema(min_items = 1, max_items = 500, example = json!(["2QK7W9H3M5RTB8XE6CV1DANJ4P"]))]
    bank_refs: Vec<AskedReference>,
}

fn short_references(asked: &[AskedReference]) -> Result<(), ValidationError> {
    if asked.iter().all(|AskedReference(text)| (1..=64).contains(&text.chars().count())) {
        return Ok(());
    }
    Err(ValidationError::new("reference").with_message("每个编号1至64个字|A reference has 1 to 64 characters".into()))
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
struct LookedUp {
    /// The orders that there are, in the order that was asked for.
    #[schema(max_items = 500)]
    items: Vec<BankOrder>,
    /// References that are not ours.
    #[schema(max_items = 500, example = json!(["9ZZ7W9H3M5RTB8XE6CV1DANJ4P"]))]
    unknown: Vec<AskedReference>,
}

/// Look up orders by their references
///
/// For the bank's job: up to 500 at once. It changes nothing, so it takes no `Idempotency-Key`.
#[utoipa::path(
    tag = "bank", operation_id = "look_up_bank_orders", security(("bearer" = ["bank:fetch"])),
    request_body = LookUp,
    responses(
        (status = 200, description = "What was found", body = LookedUp),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/recon/orders:lookup")]
pub(super) async fn look_up_bank_orders(app: web::Data<Arc<App>>, body: Body<LookUp>) -> Answer {
    let asked = body.value.bank_refs;
    let bank_refs: Vec<String> = asked.iter().map(|AskedReference(bank_ref)| bank_ref.clone()).collect();
    let items = find(app.db.read(), &bank_refs).await?;
    let known: HashSet<&str> = items.iter().map(|item| item.bank_ref.as_str()).collect();
    let unknown = asked.iter().filter(|AskedReference(asked)| !known.contains(asked.as_str())).cloned().collect();
    Ok(Reply::ok(&LookedUp { items, unknown })?.into_response())
}

/// The orders of released batches among these, in the order that was asked for, each once.
async fn find(connection: &impl ConnectionTrait, bank_refs: &[String]) -> Result<Vec<BankOrder>, Problem> {
    let orders = order::Entity::find()
        .filter(order::Column::BankRef.is_in(bank_refs))
        .filter(order::Column::BatchId.is_not_null())
        .all(connection)
        .await?;
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let batches: Vec<Uuid> = orders.iter().filter_map(|order| order.batch_id).collect();
    let batches = batch::Entity::find()
        .filter(batch::Column::Id.is_in(batches))
        .filter(batch::Column::CheckerId.is_not_null())
        .all(connection)
        .await?;
    let batches: HashMap<Uuid, String> = batches.into_iter().map(|batch| (batch.id, batch.batch_ref)).collect();
    let shown = |order: order::Model| {
        let batch_ref = batches.get(&order.batch_id?)?.clone();
        Some(BankOrder {
            bank_ref: order.bank_ref,
            batch_ref,
            amount_fen: order.amount_fen,
            state: order.state,
            card: order.card_tail.as_deref().map(mask_card_tail),
            reason_code: order.reason_code,
            posted_at: order.posted_at_ms,
        })
    };
    let mut found: HashMap<String, BankOrder> =
        orders.into_iter().filter_map(shown).map(|order| (order.bank_ref.clone(), order)).collect();
    Ok(bank_refs.iter().filter_map(|bank_ref| found.remove(bank_ref)).collect())
}
