//! The promise: ten working days from acceptance to money, as a pure clock.
//!
//! Owns how days are counted from a claim's clock rows: day 1 is the working day after acceptance, a day counts when any part of it ran, time spent
//! waiting for the member does not. Never reads a table or the time of day; whoever keeps the rows asks [`standing`] with a moment.
//! The two figures of a finished claim are [`Standing::ran_secs`] (promise time, pauses taken out) and [`door_to_door`] (nothing taken out).

mod count;
mod standing;
#[cfg(test)]
mod tests;

pub use count::{ClockEvent, ClockRow, PromiseError};
pub use standing::{DoorToDoor, Escalation, Mark, PromiseState, Standing, door_to_door, standing};

/// The promise in working days.
pub const PROMISE_DAYS: u32 = 10;
