//! Documents: photographs on their way in, checked, stripped, stored and read. Bytes are never lost and never trusted.

pub mod pictures;
