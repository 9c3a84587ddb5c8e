//! From clock rows to the spans in which the clock ran and the days that count.

use serde::{Deserialize, Serialize};
use time::Date;
use utoipa::ToSchema;

use crate::calendar::Calendar;
use crate::kernel::clock::Moment;

/// What happened to a promise clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClockEvent {
    /// The claim was accepted.
    Start,
    /// The member must act.
    Pause,
    /// The member acted.
    Resume,
    /// Paid, rejected, lapsed or withdrawn.
    Stop,
    /// A payout failed or came back: the clock runs again, the days used are kept.
    Restart,
}

impl ClockEvent {
    /// Every event.
    pub const ALL: [Self; 5] = [Self::Start, Self::Pause, Self::Resume, Self::Stop, Self::Restart];

    /// The word of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Restart => "restart",
        }
    }

    /// The event of a word of the table.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.as_str() == word)
    }
}

/// One row of a clock. Rows are taken in the order in which they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockRow {
    /// When it took effect. A stop by payment carries the bank's moment, which may lie before rows written earlier;
    /// of a bank that gives a bare date it is the end of that date.
    pub at: Moment,
    /// What happened.
    pub event: ClockEvent,
}

/// Rows that no clock can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("clock row {index} ({}) cannot follow the rows before it", event.as_str())]
pub struct PromiseError {
    /// Place of the row, from 0.
    pub index: usize,
    /// The event that does not fit.
    pub event: ClockEvent,
}

/// A span in which the clock ran: from its start to just before its end; no end while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: Moment,
    pub to: Option<Moment>,
}

/// A working day that counts, and the moment from which it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub date: Date,
    pub from: Moment,
}

/// Where the machine stands after all rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    Running,
    Paused,
    Stopped,
}

/// Reads the rows in order.
///
/// A restart of a clock that already runs, or that waits for the member, changes nothing: another payout of the claim failed meanwhile.
pub(super) fn spans(rows: &[ClockRow]) -> Result<Option<(Run, Vec<Span>)>, PromiseError> {
    let mut run: Option<Run> = None;
    let mut spans: Vec<Span> = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let next = match (run, row.event) {
            (None, ClockEvent::Start)
            | (Some(Run::Paused), ClockEvent::Resume)
            | (Some(Run::Stopped), ClockEvent::Restart) => {
                spans.push(Span { from: row.at, to: None });
                Run::Running
            }
            (Some(Run::Running), ClockEvent::Pause) => {
                close(&mut spans, row.at);
                Run::Paused
            }
            (Some(Run::Running), ClockEvent::Stop) => {
                close(&mut spans, row.at);
                Run::Stopped
            }
            (Some(Run::Paused), ClockEvent::Stop) => Run::Stopped,
            (Some(run @ (Run::Running | Run::Paused)), ClockEvent::Restart) => run,
            _ => return Err(PromiseError { index, event: row.event }),
        };
        run = Some(next);
    }
    Ok(run.map(|run| (run, spans)))
}

fn close(spans: &mut [Span], at: Moment) {
    if let Some(span) = spans.last_mut() {
        span.to = Some(at.max(span.from));
    }
}

/// The working days after `started_on` in which some part of a span lies, up to and including the day of `now`, rising.
pub(super) fn counted(spans: &[Span], started_on: Date, calendar: &Calendar, now: Moment) -> Vec<Counted> {
    let mut days: Vec<Counted> = Vec::new();
    for span in spans {
        // The last millisecond that ran: an open span runs through all of `now`.
        let last = span.to.map_or(now, |to| to.plus_ms(-1).min(now));
        if last < span.from {
            continue;
        }
        let mut day = span.from.date();
        while day <= last.date() {
            let known = days.last().is_some_and(|counted| counted.date >= day);
            if day > started_on && !known && calendar.is_working_day(day) {
                days.push(Counted { date: day, from: Moment::start_of(day).max(span.from) });
            }
            let Some(next) = day.next_day() else { break };
            day = next;
        }
    }
    days
}
