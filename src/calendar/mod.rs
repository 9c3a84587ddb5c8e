//! Working days: which dates count for the promise and for the time limits.
//!
//! Owns the State Council's yearly lists (2004 to 2026 built in, later ones loaded with `huzhu calendar load FILE`) and the arithmetic over them.
//! Never knows a claim: whoever keeps due dates recomputes them after a load. Start reading at [`Calendar`].

mod days;
mod year;

pub use days::{Calendar, YearStatus};
pub use year::{CalendarError, Holiday, YearList};
