//! The disbursement bank's part of the configuration.

mod files;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};
use time::Date;

pub use files::{BankFiles, BankSftp};

use super::{ConfigError, secret_from_file};
use crate::kernel::clock::iso_date;
use crate::kernel::money::Fen;

/// The bank that payouts go through.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    /// Which adapter.
    pub kind: BankKind,
    /// Where the bank (or its simulator) answers: `http://host:port`, with kind `direct` `https://host[:port][/path]`. Empty for a bank that
    /// is never called.
    #[serde(default)]
    pub url: String,
    /// How files go to the bank and come from it; with the kinds `iso20022_files` and `cn_bulk_files`.
    #[serde(default)]
    pub files: Option<BankFiles>,
    /// Last four digits of the account that the fund's own money comes from. Default `0001`.
    #[serde(default = "default_funding_tail")]
    pub funding_tail: String,
    /// The account that pays. Default `6222020000001`.
    #[serde(default = "default_account")]
    pub account: String,
    /// The fund's customer number at the bank. Default `HUZHU1`.
    #[serde(default = "default_corp_id")]
    pub corp_id: String,
    /// Orders in one batch at most, 1 to 3000. Default 3000.
    #[serde(default = "default_max_orders")]
    pub max_orders: usize,
    /// The fund's SM2 key and certificate and the bank's certificate, for files that are signed and sealed.
    #[serde(default)]
    pub seals: Option<Seals>,
    /// Whom we believe to be the bank, and who we are to it; with kind `direct` only. Default: the system's root certificates, no certificate
    /// of our own.
    #[serde(default)]
    pub tls: Option<BankTls>,
    /// Seconds for which the bank has promised in writing to take the same bytes under the same reference for one, 1 to 86400; with kind
    /// `direct` only. Default none: nothing is ever sent twice.
    #[serde(default)]
    pub resend_window_secs: Option<i64>,
    /// Milliseconds to connect. Default 5000.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// Milliseconds for the whole answer. Default 30000.
    #[serde(default = "default_answer_timeout_ms")]
    pub answer_timeout_ms: u64,
    /// Seconds that must lie between two "not found" before the same bytes are sent again, 1 to 86400. Default 600; less only where
    /// the bank has promised that its "not found" is final.
    #[serde(default = "default_not_found_gap_secs")]
    pub not_found_gap_secs: i64,
    /// Fen of one batch at most. Default 100000000, a million yuan.
    #[serde(default = "default_max_batch_fen")]
    pub max_batch_fen: Fen,
    /// Fen released for one value date at most, all batches and runs together. Default 500000000, five million yuan.
    #[serde(default = "default_max_day_fen")]
    pub max_day_fen: Fen,
    /// Beijing time, `HH:MM`, from which a file is paid on the next day of the bank; `24:00` for never. Default `16:30`.
    #[serde(default = "default_cut_off")]
    pub cut_off: DayTime,
    /// Beijing time, `HH:MM`, before which nothing is sent on a value date. Default `08:30`.
    #[serde(default = "default_dispatch_from")]
    pub dispatch_from: DayTime,
    /// On which days the bank pays. Default `working_days`: those of the State Council's lists.
    #[serde(default)]
    pub pays_on: BankDays,
    /// Days besides on which the bank pays nothing, `YYYY-MM-DD`, such as the day of its yearly closing. Default none.
    #[serde(default, deserialize_with = "days")]
    pub closed_on: BTreeSet<Date>,
}

/// On which days a bank pays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankDays {
    /// The working days of the State Council's lists.
    #[default]
    WorkingDays,
    /// Every day of the year.
    EveryDay,
}

/// A time of day in Beijing, to the minute, `00:00` to `24:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayTime {
    minutes: u16,
}

impl DayTime {
    /// The end of the day.
    pub const END: Self = Self { minutes: 24 * 60 };
    /// The start of the day.
    pub const START: Self = Self { minutes: 0 };

