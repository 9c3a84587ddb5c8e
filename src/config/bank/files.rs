//! Where files lie that go to a bank and come from it.

use std::path::PathBuf;

use serde::Deserialize;

use super::default_answer_timeout_ms;
use crate::config::ConfigError;
use crate::kernel::secret::Secret;
use crate::payouts::bank::cn_bulk::Charset;
use crate::payouts::bank::cn_bulk::pay_file::is_remark;
use crate::payouts::bank::transport::is_host_key;

/// How files go to a bank and come from it: under a directory, here or on an SFTP server, or under a prefix of a bucket, in `out/`, `in/` and
/// `archive/`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankFiles {
    /// The fund's name at the bank, 1 to 140 characters; with kind `iso20022_files`.
    #[serde(default)]
    pub debtor_name: String,
    /// The bank's twelve-digit branch number (联行号); with kind `iso20022_files`.
    #[serde(default)]
    pub cnaps: String,
    /// The encoding of payment files, `GB18030` or `UTF-8`; with kind `cn_bulk_files`. Default `GB18030`.
    #[serde(default)]
    pub charset: Option<Charset>,
    /// Longest account name in bytes of that encoding, 2 to 200; with kind `cn_bulk_files`. Default 60, the strictest that banks publish.
    #[serde(default)]
    pub max_name_bytes: Option<usize>,
    /// What members read on their card's own statement, at most 42 bytes; with kind `cn_bulk_files`. Default `互助保障金`.
    #[serde(default)]
    pub remark: Option<String>,
    /// The statement's word for transfers of the fund's own money; with kind `cn_bulk_files`. Default `拨款`.
    #[serde(default)]
    pub funding_text: Option<String>,
    /// The statement's word for charges of the bank; with kind `cn_bulk_files`. Default `手续费`.
    #[serde(default)]
    pub charge_text: Option<String>,
    /// A directory.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// A directory of an SFTP server instead.
    #[serde(default)]
    pub sftp: Option<BankSftp>,
    /// A bucket instead.
    #[serde(default)]
    pub bucket: Option<String>,
    /// The prefix in it. Default none.
    #[serde(default)]
    pub prefix: String,
    /// URL of the bucket's S3 server.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Its region. Default `us-east-1`.
    #[serde(default = "default_region")]
    pub region: String,
    /// The access key's id.
    #[serde(default)]
    pub access_key_id: Option<String>,
    /// The access key's secret.
    #[serde(default)]
    pub secret_access_key: Option<Secret<String>>,
    /// A file that holds the secret instead.
    #[serde(default)]
    pub secret_access_key_file: Option<PathBuf>,
}

fn default_region() -> String {
    "us-east-1".to_owned()
}

impl BankFiles {
    /// The encoding of payment files.
    #[must_use]
    pub fn charset(&self) -> Charset {
        self.charset.unwrap_or_default()
    }

    /// Longest account name, in bytes of the encoding.
    #[must_use]
    pub fn max_name_bytes(&self) -> usize {
        self.max_name_bytes.unwrap_or(60)
    }

    /// What members read on their card's own statement.
    #[must_use]
    pub fn remark(&self) -> &str {
        self.remark.as_deref().unwrap_or("互助保障金")
    }

    /// The statement's word for transfers of the fund's own money.
    #[must_use]
    pub fn funding_text(&self) -> &str {
        self.funding_text.as_deref().unwrap_or("拨款")
    }

    /// The statement's word for charges of the bank.
    #[must_use]
    pub fn charge_text(&self) -> &str {
        self.charge_text.as_deref().unwrap_or("手续费")
    }

    fn check_place(&self) -> Result<(), ConfigError> {
        let refused = |what: &str| Err(ConfigError::Refused(what.to_owned()));
        let places = [self.directory.is_some(), self.bucket.is_some(), self.sftp.is_some()];
        if places.into_iter().filter(|is_named| *is_named).count() != 1 {
            return refused("bank.files needs either directory or bucket or sftp");
        }
        if let Some(sftp) = &self.sftp {
            sftp.check()?;
        }
        if self.bucket.is_some()
            && (self.endpoint.is_none() || self.access_key_id.is_none() || self.secret_access_key.is_none())
        {
            return refused("bank.files with a bucket needs endpoint, access_key_id and secret_access_key");
        }
        Ok(())
    }

