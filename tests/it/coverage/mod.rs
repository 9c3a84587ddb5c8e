//! Tests that read the OpenAPI document and miss nothing that is in it, and the canary that reads logs and tables.

mod canary;
mod objects;
pub mod permissions;
mod routes;
