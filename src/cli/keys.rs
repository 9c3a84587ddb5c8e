//! `huzhu keys`: the keys that sign access tokens, and a key of the national algorithms for trials with a bank.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;

use clap::Subcommand;

use crate::config::Config;
use crate::gm::Own;
use crate::identity::keys::SigningKeys;
use crate::kernel::chance::SystemChance;
use crate::kernel::clock::{Clock, SystemClock};
use crate::keys::write_new;

/// The keys that sign access tokens, and those that sign files for a bank.
#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Makes the next key the current one and a new next one. Then restart every `serve`; once a month is enough.
    Rotate {
        /// Remove all keys and make new ones, because one got into wrong hands: no token signed before is good after the restart.
        #[arg(long)]
        revoke: bool,
    },
    /// Makes an SM2 key with a certificate that it signs itself, for trials with a bank: DIR/NAME.key, which only you may read, and
    /// DIR/NAME.crt, which the other side pins. For real payments the bank names who issues the certificate.
    Gm(Gm),
}

#[derive(Debug, clap::Args)]
pub(super) struct Gm {
    /// Where the two files go.
    dir: PathBuf,
    /// Their name.
    #[arg(long, default_value = "bank", value_parser = plain_name)]
    name: String,
    /// Whose key it is, as in RFC 4514.
    #[arg(long, default_value = "CN=Huzhu trial,C=CN")]
    subject: String,
    /// Days for which the certificate counts.
    #[arg(long, default_value_t = 730, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
}

fn plain_name(text: &str) -> Result<String, &'static str> {
    let plain =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    plain.then(|| text.to_owned()).ok_or("a name has letters, digits, - and _")
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
        Keys::Gm(gm) => make_gm(&gm)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn make_gm(gm: &Gm) -> anyhow::Result<()> {
    let own = Own::self_signed(&gm.subject, SystemClock.now(), gm.days, &SystemChance)
        .with_context(|| format!("{} is no subject: write CN=…,O=…,C=CN", gm.subject))?;
    std::fs::create_dir_all(&gm.dir).with_context(|| format!("{} can't be made", gm.dir.display()))?;
    let file = |ending: &str| gm.dir.join(format!("{}.{ending}", gm.name));
    let write = |path: &Path, bytes: &[u8], mode| {
        write_new(path, bytes, mode).with_context(|| format!("{} can't be written anew", path.display()))
    };
    write(&file("key"), own.key.to_pem()?.as_bytes(), 0o600)?;
    write(&file("crt"), own.certificate.to_pem()?.as_bytes(), 0o644)?;
    say!(
        "{} is {}, and counts until {}.",
        file("crt").display(),
        own.certificate.subject(),
        own.certificate.not_after()
    );
    say!("Its SHA-256 is {}: say it to the bank by another road than the file's.", own.certificate.fingerprint());
    Ok(())
}
