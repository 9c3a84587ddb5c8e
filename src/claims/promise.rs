//! A claim's promise: the clock rows of its timeline, put to the pure clock of [`crate::promise`].

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Serialize;
use time::Date;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::{claim, timeline};
use super::state::ClaimState;
use crate::app::App;
use crate::calendar::{self, Calendar};
use crate::db::literal;
use crate::http::Problem;
use crate::kernel::clock::{Moment, iso_date};
use crate::promise::{self, ClockEvent, ClockRow, DoorToDoor, PROMISE_DAYS, PromiseState};

/// The states in which a promise runs or is paused.
const RUNNING: [ClaimState; 8] = [
    ClaimState::Checking,
    ClaimState::Accepted,
    ClaimState::InReview,
    ClaimState::WaitingForMember,
    ClaimState::Approved,
    ClaimState::PartlyApproved,
    ClaimState::Paying,
    ClaimState::PayoutFailed,
];

/// The ten-working-day promise as the member sees it: always both figures.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PromiseView {
    /// Whether the clock runs.
    pub state: PromiseState,
    /// Day n of 10; more than 10 after a breach.
    #[schema(minimum = 0, maximum = 10000, example = 3)]
    pub day: u32,
    /// Always 10.
    #[schema(minimum = 10, maximum = 10, example = 10)]
    pub of_days: u32,
    /// The end of working day 10, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Moment>,
    /// The day by which the money will be there.
    #[serde(with = "iso_date::option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date, max_length = 10, example = "2026-03-30")]
    pub expected_pay_date: Option<Date>,
    /// True while the dates may move because a year's list of working days is not published.
    pub provisional: bool,
    /// When the promise was broken, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<Moment>,
    /// Promise time: seconds in which the clock ran, pauses taken out.
    #[schema(minimum = 0)]
    pub promise_secs: i64,
    /// Door to door: from submission to the bank's success (or now), nothing taken out.
    pub door_to_door: DoorToDoor,
}

/// The last day of a promise that starts at `start`.
///
/// # Errors
/// Those of the database.
pub async fn due_on_from(connection: &impl ConnectionTrait, app: &App, start: Moment) -> Result<Date, Problem> {
    let calendar = app.calendars.current(connection, app.clock.now()).await?;
    Ok(calendar.nth_working_day_after(start.date(), PROMISE_DAYS))
}

/// Writes the last day of a claim's promise anew: after a pause, and when a year's list of working days was loaded. While the clock
/// is paused or stopped the day that was known stays.
///
/// # Errors
/// Those of the database.
pub async fn refresh_due(
    connection: &impl ConnectionTrait,
    app: &App,
    calendar: &Calendar,
    claim_id: Uuid,
) -> Result<(), Problem> {
    let rows = clock_rows(connection, claim_id).await?;
    let standing = promise::standing(&rows, calendar, app.clock.now()).map_err(Problem::internal)?;
    if let Some(due) = standing.and_then(|standing| standing.due) {
        claim::Entity::update_many()
            .col_expr(claim::Column::DueOn, Expr::value(due.date()))
            .filter(claim::Column::Id.eq(claim_id))
            .exec(connection)
            .await?;
    }
    Ok(())
}

/// Writes the last day of every running promise anew; answers how many there are.
///
/// # Errors
/// Those of the database.
pub async fn refresh_all(connection: &impl ConnectionTrait, app: &App) -> Result<u64, Problem> {
    let calendar = calendar::read(connection).await?;
    let running = claim::Entity::find()
        .select_only()
        .column(claim::Column::Id)
        .filter(claim::Column::DueOn.is_not_null())
        .filter(claim::Column::State.into_expr().is_in(RUNNING.map(literal)))
        .into_tuple::<Uuid>()
        .all(connection)
        .await?;
    let mut refreshed = 0;
    for claim_id in running {
        refresh_due(connection, app, &calendar, claim_id).await?;
        refreshed += 1;
    }
    Ok(refreshed)
}

/// The promise of `claim` now, whose clock has `rows`; none before acceptance.
///
/// # Errors
/// When they are rows that no clock can have: a matter for `huzhu verify`.
pub async fn of_claim(
    connection: &impl ConnectionTrait,
    app: &App,
    claim: &claim::Model,
    rows: &[ClockRow],
) -> Result<Option<PromiseView>, Problem> {
    let (Some(submitted), Some(_)) = (claim.submitted_at_ms, claim.accepted_at_ms) else { return Ok(None) };
    let now = app.clock.now();
    let calendar = app.calendars.current(connection, now).await?;
    let Some(standing) = promise::standing(rows, &calendar, now).map_err(Problem::internal)? else { return Ok(None) };
    let paid = matches!(claim.state, ClaimState::Paid);
    let until = rows.last().filter(|_| paid).map_or(now, |row| row.at);
    Ok(Some(PromiseView {
        state: standing.state,
        day: standing.day,
        of_days: PROMISE_DAYS,
        due: standing.due,
        expected_pay_date: standing.expected_pay_date,
        provisional: standing.provisional,
        breached_at: standing.breached_at,
        promise_secs: standing.ran_secs,
        door_to_door: promise::door_to_door(submitted, until, &calendar),
    }))
}

/// The clock rows of `claim`; a claim that was never accepted has none.
///
/// # Errors
/// As [`clock_rows`].
pub async fn clock_of(connection: &impl ConnectionTrait, claim: &claim::Model) -> Result<Vec<ClockRow>, Problem> {
    if claim.accepted_at_ms.is_none() {
        return Ok(Vec::new());
    }
    clock_rows(connection, claim.id).await
}

/// The clock rows of a claim in the order in which they were written.
///
/// # Errors
/// A word that is no clock event.
pub async fn clock_rows(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<Vec<ClockRow>, Problem> {
    let rows = timeline::Entity::find()
        .filter(timeline::Column::ClaimId.eq(claim_id))
        .filter(timeline::Column::Promise.is_not_null())
        .order_by_asc(timeline::Column::Seq)
        .all(connection)
        .await?;
    rows.iter().map(clock_row).collect()
}

fn clock_row(row: &timeline::Model) -> Result<ClockRow, Problem> {
    let event = row.promise.as_deref().and_then(ClockEvent::from_word);
    let event = event.ok_or_else(|| {
        Problem::internal(anyhow::anyhow!("claim_timeline {} {}: no clock event", row.claim_id, row.seq))
    })?;
    Ok(ClockRow { at: row.promise_at_ms.unwrap_or(row.at_ms), event })
}
