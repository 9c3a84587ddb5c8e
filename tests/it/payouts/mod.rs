//! Money: from a decision to the statement, with a bank that can misbehave.

mod adapters;
mod bank_documents;
mod bank_job;
mod books;
mod breaks;
mod direct;
mod direct_tls;
mod doubt;
mod file_bank;
mod flat_bank;
mod guards;
mod heirs;
mod holds;
mod hours;
mod iso_documents;
mod journey;
mod process;
mod promise;
mod random;
mod recoveries;
mod resolutions;
mod runs;
mod safe;
pub mod scene;
mod statements;
mod unclaimed;
mod verify;
