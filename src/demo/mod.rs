//! The demo's city: invented people to try the service with. `huzhu run --demo` seeds it; production refuses it.
//!
//! Owns the invention (names, numbers with valid check digits, a three-level tree, cover) and the credentials file of the demo.
//! Every person, unit and number is made up; identity numbers use the city's own area code, under which none is issued to a person.
//! Never holds a constant secret: passwords, one-time password secrets and the bank's key are made when the city is seeded.

mod city;
mod credentials;
mod issue;
mod names;
pub mod play;
mod seed;

pub use credentials::{Credentials, DemoClient, DemoMember, DemoStaff};
pub use seed::{Seeded, seed};
