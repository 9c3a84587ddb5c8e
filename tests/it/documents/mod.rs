//! Documents over HTTP: sent, cut off, sent on, checked, read, taken back.

mod bad_input;
mod bench;
mod checker;
mod checksum;
mod codes;
mod journey;
mod processes;
mod raw;
mod reading;
mod readings;
mod resume;
mod sweeping;
