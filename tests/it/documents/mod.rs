//! Documents over HTTP: sent, cut off, sent on, checked, read, taken back.

mod bad_input;
mod bench;
mod checksum;
mod checker;
mod journey;
mod processes;
mod raw;
mod reading;
mod resume;
mod sweeping;
