//! What waits in suspense (待查) and names no order: a person says whose it is, another confirms it. Amount, card and date give candidates,
//! and nothing is ever tied by them alone.

mod candidates;
pub mod rows;
mod show;
mod tie;

pub use show::{SuspenseBooking, shown};
pub(crate) use tie::{ProposeBookingOrder, confirm, propose};

use crate::http::Routes;

/// The routes of suspense.
pub fn routes(config: &mut Routes) {
    config.service(show::show_suspense_booking).service(tie::propose_booking_order).service(tie::confirm_booking_order);
}
