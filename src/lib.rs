//! Huzhu (互助): the claims service of a trade union's mutual-aid fund. The map is in `README.md`.

pub mod calendar;
pub mod identity;
pub mod kernel;
