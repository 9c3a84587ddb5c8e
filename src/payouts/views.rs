//! What the API shows of payouts, orders and batches: no card number, no name.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{batch, order, payout};
use super::state::{BatchState, OrderState, PayoutState};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::kernel::people::mask_card_tail;

/// A batch of orders.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PayoutBatch)]
pub struct BatchView {
    /// Identifier.
    pub id: Uuid,
    /// Its name at the bank, for ever.
    #[schema(max_length = 30, example = "7H3K9QW2M5RTB8XE6CV1DANJ4P")]
    pub batch_ref: String,
    /// Where it stands.
    pub state: BatchState,
    /// The day on which it shall be paid.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-11-23")]
    pub value_date: time::Date,
    /// Number of its orders.
    #[schema(minimum = 1, maximum = 3000, example = 3)]
    pub order_count: i64,
    /// Their sum.
    pub total_fen: Fen,
    /// SHA-256 of its exact bytes, in hex: what a checker signs.
    #[schema(min_length = 64, max_length = 64, pattern = "^[0-9a-f]{64}$")]
    pub sha256: String,
    /// True when the bank had it before it was released here, because a restore lost its first release: its release sends nothing.
    pub at_bank: bool,
    /// Who prepared it.
    pub maker_id: Uuid,
    /// Who released it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checker_id: Option<Uuid>,
    /// When it was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Moment>,
    /// When it was prepared.
    pub created_at: Moment,
    /// Rises with every change; its entity tag.
    pub version: i64,
}

impl From<batch::Model> for BatchView {
    fn from(row: batch::Model) -> Self {
        Self {
            id: row.id,
            batch_ref: row.batch_ref,
            state: row.state,
            value_date: row.value_date,
            order_count: row.order_count,
            total_fen: row.total_fen,
            sha256: row.sha256,
            at_bank: row.at_bank,
            maker_id: row.maker_id,
            checker_id: row.checker_id,
            released_at: row.released_at_ms,
            created_at: row.created_at_ms,
            version: row.version,
        }
    }
}

/// One try at paying.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PayoutOrder)]
pub struct OrderView {
    /// Identifier.
    pub id: Uuid,
    /// The payout that it pays.
    pub payout_id: Uuid,
    /// Which try, from 1.
    #[schema(minimum = 1, example = 1)]
    pub try_no: i32,
    /// Its name at the bank, for ever.
    #[schema(max_length = 30, example = "2QK7W9H3M5RTB8XE6CV1DANJ4P")]
    pub bank_ref: String,
    /// How much.
    pub amount_fen: Fen,
    /// Where it stands.
    pub state: OrderState,
    /// Why it is held: `no_card`, `card_resting`, `member_died` (no heir is confirmed), `name_unwritable`, `over_limit` (more than any batch may be)
    /// or `by_person`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40)]
    pub hold_reason: Option<String>,
    /// Its batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<Uuid>,
    /// The card that it goes to, masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20, example = "**** 1111")]
    pub card: Option<String>,
    /// The bank's reason code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 40, example = "AC04")]
    pub reason_code: Option<String>,
    /// When the bank booked or refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub posted_at: Option<Moment>,
    /// When it last changed.
    pub changed_at: Moment,
}

impl From<order::Model> for OrderView {
    fn from(row: order::Model) -> Self {
        Self {
            id: row.id,
            payout_id: row.payout_id,
            try_no: row.try_no,
            bank_ref: row.bank_ref,
            amount_fen: row.amount_fen,
            state: row.state,
            hold_reason: row.hold_reason,
            batch_id: row.batch_id,
            card: row.card_tail.as_deref().map(mask_card_tail),
            reason_code: row.reason_code,
            posted_at: row.posted_at_ms,
            changed_at: row.changed_at_ms,
        }
    }
}

/// What the fund owes one member for one decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Payout)]
pub struct PayoutView {
    /// Identifier.
    pub id: Uuid,
    /// The claim that was decided.
    pub claim_id: Uuid,
    /// The decision.
    pub decision_id: Uuid,
    /// How much.
    pub amount_fen: Fen,
    /// Where it stands.
    pub state: PayoutState,
    /// When it was made.
    pub created_at: Moment,
    /// When the bank paid it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_at: Option<Moment>,
    /// The day on whose statement the debit stands.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub settled_on: Option<time::Date>,
}

impl From<payout::Model> for PayoutView {
    fn from(row: payout::Model) -> Self {
        Self {
            id: row.id,
            claim_id: row.claim_id,
            decision_id: row.decision_id,
            amount_fen: row.amount_fen,
            state: row.state,
            created_at: row.created_at_ms,
            paid_at: row.paid_at_ms,
            settled_on: row.settled_on,
        }
    }
}