    /// Reads `HH:MM`; none when it is no such time.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (hours, minutes) = text.split_once(':')?;
        let number = |digits: &str| {
            let plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
            if plain { digits.parse::<u16>().ok() } else { None }
        };
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let all = hours * 60 + minutes;
        (minutes < 60 && all <= Self::END.minutes).then_some(Self { minutes: all })
    }

    /// Seconds since the start of the day.
    #[must_use]
    pub fn as_secs(self) -> i64 {
        i64::from(self.minutes) * 60
    }
}

impl<'de> Deserialize<'de> for DayTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("a time of day is written HH:MM, 00:00 to 24:00"))
    }
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeSet<Date>, D::Error> {
    let read = |text: String| {
        iso_date::parse(&text).ok_or_else(|| serde::de::Error::custom("a day of closed_on is written YYYY-MM-DD"))
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}

const fn default_max_batch_fen() -> Fen {
    Fen::new(100_000_000)
}

const fn default_max_day_fen() -> Fen {
    Fen::new(500_000_000)
}

const fn default_cut_off() -> DayTime {
    DayTime { minutes: 16 * 60 + 30 }
}

const fn default_dispatch_from() -> DayTime {
    DayTime { minutes: 8 * 60 + 30 }
}

fn default_funding_tail() -> String {
    "0001".to_owned()
}

fn default_account() -> String {
    "6222020000001".to_owned()
}

fn default_corp_id() -> String {
    "HUZHU1".to_owned()
}

const fn default_max_orders() -> usize {
    3_000
}

const fn default_connect_timeout_ms() -> u64 {
    5_000
}

const fn default_answer_timeout_ms() -> u64 {
    30_000
}

const fn default_not_found_gap_secs() -> i64 {
    600
}

/// What flat files can name.
fn is_bank_name(name: &str) -> bool {
    (1..=30).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Files of the TLS with a bank, in PEM.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankTls {
    /// Root certificates: only what they vouch for is the bank. Default: the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// The fund's certificate, with those that lead up to its root if the bank wants them. Default none.
    #[serde(default)]
    pub certificate_file: Option<PathBuf>,
    /// Its key, closed to others (mode 0600).
    #[serde(default)]
    pub key_file: Option<PathBuf>,
}

/// Where the fund's SM2 key with its certificate, and the bank's certificate, are: PEM or DER files.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seals {
    /// The fund's key, closed to others (mode 0600); `huzhu keys gm` makes one for trials.
    pub key_file: PathBuf,
    /// The fund's certificate.
    pub certificate_file: PathBuf,
    /// The bank's certificate: whom files are sealed for, and whose signature counts.
    pub bank_certificate_file: PathBuf,
    /// The bank's next certificate, when it has given it before the other one ends: its signature counts, too.
    #[serde(default)]
    pub next_bank_certificate_file: Option<PathBuf>,
}

/// Which adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BankKind {
    /// `huzhu bank-sim`: refused in production.
    Simulator,
    /// Orders and answers are ISO 20022 messages in files (`bank.files`).
    Iso20022Files,
    /// Orders and answers are signed flat files (批量代发; `bank.files` and `bank.seals`).
    CnBulkFiles,
    /// The bank's own job fetches batches and brings results and statements.
    Pull,
    /// The bank is called: JSON over TLS (银企直联).
    Direct,
}

impl Bank {
    /// The simulator at `url`, which pays at any hour of any day; everything else by default.
    #[must_use]
    pub fn simulator(url: impl Into<String>) -> Self {
        Self {
            kind: BankKind::Simulator,
            url: url.into(),
            files: None,
            funding_tail: default_funding_tail(),
            account: default_account(),
            corp_id: default_corp_id(),
            max_orders: default_max_orders(),
            seals: None,
            tls: None,
            resend_window_secs: None,
            connect_timeout_ms: default_connect_timeout_ms(),
            answer_timeout_ms: default_answer_timeout_ms(),
            not_found_gap_secs: default_not_found_gap_secs(),
            max_batch_fen: default_max_batch_fen(),
            max_day_fen: default_max_day_fen(),
            cut_off: DayTime::END,
            dispatch_from: DayTime::START,
            pays_on: BankDays::EveryDay,
            closed_on: BTreeSet::new(),
        }
    }

