//! Who is asking: sign-in, tokens, sessions, roles and permissions.
//!
//! Owns how members (code by SMS), staff (password and one-time password) and machines (signed assertion) prove who they are, the
//! tokens they get, and the table of what each role may do. It never decides what somebody may see within a permission: that is asked
//! by the finders of each capability. Start reading at [`authenticate`] for a request that comes in, at [`sign_in_member`] for a
//! sign-in, at [`sessions`] for the rule of the lost answer.

use std::sync::Arc;

use crate::config::Config;
use crate::http::Routes;
use crate::jobs::Registry;
use crate::kernel::chance::Chance;
use crate::kernel::clock::Moment;

mod ask_code;
pub mod authenticate;
pub mod budget;
pub mod client_assertion;
pub mod clients;
pub mod crypto_provider;
pub mod demo_outbox;
pub mod device;
mod discovery;
mod ended;
pub mod grants;
pub mod jwt;
pub mod keys;
mod metered;
pub mod one_time_codes;
mod own_sessions;
pub mod password;
pub mod people;
pub mod permissions;
mod reuse_warning;
pub mod rows;
pub mod sessions;
mod shapes;
mod sign_in_member;
mod sign_in_staff;
pub mod sms;
pub mod staff_accounts;
pub mod staff_sign_in;
pub mod sweep;
mod token;
pub mod totp;

/// What identity needs in memory; a part of [`crate::app::App`].
pub struct Identity {
    /// Mints and verifies access tokens.
    pub tokens: jwt::Tokens,
    /// Where short messages go.
    pub sms: Arc<dyn sms::SmsSender>,
    public_keys: discovery::PublicKeys,
    ended: ended::Ended,
}

impl Identity {
    /// Reads the signing keys under `<data_dir>/keys`, and makes them when they are missing.
    ///
    /// # Errors
    /// When a key cannot be made or read, or others may read it.
    pub fn build(config: &Config, chance: &dyn Chance, now: Moment) -> anyhow::Result<Self> {
        let keys = keys::SigningKeys::load_or_make(&config.data_dir, chance, now)?;
        let issuer = config.public_url();
        Ok(Self {
            tokens: jwt::Tokens::new(&issuer, &format!("{issuer}/v1"), &keys)?,
            sms: Arc::new(sms::Outbox),
            public_keys: discovery::PublicKeys::of(&keys),
            ended: ended::Ended::default(),
        })
    }
}

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config
        .service(discovery::get_public_keys)
        .service(discovery::get_authorization_server)
        .service(ask_code::ask_sign_in_code)
        .service(sign_in_member::sign_in_member)
        .service(sign_in_staff::sign_in_staff)
        .service(token::fetch_tokens)
        .service(own_sessions::sign_out)
        .service(own_sessions::list_sessions)
        .service(own_sessions::end_session);
}

/// The jobs of this capability.
pub fn jobs(registry: &mut Registry) {
    registry.on(sms::SEND_JOB, |context| {
        let sender = context.app.identity.sms.clone();
        sms::send(context, sender)
    });
    registry.every(sweep::EVERY_SECS, sweep::JOB, sweep::sweep);
}
