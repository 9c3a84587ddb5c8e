//! `huzhu keys`: the keys that sign access tokens.

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;
use crate::identity::keys::SigningKeys;
use crate::kernel::chance::SystemChance;
use crate::kernel::clock::{Clock, SystemClock};

/// The keys that sign access tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Makes the next key the current one and a new next one. Then restart every `serve`; once a month is enough.
    Rotate {
        /// Remove all keys and make new ones, because one got into wrong hands: no token signed before is good after the restart.
        #[arg(long)]
        revoke: bool,
    },
}

pub(super) fn keys(config: &Config, verb: Keys) -> anyhow::Result<ExitCode> {
    match verb {
        Keys::Rotate { revoke: true } => {
            let keys = SigningKeys::revoke(&config.data_dir, &SystemChance, SystemClock.now())?;
            say!(
                "All keys are new. Restart every `serve` now: until then it signs with the old ones and believes them."
            );
            say!("The key {} signs from then on; {} comes after it.", keys.current.kid, keys.next.kid);
        }
        Keys::Rotate { revoke: false } => {
            let keys = SigningKeys::rotate(&config.data_dir, &SystemChance, SystemClock.now())?;
            say!("The key {} signs from the next start on; {} comes after it.", keys.current.kid, keys.next.kid);
        }
    }
    Ok(ExitCode::SUCCESS)
}
