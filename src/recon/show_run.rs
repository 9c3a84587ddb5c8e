//! A reconciliation run: how the day's bookings were matched, and what is open.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::BreakView;
use super::rows::{entry, recon_break, run, statement};
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::{Moment, iso_date};
use crate::kernel::money::Fen;

/// A reconciliation run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReconRun)]
pub(super) struct RunView {
    /// Identifier.
    id: Uuid,
    /// The account.
    #[schema(max_length = 40, example = "6222020000001")]
    account: String,
    /// The day that was asked for.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, example = "2026-03-16")]
    business_date: Option<time::Date>,
    /// `queued` or `done`.
    #[schema(max_length = 10, example = "done")]
    state: String,
    /// The number of the statement that it is about; absent until there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, example = 1)]
    statement_seq: Option<i64>,
    /// Bookings on that statement.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, example = 3)]
    entry_count: Option<i64>,
    /// Statements taken by this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, example = 1)]
    statements_taken: Option<i32>,
    /// Breaks of the account that were open when it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0, example = 0)]
    breaks_open: Option<i64>,
    /// When it was asked for.
    started_at: Moment,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    done_at: Option<Moment>,
}

impl RunView {
    pub(super) fn of(row: run::Model, statement: Option<&statement::Model>) -> Self {
        Self {
            id: row.id,
            account: row.account,
            business_date: row.business_date,
            state: row.state,
            statement_seq: statement.map(|statement| statement.seq),
            entry_count: statement.map(|statement| statement.entry_count),
            statements_taken: row.statements_taken,
            breaks_open: row.breaks_open,
            started_at: row.started_at_ms,
            done_at: row.done_at_ms,
        }
    }
}

/// Show a reconciliation run
///
/// With the statement that it is about and what was open when it ended.
#[utoipa::path(
    tag = "bank", operation_id = "show_recon_run", security(("bearer" = ["bank:statement"])),
    params(("run_id" = Uuid, Path, description = "The run")),
    responses(
        (status = 200, description = "The run", body = RunView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/runs/{run_id}")]
pub(super) async fn show_recon_run(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let row = find(app.db.read(), *path).await?;
    let statement = match row.statement_id {
        Some(id) => statement::Entity::find_by_id(id).one(app.db.read()).await?,
        None => None,
    };
    Ok(Reply::ok(&RunView::of(row, statement.as_ref()))?.into_response())
}

/// How one booking was taken.
#[derive(Debug, Serialize, ToSchema)]
struct RunMatch {
    /// Its number on the statement.
    #[schema(minimum = 1, example = 1)]
    entry_no: i64,
    /// The day it was booked.
    #[serde(with = "iso_date")]
    #[schema(value_type = String, format = Date, example = "2026-03-16")]
    booked_on: time::Date,
    /// True for money in.
    credit: bool,
    /// How much.
    amount_fen: Fen,
    /// The bank's serial number.
    #[schema(max_length = 40, example = "S000000000012")]
    bank_serial: String,
    /// The reference that it names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 35, example = "2QK7W9H3M5RTB8XE6CV1DANJ4P")]
    bank_ref: Option<String>,
    /// True when it belongs to an order of ours.
    matched: bool,
    /// How it was taken: `settled`, `returned`, `debited_again`, `given_back`, `funded`, `charged`, `unknown_debit` or `unknown_credit`.
    #[schema(max_length = 20, example = "settled")]
    treatment: String,
}

impl From<entry::Model> for RunMatch {
    fn from(row: entry::Model) -> Self {
        Self {
            entry_no: row.entry_no,
            booked_on: row.booked_on,
            credit: row.credit,
            amount_fen: row.amount_fen,
            bank_serial: row.bank_serial,
            bank_ref: row.bank_ref,
            matched: row.order_id.is_some(),
            treatment: row.treatment,
        }
    }
}

/// List a run's matches
///
/// Each booking of the run's statement with how it was taken, in the statement's order; empty while there is no statement.
#[utoipa::path(
    tag = "bank", operation_id = "list_run_matches", security(("bearer" = ["bank:statement"])),
    params(("run_id" = Uuid, Path, description = "The run"), Page),
    responses(
        (status = 200, description = "A page of matches", body = Paged<RunMatch>),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/runs/{run_id}/matches")]
pub(super) async fn list_run_matches(app: web::Data<Arc<App>>, path: web::Path<Uuid>, page: Query<Page>) -> Answer {
    let (limit, list) = (page.0.limit()?, format!("run-matches:{}", *path));
    let run = find(app.db.read(), *path).await?;
    let mut query = entry::Entity::find().filter(entry::Column::StatementId.eq(run.statement_id.unwrap_or_default()));
    if let Some(after) = page.0.start(&app, &list)? {
        query = query.filter(entry::Column::EntryNo.gt(after.at_ms));
    }
    let rows = query.order_by_asc(entry::Column::EntryNo).limit(limit + 1).all(app.db.read()).await?;
    // The place of a booking is its number, which stands where other lists have a moment.
    let place = |row: &entry::Model| (Moment::from_ms(row.entry_no), row.id);
    Ok(Reply::ok(&Paged::from_rows(&app, &list, limit, rows, place, RunMatch::from))?.into_response())
}

/// List a run's breaks
///
/// What is open for the run's account, newest first.
#[utoipa::path(
    tag = "bank", operation_id = "list_run_breaks", security(("bearer" = ["break:read"])),
    params(("run_id" = Uuid, Path, description = "The run"), Page),
    responses(
        (status = 200, description = "A page of breaks", body = Paged<BreakView>),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/runs/{run_id}/breaks")]
pub(super) async fn list_run_breaks(app: web::Data<Arc<App>>, path: web::Path<Uuid>, page: Query<Page>) -> Answer {
    let (limit, list) = (page.0.limit()?, format!("run-breaks:{}", *path));
    let run = find(app.db.read(), *path).await?;
    let now = app.clock.now();
    let mut query = recon_break::Entity::find()
        .filter(recon_break::Column::Account.eq(run.account))
        .filter(recon_break::Column::State.eq("open"));
    if let Some(after) = page.0.start(&app, &list)? {
        query = query.filter(recon_break::Column::Id.lt(after.id));
    }
    let rows = query.order_by_desc(recon_break::Column::Id).limit(limit + 1).all(app.db.read()).await?;
    let place = |row: &recon_break::Model| (row.opened_at_ms, row.id);
    let page = Paged::from_rows(&app, &list, limit, rows, place, |row| BreakView::at(row, now));
    Ok(Reply::ok(&page)?.into_response())
}

async fn find(connection: &impl ConnectionTrait, id: Uuid) -> Result<run::Model, Problem> {
    run::Entity::find_by_id(id).one(connection).await?.ok_or_else(|| Problem::new(Code::NotFound))
}
