//! Tests that come in by the front door.

#![cfg(test)] // tests may unwrap and index; clippy knows them by this line

mod bill_checks;
mod calendar;
mod claims;
mod coverage;
mod demo;
mod documents;
mod identity;
mod jobs;
mod members;
mod operator;
mod payouts;
mod plans;
mod rim;
mod support;
