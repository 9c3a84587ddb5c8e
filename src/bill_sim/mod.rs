//! A fiscal platform for tests and the demo, as a process of its own: it knows every bill by a rule, counts as the real one does, and
//! misbehaves when told to.
//!
//! It shares no code with the verifier that talks to it, so that a mistake on one side shows on the other. Every answer says that it is
//! simulated. It keeps nothing on disk and is refused in production. Start reading at [`platform::Platform`].

pub mod child;
pub mod http;
pub mod platform;
