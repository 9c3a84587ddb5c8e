//! Recoveries (追回): money that was paid wrongly, and how a member gives it back.
//!
//! One person opens a recovery, another confirms it, and only then the member hears of it: what was paid, why it is too much, what is left, how
//! to repay it, and that they may object. The member agrees to instalments. A booking of the bank's statement repays it when two people say so;
//! nothing is matched by its amount, and no payout is ever made smaller by a recovery. Start reading at [`state`].

mod agree;
mod changes;
mod confirm;
mod credits;
mod ending;
mod instalments;
mod limit;
mod list;
mod member_view;
mod object;
mod open;
mod repayments;
pub mod rows;
mod show;
mod split;
pub mod state;
pub mod verify;
mod views;
mod watch;

pub(crate) use credits::left_of_credit;
pub use list::{Wanted, listed};
pub use views::RecoveryView;

use crate::http::Routes;
use crate::jobs::Registry;

/// Seconds between two counts of what is open and overdue.
const WATCH_SECS: i64 = 60 * 60;

/// The routes of recoveries.
pub fn routes(config: &mut Routes) {
    config
        .service(open::open_recovery)
        .service(list::list_recoveries)
        .service(show::show_recovery)
        .service(confirm::confirm_recovery)
        .service(confirm::drop_recovery)
        .service(instalments::offer_recovery_instalments)
        .service(object::answer_recovery_objection)
        .service(credits::list_suspense_credits)
        .service(repayments::propose_recovery_repayment)
        .service(repayments::confirm_recovery_repayment)
        .service(repayments::withdraw_recovery_repayment)
        .service(ending::propose_recovery_ending)
        .service(ending::confirm_recovery_ending)
        .service(ending::withdraw_recovery_ending)
        .service(member_view::list_my_recoveries)
        .service(member_view::show_my_recovery)
        .service(agree::agree_to_recovery)
        .service(object::object_to_recovery);
}

/// The jobs of recoveries.
pub fn jobs(registry: &mut Registry) {
    registry.every(WATCH_SECS, watch::KIND, watch::run);
}
