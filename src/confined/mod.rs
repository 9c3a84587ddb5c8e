//! A process of this binary for strangers' bytes: it shuts itself in ([`enter`]), is fed and listened to through pipes ([`Program`]), and
//! may die of what it reads; the service may not.

mod program;
mod sandbox;

pub use program::{Died, Program};
pub use sandbox::{Limits, enter};
