//! The binary as an operator meets it: commands, a start, a stop.

mod machine;
mod printing;
