//! Sign-in, sessions and tokens over HTTP.

mod bench;
mod discovery;
mod machine;
mod member;
mod refresh;
mod staff;
