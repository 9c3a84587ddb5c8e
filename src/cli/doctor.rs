//! `huzhu doctor`: looks at configuration, data directory, keys, database, bucket, clock and bank, and says how to mend each.
//! It changes nothing: what a first start would make is only announced.

use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;
use std::sync::Arc;

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder, Statement};

use super::untouched;
use crate::calendar::{self, Calendar, YearStatus};
use crate::config::{Bank, BankKind, Config, Environment, Seals as SealFiles};
use crate::confined::Program;
use crate::db::{Db, sealing_keys};
use crate::documents::pictures::Refusal;
use crate::documents::{Child, Clamd, InspectError, Inspector};
use crate::jobs;
use crate::kernel::chance::SystemChance;
use crate::kernel::clock::{Clock, Moment, SystemClock};
use crate::kernel::secret::without_user_info;
use crate::keys;
use crate::payouts;
use crate::payouts::bank::{BankLink, Seals};
use crate::reading::{Reader, Shut};
use crate::storage::Store;

/// The database's clock may differ by so much before tokens and leases suffer.
const MAX_CLOCK_DRIFT_MS: i64 = 5_000;

/// A certificate that ends sooner than this is named.
const CERTIFICATE_NOTICE_SECS: i64 = 30 * 24 * 60 * 60;

/// One black pixel, a PNG: too small to be a document.
const SMALL_PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
    \0\0\0\nIDAT\x78\x9c\x63\x60\0\0\0\x02\0\x01\x48\xaf\xa4\x71\0\0\0\0IEND\xae\x42\x60\x82";

