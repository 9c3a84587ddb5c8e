//! Working days: which dates count for the promise and for the time limits.
//!
//! Owns the State Council's yearly lists (2004 to 2026 built in, later ones loaded with `huzhu calendar load FILE`) and the arithmetic over them.
//! Never knows a claim: whoever keeps due dates handles the job that a load writes, [`LOADED`], and computes them anew. Start reading at [`Calendar`].

mod days;
mod public;
pub mod rows;
mod store;
mod year;

pub use days::{Calendar, YearStatus};
pub use store::{Calendars, LOADED, load, read};
pub use year::{CalendarError, Holiday, YearList};

use crate::http::Routes;

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config.service(public::show_calendar);
}
