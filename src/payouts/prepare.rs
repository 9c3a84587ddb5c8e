//! The maker prepares a batch: queued orders, each with its member's card of today, become the exact bytes that a checker will sign.

use std::collections::HashSet;
use std::sync::Arc;

use actix_web::{post, web};
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::ExprTrait;
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;
use validator::Validate;

use super::bank::{self, BankLink, RenderError};
use super::card::{self, Card};
use super::hold::BY_PERSON;
use super::many::change_each;
use super::moves::move_order;
use super::reference;
use super::reissue::queue_mended;
use super::release::payouts_of;
use super::rows::{batch, file, order};
use super::state::{BatchState, OrderCommand, OrderState};
use super::views::BatchView;
use crate::app::App;
use crate::db::literal;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Body, Code, Idempotency, Problem, Reply, StaffCaller};
use crate::kernel::money::Fen;
use crate::kernel::seal::Field;

/// Orders looked at by one step.
const STEP: u64 = 500;
/// Why an order is held that is more than any batch may be.
const OVER_LIMIT: &str = "over_limit";

/// How to prepare.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PrepareBatch {
    /// Orders at most; the bank's own limit when absent.
    #[validate(range(min = 1, max = 3000))]
    #[schema(minimum = 1, maximum = 3000, example = 3000)]
    #[serde(default)]
    max_orders: Option<usize>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreparedBatch)]
pub struct Prepared {
    /// The batch; absent when no order could go into one.
    #[serde(skip_serializing_if = "Option::is_none")]
    batch: Option<BatchView>,
    /// Orders that were held back now.
    #[schema(max_items = 3000)]
    held: Vec<HeldOrder>,
}

/// An order that was held back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldOrder {
    /// The order.
    order_id: Uuid,
    /// Why: `no_card`, `card_resting`, `member_died` (no heir is confirmed), `name_unwritable` or `over_limit` (more than any batch may be).
    #[schema(max_length = 40, example = "no_card")]
    reason: String,
}