    /// Why it can't work this way, if it can't: limits and times that do not go together.
    #[must_use]
    pub fn refusal(&self) -> Option<&'static str> {
        if !(self.max_batch_fen.is_positive() && self.max_batch_fen <= self.max_day_fen) {
            return Some("bank.max_batch_fen is more than nothing and at most bank.max_day_fen");
        }
        (self.dispatch_from >= self.cut_off).then_some("bank.dispatch_from is before bank.cut_off")
    }

    pub(super) fn read_secret_file(&mut self) -> Result<(), ConfigError> {
        if let Some(files) = &mut self.files
            && let Some(path) = &files.secret_access_key_file
        {
            files.secret_access_key = Some(secret_from_file("bank.files.secret_access_key_file", path)?);
        }
        Ok(())
    }

    /// A bank that is called directly at `url`, everything else by default.
    #[must_use]
    pub fn direct(url: impl Into<String>) -> Self {
        Self { kind: BankKind::Direct, ..Self::simulator(url) }
    }

    pub(super) fn check_direct(&self) -> Result<(), ConfigError> {
        let refused = |what: &str| Err(ConfigError::Refused(what.to_owned()));
        if self.kind != BankKind::Direct {
            return match (&self.tls, self.resend_window_secs) {
                (None, None) => Ok(()),
                (Some(_), _) => refused("bank.tls goes with kind \"direct\""),
                (None, Some(_)) => refused("bank.resend_window_secs goes with kind \"direct\""),
            };
        }
        if !is_https(&self.url) && !is_plain_to_itself(&self.url) {
            return refused(
                "bank.url begins with https:// for kind \"direct\"; http:// only to this machine itself (127.0.0.1, [::1], localhost)",
            );
        }
        for (name, key) in [(&self.account, "account"), (&self.corp_id, "corp_id")] {
            if !is_bank_name(name) {
                return Err(ConfigError::Refused(format!("bank.{key} is 1 to 30 digits and capital letters")));
            }
        }
        if self.url.contains(['?', '#', '@']) {
            return refused("bank.url has no query, fragment or password for kind \"direct\"");
        }
        if let Some(tls) = &self.tls {
            if !is_https(&self.url) {
                return refused("bank.tls needs https:// in bank.url");
            }
            if tls.certificate_file.is_some() != tls.key_file.is_some() {
                return refused("bank.tls.certificate_file and bank.tls.key_file go together");
            }
        }
        if self.resend_window_secs.is_some_and(|secs| !(1..=86_400).contains(&secs)) {
            return refused("bank.resend_window_secs is 1 to 86400");
        }
        Ok(())
    }

    pub(super) fn check_files(&self) -> Result<(), ConfigError> {
        match (self.kind, &self.files) {
            (BankKind::Iso20022Files, Some(files)) => files.check_iso(),
            (BankKind::CnBulkFiles, Some(files)) => {
                if self.seals.is_none() {
                    return Err(ConfigError::Refused("bank.kind \"cn_bulk_files\" needs [bank.seals]".to_owned()));
                }
                for (name, key) in [(&self.account, "account"), (&self.corp_id, "corp_id")] {
                    if !is_bank_name(name) {
                        return Err(ConfigError::Refused(format!("bank.{key} is 1 to 30 digits and capital letters")));
                    }
                }
                files.check_flat()
            }
            (BankKind::CnBulkFiles, None) => {
                Err(ConfigError::Refused("bank.kind \"cn_bulk_files\" needs [bank.files]".to_owned()))
            }
            (BankKind::Iso20022Files, None) => {
                Err(ConfigError::Refused("bank.kind \"iso20022_files\" needs [bank.files]".to_owned()))
            }
            (_, Some(_)) => Err(ConfigError::Refused(
                "bank.files goes with the kinds \"iso20022_files\" and \"cn_bulk_files\"".to_owned(),
            )),
            (BankKind::Pull, None) if self.seals.is_none() => {
                Err(ConfigError::Refused("bank.kind \"pull\" needs [bank.seals]".to_owned()))
            }
            (BankKind::Pull, None) => Ok(()),
            (_, None) if self.url.is_empty() => Err(ConfigError::Refused("bank.url is missing".to_owned())),
            _ => Ok(()),
        }
    }

    /// A bank whose own job comes, everything else by default.
    #[must_use]
    pub fn pull() -> Self {
        Self { kind: BankKind::Pull, ..Self::simulator(String::new()) }
    }

    /// True for a bank that only plays one.
    #[must_use]
    pub const fn is_simulator(&self) -> bool {
        matches!(self.kind, BankKind::Simulator)
    }
}