/// What one check says.
enum Word {
    Fine(String),
    /// Works, but somebody should know.
    Note(String),
    /// Works, but not for real people.
    Warn(String),
    /// Does not work: what is wrong, and how to mend it.
    Wrong(String, &'static str),
}

pub(super) async fn doctor(config: Config) -> anyhow::Result<ExitCode> {
    say!("{}\n", without_user_info(&format!("{config:#?}")));
    let (database, db) = database(&config).await;
    let checks = [
        ("configuration", Word::Fine(format!("read; environment {:?}", config.environment))),
        ("data directory", data_dir(&config)),
        ("keys", keys(&config, db.as_ref()).await),
        ("secret files", secret_files(&config)),
        ("database", database),
        ("clock", clock(db.as_ref()).await),
        ("calendar", calendar(db.as_ref(), SystemClock.now().date().year()).await),
        ("bucket", bucket(&config).await),
        ("checker", checker(&config).await),
        ("viruses", viruses(&config).await),
        ("reader", reader(&config).await),
        ("bank", bank(&config).await),
        ("safe mode", safe_mode(db.as_ref()).await),
        ("bill checks", bill_checks(&config)),
        ("sms", sms(&config)),
    ];
    let mut wrong = 0;
    for (name, word) in checks {
        let (mark, text, mend) = match word {
            Word::Fine(text) => ("ok", text, None),
            Word::Note(text) => ("note", text, None),
            Word::Warn(text) => ("WARN", text, None),
            Word::Wrong(text, mend) => {
                wrong += 1;
                ("WRONG", text, Some(mend))
            }
        };
        say!("{mark:6} {name:15} {}", without_user_info(&text));
        if let Some(mend) = mend {
            say!("       {:15} mend: {mend}", "");
        }
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn data_dir(config: &Config) -> Word {
    let path = &config.data_dir;
    match std::fs::metadata(path) {
        Ok(found) if !found.is_dir() => Word::Wrong(
            format!("{} is not a directory", path.display()),
            "set data_dir to a directory of this service's own",
        ),
        Ok(found) if found.mode() & 0o077 != 0 => Word::Wrong(
            format!("{} is open to others (mode {:o})", path.display(), found.mode() & 0o777),
            "chmod 700 it",
        ),
        Ok(_) => Word::Fine(path.display().to_string()),
        Err(_) => Word::Note(format!("{} is made at the first start", path.display())),
    }
}

async fn keys(config: &Config, db: Option<&Db>) -> Word {
    let files = match key_files(&config.data_dir.join("keys")) {
        Ok(files) => files,
        Err(word) => return word,
    };
    let sealed = match db {
        // A database without its tables holds nothing under a key.
        Some(db) => sealing_keys::are_there(db.read()).await.unwrap_or(false),
        None => false,
    };
    let mend =
        "put the copy of keys/root.key back that belongs to this database; without it nothing sealed in it can be read";
    match keys::present_root_key(&config.data_dir) {
        Ok(root) => {
            let opened = match db {
                Some(db) if sealed => sealing_keys::check(db.read(), &root, Arc::new(SystemChance)).await,
                _ => Ok(()),
            };
            match opened {
                Ok(()) if sealed => {
                    Word::Fine(format!("{files} files, for the service alone; they open this database"))
                }
                Ok(()) => Word::Fine(format!("{files} files, for the service alone")),
                Err(error) => Word::Wrong(error.to_string(), mend),
            }
        }
        Err(error) if sealed => Word::Wrong(error.to_string(), mend),
        Err(_) if !config.data_dir.join("keys").join("root.key").exists() => Word::Note(
            "signing and sealing keys are made at the first start; keep a copy of keys/ apart from the database".into(),
        ),
        Err(error) => Word::Wrong(error.to_string(), "put its copy back, or remove it before the first start"),
    }
}

/// `0640` with a group of the service's own is common; that everybody may read it never is meant.
fn secret_files(config: &Config) -> Word {
    let token_file = config.bill_checks.as_ref().and_then(|checks| checks.token_file.as_ref());
    let files =
        [&config.database.url_file, &config.storage.secret_access_key_file].into_iter().flatten().chain(token_file);
    let open: Vec<String> = files
        .filter(|path| std::fs::metadata(path).is_ok_and(|found| found.mode() & 0o007 != 0))
        .map(|path| path.display().to_string())
        .collect();
    if open.is_empty() {
        return Word::Fine("none that everybody may read".into());
    }
    Word::Note(format!("everybody on this machine may read {}: chmod 640 it", open.join(" and ")))
}

/// True for an address whose bytes leave the machine in clear.
fn is_in_clear(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host != "localhost" && !host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How many key files there are; each must be the service's alone, and a signing key must read.
fn key_files(dir: &std::path::Path) -> Result<usize, Word> {
    let mut files = 0;
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let text = keys::read_private(&path).map_err(|error| {
            Word::Wrong(format!("{error:#}"), "let the service's user own keys/ and everything in it, with mode 600")
        })?;
        if path.extension().is_some_and(|extension| extension == "pem") && SigningKey::from_pkcs8_pem(&text).is_err() {
            return Err(Word::Wrong(
                format!("{} holds no Ed25519 key in PKCS#8 PEM", path.display()),
                "put its copy back, or remove it: a new one is made at the next start, and everybody signs in again",
            ));
        }
        files += 1;
    }
    Ok(files)
}

async fn database(config: &Config) -> (Word, Option<Db>) {
    let url = config.database_url();
    let shown = url.reveal().split_once("://").map_or("?", |(kind, _)| kind).to_owned();
    if untouched::file_is_missing(config) {
        return (Word::Note("the database file is made at the first start".into()), None);
    }
    let db = match Db::connect(url.reveal(), 2).await {
        Ok(db) => db,
        Err(error) => {
            let mend = if url.reveal().starts_with("sqlite:") {
                "let the service's user own the file and its folder; a file that is no database comes back from its copy"
            } else {
                "start the server, or correct database.url; `createdb` makes an empty database"
            };
            return (Word::Wrong(format!("{shown}: can't connect: {error}"), mend), None);
        }
    };
    let tables = match untouched::migrations_waiting(&db).await {
        Ok(0) => Word::Fine(format!("{shown}: the tables are up to date")),
        Ok(waiting) => Word::Note(format!("{shown}: {waiting} migrations wait; `huzhu migrate` or a start runs them")),
        Err(error) if db.is_sqlite() => Word::Wrong(
            format!("{shown}: {error}"),
            "let the service's user own the file and its folder; a file that is no database comes back from its copy",
        ),
        Err(error) => {
            Word::Wrong(format!("{shown}: {error}"), "give the service's database user rights on its own schema")
        }
    };
    (tables, Some(db))
}

async fn clock(db: Option<&Db>) -> Word {
    let Some(db) = db else { return held_against_kept(SystemClock.now(), None) };
    if db.is_sqlite() {
        // One machine, one clock: only what was kept before can contradict it. A table that is not there yet has kept nothing.
        let newest = jobs::Entity::find().order_by_desc(jobs::Column::Id).one(db.read()).await.unwrap_or(None);
        return held_against_kept(SystemClock.now(), newest.map(|job| job.created_at_ms));
    }
    let connection = db.read();
    let statement = Statement::from_string(
        connection.get_database_backend(),
        "select cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
    );
    let theirs = match connection.query_one_raw(statement).await {
        Ok(Some(row)) => row.try_get_by_index::<i64>(0),
        Ok(None) => return Word::Wrong("the database gave no time".into(), "look at the database server"),
        Err(error) => Err(error),
    };
    match theirs {
        Ok(theirs) => held_against_database(SystemClock.now(), Moment::from_ms(theirs)),
        Err(error) => Word::Wrong(error.to_string(), "look at the database server"),
    }
}

/// The own clock beside the database's. Pure.
fn held_against_database(own: Moment, theirs: Moment) -> Word {
    let ahead_ms = own.as_ms().saturating_sub(theirs.as_ms());
    if ahead_ms.saturating_abs() <= MAX_CLOCK_DRIFT_MS {
        return Word::Fine(format!("{own}, as the database's"));
    }
    let side = if ahead_ms > 0 { "ahead of" } else { "behind" };
    Word::Wrong(
        format!("{own} is {} ms {side} the database's", ahead_ms.saturating_abs()),
        "run an NTP client on both machines",
    )
}

/// The own clock beside the newest moment that was kept. One that runs ahead can't be told so. Pure.
fn held_against_kept(own: Moment, newest: Option<Moment>) -> Word {
    let Some(newest) = newest else { return Word::Fine(format!("{own}; nothing is kept to hold it against")) };
    let behind_ms = newest.as_ms().saturating_sub(own.as_ms());
    if behind_ms <= MAX_CLOCK_DRIFT_MS {
        return Word::Fine(format!("{own}, after all that is kept"));
    }
    Word::Wrong(
        format!("{own} is {behind_ms} ms behind the newest that is kept"),
        "run an NTP client; if the clock was ahead before, wait until it is past that moment",
    )
}

async fn calendar(db: Option<&Db>, year: i32) -> Word {
    // What was loaded counts too; a database without its tables has loaded nothing.
    let known = match db {
        Some(db) => calendar::read(db.read()).await.ok(),
        None => None,
    };
    match known.as_ref().unwrap_or_else(|| Calendar::built_in()).status(year) {
        YearStatus::Published => Word::Fine(format!("the working days of {year} are known")),
        YearStatus::Provisional => Word::Note(format!(
            "the working days of {year} are provisional: `huzhu calendar load FILE` when the list is published"
        )),
    }
}

async fn bucket(config: &Config) -> Word {
    if untouched::store_is_missing(config) {
        return Word::Note("the embedded store is made at the first start".into());
    }
    let asked = match Store::open(&config.storage, &config.data_dir, &SystemChance).await {
        Ok(store) => {
            let asked = store.ready().await;
            store.close().await;
            asked
        }
        Err(error) => Err(error),
    };
    let in_clear = config.storage.endpoint.as_deref().filter(|endpoint| is_in_clear(endpoint));
    match (asked, in_clear) {
        (Ok(()), Some(endpoint)) => {
            Word::Note(format!("answers, but documents go to {endpoint} in clear: give it TLS"))
        }
        (Ok(()), None) => Word::Fine(format!("{:?}: bucket {} answers", config.storage.kind, config.storage.bucket)),
        (Err(error), _) => Word::Wrong(
            format!("{:?}: {error}", config.storage.kind),
            "make the bucket and give the key read, write and delete on it; check storage.endpoint",
        ),
    }
}

async fn bank(config: &Config) -> Word {
    if let Some(bank) = &config.bank
        && let Some(files) = &bank.files
    {
        let form = if bank.kind == BankKind::CnBulkFiles { "signed flat files" } else { "ISO 20022 files" };
        let place = crate::payouts::bank::transport::open(files);
        let said = match place.ready().await {
            Ok(()) => format!("{form} in {}", place.place()),
            Err(error) => return Word::Wrong(error.to_string(), "give the service read and write there (bank.files)"),
        };
        return match &bank.seals {
            Some(files) => seals(files, &said),
            None => Word::Fine(said),
        };
    }
    match &config.bank {
        None => Word::Note("none is configured: dispatch is off, approved payouts wait".into()),
        Some(bank) if bank.is_simulator() => Word::Note(format!("a simulator at {}: no money moves", bank.url)),
        Some(Bank { kind: BankKind::Pull, seals: Some(files), .. }) => seals(files, "the bank's job comes"),
        Some(bank @ Bank { kind: BankKind::Direct, .. }) => called(bank),
        Some(bank) => Word::Fine(bank.url.clone()),
    }
}

/// Keys that open and certificates that count: without them no file goes out and none is believed.
fn seals(files: &SealFiles, said: &str) -> Word {
    let cure = "put a key and certificates in place that count (bank.seals; `huzhu keys gm` makes some for trials)";
    let seals = match Seals::read(files) {
        Ok(seals) => seals,
        Err(error) => return Word::Wrong(format!("{error:#}"), cure),
    };
    let ((own, banks), now) = (seals.not_after(), SystemClock.now());
    let said = format!("{said}; the fund's certificate counts until {}, the bank's until {}", own.date(), banks.date());
    match Ord::min(own, banks) {
        first if first < now => Word::Wrong(said, cure),
        first if first < now.plus_secs(CERTIFICATE_NOTICE_SECS) => Word::Warn(format!("{said}: get the next ones now")),
        _ => Word::Fine(said),
    }
}

/// Certificates that can be read and count; the bank itself is not called.
fn called(bank: &Bank) -> Word {
    let cure = "put certificates and a key in place that count (bank.tls: ca_file, certificate_file, key_file)";
    let tls = match BankLink::tls_of(bank) {
        Ok(Some(tls)) => tls,
        Ok(None) => {
            return Word::Note(format!("called at {} in clear: a proxy on this machine gives it TLS", bank.url));
        }
        Err(error) => return Word::Wrong(format!("{error:#}"), cure),
    };
    let ca_file = bank.tls.as_ref().and_then(|files| files.ca_file.as_ref());
    let believed = match ca_file {
        Some(path) => format!("the certificates of {}", path.display()),
        None => "the system's root certificates".to_owned(),
    };
    let said = format!("called at {} over TLS, known by {believed}", bank.url);
    let Some(until) = tls.own_not_after() else { return Word::Fine(format!("{said}; no certificate of our own")) };
    let (said, now) = (format!("{said}; our certificate counts until {}", until.date()), SystemClock.now());
    match until {
        until if until < now => Word::Wrong(said, cure),
        until if until < now.plus_secs(CERTIFICATE_NOTICE_SECS) => Word::Warn(format!("{said}: get the next one now")),
        _ => Word::Fine(said),
    }
}

/// A database without its tables has nothing to be safe about.
async fn safe_mode(db: Option<&Db>) -> Word {
    let Some(db) = db else { return Word::Fine("off".into()) };
    match payouts::safe_mode::current(db.read()).await {
        Ok(Some(safe)) => Word::Warn(format!(
            "on since {}: {}; nothing is released or sent. `huzhu safe-mode status` says what is missing",
            safe.at_ms, safe.reason
        )),
        Ok(None) | Err(_) => Word::Fine("off".into()),
    }
}

/// The platform is not asked: that would take one of the day's questions.
fn bill_checks(config: &Config) -> Word {
    match &config.bill_checks {
        None => Word::Note("no platform is configured: no bill can be checked at its source".into()),
        Some(checks) if checks.is_simulator() => {
            Word::Note(format!("a simulator at {}: its answers say nothing of real bills", checks.url))
        }
        Some(checks) if is_in_clear(&checks.url) => {
            Word::Note(format!("bills go to {} in clear: let a proxy on this machine give it TLS", checks.url))
        }
        Some(checks) => Word::Fine(format!("a gateway at {}, {} questions a day at most", checks.url, checks.per_day)),
    }
}

/// A white page, a JPEG of 64 by 64 pixels.
fn white_page() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let page = image::RgbImage::from_pixel(64, 64, image::Rgb([255; 3]));
    page.write_to(&mut std::io::Cursor::new(&mut bytes), image::ImageFormat::Jpeg)?;
    Ok(bytes)
}

/// Has the reader read a page on which nothing stands.
async fn reader(config: &Config) -> Word {
    let Some(models_dir) = &config.documents.models_dir else {
        return Word::Note(
            "documents.models_dir is not set: photographs are kept, not read; members type the amounts".into(),
        );
    };
    let read = async {
        let reader = Shut::new(Program::new(config.documents.checker.clone()), models_dir)?;
        anyhow::Ok(reader.read(&white_page()?).await?)
    };
    match read.await {
        Ok(_) => Word::Fine(format!("it reads, with the models of {}", models_dir.display())),
        Err(error) => Word::Wrong(
            format!("{error:#}"),
            "`make models` fetches the two models; let documents.models_dir name their directory, or leave it out",
        ),
    }
}

/// Has the checker check a picture: it starts, shuts itself in and answers.
async fn checker(config: &Config) -> Word {
    match Child::new(Program::new(config.documents.checker.clone())).inspect(SMALL_PICTURE.into()).await {
        Err(InspectError::Refused(Refusal::TooSmall)) => Word::Fine("shuts itself in and answers".into()),
        Ok(_) | Err(InspectError::Refused(_)) => Word::Wrong(
            "answers something else than it must".into(),
            "let documents.checker name the binary of this very version, or leave it out",
        ),
        Err(InspectError::Unavailable(error)) => Word::Wrong(
            format!("{error:#}"),
            "it needs a kernel with seccomp, /proc, and leave to start a process and to lower its own limits",
        ),
    }
}

async fn viruses(config: &Config) -> Word {
    let Some(place) = config.documents.clamd.clone() else {
        return Word::Note("documents.clamd names no ClamAV: files are not searched for viruses".into());
    };
    match Clamd::at(place.clone()).ready().await {
        Ok(()) => Word::Fine(format!("ClamAV answers at {place}")),
        Err(error) => Word::Wrong(
            format!("ClamAV at {place}: {error:#}"),
            "start clamd, or let this service's user reach its socket; until then no document passes",
        ),
    }
}

/// No provider is built in yet: [`crate::identity::sms::Outbox`] marks a message as sent and sends none.
fn sms(config: &Config) -> Word {
    let text = "no provider: one-time passwords and notices stay in the outbox, and nobody receives one";
    match config.environment {
        Environment::Production => Word::Warn(text.into()),
        Environment::Development => Word::Note(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::app::{App, Seams};
    use crate::calendar::YearList;

    const LIST: &str = r#"
        year = 2027
        notice = "a test"
        source = "none"
        [[holiday]]
        name = { zh = "元旦", en = "New Year's Day" }
        first = "2027-01-01"
        last = "2027-01-03"
    "#;

    /// The mark of a clock's word and its text.
    fn said(word: Word) -> (bool, String) {
        match word {
            Word::Fine(text) => (true, text),
            Word::Wrong(text, _) => (false, text),
            Word::Note(text) | Word::Warn(text) => panic!("{text}"),
        }
    }

    #[test]
    fn a_clock_is_held_against_the_databases() {
        let own = Moment::from_ms(1_773_622_800_000);
        for (ahead_ms, fine, says) in [
            (0, true, "as the database's"),
            (MAX_CLOCK_DRIFT_MS, true, "as the database's"),
            (-MAX_CLOCK_DRIFT_MS, true, "as the database's"),
            (MAX_CLOCK_DRIFT_MS + 1, false, "5001 ms ahead of the database's"),
            (-60_000, false, "60000 ms behind the database's"),
        ] {
            let (found, text) = said(held_against_database(own, own.plus_ms(-ahead_ms)));
            assert!(found == fine && text.contains(says), "{ahead_ms}: {text}");
        }
    }

    #[test]
    fn a_clock_is_held_against_what_is_kept() {
        let own = Moment::from_ms(1_773_622_800_000);
        for (newest, fine, says) in [
            (None, true, "nothing is kept"),
            (Some(-86_400_000), true, "after all that is kept"),
            (Some(MAX_CLOCK_DRIFT_MS), true, "after all that is kept"),
            (Some(60_000), false, "60000 ms behind the newest that is kept"),
        ] {
            let (found, text) = said(held_against_kept(own, newest.map(|ms| own.plus_ms(ms))));
            assert!(found == fine && text.contains(says), "{newest:?}: {text}");
        }
    }

    #[test]
    fn an_object_store_without_tls_on_another_machine_is_noted() {
        for (endpoint, in_clear) in [
            ("http://s3.internal", true),
            ("http://10.0.0.7:9000/x", true),
            ("http://127.0.0.1:7070", false),
            ("http://[::1]:7070", false),
            ("http://localhost", false),
            ("https://s3.internal", false),
        ] {
            assert_eq!(is_in_clear(endpoint), in_clear, "{endpoint}");
        }
    }

    #[test]
    fn a_secret_that_everybody_may_read_is_noted() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut config = Config::default();
        config.database.url_file = Some(file.path().to_owned());
        for (mode, fine) in [(0o600, true), (0o640, true), (0o644, false), (0o604, false)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(matches!(secret_files(&config), Word::Fine(_)), fine, "{mode:o}");
        }
    }

    #[tokio::test]
    async fn a_list_that_was_loaded_is_known() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
        let config = Config { data_dir: directory.path().to_owned(), ..Config::default() };
        let app = App::build(config, Seams::default()).await.unwrap();
        assert!(matches!(calendar(Some(&app.db), 2027).await, Word::Note(_)));
        let list = YearList::parse("2027.toml", LIST).unwrap();
        calendar::load(app.db.write(), &app, &list).await.unwrap();
        assert!(matches!(calendar(Some(&app.db), 2027).await, Word::Fine(_)));
    }
}