/// Prepare a batch of payouts
///
/// Takes queued orders, oldest first, resolves each member's service card of now, holds those without a usable one, and writes the exact
/// bytes for the bank, for the bank's day that a file sent now is paid on. 201 with the batch; 200 when nothing could go into one. Somebody
/// else releases it.
#[utoipa::path(
    tag = "staff", operation_id = "prepare_payout_batch", security(("bearer" = ["payout:prepare"])),
    request_body = PrepareBatch,
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible ASCII characters", min_length = 8, max_length = 64)),
    responses(
        (status = 201, description = "The batch, and what was held back", body = Prepared, headers(("ETag" = String, description = "The batch's version"))),
        (status = 200, description = "Nothing could go into a batch", body = Prepared),
        (status = 400, description = "`idempotency_key_missing`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Somebody else prepared the same orders: `conflict`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`bank_not_configured`", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[post("/v1/payout-batches")]
pub(super) async fn prepare_payout_batch(
    app: web::Data<Arc<App>>,
    staff: StaffCaller,
    idempotency: Idempotency,
    body: Body<PrepareBatch>,
) -> Answer {
    let link = app.bank.as_ref().ok_or_else(|| Problem::new(Code::BankNotConfigured))?;
    idempotency
        .once(&app, body.fingerprint, async |txn| {
            prepare_batch(txn, &app, link, staff.staff_id, body.value.max_orders).await
        })
        .await
}

/// Prepares a batch of at most `max_orders`, or of as many as the bank takes; answers it and what was held back.
///
/// # Errors
/// Those that the route names.
pub(crate) async fn prepare_batch(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    maker_id: Uuid,
    max_orders: Option<usize>,
) -> Result<Reply, Problem> {
    let limit = link.adapter.capabilities().max_lines;
    let limit = max_orders.map_or(limit, |wanted| wanted.min(limit));
    let bounds = Bounds { orders: limit, fen: link.rules.max_batch_fen, value_date: value_date(txn, app, link).await? };
    queue_mended(txn, app).await?;
    let (batch, held) = prepare(txn, app, link, maker_id, &bounds).await?;
    match batch {
        Some(row) => {
            let (location, version) = (format!("/v1/payout-batches/{}", row.id), row.version);
            Ok(Reply::created(location, &Prepared { batch: Some(row.into()), held })?.version(version))
        }
        None => Reply::ok(&Prepared { batch: None, held }),
    }
}

/// An order with what the bank needs of it.
struct Candidate {
    order: order::Model,
    card: Card,
}

/// How much may go into a batch, and when it shall be paid.
pub(crate) struct Bounds {
    /// Orders at most.
    pub orders: usize,
    /// Their sum at most.
    pub fen: Fen,
    /// The day on which it shall be paid.
    pub value_date: Date,
}

/// The day on which a file sent now would be paid.
pub(crate) async fn value_date(txn: &DatabaseTransaction, app: &App, link: &BankLink) -> Result<Date, Problem> {
    let now = app.clock.now();
    Ok(link.rules.value_date(&*app.calendars.current(txn, now).await?, now))
}

/// Puts queued orders, oldest first, into one batch within `bounds`; none when nothing can go into one.
pub(crate) async fn prepare(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    maker_id: Uuid,
    bounds: &Bounds,
) -> Result<(Option<batch::Model>, Vec<HeldOrder>), Problem> {
    let (mut held, mut unwritable) = (Vec::new(), HashSet::new());
    let mut candidates = gather(txn, app, link, bounds, &unwritable, &mut held).await?;
    let (bytes, draft) = loop {
        if candidates.is_empty() && !unwritable.is_empty() {
            // Those that no file can carry are the oldest, and filled the batch: they must not stand before the others for ever.
            candidates = gather(txn, app, link, bounds, &unwritable, &mut held).await?;
        }
        if candidates.is_empty() {
            return Ok((None, held));
        }
        let draft = draft_of(app, link, &candidates, bounds.value_date)?;
        match link.adapter.render(&draft) {
            Ok(bytes) => break (bytes, draft),
            Err(RenderError::Name(line) | RenderError::Reference(line)) if (1..=candidates.len()).contains(&line) => {
                let odd = candidates.remove(line - 1);
                unwritable.insert(odd.order.id);
                hold(txn, app, odd.order, "name_unwritable", &mut held).await?;
            }
            Err(error) => return Err(Problem::internal(error)),
        }
    };
    let row = write_batch(txn, app, &draft, maker_id, &bytes).await?;
    put_in_batch(txn, app, candidates, row.id).await?;
    Ok((Some(row), held))
}

/// Orders that can be paid now, oldest first, within `bounds`; the others are held with their reason, or stay held. Those of `without` are
/// passed over.
async fn gather(
    txn: &DatabaseTransaction,
    app: &App,
    link: &BankLink,
    bounds: &Bounds,
    without: &HashSet<Uuid>,
    held: &mut Vec<HeldOrder>,
) -> Result<Vec<Candidate>, Problem> {
    let mut candidates = Vec::new();
    let (mut after, mut sum_fen) = (Uuid::nil(), Fen::ZERO);
    loop {
        let orders = order::Entity::find()
            .filter(order::Column::State.into_expr().is_in([OrderState::Queued, OrderState::Held].map(literal)))
            .filter(order::Column::HoldReason.is_null().or(order::Column::HoldReason.ne(BY_PERSON)))
            .filter(order::Column::Id.gt(after))
            .order_by_asc(order::Column::Id)
            .limit(STEP)
            .all(txn)
            .await?;
        let Some(last) = orders.last() else { return Ok(candidates) };
        after = last.id;
        let payouts = payouts_of(txn, &orders).await?;
        let cards = card::payees(txn, payouts.values()).await?;
        for order in orders.into_iter().filter(|order| !without.contains(&order.id)) {
            if order.amount_fen > link.rules.max_batch_fen {
                hold(txn, app, order, OVER_LIMIT, held).await?;
                continue;
            }
            match cards.usable(&order.payout_id, app.clock.now()) {
                Ok(card) => {
                    sum_fen = sum_fen.checked_add(order.amount_fen)?;
                    if sum_fen > bounds.fen {
                        return Ok(candidates);
                    }
                    candidates.push(Candidate { card: card.clone(), order: release_hold(txn, app, order).await? })
                }
                Err(why) => hold(txn, app, order, why.word(), held).await?,
            }
            if candidates.len() == bounds.orders {
                return Ok(candidates);
            }
        }
    }
}

async fn hold(
    txn: &DatabaseTransaction,
    app: &App,
    order: order::Model,
    reason: &str,
    held: &mut Vec<HeldOrder>,
) -> Result<(), Problem> {
    if order.state == OrderState::Held {
        return Ok(());
    }
    let changes = order::ActiveModel { hold_reason: Set(Some(reason.to_owned())), ..Default::default() };
    move_order(txn, app, &order, OrderCommand::Hold, changes).await?;
    held.push(HeldOrder { order_id: order.id, reason: reason.to_owned() });
    Ok(())
}

async fn release_hold(txn: &DatabaseTransaction, app: &App, mut order: order::Model) -> Result<order::Model, Problem> {
    if order.state == OrderState::Held {
        let changes = order::ActiveModel { hold_reason: Set(None), ..Default::default() };
        order.state = move_order(txn, app, &order, OrderCommand::Queue, changes).await?;
        order.version += 1;
    }
    Ok(order)
}

fn draft_of(app: &App, link: &BankLink, candidates: &[Candidate], value_date: Date) -> Result<bank::Batch, Problem> {
    let lines = candidates
        .iter()
        .map(|candidate| {
            Ok(bank::Line {
                bank_ref: candidate.order.bank_ref.clone(),
                card_number: app.sealer.open(Field::CardNumber, &candidate.card.number_sealed)?,
                holder_name: app.sealer.open(Field::Name, &candidate.card.holder_name_sealed)?,
                amount_fen: candidate.order.amount_fen,
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    Ok(bank::Batch {
        batch_ref: reference::mint(app.chance.as_ref()),
        corp_id: link.corp_id.clone(),
        debit_account: link.account.clone(),
        value_date,
        made_at: app.clock.now(),
        lines,
    })
}

async fn write_batch(
    txn: &DatabaseTransaction,
    app: &App,
    draft: &bank::Batch,
    maker_id: Uuid,
    bytes: &[u8],
) -> Result<batch::Model, Problem> {
    let row = batch::ActiveModel {
        id: Set(app.ids.next()),
        batch_ref: Set(draft.batch_ref.clone()),
        debit_account: Set(draft.debit_account.clone()),
        value_date: Set(draft.value_date),
        state: Set(BatchState::Prepared),
        order_count: Set(i64::try_from(draft.lines.len()).map_err(Problem::internal)?),
        total_fen: Set(Fen::sum(draft.lines.iter().map(|line| line.amount_fen))?),
        sha256: Set(hex::encode(Sha256::digest(bytes))),
        maker_id: Set(maker_id),
        not_found_count: Set(0),
        counted: Set(false),
        version: Set(1),
        created_at_ms: Set(draft.made_at),
        ..Default::default()
    };
    let row = batch::Entity::insert(row).exec_with_returning(txn).await?;
    let file = file::ActiveModel {
        batch_id: Set(row.id),
        bytes_sealed: Set(app.sealer.seal(Field::PayoutFile, bytes)?),
        size_bytes: Set(i64::try_from(bytes.len()).map_err(Problem::internal)?),
    };
    file::Entity::insert(file).exec_without_returning(txn).await?;
    Ok(row)
}

async fn put_in_batch(
    txn: &DatabaseTransaction,
    app: &App,
    candidates: Vec<Candidate>,
    batch_id: Uuid,
) -> Result<(), Problem> {
    let from = OrderState::Queued;
    let state = from.after(OrderCommand::PutInBatch).ok_or_else(|| Problem::new(Code::Conflict))?;
    let line = |(Candidate { order, card }, line_no): (Candidate, i32)| -> Vec<Value> {
        vec![
            order.id.into(),
            order.version.into(),
            line_no.into(),
            card.id.into(),
            card.card_version.into(),
            card.number_sealed.into(),
            card.number_tail.into(),
            card.holder_name_sealed.into(),
        ]
    };
    change_each(
        txn,
        "with v as ({rows}) update payout_order set state = $1, batch_id = $2, changed_at_ms = $3, line_no = v.column3, card_id = v.column4, \
         card_version = v.column5, card_sealed = v.column6, card_tail = v.column7, name_sealed = v.column8, \
         version = payout_order.version + 1 \
         from v where payout_order.id = v.column1 and payout_order.version = v.column2 and payout_order.state = $4",
        &[state.word().into(), batch_id.into(), app.clock.now().into(), from.word().into()],
        &candidates.into_iter().zip(1..).map(line).collect::<Vec<_>>(),
    )
    .await
}
