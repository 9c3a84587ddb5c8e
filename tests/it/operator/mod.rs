//! The binary as an operator meets it: commands, a start, a stop.

mod apart;
mod bucket;
mod calendar;
mod dead_jobs;
mod demo;
mod doctor;
mod first_start;
mod flat_bank;
mod folder;
mod keys;
pub mod machine;
mod money;
mod printing;
mod recon_inspect;
mod stopping;
mod traces;
mod verify;
