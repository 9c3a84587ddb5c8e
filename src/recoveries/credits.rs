//! Credits that wait in suspense: among them are the repayments of members.

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::repayment;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;
use crate::recon::rows::entry;
use crate::recon::suspense;

/// A credit of a statement that nobody has explained.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SuspenseCredit {
    /// The booking.
    pub entry_id: Uuid,
    /// The day it was booked.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-04-20")]
    pub booked_on: time::Date,
    /// The bank's serial number.
    #[schema(max_length = 40, example = "S0000012")]
    pub bank_serial: String,
    /// The bank's word for what it is.
    #[schema(max_length = 200, example = "PMNT/RCDT/DMCT")]
    pub kind: String,
    /// Last four digits of the account that it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 4, example = "0128")]
    pub counterparty_tail: Option<String>,
    /// How much.
    pub amount_fen: Fen,
    /// What of it no recovery has, also not by a proposal that waits.
    pub left_fen: Fen,
    /// True for one that may repay a recovery: it names no order, or one that is settled.
    pub may_repay: bool,
}

/// List credits in suspense
///
/// Newest first: money that came in and names nothing that is known. A person who knows whose it is proposes it as a repayment, or ties it to the
/// order that it returns.
#[utoipa::path(
    tag = "staff", operation_id = "list_suspense_credits", security(("bearer" = ["recovery:read"])),
    params(Page), responses(
        (status = 200, description = "A page of credits", body = Paged<SuspenseCredit>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/suspense-credits")]
pub(super) async fn list_suspense_credits(app: web::Data<Arc<App>>, page: Query<Page>) -> Answer {
    let (limit, list) = (page.0.limit()?, "suspense-credits");
    let before = page.0.start(&app, list)?.map(|after| after.id);
    let rows = suspense::credits(app.db.read(), before, limit + 1).await?;
    let free = suspense::may_be_anything(app.db.read(), rows.clone()).await?;
    let taken = taken(app.db.read(), &rows).await?;
    let views = rows
        .into_iter()
        .map(|row| {
            let taken = taken.get(&row.id).copied().unwrap_or_default();
            Ok(SuspenseCredit {
                may_repay: free.iter().any(|entry| entry.id == row.id),
                entry_id: row.id,
                booked_on: row.booked_on,
                bank_serial: row.bank_serial,
                kind: row.kind,
                counterparty_tail: row.counterparty_tail,
                left_fen: row.amount_fen.checked_sub(taken)?,
                amount_fen: row.amount_fen,
            })
        })
        .collect::<Result<Vec<_>, Problem>>()?;
    let key = |view: &SuspenseCredit| (Moment::start_of(view.booked_on), view.entry_id);
    let page = Paged::from_rows(&app, list, limit, views, key, |view| view);
    Ok(Reply::ok(&page)?.into_response())
}

/// What recoveries have of these credits, also by proposals that wait.
async fn taken(connection: &impl ConnectionTrait, entries: &[entry::Model]) -> Result<HashMap<Uuid, Fen>, Problem> {
    let mut taken: HashMap<Uuid, Fen> = HashMap::new();
    if entries.is_empty() {
        return Ok(taken);
    }
    let rows = repayment::Entity::find()
        .filter(repayment::Column::EntryId.is_in(entries.iter().map(|entry| entry.id)))
        .filter(repayment::Column::WithdrawnAtMs.is_null())
        .all(connection)
        .await?;
    for row in rows {
        let sum = taken.entry(row.entry_id).or_default();
        *sum = sum.checked_add(row.amount_fen)?;
    }
    Ok(taken)
}

/// What of a credit no recovery has.
///
/// # Errors
/// Those of the database; an internal problem for amounts that no fund has.
pub(crate) async fn left_of_credit(connection: &impl ConnectionTrait, entry: &entry::Model) -> Result<Fen, Problem> {
    let taken = taken(connection, std::slice::from_ref(entry)).await?;
    Ok(entry.amount_fen.checked_sub(taken.get(&entry.id).copied().unwrap_or_default())?)
}
