//! Claims (申报): one declaration of one event, from draft to money.
//!
//! [`state`] says what may follow what, [`advance`] is the only way to change a claim, [`checks`] decides whether it is accepted,
//! [`assess`] asks the rules. Review is next door in `reviews`; documents and payouts tell a claim what happened through the functions
//! of this file. A claim is decided by people or by straight-through rules, never by a read-out of a picture alone.

pub mod advance;
mod answer;
pub mod assess;
mod before;
pub mod card;
pub mod checks;
pub mod declaration;
mod estimate;
mod excused;
pub(crate) mod explanation;
pub mod find;
mod jobs;
mod list;
pub mod promise;
pub(crate) mod reading;
pub mod rows;
mod save;
mod show;
mod start;
pub mod state;
mod submit;
pub mod supplements;
pub(crate) mod timeline;
pub mod verify;
pub mod view;
pub(crate) mod withdraw;

use sea_orm::{ConnectionTrait, EntityTrait, QuerySelect};
use uuid::Uuid;

use crate::app::App;
use crate::calendar;
use crate::http::{Code, Problem, Routes};
use crate::jobs::{JobSpec, Registry, enqueue};

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config
        .service(start::start_claim)
        .service(list::list_claims)
        .service(show::show_claim)
        .service(save::save_declaration)
        .service(estimate::estimate_claim)
        .service(submit::submit_claim)
        .service(withdraw::withdraw_claim)
        .service(answer::answer_supplement)
        .service(timeline::show_timeline)
        .service(reading::show_reading)
        .service(explanation::explain_claim);
}

/// The jobs of this capability.
pub fn register(registry: &mut Registry) {
    registry.on(jobs::CHECK, jobs::check);
    registry.on(calendar::LOADED, jobs::refresh_due);
}

/// Whether the claim waits for its documents, asked before one of them is settled. Its row is held until the caller's transaction
/// ends: a submission at the same moment either sees the document settled or is seen here, and never neither.
///
/// # Errors
/// `not_found`; those of the database.
pub async fn waits_for_documents(connection: &impl ConnectionTrait, claim_id: Uuid) -> Result<bool, Problem> {
    let held = rows::claim::Entity::find_by_id(claim_id).lock_exclusive().one(connection).await?;
    Ok(held.ok_or_else(|| Problem::new(Code::NotFound))?.state == state::ClaimState::Checking)
}

/// Has the claim checked again after the caller's commit.
///
/// # Errors
/// Those of the database.
pub async fn check_again(connection: &impl ConnectionTrait, app: &App, claim_id: Uuid) -> Result<(), Problem> {
    enqueue(connection, app, JobSpec::new(jobs::CHECK, serde_json::json!({ "claim_id": claim_id }))).await?;
    Ok(())
}
