//! Reconciliation: what the bank's statement says, held against orders and books. A disagreement is written down as a break with a kind
//! and an owner; nothing is forced to match. Start reading at [`matching`].

mod answers;
mod beyond;
mod break_kind;
mod camt;
mod changes;
pub mod documents;
mod fetch;
mod flat_statement;
mod gate;
mod import;
mod inbound;
pub mod inspect;
mod list_breaks;
mod lump;
pub mod matching;
mod notices;
mod orders;
mod positions;
mod raise;
mod resolve;
mod returns;
pub mod rows;
mod run;
mod show_run;
pub mod statement;
mod statement_file;
pub mod suspense;
mod take_entries;
mod unexplained;
mod uploads;

pub use beyond::{Beyond, beyond};
pub use break_kind::BreakKind;
pub use changes::number as number_changes;
pub use fetch::fetch_all;
pub use gate::{Gate, gate};
pub(crate) use import::{DEBIT_DAYS, confirm_late_rejections};
pub use import::{Imported, import, shows_debit};
pub use inbound::take_all;
pub use list_breaks::BreakView;
pub use positions::{Position, position};
pub(crate) use raise::explain;
pub use raise::{Seen, count_open, raise, stops_dispatch};
pub use resolve::{propose, resolve};

use crate::http::Routes;
use crate::jobs::Registry;

/// Seconds between two looks for a statement; `POST /v1/recon/runs` looks at once.
const POLL_SECS: i64 = 60;
/// Seconds between two looks for documents that have not had their effect yet.
const APPLY_SECS: i64 = 60;

/// The routes of reconciliation.
pub fn routes(config: &mut Routes) {
    config
        .service(list_breaks::list_breaks)
        .service(list_breaks::show_break)
        .service(resolve::propose_break_resolution)
        .service(resolve::resolve_break)
        .service(answers::answer_break)
        .service(answers::list_break_answers)
        .service(positions::show_positions)
        .service(run::start_recon_run)
        .service(show_run::show_recon_run)
        .service(show_run::list_run_matches)
        .service(show_run::list_run_breaks)
        .service(changes::list_recon_events)
        .configure(uploads::routes);
}

/// The jobs of reconciliation.
pub fn jobs(registry: &mut Registry) {
    registry.every(POLL_SECS, fetch::KIND, fetch::run);
    registry.every(APPLY_SECS, documents::KIND, documents::run);
    registry.every(POLL_SECS, inbound::KIND, inbound::run);
    registry.on(run::KIND, run::run);
    uploads::jobs(registry);
    registry.every(changes::EVERY_SECS, changes::KIND, changes::run);
}
