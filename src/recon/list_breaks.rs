//! The list of breaks.

use std::sync::Arc;

use actix_web::{get, web};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::BreakKind;
use super::rows::recon_break;
use crate::app::App;
use crate::http::problem::ProblemBody;
use crate::http::{Answer, Code, Page, Paged, Problem, Query, Reply};
use crate::kernel::clock::Moment;
use crate::kernel::money::Fen;
use crate::kernel::text::Text;

const SECS_PER_DAY: i64 = 24 * 60 * 60;
/// The oldest break that can be asked for.
const LONGEST_AGE_DAYS: u32 = 3_650;

/// Whether somebody still has to look at a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BreakState {
    /// Yes.
    Open,
    /// No.
    Resolved,
}

/// Which breaks.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BreakFilter {
    /// Only those in this state.
    #[serde(default)]
    state: Option<BreakState>,
    /// Only those opened more than this many days ago, 0 to 3650.
    #[param(minimum = 0, maximum = 3650)]
    #[serde(default)]
    age_gt: Option<u32>,
    /// `next_cursor` of the page before; none for the first page.
    #[param(max_length = 400, pattern = "^[A-Za-z0-9_-]*$")]
    #[serde(default)]
    cursor: Option<String>,
    /// Items a page, 1 to 100. Default 20.
    #[param(minimum = 1, maximum = 100)]
    #[serde(default)]
    limit: Option<u64>,
}

/// How old a break is, in whole days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub enum AgeBucket {
    /// Today or yesterday.
    #[serde(rename = "0-1")]
    Fresh,
    /// Two or three.
    #[serde(rename = "2-3")]
    Days,
    /// Within a week.
    #[serde(rename = "4-7")]
    Week,
    /// Within a month.
    #[serde(rename = "8-30")]
    Month,
    /// More than a month.
    #[serde(rename = ">30")]
    Old,
}

impl AgeBucket {
    /// The bucket of an age.
    #[must_use]
    pub const fn of(days: i64) -> Self {
        match days {
            ..=1 => Self::Fresh,
            2..=3 => Self::Days,
            4..=7 => Self::Week,
            8..=30 => Self::Month,
            _ => Self::Old,
        }
    }

    /// The word on the wire and in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "0-1",
            Self::Days => "2-3",
            Self::Week => "4-7",
            Self::Month => "8-30",
            Self::Old => ">30",
        }
    }
}

/// A disagreement between the bank and the books.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ReconBreak)]
pub struct BreakView {
    /// Identifier.
    pub id: Uuid,
    /// Which kind.
    pub kind: BreakKind,
    /// What that is.
    pub name: Text,
    /// The account.
    #[schema(max_length = 40, example = "6222020000001")]
    pub account: String,
    /// The order that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Uuid>,
    /// The batch that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<Uuid>,
    /// The booking that it is about: one that names no order may be tied to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry_id: Option<Uuid>,
    /// How much is at stake.
    pub amount_fen: Fen,
    /// What was seen.
    #[schema(max_length = 500)]
    pub detail: String,
    /// Who looks after it.
    #[schema(max_length = 40, example = "payout_checker")]
    pub owner_role: String,
    /// True while it stops sending for the account.
    pub stops_dispatch: bool,
    /// Whether somebody still has to look at it.
    pub state: BreakState,
    /// Whole days since it was opened.
    #[schema(minimum = 0, example = 2)]
    pub age_days: i64,
    /// The same as a bucket.
    pub age_bucket: AgeBucket,
    /// When it was opened.
    pub opened_at: Moment,
    /// What happened, what to do and who does it.
    pub playbook: Text,
    /// True for a kind that one person proposes to close and another closes.
    pub takes_two: bool,
    /// What somebody proposes to be the end of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub proposal: Option<String>,
    /// Who.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proposed_at: Option<Moment>,
    /// How it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub resolution: Option<String>,
    /// Who closed it; nobody when a later statement explained it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_by: Option<Uuid>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Moment>,
}

