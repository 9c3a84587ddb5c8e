//! The configuration: a TOML file, then `HUZHU_…` variables over it, read once at start.
//!
//! `HUZHU_HTTP__LISTEN=0.0.0.0:8080` sets `http.listen`: two underscores go down a level. An unknown key or a wrong value
//! is an error that names its source. Secrets come from variables or from files (`…_file`), never from flags.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::{Deserialize, Serialize};

mod bank;
mod bill_checks;
mod payouts;
mod storage;

pub use bank::{Bank, BankDays, BankFiles, BankKind, BankSftp, BankTls, DayTime, Seals};
pub use bill_checks::{BillChecks, BillChecksKind};
pub use payouts::Payouts;
pub use storage::{Storage, StorageKind};

use crate::kernel::secret::Secret;

/// Everything that an operator sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `production` refuses what only a trial may have: the simulators, the demo's city, the readable outbox.
    pub environment: Environment,
    /// Where the embedded database, objects and keys live, and the spool unless it is elsewhere. Default `huzhu-data`.
    pub data_dir: PathBuf,
    /// The API's own listener and its public face.
    pub http: Http,
    /// The database.
    pub database: Database,
    /// The object store.
    pub storage: Storage,
    /// Uploads on their way.
    pub uploads: Uploads,
    /// How documents are checked.
    pub documents: Documents,
    /// Logs and traces.
    pub log: Log,
    /// The job runner.
    pub jobs: Jobs,
    /// How much one caller may ask.
    pub limits: Limits,
    /// Sign-in and tokens.
    pub sign_in: SignIn,
    /// Set by `huzhu run --demo` alone: the invented city, and its readable outbox on a listener that only this machine reaches.
    #[serde(skip)]
    pub demo: bool,
    /// Set by `huzhu simulate` alone, whose databases come and go under one directory: no file there tells of a restore.
    #[serde(skip)]
    pub without_installation_file: bool,
    /// The disbursement bank; without it nothing is dispatched.
    pub bank: Option<Bank>,
    /// Who checks bills at their source; without it no bill can be checked.
    pub bill_checks: Option<BillChecks>,
    /// Sums that wait for a member.
    pub payouts: Payouts,
}

/// Where this process runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// A trial: simulators are allowed.
    #[default]
    Development,
    /// Real people and real money.
    Production,
}

/// The API's listener.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address of the API. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Address of `/metrics`. Default `127.0.0.1:9090`.
    pub metrics_listen: SocketAddr,
    /// What clients call this service: the issuer of tokens and the base of links. Default `http://<listen>`.
    pub public_url: Option<String>,
    /// Addresses of our own reverse proxies: only these are believed when `X-Forwarded-For` says where a request comes from. Default none.
    pub trusted_proxies: Vec<IpAddr>,
    /// Threads that answer requests; 0 takes one per core. Default 0.
    pub workers: usize,
    /// Seconds that a stopping process gives to running jobs and, after them, requests; a quarter is kept for requests. A job that does
    /// not end is left, and taken again when its lease ends. Default 20.
    pub shutdown_secs: u64,
}

/// The database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/NAME`. Default: `huzhu.sqlite` in the data directory.
    pub url: Option<Secret<String>>,
    /// A file that holds the URL instead.
    pub url_file: Option<PathBuf>,
    /// Connections at most. Default 16.
    pub max_connections: u32,
}

/// Uploads on their way.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Where uploads lie until they are in the bucket. Every process of one database (`serve`, `work`, on any machine) must be given the
    /// same directory; between machines, on a file system that keeps what was synced and shows it to the next who opens the file (NFS 4).
    /// A process that was given another one answers 503 `upload_elsewhere` to uploads that began in the first. Default: `spool` in the data
    /// directory.
    pub spool_dir: Option<PathBuf>,
}

/// How documents are checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Documents {
    /// The program that checks files, in a process of its own: a binary of this service. Default: the one that runs.
    pub checker: Option<PathBuf>,
    /// Where ClamAV's daemon listens: the path of its socket, or `HOST:PORT`. Default none: then no file is searched for viruses.
    pub clamd: Option<String>,
    /// The directory of the models that read print (`make models`). Default none: then photographs are kept, and only their codes are read.
    pub models_dir: Option<PathBuf>,
}

