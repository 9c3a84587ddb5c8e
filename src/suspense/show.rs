//! One booking in suspense, with what it may be of and what people say.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::candidates::{self, Candidate};
use super::rows::tie;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Problem, Reply};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::recon::rows::entry;
use crate::recon::suspense;

/// What somebody says of a booking.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SuspenseTie)]
pub struct TieView {
    /// Identifier.
    pub id: Uuid,
    /// The order that the booking is said to be of.
    pub order_id: Uuid,
    /// Why.
    #[schema(max_length = 500, example = "银行来电确认为该笔退汇")]
    pub reason: String,
    /// Who said so.
    pub proposed_by: Uuid,
    /// When.
    pub proposed_at: Moment,
    /// Who confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Moment>,
}

impl From<tie::Model> for TieView {
    fn from(row: tie::Model) -> Self {
        Self {
            id: row.id,
            order_id: row.order_id,
            reason: row.reason,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at_ms,
            confirmed_by: row.confirmed_by,
            confirmed_at: row.confirmed_at_ms,
        }
    }
}

/// A booking of a statement that was put into suspense.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuspenseBooking {
    /// Identifier.
    pub id: Uuid,
    /// True for money that came in.
    #[schema(example = true)]
    pub credit: bool,
    /// The day it was booked.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-25")]
    pub booked_on: time::Date,
    /// The bank's serial number.
    #[schema(max_length = 40, example = "S0000012")]
    pub bank_serial: String,
    /// The bank's word for what it is.
    #[schema(max_length = 200, example = "PMNT/ICDT/RRTN")]
    pub kind: String,
    /// Last four digits of the other account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4, example = "0128")]
    pub counterparty_tail: Option<String>,
    /// How much.
    pub amount_fen: Fen,
    /// True while it waits for somebody who knows what it is.
    #[schema(example = true)]
    pub waits: bool,
    /// The order that it names, or was tied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Uuid>,
    /// Orders that it may be of, the likeliest first; none once it has one.
    #[schema(max_items = 5)]
    pub candidates: Vec<Candidate>,
    /// What was said of it last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tie: Option<TieView>,
}

/// Show a booking in suspense
///
/// Money of a statement that named nothing known, with orders of the same amount and a near day. They are suggestions: two people tie it to one,
/// and nothing else does.
#[utoipa::path(
    tag = "staff", operation_id = "show_suspense_booking", security(("bearer" = ["payout:read"])),
    params(("entry_id" = Uuid, Path, description = "The booking")),
    responses(
        (status = 200, description = "The booking", body = SuspenseBooking),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/suspense-bookings/{entry_id}")]
pub(super) async fn show_suspense_booking(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let booking = shown(app.db.read(), *path).await?.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Reply::ok(&booking)?.into_response())
}

/// The booking, if it was put into suspense.
///
/// # Errors
/// Those of the database.
pub async fn shown(connection: &impl ConnectionTrait, entry_id: Uuid) -> Result<Option<SuspenseBooking>, Problem> {
    match suspense::booking(connection, entry_id).await? {
        Some(booking) => Ok(Some(view(connection, booking).await?)),
        None => Ok(None),
    }
}

/// The booking as it stands.
///
/// # Errors
/// Those of the database.
pub(super) async fn view(connection: &impl ConnectionTrait, booking: entry::Model) -> Result<SuspenseBooking, Problem> {
    let candidates = if booking.order_id.is_none() { candidates::of(connection, &booking).await? } else { Vec::new() };
    Ok(SuspenseBooking {
        waits: suspense::waits(connection, &booking).await?,
        tie: newest(connection, booking.id).await?.map(Into::into),
        candidates,
        id: booking.id,
        credit: booking.credit,
        booked_on: booking.booked_on,
        bank_serial: booking.bank_serial,
        kind: booking.kind,
        counterparty_tail: booking.counterparty_tail,
        amount_fen: booking.amount_fen,
        order_id: booking.order_id,
    })
}

/// What was said last of a booking.
///
/// # Errors
/// Those of the database.
pub(super) async fn newest(connection: &impl ConnectionTrait, entry_id: Uuid) -> Result<Option<tie::Model>, Problem> {
    Ok(tie::Entity::find()
        .filter(tie::Column::EntryId.eq(entry_id))
        .order_by_desc(tie::Column::Id)
        .one(connection)
        .await?)
}
