//! Tests that come in by the front door.

mod identity;
