//! A bank for tests and the demo, as a process of its own: it takes payment files, keeps its own truth, and forgets nothing it answered.
//!
//! It shares no code with the adapter that talks to it: it reads and writes the flat files and the JSON by itself, so that a mistake on one side
//! shows on the other. It never pays one bank reference twice (unless the fault that does so is switched on), keeps no card number
//! (only a hash and the last four digits), and is refused in production. Start reading at [`ledger::Bank`].

pub mod child;
pub mod direct;
pub mod faults;
pub mod http;
pub mod journal;
pub mod ledger;
mod pay_file;
mod pay_json;
mod statement_file;
pub mod surface;
pub mod tls;
mod told;
mod truth;
