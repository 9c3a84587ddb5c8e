//! The tables of identity that are read row by row. Budgets, failures and used assertions are written as single statements where
//! they are used.

pub mod machine_client;
pub mod machine_client_key;
pub mod otp_challenge;
pub mod refresh_token;
pub mod session;
pub mod sign_in_failure;
pub mod sms_outbox;
pub mod staff_credential;
