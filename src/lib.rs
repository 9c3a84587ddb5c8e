//! Huzhu (互助): the claims service of a trade union's mutual-aid fund. The map is in `README.md`.

pub mod app;
pub mod assessment;
pub mod bank_sim;
pub mod calendar;
pub mod claims;
pub mod cli;
pub mod config;
pub mod db;
pub mod demo;
pub mod documents;
pub mod http;
pub mod http_client;
pub mod identity;
pub mod jobs;
pub mod kernel;
pub mod keys;
pub mod ledger;
pub mod members;
pub mod organisations;
pub mod payouts;
pub mod plans;
pub mod promise;
pub mod recon;
pub mod storage;
pub mod telemetry;
pub mod work;