/// Logs and traces.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `human` or `json`. Default human.
    pub format: LogFormat,
    /// What is logged, as `tracing` filters are written. `huzhu::http::request_log=warn` quiets the line of each request. Default
    /// `info,sqlx=warn`.
    pub filter: String,
    /// Where OpenTelemetry traces go: OTLP over plain HTTP, to this address as it is given (`http://127.0.0.1:4318/v1/traces`). None by default.
    pub otlp_endpoint: Option<String>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For eyes.
    #[default]
    Human,
    /// For machines: one object a line.
    Json,
}

/// The job runner.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobs {
    /// Jobs that run at once in one process. Default 2.
    pub workers: usize,
    /// Pause between two looks at an empty table. Default 250.
    pub poll_ms: u64,
    /// How long a worker holds a job before another may take it. Default 60.
    pub lease_secs: i64,
}

/// How much one caller may ask.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests a minute for one signed-in caller, or one address before sign-in. Default 600.
    pub requests_per_minute: u32,
    /// Bytes of a JSON body at most. Default 262144.
    pub body_bytes: usize,
    /// Milliseconds in which such a body must be here. Default 15000.
    pub body_timeout_ms: u64,
}

/// Sign-in and tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SignIn {
    /// Life of an access token, 60 to 600. Default 600.
    pub access_token_secs: i64,
    /// One-time passwords that one source address may ask in an hour. Default 60.
    pub otp_per_source_per_hour: u32,
    /// One-time passwords that one phone number may ask in a minute, 1 to 3. Default 1.
    pub otp_per_number_per_minute: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            environment: Environment::Development,
            data_dir: PathBuf::from("huzhu-data"),
            http: Http::default(),
            database: Database::default(),
            storage: Storage::default(),
            uploads: Uploads::default(),
            documents: Documents::default(),
            log: Log::default(),
            jobs: Jobs::default(),
            limits: Limits::default(),
            sign_in: SignIn::default(),
            demo: false,
            without_installation_file: false,
            bank: None,
            bill_checks: None,
            payouts: Payouts::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            metrics_listen: SocketAddr::from(([127, 0, 0, 1], 9090)),
            public_url: None,
            trusted_proxies: Vec::new(),
            workers: 0,
            shutdown_secs: 20,
        }
    }
}

impl Default for Database {
    fn default() -> Self {
        Self { url: None, url_file: None, max_connections: 16 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Human, filter: "info,sqlx=warn".to_owned(), otlp_endpoint: None }
    }
}

