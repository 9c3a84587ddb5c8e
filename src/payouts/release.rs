//! The checker releases a batch: signs its hash, reserves its money, lets it be sent. Never the person who prepared it.
//!
//! A restore may have lost the release of a batch that the bank has. Such a batch is released once more in the same way and is not sent: it
//! is in doubt, the bank is asked about it, and what was debited for it meanwhile leaves suspense.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::bank::BankLink;
use super::rows::{batch, file, order, payout};
use super::state::{BatchState, OrderCommand, OrderState};
use super::views::BatchView;
use super::{card, claim_news, day_limit, dispatch, moves, runs, safe_mode};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, IfMatch, Problem, Reply, StaffCaller};
use crate::jobs::{self, JobSpec};
use crate::kernel::seal::Field;
use crate::kernel::text::Text;
use crate::ledger::{self, Event, OrderMoney, Source};
use crate::recon;

/// What the checker signs.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBatch {
    /// SHA-256 of the batch's exact bytes, in hex, as the checker read it.
    #[validate(length(equal = 64))]
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    sha256: String,
}

/// Release a batch to the bank
///
/// Signs the hash of the exact bytes. Refused for the person who prepared the batch, for another hash, and when a card changed since.
/// The money is reserved in the books before a byte is sent; sending is a job. A batch that the bank has already, because a restore lost its
/// release (`at_bank`, or a statement shows a debit of it), is released whatever its day or cards, is not sent, and is in doubt until the bank
/// has answered.
#[utoipa::path(
    tag = "staff", operation_id = "release_payout_batch", security(("bearer" = ["payout:release"])),
    request_body = ReleaseBatch,
    params(
        ("batch_id" = Uuid, Path, description = "The batch"),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64),
        ("If-Match" = String, Header, description = "The batch's entity tag", max_length = 40, example = "\"1\""),
    ),
    responses(
        (status = 200, description = "The batch, released", body = BatchView),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`same_person`: whoever prepared it may not release it", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`batch_state_conflict`, `batch_hash_differs`, `batch_card_changed`, `batch_in_run`, `value_date_passed`, `payout_limit_exceeded` or `safe_mode`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "It has changed since it was read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 428, description = "If-Match is missing", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-batches/{batch_id}/release")]
pub(super) async fn release_payout_batch(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    version: IfMatch,
    path: web::Path<Uuid>,
    body: Body<ReleaseBatch>,
) -> Answer {
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            let batch = sign(txn, &app, *path, &staff, version, &body.value.sha256).await?;
            let version = batch.version;
            Ok(Reply::ok(&BatchView::from(batch))?.version(version))
        })
        .await
}

/// Signs a batch and releases it. Answers it as it stands then.
///
/// # Errors
/// Those that the route names.
pub(crate) async fn sign(
    txn: &DatabaseTransaction,
    app: &App,
    id: Uuid,
    staff: &StaffCaller,
    version: IfMatch,
    signed: &str,
) -> Result<batch::Model, Problem> {
    let batch = load(txn, id).await?;
    let is_there = is_at_bank(txn, &batch).await?;
    check(txn, app, &batch, staff, version, signed).await?;
    let batch = if is_there {
        batch
    } else {
        refuse_changed_cards(txn, &batch).await?;
        count(txn, app, &batch).await?
    };
    release(txn, app, &batch, staff.staff_id, is_there).await?;
    load(txn, id).await
}

/// True when the bank has a batch that was not released here: it said so, or a statement shows a debit of it.
pub(super) async fn is_at_bank(connection: &impl ConnectionTrait, batch: &batch::Model) -> Result<bool, Problem> {
    Ok(batch.at_bank || recon::shows_debit(connection, batch.id).await?)
}

