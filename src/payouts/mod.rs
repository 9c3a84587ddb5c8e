//! Payouts: what the fund owes one member for one decision, each try at paying it, and the bank that it goes through.
//!
//! A decision calls [`create_for_decision`]; a maker prepares a batch, a checker releases it, a job sends it and another asks what became
//! of it; the statement settles it (`recon`). It never decides a claim and never edits the books: it asks [`crate::ledger`] to post and
//! tells the claim what happened. Start reading at [`state`], the table of what may follow what.

pub(crate) mod apply;
pub mod bank;
mod card;
mod claim_news;
mod create;
mod day_limit;
mod dispatch;
mod enquire;
mod hear;
mod hear_report;
mod heirs;
pub mod hold;
mod list;
mod many;
mod member_view;
pub(crate) mod moves;
pub(crate) mod prepare;
pub mod pull;
pub mod reason;
mod reference;
pub(crate) mod reissue;
pub(crate) mod release;
mod remind;
pub(crate) mod resolution;
pub mod rows;
pub mod runs;
pub mod safe_mode;
mod show;
pub mod state;
mod unclaimed;
pub mod verify;
pub mod views;
pub(crate) mod void;

pub use create::{NewPayout, create_for_decision};
pub(crate) use dispatch::found_at_bank;
pub(crate) use hear::{Told, hear};
pub(crate) use hear_report::{Report, hear_report};
pub use show::detail;
pub use unclaimed::{UnclaimedPayout, UnclaimedTotal, totals, unclaimed};

use crate::http::Problem;
use crate::http::Routes;
use crate::jobs::{JobError, Registry};

/// Seconds between two beats of the installation's heart.
const BEAT_SECS: i64 = 60;
/// Seconds between two looks for members to be reminded of sums that lie with the fund.
const REMIND_SECS: i64 = 60 * 60;

/// The routes of payouts.
pub fn routes(config: &mut Routes) {
    config
        .service(prepare::prepare_payout_batch)
        .service(list::list_payout_batches)
        .service(show::show_payout_batch)
        .service(release::release_payout_batch)
        .service(void::void_payout_batch)
        .configure(runs::routes)
        .configure(safe_mode::routes)
        .service(hold::hold_payout_order)
        .service(hold::release_payout_hold)
        .service(resolution::propose_payout_resolution)
        .service(resolution::show_payout_resolution)
        .service(resolution::confirm_payout_resolution)
        .service(resolution::withdraw_payout_resolution)
        .service(list::list_payouts)
        .service(unclaimed::list_unclaimed_payouts)
        .configure(heirs::routes)
        .service(show::show_payout)
        .service(member_view::list_claim_payouts)
        .configure(pull::routes);
}

/// The jobs of payouts.
pub fn jobs(registry: &mut Registry) {
    registry.on(dispatch::KIND, dispatch::run);
    registry.on(enquire::KIND, enquire::run);
    registry.on(runs::KIND, runs::work);
    registry.on(safe_mode::ASK_KIND, safe_mode::ask_all);
    registry.every(REMIND_SECS, remind::KIND, remind::run);
    registry.every(BEAT_SECS, safe_mode::HEARTBEAT_KIND, safe_mode::keep_beating);
}

/// A problem as the reason for which a job is tried again, with its cause for the log.
pub(crate) fn job_error(problem: Problem) -> JobError {
    JobError::Retry(match problem.cause() {
        Some(cause) => anyhow::anyhow!("{problem}: {cause:#}"),
        None => anyhow::anyhow!("{problem}"),
    })
}
