//! What the staff see of deaths and heirs: numbers masked.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::heir::HeirRelation;
use super::rows::{death, heir};
use crate::app::App;
use crate::http::Problem;
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::people::{mask_card_tail, mask_name, mask_national_id};
use crate::kernel::seal::Field;

/// That a member died.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MemberDeath)]
pub struct DeathView {
    /// Identifier.
    pub id: Uuid,
    /// When.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-20")]
    pub died_on: time::Date,
    /// The documents that show it.
    #[schema(max_items = 20, example = json!(["居民死亡医学证明书"]))]
    pub evidence: Vec<String>,
    /// Who recorded it.
    pub recorded_by: Uuid,
    /// When.
    pub recorded_at: Moment,
    /// Who took it back: it was a mistake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_at: Option<Moment>,
}

impl DeathView {
    pub(super) fn of(app: &App, row: death::Model) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            died_on: row.died_on,
            evidence: app.sealer.open_json(Field::Remark, &row.evidence_sealed)?,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at_ms,
            withdrawn_by: row.withdrawn_by,
            withdrawn_at: row.withdrawn_at_ms,
        })
    }
}

/// Whom a payout goes to after its member's death.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutHeir)]
pub struct HeirView {
    /// Identifier.
    pub id: Uuid,
    /// The payout.
    pub payout_id: Uuid,
    /// What the heir was to the member.
    pub relation: HeirRelation,
    /// Name, all but the first character hidden.
    #[schema(max_length = 60, example = "李*")]
    pub name: String,
    /// Identity number, the birthday and serial hidden.
    #[schema(max_length = 18, example = "110101********0775")]
    pub national_id: String,
    /// The card, masked.
    #[schema(max_length = 20, example = "**** 0136")]
    pub card: String,
    /// The documents that show it.
    #[schema(max_items = 20, example = json!(["继承权公证书（2026）京公证字第17号"]))]
    pub evidence: Vec<String>,
    /// Who recorded it.
    pub recorded_by: Uuid,
    /// When.
    pub recorded_at: Moment,
    /// Who confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Moment>,
    /// The payout can be paid to the card from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usable_from: Option<Moment>,
    /// Who took it back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withdrawn_by: Option<Uuid>,
}

impl HeirView {
    pub(super) fn of(app: &App, row: heir::Model) -> Result<Self, Problem> {
        Ok(Self {
            id: row.id,
            payout_id: row.payout_id,
            relation: row.relation,
            name: mask_name(app.sealer.open(Field::Name, &row.name_sealed)?.reveal()),
            national_id: mask_national_id(app.sealer.open(Field::NationalId, &row.national_id_sealed)?.reveal()),
            card: mask_card_tail(&row.number_tail),
            evidence: app.sealer.open_json(Field::Remark, &row.evidence_sealed)?,
            recorded_by: row.recorded_by,
            recorded_at: row.recorded_at_ms,
            confirmed_by: row.confirmed_by,
            confirmed_at: row.confirmed_at_ms,
            usable_from: row.usable_from_ms,
            withdrawn_by: row.withdrawn_by,
        })
    }
}
