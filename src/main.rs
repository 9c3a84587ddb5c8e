//! The `huzhu` binary.
fn main() {}
