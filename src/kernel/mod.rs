//! The kernel: what every capability may use and what uses no capability.

pub mod age;
pub mod chance;
pub mod clock;
pub mod ids;
pub mod money;
pub mod people;
pub mod seal;
pub mod secret;
pub mod text;
