//! Reviews (审核): union staff take claims of their subtree, look at them, ask for what is missing, and decide.
//!
//! Owns the staff's side of a claim. It changes a claim only through `claims::advance`; every look is recorded (`audit`).

use crate::http::Routes;

mod ask;
mod check_bill;
mod decide;
mod lapse;
mod matches;
mod pass_up;
mod queue;
mod release;
mod show;
mod take;
mod turn;
mod view;

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config
        .service(queue::list_reviews)
        .service(show::show_review)
        .service(take::take_review)
        .service(release::release_review)
        .service(pass_up::pass_up_review)
        .service(ask::ask_supplement)
        .service(check_bill::check_bill)
        .service(lapse::lapse_claim)
        .service(matches::show_match)
        .service(matches::judge_match)
        .service(decide::decide_claim);
}
