//! Tests that read the OpenAPI document and miss nothing that is in it.

mod permissions;
