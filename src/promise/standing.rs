//! Where a promise stands at a moment.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;

use super::PROMISE_DAYS;
use super::count::{ClockRow, Counted, PromiseError, Run, Span, counted, spans};
use crate::calendar::Calendar;
use crate::kernel::clock::Moment;

/// Whether a promise clock runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PromiseState {
    /// The fund has the ball.
    Running,
    /// The member has the ball.
    Paused,
    /// Over.
    Stopped,
}

/// Whom a claim is brought to when its days run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// Who holds it, at day 6.
    Holder,
    /// The level above, at day 8.
    LevelAbove,
    /// The city office, at day 10.
    CityOffice,
}

impl Escalation {
    /// Every mark, in the order of the days.
    pub const ALL: [Self; 3] = [Self::Holder, Self::LevelAbove, Self::CityOffice];

    /// The day of the promise at which it happens.
    #[must_use]
    pub const fn day(self) -> u32 {
        match self {
            Self::Holder => 6,
            Self::LevelAbove => 8,
            Self::CityOffice => 10,
        }
    }
}

/// One escalation of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// To whom.
    pub to: Escalation,
    /// When its day begins to count; unknown while the clock stands before it.
    pub at: Option<Moment>,
    /// True when that moment has come.
    pub reached: bool,
}

/// Where a promise stands at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whether the clock runs.
    pub state: PromiseState,
    /// When the claim was accepted.
    pub started_at: Moment,
    /// Day n of 10: working days counted so far, today included when any part of it ran. More than 10 after a breach.
    pub day: u32,
    /// Working days that are left.
    pub days_left: u32,
    /// The end of working day 10; unknown while the clock is paused or stopped before it.
    pub due: Option<Moment>,
    /// The day by which the money will be there: the due date while the clock runs, the due date if the member acts at once while it is paused.
    /// None when the clock is stopped and when that day is over.
    pub expected_pay_date: Option<Date>,
    /// True while the dates may move, because a year's list of working days is not published.
    pub provisional: bool,
    /// The escalations at day 6, 8 and 10.
    pub marks: [Mark; 3],
    /// When the clock first ran past the end of day 10.
    pub breached_at: Option<Moment>,
    /// Promise time: seconds in which the clock ran.
    pub ran_secs: i64,
}

/// Both figures are always given: this is the one from submission to the bank's success, with nothing taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoorToDoor {
    /// Seconds from submission.
    pub secs: i64,
    /// Working days after the day of submission.
    pub working_days: u32,
}

/// The time from submission to `until`: the bank's success, or now while there is none.
#[must_use]
pub fn door_to_door(submitted: Moment, until: Moment, calendar: &Calendar) -> DoorToDoor {
    DoorToDoor {
        secs: secs_between(submitted, until),
        working_days: calendar.working_days_between(submitted.date(), until.date()),
    }
}

/// Where the promise of `rows` stands at `now`; none when it never started.
///
/// # Errors
/// [`PromiseError`] for rows that no clock can have.
pub fn standing(rows: &[ClockRow], calendar: &Calendar, now: Moment) -> Result<Option<Standing>, PromiseError> {
    let Some((run, spans)) = spans(rows)? else { return Ok(None) };
    let Some(started_at) = spans.first().map(|span| span.from) else { return Ok(None) };
    let started_on = started_at.date();
    let today = now.date().max(started_on);
    let counted = counted(&spans, started_on, calendar, now);
    let ahead = match run {
        Run::Running => days_ahead(&counted, today, calendar),
        Run::Paused => days_ahead(&with_today(&counted, started_on, calendar, now), today, calendar),
        Run::Stopped => Vec::new(),
    };
    // A date is promised only while the clock runs or once day 10 has begun; a paused clock has a date only if the member acts now.
    let tenth = counted.get(index(PROMISE_DAYS)).map(|day| day.date);
    let promised = tenth.or_else(|| (run == Run::Running).then(|| nth(&counted, &ahead, PROMISE_DAYS)).flatten());
    let due = promised.map(Moment::end_of);
    let expected = match run {
        Run::Stopped => None,
        Run::Running => promised,
        Run::Paused => tenth.or_else(|| nth(&with_today(&counted, started_on, calendar, now), &ahead, PROMISE_DAYS)),
    };
    let day = u32::try_from(counted.len()).unwrap_or(u32::MAX);
    Ok(Some(Standing {
        state: match run {
            Run::Running => PromiseState::Running,
            Run::Paused => PromiseState::Paused,
            Run::Stopped => PromiseState::Stopped,
        },
        started_at,
        day,
        days_left: PROMISE_DAYS.saturating_sub(day),
        due,
        expected_pay_date: expected.filter(|date| *date >= today),
        provisional: calendar.is_provisional(started_on, expected.or(promised).unwrap_or(today)),
        marks: Escalation::ALL.map(|to| mark(to, &counted, if run == Run::Running { &ahead } else { &[] }, now)),
        breached_at: tenth.and_then(|date| breach(&spans, Moment::end_of(date), now)),
        ran_secs: ran_secs(&spans, now),
    }))
}

/// `counted` with today, as it would count if a paused clock ran from `now`.
fn with_today(counted: &[Counted], started_on: Date, calendar: &Calendar, now: Moment) -> Vec<Counted> {
    let mut days = counted.to_vec();
    days.extend(
        super::count::counted(&[Span { from: now, to: None }], started_on, calendar, now)
            .into_iter()
            .filter(|today| counted.last().is_none_or(|last| last.date < today.date)),
    );
    days
}

/// The working days after today that are still to come until day 10.
fn days_ahead(counted: &[Counted], today: Date, calendar: &Calendar) -> Vec<Date> {
    let missing = index(PROMISE_DAYS + 1).saturating_sub(counted.len());
    let mut days = Vec::with_capacity(missing);
    let mut day = today;
    for _ in 0..missing {
        day = calendar.nth_working_day_after(day, 1);
        days.push(day);
    }
    days
}

/// The date of day `n`: counted already, or ahead.
fn nth(counted: &[Counted], ahead: &[Date], n: u32) -> Option<Date> {
    let place = index(n);
    counted.get(place).map(|day| day.date).or_else(|| ahead.get(place.checked_sub(counted.len())?).copied())
}

fn mark(to: Escalation, counted: &[Counted], ahead: &[Date], now: Moment) -> Mark {
    let place = index(to.day());
    let began = counted.get(place).map(|day| day.from);
    let at = began.or_else(|| nth(counted, ahead, to.day()).map(Moment::start_of));
    Mark { to, at, reached: at.is_some_and(|at| at <= now) && began.is_some() }
}

/// The first moment after `due` at which the clock ran, not later than `now`.
fn breach(spans: &[Span], due: Moment, now: Moment) -> Option<Moment> {
    let over = due.plus_ms(1);
    spans.iter().find_map(|span| {
        let from = span.from.max(over);
        let ran = span.to.is_none_or(|to| from < to) && from <= now;
        ran.then_some(from)
    })
}

fn ran_secs(spans: &[Span], now: Moment) -> i64 {
    spans.iter().map(|span| secs_between(span.from, span.to.unwrap_or(now))).sum()
}

fn secs_between(from: Moment, to: Moment) -> i64 {
    to.as_ms().saturating_sub(from.as_ms()).max(0) / 1_000
}

/// Place of day `n` (from 1) in a list.
const fn index(n: u32) -> usize {
    n.saturating_sub(1) as usize
}