impl Default for Jobs {
    fn default() -> Self {
        Self { workers: 2, poll_ms: 250, lease_secs: 60 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { requests_per_minute: 600, body_bytes: 256 * 1024, body_timeout_ms: 15_000 }
    }
}

impl Default for SignIn {
    fn default() -> Self {
        Self { access_token_secs: 600, otp_per_source_per_hour: 60, otp_per_number_per_minute: 1 }
    }
}

/// What is wrong with the configuration, in words for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A key or a value that is not understood; the text names the key and where it stands, never the value: it may be a secret.
    #[error("configuration: {0}")]
    Unreadable(String),
    /// A file that holds a secret and can't be read.
    #[error("configuration: {key} names {path}, which can't be read: {source}")]
    SecretFile {
        /// The key that names the file.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Values that are each fine and do not go together, or are out of range.
    #[error("configuration: {0}")]
    Refused(String),
}

impl Config {
    /// Reads `file` (which must exist when named) and the `HUZHU_…` variables of this process.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some(path) = file {
            figment = figment.merge(Toml::file_exact(path));
        }
        figment = figment.merge(Env::prefixed("HUZHU_").ignore(&["config", "test_pg_url", "xsd_dir"]).split("__"));
        let config: Self = figment.extract().map_err(|error| ConfigError::Unreadable(without_values(error)))?;
        config.with_secrets_from_files()?.checked()
    }

    fn with_secrets_from_files(mut self) -> Result<Self, ConfigError> {
        if let Some(path) = &self.database.url_file {
            self.database.url = Some(secret_from_file("database.url_file", path)?);
        }
        self.storage.read_secret_file()?;
        self.bank.as_mut().map_or(Ok(()), Bank::read_secret_file)?;
        self.bill_checks.as_mut().map_or(Ok(()), BillChecks::read_token_file)?;
        Ok(self)
    }

    fn checked(self) -> Result<Self, ConfigError> {
        if !(60..=600).contains(&self.sign_in.access_token_secs) {
            return Err(ConfigError::Refused("sign_in.access_token_secs is 60 to 600".to_owned()));
        }
        if !(1..=3).contains(&self.sign_in.otp_per_number_per_minute) {
            return Err(ConfigError::Refused("sign_in.otp_per_number_per_minute is 1 to 3".to_owned()));
        }
        if self.jobs.workers == 0 || self.jobs.lease_secs < 5 || self.database.max_connections < 2 {
            return Err(ConfigError::Refused(
                "jobs.workers is at least 1, jobs.lease_secs at least 5, database.max_connections at least 2"
                    .to_owned(),
            ));
        }
        if self.bank.as_ref().is_some_and(|bank| !(1..=3_000).contains(&bank.max_orders)) {
            return Err(ConfigError::Refused("bank.max_orders is 1 to 3000".to_owned()));
        }
        self.bank.as_ref().map_or(Ok(()), Bank::check_files)?;
        self.bank.as_ref().map_or(Ok(()), Bank::check_direct)?;
        if self.bank.as_ref().is_some_and(|bank| !(1..=86_400).contains(&bank.not_found_gap_secs)) {
            return Err(ConfigError::Refused("bank.not_found_gap_secs is 1 to 86400".to_owned()));
        }
        if let Some(refusal) = self.bank.as_ref().and_then(Bank::refusal) {
            return Err(ConfigError::Refused(refusal.to_owned()));
        }
        self.bill_checks.as_ref().map_or(Ok(()), BillChecks::check)?;
        self.payouts.check()?;
        if self.log.otlp_endpoint.as_ref().is_some_and(|endpoint| !endpoint.starts_with("http://")) {
            return Err(ConfigError::Refused(
                "log.otlp_endpoint is an http:// address with its path, such as http://127.0.0.1:4318/v1/traces"
                    .to_owned(),
            ));
        }
        if self.environment == Environment::Production {
            let is_https = |url: &str| url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"));
            if !self.http.public_url.as_deref().is_some_and(is_https) {
                return Err(ConfigError::Refused("production needs http.public_url, and https:// in it".to_owned()));
            }
            if self.bank.as_ref().is_some_and(Bank::is_simulator) {
                return Err(ConfigError::Refused("the bank simulator is refused in production".to_owned()));
            }
            if self.bill_checks.as_ref().is_some_and(BillChecks::is_simulator) {
                return Err(ConfigError::Refused("the bill simulator is refused in production".to_owned()));
            }
        }
        Ok(self)
    }

    /// The database's URL: the one set, or the embedded file.
    #[must_use]
    pub fn database_url(&self) -> Secret<String> {
        self.database.url.clone().unwrap_or_else(|| {
            Secret::new(format!("sqlite://{}?mode=rwc", self.data_dir.join("huzhu.sqlite").display()))
        })
    }

    /// Where uploads lie until they are in the bucket.
    #[must_use]
    pub fn spool_dir(&self) -> PathBuf {
        self.uploads.spool_dir.clone().unwrap_or_else(|| self.data_dir.join("spool"))
    }

    /// What clients call this service, without a slash at the end.
    #[must_use]
    pub fn public_url(&self) -> String {
        self.http
            .public_url
            .as_deref()
            .map_or_else(|| format!("http://{}", self.http.listen), |url| url.trim_end_matches('/').to_owned())
    }
}

/// What figment says, with what was found left out.
fn without_values(error: figment::Error) -> String {
    use figment::error::Kind;
    let hidden = |mut error: figment::Error| {
        error.kind = match error.kind {
            Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                Kind::Message(format!("expected {expected} (digits alone are a number: quote them twice, '\"…\"')"))
            }
            // A parser shows the line that it stumbled over between its first line and its last.
            Kind::Message(text) => {
                let (first, last) = (text.lines().next(), text.lines().last());
                Kind::Message(
                    first.into_iter().chain(last.filter(|last| first != Some(*last))).collect::<Vec<_>>().join(": "),
                )
            }
            other => other,
        };
        error.to_string()
    };
    error.into_iter().map(hidden).collect::<Vec<_>>().join("; ")
}

