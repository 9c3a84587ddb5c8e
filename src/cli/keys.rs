//! `huzhu keys`: the keys that sign access tokens.

use std::process::ExitCode;

use clap::Subcommand;

use crate::config::Config;
use crate::identity::keys::SigningKeys;
use crate::kernel::chance::SystemChance;

/// The keys that sign access tokens.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Makes the next key the current one and a new next one. Then restart every `serve`; once a month is enough.
    Rotate,
}

pub(super) fn keys(config: &Config, verb: Keys) -> anyhow::Result<ExitCode> {
    match verb {
        Keys::Rotate => {
            let keys = SigningKeys::rotate(&config.data_dir, &SystemChance)?;
            println!("The key {} signs from the next start on; {} comes after it.", keys.current.kid, keys.next.kid);
        }
    }
    Ok(ExitCode::SUCCESS)
}
