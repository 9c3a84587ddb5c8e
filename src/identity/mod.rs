//! Who is asking: sign-in, tokens, sessions, roles and permissions.

pub mod crypto_provider;
pub mod jwt;
pub mod keys;
pub mod permissions;
pub mod totp;