pub(crate) fn secret_from_file(key: &'static str, path: &Path) -> Result<Secret<String>, ConfigError> {
    std::fs::read_to_string(path)
        .map(|text| Secret::new(text.trim_end().to_owned()))
        .map_err(|source| ConfigError::SecretFile { key, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_toml(text: &str) -> Result<Config, ConfigError> {
        let config: Config = Figment::new()
            .merge(Toml::string(text))
            .extract()
            .map_err(|error| ConfigError::Unreadable(without_values(error)))?;
        config.with_secrets_from_files()?.checked()
    }

    #[test]
    fn an_empty_file_is_the_embedded_default() {
        let config = from_toml("").unwrap();
        assert_eq!(config.database_url().reveal(), "sqlite://huzhu-data/huzhu.sqlite?mode=rwc");
        assert_eq!(config.public_url(), "http://127.0.0.1:8080");
        assert!(config.bank.is_none());
    }

    #[test]
    fn a_wrong_key_or_value_is_named() {
        let error = from_toml("[http]\nlistne = \"127.0.0.1:1\"").unwrap_err().to_string();
        assert!(error.contains("listne"), "{error}");
        let error = from_toml("[http]\nlisten = \"nowhere\"").unwrap_err().to_string();
        assert!(error.contains("listen"), "{error}");
        let error = from_toml("[log]\notlp_endpoint = \"https://h/v1/traces\"").unwrap_err().to_string();
        assert!(error.contains("http:// address"), "{error}");
        let error = from_toml("[sign_in]\naccess_token_secs = 601").unwrap_err().to_string();
        assert!(error.contains("600"), "{error}");
    }

    #[test]
    fn a_simulator_is_refused_in_production() {
        for section in ["bank", "bill_checks"] {
            let simulator = format!("[{section}]\nkind = \"simulator\"\nurl = \"http://127.0.0.1:1\"");
            assert!(from_toml(&simulator).is_ok(), "a trial");
            let text =
                format!("environment = \"production\"\n[http]\npublic_url = \"https://huzhu.example\"\n{simulator}");
            assert!(from_toml(&text).unwrap_err().to_string().contains("simulator"), "{section}");
        }
    }

    #[test]
    fn a_bank_of_files_says_where_they_lie() {
        let with = |lines: &str| {
            let head = "[bank]\nkind = \"iso20022_files\"\n[bank.files]\ndebtor_name = \"互助会\"\n";
            from_toml(&format!("{head}{lines}"))
        };
        assert!(with("cnaps = \"313100000013\"\ndirectory = \"/srv/bank\"").is_ok());
        for (lines, said) in [
            ("cnaps = \"313100000013\"", "either directory or bucket or sftp"),
            ("cnaps = \"313\"\ndirectory = \"/srv/bank\"", "twelve digits"),
            ("cnaps = \"313100000013\"\nbucket = \"b\"", "endpoint"),
        ] {
            let error = with(lines).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        for (text, said) in
            [("[bank]\nkind = \"iso20022_files\"", "bank.files"), ("[bank]\nkind = \"simulator\"", "bank.url")]
        {
            assert!(from_toml(text).unwrap_err().to_string().contains(said));
        }
    }

    #[test]
    fn a_bank_of_signed_flat_files_names_what_is_wrong() {
        let seals = "[bank.seals]\nkey_file = \"k\"\ncertificate_file = \"c\"\nbank_certificate_file = \"b\"\n";
        let with = |head: &str, seals: &str, lines: &str| {
            let files = format!("[bank.files]\ndirectory = \"/srv/bank\"\n{lines}");
            from_toml(&format!("[bank]\nkind = \"cn_bulk_files\"\n{head}\n{seals}{files}"))
        };
        let files = with("", seals, "").unwrap().bank.unwrap().files.unwrap();
        assert_eq!((files.charset().word(), files.max_name_bytes(), files.remark()), ("GB18030", 60, "互助保障金"));
        assert!(with("", seals, "charset = \"UTF-8\"\nmax_name_bytes = 62\nremark = \"互助\"").is_ok());
        for (head, seals, lines, said) in [
            ("", "", "", "[bank.seals]"),
            ("corp_id = \"fund-1\"", seals, "", "bank.corp_id"),
            ("account = \"1234 5678\"", seals, "", "bank.account"),
            ("", seals, "charset = \"BIG5\"", "BIG5"),
            ("", seals, "max_name_bytes = 1", "bank.files.max_name_bytes"),
            ("", seals, "remark = \"a|b\"", "bank.files.remark"),
            ("", seals, "remark = \"互助保障金互助保障金互助保障金互助保障金互助\"", "bank.files.remark"),
            ("", seals, "cnaps = \"313100000013\"", "bank.files.cnaps goes with"),
            ("", seals, "funding_text = \"\"", "bank.files.funding_text"),
            ("", seals, "charge_text = \"拨款\"", "two words"),
        ] {
            let error = with(head, seals, lines).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        let missing = from_toml(&format!("[bank]\nkind = \"cn_bulk_files\"\n{seals}")).unwrap_err().to_string();
        assert!(missing.contains("[bank.files]"), "{missing}");
        let iso = "[bank]\nkind = \"iso20022_files\"\n[bank.files]\ndebtor_name = \"互助会\"\ncnaps = \"313100000013\"\n\
                   directory = \"/srv/bank\"\ncharset = \"UTF-8\"";
        let error = from_toml(iso).unwrap_err().to_string();
        assert!(error.contains("bank.files.charset goes with"), "{error}");
    }

    #[test]
    fn ages_of_reminders_rise() {
        let with = |days: &str| from_toml(&format!("[payouts]\nremind_after_days = {days}"));
        assert_eq!(from_toml("").unwrap().payouts.remind_after_days, [7, 30, 90, 180, 365]);
        assert!(with("[]").is_ok() && with("[1, 3650]").is_ok());
        for days in ["[0]", "[7, 7]", "[30, 7]", "[3651]"] {
            assert!(with(days).unwrap_err().to_string().contains("remind_after_days"), "{days}");
        }
    }

    #[test]
    fn an_sftp_server_is_known_by_its_key() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
        let with = |host: &str, key: &str, more: &str| {
            from_toml(&format!(
                "[bank]\nkind = \"iso20022_files\"\n[bank.files]\ndebtor_name = \"互助会\"\ncnaps = \"313100000013\"\n{more}\n\
                 [bank.files.sftp]\nhost = \"{host}\"\nuser = \"huzhu\"\nkey_file = \"k\"\nhost_key = \"{key}\"\n"
            ))
        };
        let sftp = with("sftp.bank.example", key, "").unwrap().bank.unwrap().files.unwrap().sftp.unwrap();
        assert_eq!((sftp.port, sftp.timeout_ms, sftp.directory.as_str()), (22, 30_000, ""));
        for (host, key, more, said) in [
            ("", key, "", "bank.files.sftp.host"),
            ("sftp.bank.example", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDx", "", "bank.files.sftp.host_key"),
            ("sftp.bank.example", "", "", "bank.files.sftp.host_key"),
            ("sftp.bank.example", key, "directory = \"/srv/bank\"", "either directory or bucket or sftp"),
        ] {
            let error = with(host, key, more).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_gateway_for_bills_is_checked() {
        let with = |line: &str| from_toml(&format!("[bill_checks]\nkind = \"gateway\"\n{line}"));
        let (url, token) = ("url = \"http://127.0.0.1:1\"", "token = \"hunter12345678\"");
        let config = with(&format!("{url}\n{token}")).unwrap();
        assert!(!format!("{config:?}").contains("hunter12345678"));
        for (line, says) in [
            ("url = \"https://127.0.0.1:1\"".to_owned(), "http:// address"),
            (format!("{url}\nper_day = 0"), "per_day"),
            (format!("{url}\nanswer_timeout_ms = 0"), "timeouts"),
            (format!("{url}\ntoken = \"hunter 12345678\""), "token"),
            (format!("{url}\ntoken_file = \"/no/such\""), "bill_checks.token_file names /no/such"),
        ] {
            let error = with(&line).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("12345678"), "{error}");
        }
    }

    #[test]
    fn production_is_told_apart_by_its_address() {
        let with = |url: &str| from_toml(&format!("environment = \"production\"\n[http]\npublic_url = \"{url}\""));
        for url in ["http://huzhu.example", "huzhu.example", "https:/huzhu.example", ""] {
            assert!(with(url).unwrap_err().to_string().contains("https://"), "{url}");
        }
        assert!(with("https://huzhu.example").is_ok() && with("HTTPS://huzhu.example").is_ok());
        assert!(from_toml("[http]\npublic_url = \"http://127.0.0.1:8080\"").is_ok(), "a trial");
    }

    #[test]
    fn a_wrong_value_is_not_repeated() {
        for (text, key) in [
            ("[storage]\nsecret_access_key = 12345678", "secret_access_key"),
            ("[database]\nurl = [\"hunter12345678\"]", "url"),
            ("database = \"postgres://u:hunter12345678@h/d\"", "database"),
            ("[database]\nurl = postgres://u:hunter12345678@h/d", "TOML"),
        ] {
            let error = from_toml(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("12345678"), "{error:?}");
            assert!(error.to_string().contains(key), "{error}");
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let config = from_toml("[database]\nurl = \"postgres://u:hunter2@h/d\"").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