impl BreakView {
    /// A break as it is seen at `now`.
    #[must_use]
    pub fn at(row: recon_break::Model, now: Moment) -> Self {
        let open = row.state == "open";
        let age_days = (now.as_secs() - row.opened_at_ms.as_secs()) / SECS_PER_DAY;
        Self {
            id: row.id,
            kind: row.kind,
            name: row.kind.name(),
            account: row.account,
            order_id: row.order_id,
            batch_id: row.batch_id,
            entry_id: row.entry_id,
            amount_fen: row.amount_fen,
            detail: row.detail,
            owner_role: row.owner_role,
            stops_dispatch: open && row.kind.stops_dispatch(),
            state: if open { BreakState::Open } else { BreakState::Resolved },
            age_days,
            age_bucket: AgeBucket::of(age_days),
            opened_at: row.opened_at_ms,
            playbook: row.kind.playbook(),
            takes_two: row.kind.takes_two(),
            proposal: row.proposal,
            proposed_by: row.proposed_by,
            proposed_at: row.proposed_at_ms,
            resolution: row.resolution,
            resolved_by: row.resolved_by,
            resolved_at: row.resolved_at_ms,
        }
    }
}

/// Show a break
///
/// With what to do about it. No card number, name or claim is in it.
#[utoipa::path(
    tag = "bank", operation_id = "show_break", security(("bearer" = ["break:read"])),
    params(("break_id" = Uuid, Path, description = "The break")),
    responses(
        (status = 200, description = "The break", body = BreakView),
        (status = 404, description = "Not found", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/breaks/{break_id}")]
pub(super) async fn show_break(app: web::Data<Arc<App>>, path: web::Path<Uuid>) -> Answer {
    let row = recon_break::Entity::find_by_id(*path).one(app.db.read()).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(Reply::ok(&BreakView::at(row, app.clock.now()))?.into_response())
}

/// List breaks
///
/// Disagreements between the bank and the books, newest first. No card number, name or claim is in them.
#[utoipa::path(
    tag = "bank", operation_id = "list_breaks", security(("bearer" = ["break:read"])),
    params(BreakFilter), responses(
        (status = 200, description = "A page of breaks", body = Paged<BreakView>),
        (status = 422, description = "A field or parameter is not right", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
#[get("/v1/recon/breaks")]
pub(super) async fn list_breaks(app: web::Data<Arc<App>>, filter: Query<BreakFilter>) -> Answer {
    let Query(BreakFilter { state, age_gt, cursor, limit }) = filter;
    if age_gt.is_some_and(|days| days > LONGEST_AGE_DAYS) {
        return Err(Problem::new(Code::ValidationFailed).field(
            "query:age_gt",
            "range",
            Text::fixed("天数应为 0 到 3650", "age_gt is 0 to 3,650 days"),
        ));
    }
    let page = Page { cursor, limit };
    let (limit, list) = (page.limit()?, format!("breaks:{state:?}:{age_gt:?}"));
    let now = app.clock.now();
    let mut wanted = Condition::all();
    if let Some(state) = state {
        let word = if state == BreakState::Open { "open" } else { "resolved" };
        wanted = wanted.add(recon_break::Column::State.eq(word));
    }
    if let Some(days) = age_gt {
        wanted = wanted.add(recon_break::Column::OpenedAtMs.lt(now.plus_secs(-i64::from(days) * SECS_PER_DAY)));
    }
    if let Some(after) = page.start(&app, &list)? {
        wanted = wanted.add(recon_break::Column::Id.lt(after.id));
    }
    let rows = recon_break::Entity::find()
        .filter(wanted)
        .order_by_desc(recon_break::Column::Id)
        .limit(limit + 1)
        .all(app.db.read())
        .await?;
    let page =
        Paged::from_rows(&app, &list, limit, rows, |row| (row.opened_at_ms, row.id), |row| BreakView::at(row, now));
    Ok(Reply::ok(&page)?.into_response())
}