/// The batch, or 404.
pub(crate) async fn load(connection: &impl ConnectionTrait, id: Uuid) -> Result<batch::Model, Problem> {
    batch::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

/// The orders of a batch, in the order of its file.
pub(super) async fn orders_of(connection: &impl ConnectionTrait, id: Uuid) -> Result<Vec<order::Model>, Problem> {
    Ok(order::Entity::find()
        .filter(order::Column::BatchId.eq(id))
        .order_by_asc(order::Column::LineNo)
        .all(connection)
        .await?)
}

/// The exact bytes of a batch, when they still have its hash.
pub(super) async fn bytes_of(
    connection: &impl ConnectionTrait,
    app: &App,
    batch: &batch::Model,
) -> Result<Option<Vec<u8>>, Problem> {
    let Some(row) = file::Entity::find_by_id(batch.id).one(connection).await? else { return Ok(None) };
    // Bytes that do not open were altered, too.
    let Ok(bytes) = app.sealer.open_bytes(Field::PayoutFile, &row.bytes_sealed) else { return Ok(None) };
    let bytes = bytes.reveal().clone();
    Ok((hex::encode(Sha256::digest(&bytes)) == batch.sha256).then_some(bytes))
}

async fn check(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    staff: &StaffCaller,
    version: IfMatch,
    signed: &str,
) -> Result<(), Problem> {
    if batch.maker_id == staff.staff_id {
        return Err(Problem::new(Code::SamePerson));
    }
    version.check(batch.version)?;
    safe_mode::refuse(txn).await?;
    if batch.state != BatchState::Prepared {
        return Err(Problem::new(Code::BatchStateConflict));
    }
    if !signed.eq_ignore_ascii_case(&batch.sha256) || bytes_of(txn, app, batch).await?.is_none() {
        return Err(Problem::new(Code::BatchHashDiffers));
    }
    if runs::holds(txn, batch.id).await? {
        return Err(Problem::new(Code::BatchInRun));
    }
    Ok(())
}

/// What will be sent goes to the cards of today.
async fn refuse_changed_cards(txn: &DatabaseTransaction, batch: &batch::Model) -> Result<(), Problem> {
    if cards_changed(txn, batch.id).await? {
        return Err(Problem::new(Code::BatchCardChanged).detail(Text::fixed(
            "批次中有会员已更换互助服务卡，请作废此批次后重新制作",
            "A member in this batch has another card now: void the batch and prepare a new one",
        )));
    }
    Ok(())
}

/// Counts a batch against the limits of its day; answers it as it stands then.
async fn count(txn: &DatabaseTransaction, app: &App, batch: &batch::Model) -> Result<batch::Model, Problem> {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    check_day(txn, app, link, batch.value_date).await?;
    if batch.total_fen > link.rules.max_batch_fen {
        return Err(day_limit::exceeded(&link.rules));
    }
    day_limit::count(txn, &link.rules, &batch.debit_account, batch.value_date, batch.total_fen).await?;
    let changed = batch::Entity::update_many()
        .col_expr(batch::Column::Counted, Expr::value(true))
        .filter(batch::Column::Id.eq(batch.id))
        .filter(batch::Column::Version.eq(batch.version))
        .exec(txn)
        .await?;
    if changed.rows_affected != 1 {
        return Err(Problem::new(Code::Conflict));
    }
    Ok(batch::Model { counted: true, ..batch.clone() })
}

/// What can't be paid on its value date any more is not released.
pub(super) async fn check_day(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    value_date: Date,
) -> Result<(), Problem> {
    let now = app.clock.now();
    let calendar = app.calendars.current(txn, now).await?;
    if link.rules.is_too_late(&calendar, now, value_date) {
        return Err(Problem::new(Code::ValueDatePassed));
    }
    Ok(())
}

/// True when a member in the batch has another card than the one that stands in its bytes.
pub(super) async fn cards_changed(connection: &impl ConnectionTrait, batch_id: Uuid) -> Result<bool, Problem> {
    let orders = orders_of(connection, batch_id).await?;
    let payouts = payouts_of(connection, &orders).await?;
    let cards = card::payees(connection, payouts.values()).await?;
    Ok(orders.iter().any(|order| {
        let now = cards.get(&order.payout_id);
        now.is_none_or(|card| Some(card.card_version) != order.card_version)
    }))
}

/// The payouts of these orders, by their identifier.
pub(super) async fn payouts_of<'a>(
    connection: &impl ConnectionTrait,
    orders: impl IntoIterator<Item = &'a order::Model>,
) -> Result<HashMap<Uuid, payout::Model>, Problem> {
    let ids: Vec<Uuid> = orders.into_iter().map(|order| order.payout_id).collect();
    let mut found = HashMap::new();
    for chunk in ids.chunks(500) {
        let rows = payout::Entity::find().filter(payout::Column::Id.is_in(chunk.to_vec())).all(connection).await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    if ids.iter().all(|id| found.contains_key(id)) { Ok(found) } else { Err(moves::payout_is_missing()) }
}

/// Releases a batch that was signed, by itself or in a run: its money is reserved, and a job sends it. One that [`is_at_bank`] (`is_there`) is
/// never sent; any other was counted.
///
/// # Errors
/// `conflict` or `batch_state_conflict` when somebody else moved it or an order of it meanwhile.
pub(super) async fn release(
    txn: &DatabaseTransaction,
    app: &App,
    batch: &batch::Model,
    checker_id: Uuid,
    is_there: bool,
) -> Result<(), Problem> {
    let changes = batch::ActiveModel {
        at_bank: Set(is_there),
        checker_id: Set(Some(checker_id)),
        released_sha256: Set(Some(batch.sha256.clone())),
        released_at_ms: Set(Some(app.clock.now())),
        ..Default::default()
    };
    moves::move_batch(txn, batch, BatchState::Released, changes).await?;
    let none = order::ActiveModel::default();
    let approved =
        moves::move_batch_orders(txn, app, batch.id, OrderState::Batched, OrderCommand::Approve, none).await?;
    let orders = orders_of(txn, batch.id).await?;
    if orders.iter().any(|order| order.state != OrderState::Approved)
        || u64::try_from(orders.len()).ok() != Some(approved)
        || i64::try_from(orders.len()).ok() != Some(batch.order_count)
    {
        return Err(Problem::new(Code::BatchStateConflict));
    }
    reserve(txn, app, &orders).await?;
    let payouts = payouts_of(txn, &orders).await?;
    let mut payouts: Vec<&payout::Model> = payouts.values().collect();
    payouts.sort_by_key(|payout| payout.id);
    moves::start_paying(txn, &payouts).await?;
    claim_news::released(txn, app, &payouts, checker_id).await?;
    if is_there {
        dispatch::found_at_bank(txn, app, batch.id).await?;
        return recon::suspense::take(txn, app, Some(batch.id)).await;
    }
    let spec = JobSpec::new(dispatch::KIND, json!({"batch_id": batch.id})).unique(batch.id.to_string());
    jobs::enqueue(txn, app, spec).await?;
    Ok(())
}

async fn reserve(txn: &DatabaseTransaction, app: &App, orders: &[order::Model]) -> Result<(), Problem> {
    post_each(txn, app, orders, |order, source| Event::Reserved { order, source }).await
}

/// The money of orders that were not paid goes back to where it was reserved from.
pub(super) async fn unreserve(txn: &DatabaseTransaction, app: &App, orders: &[order::Model]) -> Result<(), Problem> {
    post_each(txn, app, orders, |order, source| Event::Unreserved { order, source }).await
}

async fn post_each(
    txn: &DatabaseTransaction,
    app: &App,
    orders: &[order::Model],
    event: impl Fn(OrderMoney, Source) -> Event,
) -> Result<(), Problem> {
    let mut moneys = moves::moneys(txn, orders).await?;
    let mut events = Vec::with_capacity(orders.len());
    for order in orders {
        let source = Source::from_code(order.source_code);
        let (Some(money), Some(source)) = (moneys.remove(&order.id), source) else {
            return Err(Problem::internal(anyhow::anyhow!("an order without its money")));
        };
        events.push(event(money, source));
    }
    ledger::post(txn, app, &events).await?;
    Ok(())
}