    pub(super) fn check_iso(&self) -> Result<(), ConfigError> {
        let refused = |what: &str| Err(ConfigError::Refused(what.to_owned()));
        self.check_place()?;
        for (is_set, key) in [
            (self.charset.is_some(), "charset"),
            (self.max_name_bytes.is_some(), "max_name_bytes"),
            (self.remark.is_some(), "remark"),
            (self.funding_text.is_some(), "funding_text"),
            (self.charge_text.is_some(), "charge_text"),
        ] {
            if is_set {
                return refused(&format!("bank.files.{key} goes with kind \"cn_bulk_files\""));
            }
        }
        if self.cnaps.len() != 12 || !self.cnaps.bytes().all(|byte| byte.is_ascii_digit()) {
            return refused("bank.files.cnaps is twelve digits");
        }
        if !(1..=140).contains(&self.debtor_name.chars().count()) {
            return refused("bank.files.debtor_name is 1 to 140 characters");
        }
        Ok(())
    }

    pub(super) fn check_flat(&self) -> Result<(), ConfigError> {
        let refused = |what: &str| Err(ConfigError::Refused(what.to_owned()));
        self.check_place()?;
        for (text, key) in [(&self.debtor_name, "debtor_name"), (&self.cnaps, "cnaps")] {
            if !text.is_empty() {
                return refused(&format!("bank.files.{key} goes with kind \"iso20022_files\""));
            }
        }
        if !(2..=200).contains(&self.max_name_bytes()) {
            return refused("bank.files.max_name_bytes is 2 to 200");
        }
        if !is_remark(self.remark(), self.charset()) {
            return refused("bank.files.remark is 1 to 42 bytes of what can be read");
        }
        for (text, key) in [(self.funding_text(), "funding_text"), (self.charge_text(), "charge_text")] {
            if !(1..=20).contains(&text.chars().count()) || text.contains('|') {
                return refused(&format!("bank.files.{key} is a word of 1 to 20 characters"));
            }
        }
        if self.funding_text() == self.charge_text() {
            return refused("bank.files.funding_text and charge_text are two words");
        }
        Ok(())
    }
}

/// A directory of a bank's SFTP server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankSftp {
    /// Its name or address.
    pub host: String,
    /// Its port. Default 22.
    #[serde(default = "default_sftp_port")]
    pub port: u16,
    /// Who signs in.
    pub user: String,
    /// The server's key, Ed25519 or ECDSA: `ssh-ed25519 AAAA…`, as the bank says it by another road.
    pub host_key: String,
    /// The user's secret key in the form of OpenSSH, Ed25519 or ECDSA, without a passphrase, closed to others (mode 0600).
    pub key_file: PathBuf,
    /// The directory there. Default the root of what the server shows.
    #[serde(default)]
    pub directory: String,
    /// Milliseconds for each step, 1000 to 60000. Default 30000.
    #[serde(default = "default_answer_timeout_ms")]
    pub timeout_ms: u64,
}

const fn default_sftp_port() -> u16 {
    22
}

impl BankSftp {
    fn check(&self) -> Result<(), ConfigError> {
        let refused = |what: &str| Err(ConfigError::Refused(what.to_owned()));
        for (text, key) in [(&self.host, "host"), (&self.user, "user")] {
            if text.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
                return refused(&format!("bank.files.sftp.{key} is missing or has a blank"));
            }
        }
        if !is_host_key(&self.host_key) {
            return refused("bank.files.sftp.host_key is ssh-ed25519 or ecdsa-sha2-… with a key");
        }
        if !(1_000..=60_000).contains(&self.timeout_ms) {
            return refused("bank.files.sftp.timeout_ms is 1000 to 60000");
        }
        Ok(())
    }
}