fn is_https(url: &str) -> bool {
    url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// True for an address in clear that never leaves this machine.
fn is_plain_to_itself(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) { host } else { authority }
    });
    matches!(host, "127.0.0.1" | "[::1]" | "localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bank_that_is_called_is_called_over_tls() {
        let said = |bank: Bank| match bank.check_direct() {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        };
        for url in [
            "https://bank.example",
            "HTTPS://bank.example:8443/host",
            "http://127.0.0.1:80/x",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert_eq!(said(Bank::direct(url)), "", "{url}");
        }
        for url in [
            "",
            "http://bank.example",
            "http://127.0.0.1.bank.example",
            "http://127.0.0.1@bank.example",
            "http://localhost:x",
            "ftp://bank.example",
            "https:/bank",
        ] {
            assert!(said(Bank::direct(url)).contains("bank.url"), "{url}");
        }
        for url in ["https://u:hunter2@bank.example", "https://bank.example/?a", "https://bank.example#a"] {
            let said = said(Bank::direct(url));
            assert!(said.contains("bank.url") && !said.contains("hunter2"), "{said}");
        }
        let with = |tls, url: &str| Bank { tls: Some(tls), ..Bank::direct(url) };
        let half = BankTls { key_file: Some("k".into()), ..BankTls::default() };
        assert!(said(with(half, "https://bank.example")).contains("bank.tls.certificate_file"));
        assert!(said(with(BankTls::default(), "http://localhost")).contains("bank.tls"));
        assert_eq!(said(with(BankTls::default(), "https://bank.example")), "");
        for secs in [0, -1, 86_401] {
            let bank = Bank { resend_window_secs: Some(secs), ..Bank::direct("https://bank.example") };
            assert!(said(bank).contains("bank.resend_window_secs"));
        }
        let other = Bank { resend_window_secs: Some(60), ..Bank::simulator("http://127.0.0.1:1") };
        assert!(said(other).contains("bank.resend_window_secs"));
        let other = Bank { tls: Some(BankTls::default()), ..Bank::pull() };
        assert!(said(other).contains("bank.tls"));
    }

    #[test]
    fn a_time_of_day_is_two_digits_and_two_digits() {
        assert_eq!(DayTime::parse("16:30").map(DayTime::as_secs), Some((16 * 60 + 30) * 60));
        assert_eq!(DayTime::parse("24:00"), Some(DayTime::END));
        assert_eq!(DayTime::parse("00:00"), Some(DayTime::START));
        for text in ["24:01", "16:60", "16", "6:30", "+6:30", "16:3", "", "99:00"] {
            assert_eq!(DayTime::parse(text), None, "{text}");
        }
    }

    #[test]
    fn limits_and_times_go_together() {
        let bank = Bank::simulator("http://127.0.0.1:1");
        assert_eq!(bank.refusal(), None);
        assert!(Bank { max_batch_fen: Fen::ZERO, ..bank.clone() }.refusal().is_some());
        assert!(Bank { max_day_fen: Fen::new(1), ..bank.clone() }.refusal().is_some());
        assert!(Bank { cut_off: DayTime::START, ..bank }.refusal().is_some());
    }
}
